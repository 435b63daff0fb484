"""What must hold of the people of every entry once everything is calm (D1, E2, E5, E6, E8)."""

from collections.abc import Iterator

from daemon.core.entry import Answer, person
from daemon.core.link import Link, Side
from daemon.core.policy import OWNERS_ALONE
from daemon.core.seen import Activity, Copy

from .guests import Place
from .world import GUEST, PEOPLE, World


def unlike_people(world: World, link: Link, row: Activity, event: Copy) -> Iterator[str]:
    """Both sides of a link show the same people with the same answers, as far as each can hold them."""
    if row.category in OWNERS_ALONE or link.base.is_masked:
        return  # On the owner's calendar alone (B4, B11).
    places = (Side.SEVERA, row.ref), (Side.GOOGLE, event.ref)
    for user in PEOPLE[: world.climate.users]:
        name = person(user.email)
        severa, google = row.entry.value(name), event.entry.value(name)
        if user.guid == row.user or user.email == event.organizer:
            continue
        if Answer.OUT not in (severa, google) and _never_agreed(world, places, name):
            continue  # Two different answers stay, until somebody changes one (C1).
        if google is Answer.OUT and places[1] in world.book.read_only:
            continue  # Nobody can be asked to a meeting of an outsider (D6).
        if severa is not google and not _is_unheld(world, link, user.guid, severa, google):
            yield f"{user.guid} is {severa.value} in {row.ref} and {google.value} in {event.ref}"
        elif (
            severa is google
            and places[1] not in world.book.read_only
            and not _is_made_again(world, places)
        ):
            yield from filter(None, [world.book.guests.lost(*places, name, severa)])


def lost_guests(world: World) -> Iterator[str]:
    """Whom Severa does not know takes part until a person takes it back, and is not told to Severa (E8)."""
    for ref, event in world.google.living().items():
        if ref in world.guested and event.entry.value(person(GUEST)) is Answer.OUT:
            yield f"{GUEST} was taken out of {ref}"
    for ref, row in world.severa.rows.items():
        if row.entry.value(person(GUEST)) is not Answer.OUT:
            yield f"Severa was told of {GUEST} in {ref}"


def _is_unheld(world: World, link: Link, guid: str, severa: Answer, google: Answer) -> bool:
    """Tell whether Google would have had to be told an answer on a calendar that is not ours to write to (E5)."""
    speaks = link.google
    is_answer = Answer.OUT not in (severa, google)
    has_copy = any(
        c.user == guid and c.ref == link.google.ref for c in world.google.copies() if link.google
    )
    is_ours = guid in world.enabled and has_copy
    return is_answer and speaks is not None and not speaks.is_writable and not is_ours


def _never_agreed(world: World, places: tuple[Place, Place], name: str) -> bool:
    guests = world.book.guests
    is_unheard = any((place, name) in guests.unheard for place in places)
    return is_unheard or guests.were_matched(*places, name) or bool(world.book.restored)


def _is_made_again(world: World, places: tuple[tuple[Side, str], ...]) -> bool:
    """Tell whether a side was made anew, with which answers begin anew, or two entries were found to be one."""
    if world.book.restored:
        return True  # What was agreed since the backup is not known any more.
    origins = [world.book.origin.get(place) for place in places]
    relatives = [place for place, origin in world.book.origin.items() if origin in origins]
    return len(relatives) > len(places) or any(place in world.book.joined for place in places)
