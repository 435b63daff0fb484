"""One change of one entry in one calendar, and which of its fields are carried to the other."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from daemon.sandbox.page.shown import Shown, Side
from daemon.sandbox.people import Person

CARRIED = ("title", "start", "end", "is_all_day", "location", "notes", "is_private")
# Google holds notes as HTML and Severa as text: they are the same without being equal.
INEXACT = frozenset({"notes"})


@dataclass(frozen=True, slots=True)
class Change:
    """One entry before and after something was done to it; None where there was or is none."""

    at: datetime
    person: Person
    side: Side
    before: Shown | None
    after: Shown | None

    @property
    def id(self) -> str:
        """The entry's id on its side."""
        return self.shown.id

    @property
    def day(self) -> date:
        """The day on which the entry begins, or began."""
        return self.shown.start.date()

    @property
    def shown(self) -> Shown:
        """The entry as it is, or was last."""
        shown = self.after or self.before
        assert shown is not None, "A change has something before or after it."
        return shown

    @property
    def is_owners(self) -> bool:
        """Whether it is seen in the calendar of the entry's owner."""
        return self.shown.owner == self.person.email

    def values(self) -> dict[str, Any]:
        """Return the fields that an edit gave a new value, with that value."""
        if self.before is None or self.after is None:
            return {"is_there": self.after is not None}
        pairs = ((name, getattr(self.before, name), getattr(self.after, name)) for name in CARRIED)
        return {name: new for name, old, new in pairs if old != new} | self._people()

    def carries(self, edit: "Change") -> bool:
        """Tell whether this change on one side brings what a person did on the other."""
        if self.before is None:
            return edit.after is not None
        arrived, wanted = self.values(), edit.values()
        return any(
            name in arrived and (arrived[name] == value or name in INEXACT)
            for name, value in wanted.items()
        )

    def _people(self) -> dict[str, Any]:
        """Return each person whose part is another one now: the answer, or "out"."""
        assert self.before is not None, "Only what was there before has changed people."
        assert self.after is not None, "Only what is there still has changed people."
        old = {guest.address: guest.answer for guest in self.before.guests}
        new = {guest.address: guest.answer for guest in self.after.guests}
        return {
            f"person:{address}": new.get(address, "out")
            for address in old.keys() | new.keys()
            if old.get(address) != new.get(address)
        }


assert set(CARRIED) < {field.name for field in fields(Shown)}, "CARRIED names fields of Shown."
