"""What is kept beside a link: when it is due, what went wrong, and what was done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from daemon.core.link import Link, Side


@dataclass(frozen=True, slots=True)
class Record:
    """A link and its place in the work still to do."""

    link: Link
    due_at: datetime | None = None
    """When to decide about it next; `None` when it is settled."""
    attempts: int = 0
    problem: str = ""
    """What went wrong last, in one line; empty when nothing did."""
    cause: str = ""
    """What brought the latest observation: push, trigger, poll, sweep or first sync."""
    noticed_at: datetime | None = None
    """When the earliest observation not yet acted upon arrived."""
    looked_at: datetime | None = None
    """When Severa's side was last seen or proved gone."""

    @property
    def user(self) -> str:
        """The Severa guid of the user whose entry it is: the activity's owner, else whose copy speaks."""
        return self.link.activity.user if self.link.activity else self.link.source


WRITES: Final = ("created", "changed", "replaced", "removed")
"""The actions of the history that wrote to a side."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history (rule D7)."""

    at: datetime
    entry: str
    user: str
    side: Side
    action: str
    """created, changed, replaced, removed, linked, parted, held or set aside."""
    cause: str
    rule: str
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Field name → {"before": value, "after": value}; values in JSON form."""
    id: int = 0
    """Given by the store."""
    original: str = field(default="", repr=False)
    """What the vendor held of what this took away, as its JSON; it is kept apart, and locked."""
