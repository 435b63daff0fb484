"""Our writes whose answer was lost and that show later: each has its line of the history and of the log, too (D7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.core.entry import Entry
from daemon.core.link import Claim, Deed, Link, Side
from daemon.core.record import Change, Record
from daemon.sync.history import fields_of
from daemon.sync.tools import Tools

RULES: Final = {
    (Deed.CREATE, Side.SEVERA): "B1",
    (Deed.CREATE, Side.GOOGLE): "B2",
    (Deed.CHANGE, Side.SEVERA): "D1",
    (Deed.CHANGE, Side.GOOGLE): "D1",
    (Deed.REMOVE, Side.SEVERA): "D2",
    (Deed.REMOVE, Side.GOOGLE): "D2",
}
WORDS: Final = {Deed.CREATE: "created", Deed.CHANGE: "changed", Deed.REMOVE: "removed"}


@dataclass(frozen=True, slots=True)
class Landed:
    """A write that shows now, with its line of the history."""

    record: Record
    change: Change


def landed(tools: Tools, before: Record, after: Record) -> list[Landed]:
    """Return what a look has shown to have been carried out, of the writes that nobody answered."""
    found = (
        (claim, fields)
        for claim in before.link.claims
        if (fields := _shown_of(claim, before.link, after.link)) is not None
    )
    return [Landed(after, _line(tools, after, claim, *fields)) for claim, fields in _once(found)]


def tell(tools: Tools, found: Sequence[Landed]) -> None:
    """Log each of them as any other change of ours."""
    for one in found:
        report(tools, one.record, one.record.link, one.change)


def report(tools: Tools, record: Record, link: Link, change: Change) -> None:
    """Log one change of ours; `link` is what it came to, the record's own may still be what it was."""
    copy, activity = link.google or record.link.google, link.activity or record.link.activity
    tools.report(
        f"entry.{change.action}",
        entry=link.id,
        side=change.side.value,
        user=record.user,
        activity=activity.ref if activity else "",
        event_id=copy.ref if copy else "",
        rule=change.rule,
        cause=change.cause,
    )


Fields = tuple[Entry, Entry]
"""What a side showed before a write, and what the write made of it."""


def _once(found: Iterator[tuple[Claim, Fields]]) -> list[tuple[Claim, Fields]]:
    """Return one create a side, the last: of several tries one made what is seen."""
    kept: dict[object, tuple[Claim, Fields]] = {}
    for claim, fields in found:
        is_change = claim.deed is Deed.CHANGE
        kept[(claim.side, claim.deed, len(kept) if is_change else 0)] = (claim, fields)
    return list(kept.values())


def _shown_of(claim: Claim, before: Link, after: Link) -> Fields | None:
    was, shows = before.seen(claim.side), after.seen(claim.side)
    match claim.deed:
        case Deed.CREATE if was is None and shows is not None and claim.ref in ("", shows.ref):
            return Entry(), _agreed(claim, before, after)
        case Deed.CHANGE if shows is not None and claim.ref == shows.ref:
            made, half = _agreed(claim, before, after), before.base.on(claim.side)
            if not isinstance(half, Entry) or not made.known():
                return None
            return half.only(made.known()), made
        case Deed.REMOVE if was is not None and shows is None and claim.ref == was.ref:
            return before.shows(claim.side) or Entry(), Entry()
    return None


def _agreed(claim: Claim, before: Link, after: Link) -> Entry:
    """Return what a write named that has been agreed on since as it wrote it."""
    then, now = before.base.on(claim.side), after.base.on(claim.side)
    if not isinstance(now, Entry):
        return Entry()
    was = then if isinstance(then, Entry) else Entry()
    written = claim.values.known().items()
    is_new = claim.deed is Deed.CREATE
    return now.only(
        name
        for name, value in written
        if now.value(name) == value and (is_new or was.value(name) != value)
    )


def _line(tools: Tools, record: Record, claim: Claim, before: Entry, after: Entry) -> Change:
    is_removal = claim.deed is Deed.REMOVE
    return Change(
        at=tools.now(),
        entry=record.link.id,
        user=record.user,
        side=claim.side,
        action=WORDS[claim.deed],
        cause=record.cause,
        rule=RULES[claim.deed, claim.side],
        fields=fields_of(before, after, is_whole=is_removal),
        original=tools.writes.taken(claim.side, claim.ref) if is_removal else "",
    )
