"""What is synced: which activities and events take part, and under which type an event becomes an activity."""

from collections.abc import Collection, Container
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import ABSENT, UNKNOWN, AllDay, Answer, Entry, Hidden, Unknown, Value, When
from daemon.core.link import Link, Side

PERSONAL_NAMES: Final = ("personal", "personlig", "personligt", "henkilökohtainen")
"""What the type is called in the languages of the product, to choose where several are of the category."""

OWNERS_ALONE: Final = (Category.PERSONAL, Category.ABSENCE)
"""What becomes an event on the owner's calendar alone, whoever takes part (B4, B11)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the company has chosen, ready to be asked."""

    types: tuple[ActivityType, ...] = ()
    selected: Collection[str] = ()
    default_type: str = ""
    """A type's name or guid, `user` for the owner's own, empty for the company's default."""
    skipped_kinds: Collection[str] = ()
    removes_declined: bool = False
    """What every colleague who was asked has declined is taken out of Severa (B10)."""
    addresses: Container[str] | None = None
    """Of the company's users: nobody else is told about to Severa (E8); `None` lets everybody through."""
    initial: timedelta = timedelta(days=30)

    def severa_value(self, link: Link) -> Value:
        """Return what Severa's side shows as far as the sync is concerned (B2, B3, B5, B8)."""
        activity = link.activity
        if activity is None:
            return ABSENT
        entry = self._of_company(activity.entry)
        if activity.category in OWNERS_ALONE:
            entry = replace(entry, people=UNKNOWN)
        if activity.category is Category.PROJECT_TASK:
            return Hidden(entry, "B3", leaving=link.base.is_pair)
        if activity.is_unassigned:
            return Hidden(entry, "B8")
        if _repeats(entry):
            return Hidden(entry, "F1")
        if activity.type in self.selected or not self._is_taken_away(link):
            return entry
        return Hidden(entry, "B5" if link.base.is_pair else "B2", leaving=link.base.is_pair)

    @staticmethod
    def _is_taken_away(link: Link) -> bool:
        """Tell whether a type that is not selected keeps an entry out: one with a pair keeps the type it had."""
        activity, base = link.activity, link.base
        is_given = activity is not None and activity.type != base.type
        if not base.is_pair:
            return link.google is None  # What was matched is synced whatever its type (C1).
        return link.is_born_in_severa and is_given and not _is_private_on_both(link)

    def google_value(self, link: Link) -> Value:
        """Return what Google's side shows as far as the sync is concerned (B1)."""
        copy = link.google
        if copy is None:
            return ABSENT
        entry = self._of_company(link.shows(Side.GOOGLE) or copy.entry)
        if copy.kind in self.skipped_kinds and not link.base.is_pair:
            return Hidden(entry, "B1")
        if _repeats(entry):
            return Hidden(entry, "F1")
        if self.removes_declined and not copy.is_organizer and _is_declined(entry):
            return Hidden(entry, "B10", leaving=link.base.is_pair)
        return entry

    def _of_company(self, entry: Entry) -> Entry:
        if self.addresses is None or entry.people is UNKNOWN:
            return entry
        return replace(entry, people=entry.people.among(self.addresses))

    def type_for(self, entry: Entry, owner: User) -> ActivityType | None:
        """Return the type that an event becomes an activity of (B4); `None` when the company has none that fits."""
        personal = self.personal_type() if entry.private is True else None
        return personal or self.default_for(owner)

    def personal_type(self) -> ActivityType | None:
        """Return the type of private entries: by category, by name where several exist."""
        kinds = [t for t in self.types if t.is_active and t.category is Category.PERSONAL]
        named = [t for t in kinds if t.name.casefold() in PERSONAL_NAMES]
        return next(iter([*named, *sorted(kinds, key=lambda t: t.name)]), None)

    def default_for(self, owner: User) -> ActivityType | None:
        """Return the type of every other entry: as configured, the company's default, or the first by name."""
        usable = [t for t in self.types if t.is_active and t.category is Category.CALENDAR_ENTRY]
        wanted = owner.default_type if self.default_type == "user" else self.default_type
        chosen = [t for t in usable if wanted and wanted in (t.guid, t.name)]
        company = [t for t in usable if t.is_default]
        return next(iter([*chosen, *company, *sorted(usable, key=lambda t: t.name)]), None)

    def is_left_out(self, entry: Entry, enabled_at: datetime, zone: str) -> bool:
        """Tell whether the first sync leaves this out (C2): it ended long ago and does not repeat."""
        when = entry.when
        if isinstance(when, Unknown) or when.recurrence is not None:
            return False
        return ended_at(when, zone) < enabled_at - self.initial


def ended_at(when: When, zone: str) -> datetime:
    """Return the instant at which an entry is over; whole days end at midnight in `zone`."""
    if isinstance(when, AllDay):
        until = when.until or when.first + timedelta(days=1)
        return datetime.combine(until, time(), ZoneInfo(zone)).astimezone(UTC)
    return when.end or when.start


def _is_private_on_both(link: Link) -> bool:
    """Tell whether the type is the one that a private event asks for (B4), whoever gave it: the event is to stay."""
    activity, copy = link.activity, link.google
    is_personal = activity is not None and activity.category is Category.PERSONAL
    return is_personal and copy is not None and copy.entry.private is True


def _is_declined(entry: Entry) -> bool:
    people = entry.people
    if people is UNKNOWN or not people.answers:
        return False
    return all(answer is Answer.DECLINED for _, answer in people.answers)


def _repeats(entry: Entry) -> bool:
    return not isinstance(entry.when, Unknown) and entry.when.recurrence is not None
