"""What must hold once everything is calm, however the story went."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from daemon.core.company import Category
from daemon.core.entry import AllDay, Entry
from daemon.core.link import Base, Link, Side, Stand
from daemon.core.record import Record

from .alike import FIELDS
from .book import Book, Cell, Grave
from .guests import ATTEMPT_LIFE, Place
from .together import lost_guests, unlike_people
from .world import OUTSIDE, TASK, World


def broken_promises(world: World) -> list[str]:
    """Return what is not as it has to be, in words; nothing when all is well."""
    return [
        *world.book.broken,
        *_unequal(world),
        *_alone(world),
        *_twice(world),
        *_undone_deletions(world),
        *lost_guests(world),
    ]


def listed(world: World, record: Record) -> str:
    """Return why the status lists this entry as one that does not follow, empty if it does."""
    link = record.link
    if link.standing.stand is not Stand.LIVE:
        return f"{link.standing.stand.value}: {link.standing.reason}"
    return record.problem or link.standing.reason


def _unequal(world: World) -> Iterator[str]:
    """Both sides of a link are canonically equal."""
    events = world.google.living()
    for record in world.store.records.values():
        link = record.link
        if not link.activity or not link.google or listed(world, record):
            continue
        row, copy = world.severa.rows.get(link.activity.ref), events.get(link.google.ref)
        if not _concerned(world, row, link.google.ref):
            continue  # Whoever used the sync has left it.
        if row is None or copy is None:
            yield f"{link.activity.ref} and {link.google.ref} are linked, and one is not there"
        else:
            yield from _unlike(world, link, row.entry, copy.entry)
            yield from unlike_people(world, link, row, copy)


def _concerned(world: World, row: Any, ref: str) -> set[str]:
    """Return the enabled users who take part in an activity, or have a copy of an event."""
    holders = {copy.user for copy in world.google.copies() if copy.ref == ref}
    members = {row.user, *row.members} if row else set()
    return (holders | members) & world.enabled.keys()


def _followed(world: World, link: Link) -> set[str]:
    row = world.severa.rows.get(link.activity.ref) if link.activity else None
    return _concerned(world, row, link.google.ref if link.google else "")


def _unlike(world: World, link: Link, severa: Entry, google: Entry) -> Iterator[str]:
    assert link.activity is not None, "the caller has seen both"
    assert link.google is not None, "the caller has seen both"
    place = (Side.SEVERA, link.activity.ref)
    for name in FIELDS:
        mine, theirs = getattr(severa, name), getattr(google, name)
        if link.base.is_masked and severa.private is not google.private and name != "when":
            continue  # Private on one side, and the other's type cannot follow (B4).
        if world.book.alike(place, name, mine, theirs) or world.book.was_long(place, name):
            continue
        if not _was_left_so(world, link, name):
            yield f"{name} is {mine!r} in {link.activity.ref} and {theirs!r} in {link.google.ref}"


def _was_left_so(world: World, link: Link, name: str) -> bool:
    """Tell whether two entries were matched with this difference, which stays until one is edited (C1)."""
    joined = [c for c in world.store.history if c.entry == link.id and c.action == "linked"]
    if not joined or name not in ("location", "notes", "private"):
        return False
    book = world.book
    places = [
        (Side.SEVERA, link.activity.ref if link.activity else ""),
        (Side.GOOGLE, link.google.ref if link.google else ""),
    ]
    ticks = [book.cells[place][name].tick for place in places]
    return max(ticks) <= world.joined_at.get(link.id, 0) or all(
        _is_as_matched(book, place, name) for place in places
    )


def _is_as_matched(book: Book, place: Place, name: str) -> bool:
    """Tell whether a field shows what it showed when the entry was matched, changed back since or not."""
    half = book.joined.get(place)
    return isinstance(half, Entry) and half.value(name) == book.cells[place][name].value


def _alone(world: World) -> Iterator[str]:
    """What is on one side only has a reason to be."""
    records = list(world.store.records.values())
    of_activity = {r.link.activity.ref: r for r in records if r.link.activity}
    of_event = {c.ref: r for r in records for c in r.link.copies}
    events = world.google.living()
    for row in world.severa.rows.values():
        record = of_activity.get(row.ref)
        if record and record.link.google and record.link.google.ref in events:
            continue
        if not _may_be_alone_in_severa(world, row, record):
            yield f"{row.ref} is in Severa only"
    for copy in events.values():
        record = of_event.get(copy.ref)
        if record and record.link.activity and record.link.activity.ref in world.severa.rows:
            continue
        if not _may_be_alone_in_google(world, copy, record):
            yield f"{copy.ref} is in Google only"


def _may_be_alone_in_severa(world: World, row: Any, record: Record | None) -> bool:
    concerned = _concerned(world, row, "")
    if not concerned or row.category is Category.PROJECT_TASK:
        return True
    if row.type not in world.climate.selected or row.type == TASK.guid:
        return True
    if record and listed(world, record):
        return True
    return any(_was_left_out(world, row.entry, user, record) for user in concerned)


def _may_be_alone_in_google(world: World, copy: Any, record: Record | None) -> bool:
    concerned = _concerned(world, None, copy.ref)
    if not concerned or (record and listed(world, record)):
        return True
    return any(_was_left_out(world, copy.entry, user, record) for user in concerned)


def _was_left_out(world: World, entry: Entry, user: str, record: Record | None) -> bool:
    """Tell whether the first sync left this out because it was over long before (C2, C3)."""
    when = entry.when
    if isinstance(when, AllDay):
        end = when.until or when.first
        is_old = end < (world.enabled[user] - timedelta(days=29)).date()
    else:
        last = when.end or when.start  # type: ignore[union-attr]
        is_old = last < world.enabled[user] - timedelta(days=30)
    return is_old and record is not None and record.link.base != Base()


def _twice(world: World) -> Iterator[str]:
    """No entry exists twice."""
    book, stems = world.book, defaultdict[tuple[Side, frozenset[int]], list[Place]](list)
    # What an outsider organizes for others than enabled users is nobody's business here (E6). And after a backup was
    # put back nothing tells of an event on a calendar that nobody lists, nor of an activity in which nobody takes part.
    living = [
        (Side.SEVERA, row.ref)
        for row in world.severa.rows.values()
        if not book.restored or _concerned(world, row, "")
    ]
    living += [
        (Side.GOOGLE, copy.ref)
        for copy in world.google.copies()
        if copy.user in world.enabled or (copy.organizer != OUTSIDE and not book.restored)
    ]
    for place in dict.fromkeys(living):
        if place in book.origin:
            stems[place[0], book.stems(book.origin[place])].append(place)
    for (side, origins), places in stems.items():
        if any(book.origin.get((Side.GOOGLE, ref)) in origins for ref in world.abandoned):
            continue
        places = [p for p in places if not _is_touched_twin(world, p) and not _is_held(world, p)]
        if book.restored:
            # What was moved to long ago since is not looked at again, and its other side counts as new (C2).
            places = [p for p in places if not _is_left_alone(world, p)]
        if len(places) > len(origins) and not _have_changed_places(world, places):
            yield f"{' and '.join(ref for _, ref in places)} in {side.value} are one entry"


def _is_held(world: World, place: Place) -> bool:
    """Tell whether somebody is asked whether this may go, or belongs to another (C4)."""
    asked = (Stand.HELD, Stand.PARTED)
    listed_ones = (r.link for r in world.store.records.values() if r.link.standing.stand in asked)
    return any(seen.ref == place[1] for link in listed_ones if (seen := link.seen(place[0])))


def _is_left_alone(world: World, place: Place) -> bool:
    """Tell whether the first sync left this where it was, without another side."""
    links = (record.link for record in world.store.records.values())
    return any(
        seen.ref == place[1] and link.seen(place[0].other) is None and link.base != Base()
        for link in links
        if (seen := link.seen(place[0]))
    )


def _is_touched_twin(world: World, place: Place) -> bool:
    """Tell whether this is a late twin that a person edited, so that it stays, or the event that it was given then."""
    book = world.book
    twin = place if place[0] is Side.SEVERA else book.partner(place)
    if twin in world.unknown and twin in book.touched:
        return True  # Edited beyond recognition before the daemon knew whom Severa calls its maker.
    earlier = [other for other in book.twins(twin) if _born(world, other) < _born(world, twin)]
    return twin in book.touched and (twin in world.late or bool(earlier))


def _born(world: World, place: Place) -> int:
    return world.book.history[(*place, "title")][0].tick


def _have_changed_places(world: World, places: list[Place]) -> bool:
    """Tell whether each belongs to another entry of the other side: of two alike, either may be taken for the other."""
    others = [_linked_with(world, place) for place in places]
    stems = {world.book.origin.get(other) for other in others if other}
    return None not in others and len(stems) == len(places)


def _linked_with(world: World, place: Place) -> Place | None:
    for record in world.store.records.values():
        seen, other = record.link.seen(place[0]), record.link.seen(place[0].other)
        if seen and other and seen.ref == place[1]:
            return place[0].other, other.ref
    return None


def _undone_deletions(world: World) -> Iterator[str]:
    """What somebody deleted is gone, unless somebody changed it where it was left (D2)."""
    book = world.book
    living = [(Side.SEVERA, ref) for ref in world.severa.rows]
    living += [(Side.GOOGLE, ref) for ref in world.google.living()]
    for grave_place, grave in book.graves.items():
        if not grave.by_person or book.restored:
            continue
        if grave_place[0] is Side.SEVERA and grave_place[1] not in world.known:
            # Made by a create whose answer was lost, and deleted before any look: Severa keeps no trace of it.
            world.counts["deleted before it was seen"] += 1
            continue
        if grave.minute - book.removals.get(grave_place, -ATTEMPT_LIFE) < ATTEMPT_LIFE:
            world.counts["deleted while a deletion might still have landed"] += 1
            continue
        origin = book.origin.get(grave_place)
        for place in living:
            if origin is None or book.origin.get(place) != origin:
                continue
            if not _has_reason_to_live(world, place, grave_place):
                yield f"{grave_place[1]} was deleted, and {place[1]} is there"


def _has_reason_to_live(world: World, place: Place, grave_place: Place) -> bool:
    book, (side, ref) = world.book, place
    grave = book.graves[grave_place]
    if {ref, book.partner(place)[1]} & book.retyped:
        return True  # It left the sync, or came back to it, when it was given another type (B5).
    linked = _linked_with(world, place)
    if linked and book.origin.get(linked, book.origin[place]) != book.origin[place]:
        return True  # Of two alike either may be taken for the other: this one belongs to one that lives.
    for record in world.store.records.values():
        seen = record.link.seen(side)
        if (
            seen
            and seen.ref == ref
            and (listed(world, record) or not _followed(world, record.link))
        ):
            return True
    if any(
        book.guests.has_moved(p, grave_place)
        for p in book.origin
        if book.origin[p] == book.origin[place]
    ):
        return True
    shown = (cell for name in FIELDS for cell in book.history[(*grave_place, name)])
    if any(cell.tick in book.unheard for cell in shown):
        return True  # That the deleted side had the other's edit was never heard of: it counts as an edit still.
    relatives = [p for p, origin in book.origin.items() if origin == book.origin[place]]
    return any(
        _is_unknown_edit(cell, name, grave)
        for relative in relatives
        if relative != grave_place
        for name in FIELDS
        for cell in book.history.get((*relative, name), [])
    )


def _is_unknown_edit(cell: Cell, name: str, grave: Grave) -> bool:
    """Tell whether this is an edit that the deleted object had not taken in, or could not (B4)."""
    is_privacy = name == "private" and cell.before is not None
    return bool(cell.edit) and (is_privacy or cell.edit not in grave.seen)
