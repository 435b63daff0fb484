"""How a record is kept when nothing is left to do about it, and when something is again."""

from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.link import APPROVED, CLAIM_LIFE, LIVE, Deed, Link, Side, Stand
from daemon.core.record import Record

TICK: Final = timedelta(seconds=1)


def released(link: Link) -> Link:
    """Return the link as it takes part again; one being brought back stays so until that is done."""
    is_kept = link.standing.stand in (Stand.LIVE, Stand.RESTORED)
    return link if is_kept else replace(link, standing=LIVE)


def rested(record: Record, now: datetime, *, is_heard: bool) -> Record:
    """Return a record about which nothing is left to do; `is_heard` says that the copy that speaks was looked at."""
    if any(claim.deed is Deed.REMOVE for claim in record.link.claims):
        return _awaiting(record, now)
    link = record.link.settled(is_heard=is_heard)
    if link.standing == APPROVED or link.standing.stand is Stand.RESTORED:
        link = replace(link, standing=LIVE)  # What was decided is done.
    kept = replace(record, link=link, due_at=None, noticed_at=None)
    return _awaiting(replace(kept, attempts=0, problem=link.standing.reason), now)


def _awaiting(record: Record, now: datetime) -> Record:
    """Let what may have landed unseen be looked for once more when it can land no more."""
    link = record.link
    unseen = [claim for claim in link.claims if claim.lands_unseen]
    if not unseen:
        return record
    over_at = max(claim.made_at for claim in unseen) + CLAIM_LIFE
    doubted = link.doubted | ({claim.side for claim in unseen} if over_at < now else set())
    return replace(record, link=replace(link, doubted=doubted), due_at=max(over_at + TICK, now))


def doubting(record: Record, sides: Set[Side]) -> Record:
    """Return a record some sides of which are to be read before anything is decided."""
    return replace(record, link=replace(record.link, doubted=record.link.doubted | sides))
