"""The two sides, a write of ours that is still in doubt, and how an entry takes part."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from daemon.core.entry import NO_FIELDS, Answer, Entry

CLAIM_LIFE: Final = timedelta(minutes=15)
"""How long a vendor may sit on a request and still carry it out."""


class Side(Enum):
    """The two calendars."""

    SEVERA = "severa"
    GOOGLE = "google"

    @property
    def other(self) -> "Side":
        """The opposite calendar."""
        return Side.GOOGLE if self is Side.SEVERA else Side.SEVERA


class Deed(Enum):
    """What a write does."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Claim:
    """A write that is being made and may never be heard back from; stored before the call."""

    side: Side
    deed: Deed
    made_at: datetime
    values: Entry = NO_FIELDS
    """What is written; the fields it does not touch are unknown."""
    takes_in: Entry = NO_FIELDS
    """What the other side showed of these fields when this was decided."""
    ref: str = ""
    """Where it is written; empty while Severa has not named the activity yet."""
    user: str = ""
    """On whose calendar, or for which owner."""
    since: datetime | None = None
    """For a create in Severa: Severa's own clock just before; what is older is not ours."""
    version: str = ""
    """What a change or removal was made against (Google's etag): once that has moved, it can land no more."""
    is_checked: bool = False
    """That side was read by id since: a decision may be made, the claim stays to recognise a late landing."""

    @property
    def lands_unseen(self) -> bool:
        """No listing tells whether it landed: a removal, or a change of who takes part in an activity."""
        is_of_persons = self.side is Side.SEVERA and bool(self.values.persons())
        return self.deed is Deed.REMOVE or (self.deed is Deed.CHANGE and is_of_persons)

    def has_taken_out(self, shown: Entry) -> bool:
        """Tell whether it takes people out and does nothing else, and they are out.

        Then it lands no more: a deletion in Severa names the row of one participation, and who joins again has another.
        """
        named = self.values.known()
        return bool(named) and all(
            value is shown.value(name) is Answer.OUT for name, value in named.items()
        )


class Stand(Enum):
    """How an entry takes part."""

    LIVE = "live"
    SET_ASIDE = "set-aside"
    PARTED = "parted"
    HELD = "held"
    RESTORED = "restored"
    """Somebody said that what was to be removed is to be made again on the other side instead."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entry takes part, and in one line why it does not."""

    stand: Stand = Stand.LIVE
    reason: str = ""


LIVE: Final = Standing()
RESTORED: Final = Standing(Stand.RESTORED, "being brought back")
APPROVED: Final = Standing(reason="approved")
"""Somebody said that what was held may go ahead; it holds until the entry changes."""
