"""Says in plain words what happened to an entry."""

from datetime import datetime, timedelta

from daemon.sandbox.page.shown import Shown

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEAR = timedelta(days=7)


def told(before: Shown | None, after: Shown | None, *, now: datetime) -> str:
    """Return the change between two states of an entry as a sentence without its subject."""
    if after is None:
        return f"deleted {_name(before)}"
    if before is None:
        return f"added {_name(after)} on {when(after, now=now)}"
    return " and ".join(_differences(before, after, now)) or f"changed {_name(after)}"


def when(shown: Shown, *, now: datetime) -> str:
    """Return when an entry begins: its day, with the date where that is far off, and the time."""
    day = DAYS[shown.start.weekday()]
    if not -NEAR < shown.start - now < NEAR:
        day = f"{day} {shown.start.day} {MONTHS[shown.start.month - 1]}"
    return day if shown.is_all_day else f"{day} {shown.start:%H:%M}"


def _differences(before: Shown, after: Shown, now: datetime) -> list[str]:
    name, told_of = _name(after), []
    if before.title != after.title:
        told_of.append(f"renamed {_name(before)} to {name}")
    if (before.start, before.is_all_day) != (after.start, after.is_all_day):
        told_of.append(f"moved {name} to {when(after, now=now)}")
    elif before.end != after.end:
        told_of.append(_lasts(after))
    if before.location != after.location:
        place = f"to “{after.location}”" if after.location else "to nothing"
        told_of.append(f"set the place of {name} {place}")
    if before.notes != after.notes:
        told_of.append(f"changed the notes of {name}")
    if before.is_private != after.is_private:
        told_of.append(f"made {name} {'private' if after.is_private else 'open'}")
    elif before.kind != after.kind:
        told_of.append(f"changed the type of {name}")
    return told_of


def _lasts(after: Shown) -> str:
    if after.end is None:
        return f"made {_name(after)} a point in time"
    if after.is_all_day:
        last = after.end - timedelta(days=1)
        return f"made {_name(after)} last until {DAYS[last.weekday()]}"
    return f"made {_name(after)} last until {after.end:%H:%M}"


def _name(shown: Shown | None) -> str:
    return f"“{shown.title}”" if shown and shown.title else "an entry without a subject"
