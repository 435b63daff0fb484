"""What a backup that was put back cannot know: what was made, replaced and removed since (C4)."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.entry import Entry
from daemon.core.link import Base, Deed, Link, Side
from daemon.core.match import is_like, is_made_by_us

USED_MAX: Final = 10
FRESH_IDS: Final = 90
"""A link's next event id is one of so many, after more than may have been used since."""


def without_creates(link: Link, side: Side, before: datetime) -> Link:
    """Return the link as if nothing had been on its way to a side when the backup was made.

    What was being created then has been seen since, and may be edited or gone again by now; as any other entry that
    nobody knows it is matched anew, so that nothing counts as agreed where the side was not seen.
    """
    claims = tuple(
        claim
        for claim in link.claims
        if (claim.side, claim.deed) != (side, Deed.CREATE) or claim.made_at >= before
    )
    if claims == link.claims:
        return link
    base = link.base if link.seen(side) is not None else Base()
    return replace(link, claims=claims, base=base)


def with_fresh_id(link: Link, chance: float) -> Link:
    """Return the link with a next event id that was hardly used since; `chance` is a random number from 0 to 1.

    Google answers a used id like one that was just taken; the deletion of the former would count as a person's. The id
    under which an event is on its way stays, or it would be made twice.
    """
    if any((claim.side, claim.deed) == (Side.GOOGLE, Deed.CREATE) for claim in link.claims):
        return link
    return replace(link, generation=link.generation + USED_MAX + int(chance * FRESH_IDS))


def made_alone(links: Iterable[Link], api_user: str) -> list[Entry]:
    """Return the activities that we made and whose other side is not known: some of them replaced another one."""
    alone = (link for link in links if link.base == Base() and not link.copies)
    return [
        link.activity.entry for link in alone if link.activity and is_made_by_us(link, api_user)
    ]


def may_be_replaced(link: Link, made: Iterable[Entry]) -> bool:
    """Tell whether the activity of a link was not listed, while one like its living event was made by us since."""
    shown = link.shows(Side.GOOGLE)
    is_missing = link.activity is not None and Side.SEVERA in link.doubted
    is_alive = shown is not None and Side.GOOGLE not in link.doubted
    if not is_missing or not is_alive or link.claims or not link.base.is_pair:
        return False
    return shown is not None and any(is_like(shown, entry) for entry in made)


def without_replaced(
    links: Iterable[Link], gone: Set[str], made: Iterable[Entry]
) -> Iterator[Link]:
    """Return the links whose activity is gone and may have been replaced, with their event alone.

    Severa refuses some changes, and the activity is made anew. Taken for a person's deletion, the former one would
    take the event with it.
    """
    made = list(made)
    for link in links:
        if link.activity and link.activity.ref in gone and may_be_replaced(link, made):
            doubted = link.doubted - {Side.SEVERA}
            yield replace(link, activity=None, base=Base(), doubted=doubted)
