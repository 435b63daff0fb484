"""Who changed what where, kept by the people themselves, and what the rules make of it (D1, D2, D8).

Each entry has a number that stands in its title and never changes. Of each field the ledger knows at most one edit a
side that the other side's people had not seen: its head. Where both sides have one, Severa's wins.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.e2e.calendars import Shown

Side = Literal["severa", "google"]
SIDES: tuple[Side, Side] = ("severa", "google")
FIELDS = ("title", "when", "location", "notes")
NUMBER = re.compile(r"#(\d+)")
AWAY_MAX = timedelta(hours=9)
"""Longer than a vendor or the daemon is away."""
DOUBT_LIFE = timedelta(minutes=20)
"""How long after a write that was not heard of the daemon may take something for its own, or for somebody else's."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A value that a person gave a field."""

    at: datetime
    value: Any


@dataclass(slots=True)
class Account:
    """What people did to one entry."""

    heads: dict[tuple[str, Side], Edit] = field(default_factory=dict)
    past: dict[str, list[Any]] = field(default_factory=dict)
    """All values that a field was ever given."""
    born_at: datetime | None = None
    fate: Literal["lives", "goes", "either"] = "lives"
    deleted_on: set[Side] = field(default_factory=set)
    deleted_at: datetime | None = None
    asked_at: datetime | None = None
    """When somebody was last asked or taken out, which also counts as a change (D2)."""
    doubts: list[datetime] = field(default_factory=list)
    """When a write of the daemon's to it was not heard of."""
    raced: set[str] = field(default_factory=set)
    """Fields that were edited in Severa between the daemon's reading and its writing (D8)."""
    is_shared: bool = False


