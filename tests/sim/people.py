"""What people do in both calendars while the daemon works."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from daemon.core.company import Category, User
from daemon.core.entry import AllDay, Answer, Entry, People, Timed, When, person
from daemon.core.link import Side
from daemon.errors import SyncError
from tests.doubles.line import said

from .world import BEGINNING, GUEST, INTERNAL, MEETING, OUTSIDE, PEOPLE, World

REPEATED = 0.2
"""How many of the edits set a value that the field had before (Q6)."""


def act(world: World, dice: Random) -> None:
    """Let somebody do something; what the product refuses to them does not happen."""
    known = ACTS | (MEETINGS if world.climate.has_meetings else {})
    if world.climate.restores:
        # Of two that are alike nothing tells after a backup was put back which was which.
        known = {name: act for name, act in known.items() if act is not _duplicate}
    acts = world.climate.acts or tuple(known)
    chosen = dice.choices(acts, [WEIGHTS.get(name, 1) for name in acts])[0]
    try:
        known[chosen](world, dice)
    except SyncError as error:
        world.tell(f"people could not {chosen}: {error}")


def furnish(world: World, dice: Random) -> None:
    """Let there be entries on both sides, some of which are the same."""
    for number in range(world.climate.before):
        entry = replace(new_entry(world, dice), title=f"b{dice.randint(1, 6)}")
        user = somebody(world, dice)
        where = dice.choice(["severa", "google", "both", "both, not alike"])
        if not world.may(f"furniture {number}"):
            continue
        if where != "google":
            add_activity(world, user, entry, MEETING.guid)
        if where != "severa":
            notes = f"n{dice.randint(1, 99)}" if where == "both, not alike" else entry.notes
            add_event(world, user, replace(entry, notes=notes))


# Adding


def _add_in_severa(world: World, dice: Random) -> None:
    entry = new_entry(world, dice)
    kinds = [kind.guid for kind in world.severa.company.kinds]
    kind = MEETING.guid if dice.random() < 0.7 else dice.choice(kinds)
    if dice.random() < 0.15:
        entry = replace(entry, when=_without_length(entry.when))
    add_activity(world, somebody(world, dice), entry, kind)


def _add_in_google(world: World, dice: Random) -> None:
    entry = new_entry(world, dice)
    change: dict[str, Any] = {}
    if dice.random() < 0.1:
        change["title"] = ""
    if dice.random() < 0.15:
        change["private"] = True
    add_event(world, somebody(world, dice), replace(entry, **change))


def add_activity(world: World, user: str, entry: Entry, kind: str) -> None:
    row = world.severa.person_add(user, entry, kind)
    world.known.add(row.ref)
    world.book.person_added((Side.SEVERA, row.ref), row.entry)
    if not row.is_writable:
        world.book.read_only.add((Side.SEVERA, row.ref))
    world.tell(f"{user} adds {row.ref} in Severa as {kind}: {said(row.entry)}")


def add_event(world: World, user: str, entry: Entry) -> str:
    ref = world.google.person_add(user, entry)
    shown = world.google.event(user, ref).entry
    world.book.person_added((Side.GOOGLE, ref), shown)
    if user == OUTSIDE:
        world.book.read_only.add((Side.GOOGLE, ref))
    world.tell(f"{user} adds {ref} in Google: {said(shown)}")
    return ref


def _duplicate(world: World, dice: Random) -> None:
    if not (copy := _some_event(world, dice)):
        return
    ref = world.google.person_duplicate(copy.user, copy.ref)
    world.book.person_added((Side.GOOGLE, ref), world.google.event(copy.user, ref).entry)
    if copy.user == OUTSIDE:
        world.book.read_only.add((Side.GOOGLE, ref))
    world.tell(f"{copy.user} duplicates {copy.ref} in Google as {ref}")


# Editing


def _edit_in_severa(world: World, dice: Random) -> None:
    if not (row := some_activity(world, dice)):
        return
    name = dice.choice(["title", "when", "location", "notes"])
    place = (Side.SEVERA, row.ref)
    change = Entry(**{name: _value(world, dice, place, name, row.entry)})
    after = world.severa.person_edit(row.ref, change)
    world.book.person_edited(place, after.entry)
    world.tell(f"{row.user} edits {row.ref} in Severa: {said(change)}")


def _edit_in_google(world: World, dice: Random) -> None:
    if not (copy := _some_event(world, dice)):
        return
    name = dice.choice(["title", "when", "location", "notes"])
    place = (Side.GOOGLE, copy.ref)
    _change_event(
        world, copy.user, copy.ref, Entry(**{name: _value(world, dice, place, name, copy.entry)})
    )


def _change_privacy(world: World, dice: Random) -> None:
    if copy := _some_event(world, dice):
        _change_event(world, copy.user, copy.ref, Entry(private=not copy.entry.private))


def _change_event(world: World, user: str, ref: str, change: Entry) -> None:
    world.google.person_edit(user, ref, change)
    world.book.person_edited((Side.GOOGLE, ref), world.google.event(user, ref).entry)
    world.note_abandoned(ref)
    world.tell(f"{user} edits {ref} in Google: {said(change)}")


def _change_type(world: World, dice: Random) -> None:
    rows = [r for r in world.severa.rows.values() if r.category is Category.CALENDAR_ENTRY]
    if not rows:
        return
    row = dice.choice(rows)
    kind = INTERNAL if row.type == MEETING.guid else MEETING
    world.severa.person_edit(row.ref, Entry(), kind.guid)
    world.book.retyped.add(row.ref)
    world.book.touched.add((Side.SEVERA, row.ref))
    world.book.changed.add((Side.SEVERA, row.ref))
    world.tell(f"{row.user} makes {row.ref} in Severa {kind.name}")


# Deleting, and what keeps from deleting


def _delete_in_severa(world: World, dice: Random) -> None:
    row = some_activity(world, dice)
    if row is None or row.has_hours:
        return
    world.severa.person_delete(row.ref)
    world.book.person_deleted((Side.SEVERA, row.ref))
    world.tell(f"{row.user} deletes {row.ref} in Severa")


def _delete_in_google(world: World, dice: Random) -> None:
    if not (copy := _some_event(world, dice)):
        return
    world.google.person_delete(copy.user, copy.ref)
    world.book.person_deleted((Side.GOOGLE, copy.ref))
    world.tell(f"{copy.user} deletes {copy.ref} in Google")


def _book_hours(world: World, dice: Random) -> None:
    if row := some_activity(world, dice):
        world.severa.person_books_hours(row.ref)
        world.tell(f"{row.user} books hours on {row.ref} in Severa")


ACTS: dict[str, Callable[[World, Random], None]] = {
    "add in Severa": _add_in_severa,
    "add in Google": _add_in_google,
    "duplicate in Google": _duplicate,
    "edit in Severa": _edit_in_severa,
    "edit in Google": _edit_in_google,
    "change privacy": _change_privacy,
    "change type": _change_type,
    "delete in Severa": _delete_in_severa,
    "delete in Google": _delete_in_google,
    "book hours": _book_hours,
}
WEIGHTS = {
    "add in Severa": 3,
    "add in Google": 3,
    "edit in Severa": 8,
    "edit in Google": 8,
    "delete in Severa": 2,
    "delete in Google": 2,
    "meet in Google": 2,
    "meet in Severa": 2,
    "change people in Google": 3,
    "change people in Severa": 3,
    "answer in Google": 3,
    "leave in Google": 0.7,
    "book hours": 0.3,
    "duplicate in Google": 0.5,
}


# Meeting


def _meet_in_google(world: World, dice: Random) -> None:
    entry = new_entry(world, dice)
    organizer = OUTSIDE if dice.random() < 0.25 else somebody(world, dice)
    asked = {user.email: Answer.NONE for user in _colleagues(world, dice)}
    if dice.random() < 0.3:
        asked |= {GUEST: Answer.NONE}
    ref = add_event(world, organizer, replace(entry, people=People.of(asked)))
    if GUEST in asked:
        world.guested.add(ref)


def _meet_in_severa(world: World, dice: Random) -> None:
    asked = {user.email: dice.choice(list(SAID)) for user in _colleagues(world, dice)}
    entry = replace(new_entry(world, dice), people=People.of(asked))
    add_activity(world, somebody(world, dice), entry, MEETING.guid)


def _change_people_in_google(world: World, dice: Random) -> None:
    """Let an organizer ask somebody, or take somebody out."""
    if not (copy := _some_event(world, dice)):
        return
    user = dice.choice(_colleagues(world, dice))
    if user.email != copy.address:
        is_in = copy.entry.value(person(user.email)) is not Answer.OUT
        _change_event(
            world, copy.user, copy.ref, _part(user.email, Answer.OUT if is_in else Answer.NONE)
        )


def _answer_in_google(world: World, dice: Random) -> None:
    if copy := _some_guest(world, dice):
        answer = dice.choice(list(SAID))
        world.google.person_answers(copy.user, copy.ref, answer)
        _note_event(world, copy.ref)
        world.tell(f"{copy.user} answers {copy.ref} in Google: {answer.value}")


def _leave_in_google(world: World, dice: Random) -> None:
    """Let a guest delete the own copy (E6)."""
    if copy := _some_guest(world, dice):
        world.google.person_delete(copy.user, copy.ref)
        _note_event(world, copy.ref)
        world.tell(f"{copy.user} deletes the own copy of {copy.ref} in Google")


def _edit_own_copy(world: World, dice: Random) -> None:
    """Let a guest edit the own copy, which is nobody else's business."""
    copy = _some_guest(world, dice)
    if copy and copy.organizer != OUTSIDE:
        world.google.person_edit(copy.user, copy.ref, Entry(title=f"mine {dice.randint(1, 99)}"))
        world.tell(f"{copy.user} renames the own copy of {copy.ref} in Google")


