"""What a backup that was put back cannot know: what was made, replaced and removed since (C4)."""

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Final

from daemon.core.link import Base, Deed, Link, Side
from daemon.core.match import is_like, is_made_by_us

FRESH_IDS: Final = 90
"""Among so many numbers a link's next event id is chosen, so that it is hardly one that was used since."""


def without_creates(link: Link, side: Side) -> Link:
    """Return the link as if nothing had been on its way to a side.

    What was being created then has been seen since, and may be edited or gone again by now; as any other entry that
    nobody knows it is matched anew.
    """
    claims = tuple(c for c in link.claims if (c.side, c.deed) != (side, Deed.CREATE))
    if claims == link.claims:
        return link
    base = link.base if link.seen(side) is not None else Base()
    return replace(link, claims=claims, base=base)


def with_fresh_id(link: Link, chance: float) -> Link:
    """Return the link with another next event id by `chance` (0 to 1): those that follow may have been used since.

    Google answers a used id like one that was just taken; the deletion of the former would count as a person's.
    """
    return replace(link, generation=link.generation + 10 + int(chance * FRESH_IDS))


def bereft(links: Iterable[Link], gone: Set[str], api_user: str) -> Iterable[Link]:
    """Return as one-sided the links whose activity is `gone` while we made another one like it since.

    An activity is replaced where Severa refuses a change. Taken for a person's deletion, that would take the event.
    """
    links = list(links)
    alone = [link for link in links if link.base == Base() and not link.copies]
    made = [
        link.activity.entry for link in alone if link.activity and is_made_by_us(link, api_user)
    ]
    for link in links:
        shown = link.shows(Side.GOOGLE)
        if link.activity is None or link.activity.ref not in gone or shown is None or link.claims:
            continue
        if any(is_like(shown, entry) for entry in made):
            known = link.doubted - {Side.SEVERA}
            yield replace(link, activity=None, base=Base(), doubted=known)