@dataclass(slots=True)
class Ledger:
    """The accounts of all entries, by their number."""

    accounts: dict[int, Account] = field(default_factory=dict)
    numbers: dict[tuple[Side, str], int] = field(default_factory=dict)
    """Which entry something is, by side and the vendor's id."""
    excuses: Counter[str] = field(default_factory=Counter)
    edits: int = 0
    hosted: set[int] = field(default_factory=set)
    """Outsiders' meetings: what is changed about them in Severa is set back (D6)."""
    series: dict[str, list[Any]] = field(default_factory=dict)
    """What people left of their series, by name."""
    guested: dict[str, bool] = field(default_factory=dict)
    """Whether a guest from outside was asked last, or taken out, by event id."""
    unheard_creates: list[datetime] = field(default_factory=list)
    _recent: dict[int, list[tuple[datetime, str]]] = field(default_factory=dict)

    def new(self) -> int:
        """Return the number of a new entry."""
        self.accounts[len(self.accounts) + 1] = Account()
        return len(self.accounts)

    # What people did

    def added(self, side: Side, number: int, ref: str, shown: Shown, at: datetime) -> None:
        """Note a new entry, or its second side that was there before the sync."""
        self.numbers[side, ref] = number
        account = self.accounts[number]
        account.born_at = at
        for name, value in values_of(shown).items():
            self._put(account, side, name, Edit(at, value))

    def edited(self, side: Side, number: int, before: Shown, after: Shown, at: datetime) -> None:
        """Note what a person changed in what was shown."""
        if side == "severa" and number in self.hosted:
            if self.accounts[number].deleted_on:
                self.accounts[number].fate = "either"  # It crosses the calling off.
            return
        account, other = self.accounts[number], other_of(side)
        old, new = values_of(before), values_of(after)
        for name in FIELDS:
            if old[name] == new[name]:
                continue
            head = account.heads.get((name, other))
            if head is not None and head.value == old[name]:
                del account.heads[name, other]
            self._put(account, side, name, Edit(at, new[name]))
            if side == "severa":
                self._recent.setdefault(number, []).append((at, name))
        if account.deleted_on == {other}:
            account.fate = "lives"

    def deleted(
        self, side: Side, number: int, shown: Shown, left: list[Shown], at: datetime
    ) -> None:
        """Note that a person deleted what was shown; `left` is what the other side shows then."""
        if side == "severa" and number in self.hosted:
            return
        account, other = self.accounts[number], other_of(side)
        here, there = values_of(shown), [values_of(one) for one in left]
        # What lost to this side's edit (D1) and was overwritten since is no edit any more.
        is_unseen = any(
            (head := account.heads.get((name, other))) is not None
            and head.value != here[name]
            and any(head.value == one[name] for one in there)
            for name in FIELDS
        )
        for name in FIELDS:
            # Made again it is as the other side has it (D2); what stood here alone went with the deletion.
            won = account.heads.pop((name, side), None)
            if won is not None and any(won.value == one[name] for one in there):
                account.heads.pop(
                    (name, other), None
                )  # It lost to this side's, and that stands there now.
        account.fate = "lives" if is_unseen else "goes"
        account.deleted_on = {side} if there else {*SIDES}
        account.deleted_at = at

    def asked(self, number: int, at: datetime) -> None:
        """Note that somebody was asked or taken out."""
        self.accounts[number].asked_at = at
        self.accounts[number].is_shared = True

    def _put(self, account: Account, side: Side, name: str, edit: Edit) -> None:
        self.edits += 1
        account.heads[name, side] = edit
        account.past.setdefault(name, []).append(edit.value)

    # What the daemon did, as the vendors saw it

    def wrote_between(self, number: int, read: datetime, written: datetime) -> None:
        """Note that the daemon wrote to Severa what it had decided on at a reading."""
        for at, name in self._recent.get(number, []):
            if read <= at <= written:
                self.accounts[number].raced.add(name)

    def unheard(self, number: int | None, at: datetime) -> None:
        """Note a write whose answer the daemon did not get; a create has no number."""
        if number is None:
            self.unheard_creates.append(at)
        else:
            self.accounts[number].doubts.append(at)

    # What became of it

    def complaints(self, number: int, shown: dict[Side, list[Shown]]) -> Iterator[str]:
        """Return what is not as the rules say of an entry, from what both sides show of it now."""
        account = self.accounts[number]
        for side in SIDES:
            if len(shown[side]) > 1:
                yield f"#{number} stands {len(shown[side])} times in {side}: {shown[side]}"
        is_there = {side: bool(shown[side]) for side in SIDES}
        if not any(is_there.values()):
            if account.fate == "lives" and not self._is_excused(account, "deleted"):
                yield f"#{number} is lost: nobody deleted it for good"
            return
        if account.fate == "goes" and not self._is_excused(account, "brought back"):
            yield f"#{number} was deleted and is there: {shown}"
        if not all(is_there.values()):
            where = "severa" if is_there["severa"] else "google"
            yield f"#{number} is in {where} only: {shown[where]}"  # type: ignore[index]
            return
        mine, theirs = values_of(shown["severa"][0]), values_of(shown["google"][0])
        for name in FIELDS:
            if mine[name] != theirs[name]:
                yield f"#{number}: {name} is {mine[name]!r} in Severa and {theirs[name]!r} in Google"
            else:
                yield from self._lost(account, number, name, mine[name])

    def _lost(self, account: Account, number: int, name: str, value: Any) -> Iterator[str]:
        heads = [account.heads.get((name, side)) for side in SIDES]
        wanted = next((head for head in heads if head is not None), None)
        if wanted is None or wanted.value == value:
            return
        if name in account.raced:
            self.excuses["edited in Severa between reading and writing (D8)"] += 1
        elif value not in account.past[name]:
            yield f"#{number}: {name} is {value!r}, which nobody wrote"
        elif not self._is_excused(account, f"{name} lost", wanted.at):
            yield f"#{number}: {name} is {value!r}, though {wanted.value!r} was edited at {wanted.at}"

    def _is_excused(self, account: Account, what: str, at: datetime | None = None) -> bool:
        """Tell whether a write that was not heard of explains it, and count that."""
        at = at or account.deleted_at
        near = [one for one in account.doubts if at and abs(one - at) < DOUBT_LIFE]
        born = account.born_at
        creates = [one for one in self.unheard_creates if born and abs(one - born) < DOUBT_LIFE]
        # Who was asked brings the entry back (D2): while its deletion is held, or before it where a vendor was away.
        is_asked = bool(at and account.asked_at and account.asked_at > at - AWAY_MAX)
        is_excused = bool(near or creates or (is_asked and what == "brought back"))
        if is_excused:
            self.excuses[f"{what.split()[-1]}: after a write that was not heard of"] += 1
        return is_excused


def other_of(side: Side) -> Side:
    """Return the other side."""
    return "google" if side == "severa" else "severa"


def values_of(shown: Shown) -> dict[str, Any]:
    """Return an entry's fields by name."""
    return {
        "title": shown.title,
        "when": (shown.start, shown.end),
        "location": shown.location,
        "notes": shown.notes,
    }


def number_in(title: str | None) -> int | None:
    """Return the number in a title, None where a person wrote none."""
    found = NUMBER.search(title or "")
    return int(found[1]) if found else None
