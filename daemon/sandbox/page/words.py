"""Says in plain words what happened to an entry."""

from datetime import datetime, timedelta

from daemon.sandbox.page.shown import Guest, Shown

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEAR = timedelta(days=7)
ANSWERS = {"yes": "says yes", "maybe": "says maybe", "no": "says no", "none": "has not answered"}


def told(before: Shown | None, after: Shown | None, *, now: datetime) -> str:
    """Return the change between two states of an entry as a sentence without its subject."""
    if after is None:
        return f"deleted {named(before)}"
    if before is None:
        return f"added {named(after)} on {when(after, now=now)}"
    return " and ".join(_differences(before, after, now)) or f"changed {named(after)}"


def when(shown: Shown, *, now: datetime) -> str:
    """Return when an entry begins: its day, with the date where that is far off, and the time."""
    day = DAYS[shown.start.weekday()]
    if not -NEAR < shown.start - now < NEAR:
        day = f"{day} {shown.start.day} {MONTHS[shown.start.month - 1]}"
    return day if shown.is_all_day else f"{day} {shown.start:%H:%M}"


def _differences(before: Shown, after: Shown, now: datetime) -> list[str]:
    name, told_of = named(after), []
    if before.title != after.title:
        told_of.append(f"renamed {named(before)} to {name}")
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
    return told_of + _people(before, after)


def _people(before: Shown, after: Shown) -> list[str]:
    """Tell who was asked, who was taken out, and who answered."""
    old = {guest.address: guest for guest in before.guests}
    new = {guest.address: guest for guest in after.guests}
    name = named(after)
    asked = [_with_answer(guest) for address, guest in new.items() if address not in old]
    out = [_first(guest) for address, guest in old.items() if address not in new]
    told_of = [f"invited {_listed(asked)} to {name}"] if asked else []
    if out:
        told_of.append(f"took {_listed(out)} out of {name}")
    for address, guest in new.items():
        if address in old and guest.answer != old[address].answer:
            told_of.append(f"noted that {_first(guest)} {ANSWERS[guest.answer]} to {name}")
    return told_of


def _with_answer(guest: Guest) -> str:
    is_silent = guest.answer == "none"
    return _first(guest) if is_silent else f"{_first(guest)} ({ANSWERS[guest.answer]})"


def _first(guest: Guest) -> str:
    return guest.name if "@" in guest.name else guest.name.split()[0]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _lasts(after: Shown) -> str:
    if after.end is None:
        return f"made {named(after)} a point in time"
    if after.is_all_day:
        last = after.end - timedelta(days=1)
        return f"made {named(after)} last until {DAYS[last.weekday()]}"
    return f"made {named(after)} last until {after.end:%H:%M}"


def named(shown: Shown | None) -> str:
    """Return what a person calls an entry."""
    return f"“{shown.title}”" if shown and shown.title else "an entry without a subject"