def _change_people_in_severa(world: World, dice: Random) -> None:
    if not (row := some_activity(world, dice)):
        return
    user = dice.choice(_colleagues(world, dice))
    if user.guid == row.user or row.user not in world.enabled:
        return  # Of somebody added where nobody looks only a trigger tells.
    is_in = row.entry.value(person(user.email)) is not Answer.OUT
    answer = dice.choice([Answer.OUT, *SAID]) if is_in else dice.choice(list(SAID))
    if answer is row.entry.value(person(user.email)):
        return
    after = world.severa.person_edit(row.ref, _part(user.email, answer))
    world.book.person_edited((Side.SEVERA, row.ref), after.entry)
    world.tell(f"{row.user} makes {user.guid} {answer.value} in {row.ref} in Severa")


def _part(address: str, answer: Answer) -> Entry:
    return Entry(people=People.of({address: answer}, is_whole=False))


def _note_event(world: World, ref: str) -> None:
    place = (Side.GOOGLE, ref)
    world.book.person_edited(place, world.google.living()[ref].entry)
    world.note_abandoned(ref)


def _colleagues(world: World, dice: Random) -> list[User]:
    users = PEOPLE[: world.climate.users]
    return dice.sample(users, dice.randint(1, len(users)))


def _some_guest(world: World, dice: Random) -> Any:
    copies = [copy for copy in world.google.copies() if not copy.is_organizer]
    return dice.choice(copies) if copies else None


