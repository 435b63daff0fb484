"""What the two vendors showed, as values: an activity, and one user's copy of an event."""

from dataclasses import dataclass, field
from datetime import datetime

from daemon.core.company import Category
from daemon.core.entry import Entry


@dataclass(frozen=True, slots=True)
class Activity:
    """Severa's side of an entry, as the vendor last showed it."""

    ref: str
    """Severa's guid: an opaque string of up to 100 characters."""
    user: str
    """The owner's guid."""
    entry: Entry
    type: str
    category: Category
    has_hours: bool = False
    is_unassigned: bool = False
    members: frozenset[str] = frozenset()
    """The guids of the users who take part besides the owner, as far as they were read."""
    is_bare: bool = True
    """It holds nothing but what is synced: no customer, phase, hours, and is not closed."""
    created_at: datetime | None = None
    created_by: str = ""
    updated_at: datetime | None = None
    translator: int = 0
    """The number of the translator that read it."""
    original: str = field(default="", compare=False, repr=False)
    """The vendor's own JSON where it was read by id; it is not kept with the entry."""
    left_out: tuple[str, ...] = field(default=(), compare=False)
    """In words, what was to be brought back with it and the vendor did not take; not kept with the entry."""

    @property
    def version(self) -> str:
        """Severa has no precondition, so there is nothing to name a version by."""
        return ""

    @property
    def is_writable(self) -> bool:
        """An absence is a holiday record; calendars do not change it."""
        return self.category is not Category.ABSENCE

    def concerns(self, user: str) -> bool:
        """Tell whether a user owns it or takes part: nobody else's event is its other side, whatever mark it bears."""
        return user == self.user or user in self.members


@dataclass(frozen=True, slots=True)
class Mark:
    """What we wrote on an event to know it again: a hint, because people and Google copy it along."""

    activity: str
    event: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One user's copy of an event, as Google last showed it."""

    ref: str
    """The event id, the same on every attendee's copy."""
    user: str
    """The Severa guid of the user whose primary calendar it is on."""
    entry: Entry
    uid: str
    version: str = ""
    """The etag."""
    kind: str = "default"
    """Google's eventType."""
    is_organizer: bool = True
    """This calendar organizes it, so it speaks for all copies."""
    is_writable: bool = True
    mark: Mark | None = None
    address: str = ""
    """The address of the calendar's user, by which the list of people names them."""
    organizer: str = ""
    """The organizer's address."""
    before: Entry | None = None
    """What it showed when its link was settled last, where it has changed since: kept by the link, not by Google.

    No fields at all where a guest got it since.
    """
    translator: int = 0
    """The number of the translator that read it."""
    original: str = field(default="", compare=False, repr=False)
    """The vendor's own JSON where it was read by id; it is not kept with the entry."""
    left_out: tuple[str, ...] = field(default=(), compare=False)
    """In words, what was to be brought back with it and the vendor did not take; not kept with the entry."""

    @property
    def is_marked(self) -> bool:
        """It bears the mark that this very event was given; what was copied from it by hand bears another's."""
        return self.mark is not None and self.mark.event == self.ref


Seen = Activity | Copy