SAID = (Answer.NONE, Answer.ACCEPTED, Answer.TENTATIVE, Answer.DECLINED)
MEETINGS: dict[str, Callable[[World, Random], None]] = {
    "meet in Google": _meet_in_google,
    "meet in Severa": _meet_in_severa,
    "change people in Google": _change_people_in_google,
    "change people in Severa": _change_people_in_severa,
    "answer in Google": _answer_in_google,
    "leave in Google": _leave_in_google,
    "edit own copy": _edit_own_copy,
}


# Values


def new_entry(world: World, dice: Random) -> Entry:
    return Entry(
        title=_title(world, dice),
        when=_when(dice),
        location=dice.choice(["", "", f"room {dice.randint(1, 9)}"]),
        notes=dice.choice(["", "", f"n{dice.randint(1, 99)}"]),
        private=False,
    )


def _value(world: World, dice: Random, place: tuple[Side, str], name: str, entry: Entry) -> Any:
    """Return a new value for a field, often enough one that it had before."""
    if dice.random() < REPEATED:
        partner = world.book.partner(place)
        cells = [
            *world.book.history.get((*place, name), []),
            *world.book.history.get((*partner, name), []),
        ]
        values = [cell.value for cell in cells if cell.value != "" or name != "title"]
        if values:
            return dice.choice(values)
    match name:
        case "title":
            return _title(world, dice)
        case "when":
            return _when(dice)
        case "location":
            return dice.choice(["", f"room {dice.randint(1, 99)}"])
    return dice.choice(
        ["", f"n{dice.randint(1, 999)}", "long " * 1800 if dice.random() < 0.1 else "x"]
    )


def _title(world: World, dice: Random) -> str:
    title = f"t{world.book.edits + 1}.{dice.randint(1, 9)}"
    return f"{title} {'very ' * 40}long" if dice.random() < 0.05 else title


def _when(dice: Random) -> When:
    day = dice.choice([0, 1, 1, 2, 3, 5, 9, 12, 30, -3, -60 if dice.random() < 0.3 else 1])
    if dice.random() < 0.2:
        first = (BEGINNING + timedelta(days=day)).date()
        return AllDay(first, first + timedelta(days=dice.choice([1, 1, 3])))
    start = BEGINNING + timedelta(days=day, hours=dice.randint(0, 9))
    return Timed(start, start + timedelta(minutes=dice.choice([15, 30, 60, 90])))


def _without_length(when: Any) -> When:
    return AllDay(when.first, None) if isinstance(when, AllDay) else Timed(when.start, None)


# Choices


def somebody(world: World, dice: Random) -> str:
    return dice.choice(PEOPLE[: world.climate.users]).guid


def some_activity(world: World, dice: Random) -> Any:
    rows = list(world.severa.rows.values())
    return dice.choice(rows) if rows else None


def _some_event(world: World, dice: Random) -> Any:
    copies = list(world.google.living().values())
    return dice.choice(copies) if copies else None
