"""An activity first, then its people one by one: whatever call goes wrong, the next try ends with one of each."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from daemon.core.company import User
from daemon.core.entry import Answer, Entry, entry_of, person
from daemon.core.link import Activity
from daemon.errors import Transient
from tests.severa.conftest import World

GUESTS = {"ben@example.com": Answer.ACCEPTED, "cara@example.com": Answer.NONE}
TRIES = 12


class Writer:
    """Does what a caller of the adapter is told to do: looks before it repeats."""

    def __init__(self, world: World, entry: Entry) -> None:
        self.world, self.entry = world, entry
        self.since = world.now
        self.made: Activity | None = None

    async def made_or_found(self) -> Activity:
        """Return the activity, made now or found from a try before."""
        client, anna = self.world.calendar, self.world.anna
        found = await client.find(anna, self.entry, since=self.since)
        if found:
            return found[0]
        kind = self.world.types["CalendarEntry"]
        return await client.create(anna, self.entry, type_guid=kind)

    async def write(self) -> None:
        """Bring the activity and everybody in it as far as it goes."""
        self.made = self.made or await self.made_or_found()
        seen = await self.world.calendar.people(self.world.anna, self.made)
        for address, answer in GUESTS.items():
            part = entry_of({person(address): answer})
            seen = await self.world.calendar.change(
                self.world.anna, seen, part, type_guid="", mark=None
            )


async def until_done(work: Callable[[], Awaitable[None]]) -> int:
    """Try again after each unclear answer; return how many tries it took."""
    for tries in range(1, TRIES + 1):
        try:
            await work()
        except Transient:
            continue
        return tries
    raise AssertionError("It never ends.")


@pytest.fixture
async def guests(world: World) -> list[User]:
    for name in ("Ben", "Cara"):
        world.state.add_user(name, "Berg", f"{name.lower()}@example.com")
    return list(await world.client.users())


def calendar(world: World) -> tuple[int, list[tuple[str, str]]]:
    """Return how many activities there are, and who takes part in the first, how."""
    activities = world.state.activities()
    rows = world.state.participants(activities[0]["guid"])
    return len(activities), sorted((row["email"], row["status"]) for row in rows)


OPERATIONS = [
    ("token.create", 0),
    ("activities.list", 0),
    ("activities.create", 0),
    ("activities.get", 0),
    ("activities.get", 1),
    ("participants.list", 0),
    ("participants.list", 1),
    ("participants.list", 2),
    ("participants.create", 0),
    ("participants.create", 1),
]
HOW: list[dict[str, Any]] = [
    {"kind": "refuse", "status": 503},
    {"kind": "refuse", "status": 429, "body": "API calls quota exceeded!"},
    {"kind": "refuse", "status": 502, "body": "<html>Bad gateway</html>"},
    {"kind": "lose_reply"},
    {"kind": "cut"},
]


@pytest.mark.parametrize("how", HOW, ids=lambda how: f"{how['kind']} {how.get('status', '')}")
@pytest.mark.parametrize(("operation", "after"), OPERATIONS)
async def test_a_fault_at_any_call_of_a_new_meeting_leaves_one_of_each(
    world: World, guests: list[User], meeting: Entry, operation: str, after: int, how: Any
) -> None:
    if operation == "token.create":
        world.state.expire_tokens()
    world.fail(operation, after=after, **how)
    writer = Writer(world, meeting)

    tries = await until_done(writer.write)

    assert calendar(world) == (
        1,
        [("ben@example.com", "Accepted"), ("cara@example.com", "Invited")],
    )
    assert tries <= 2
    assert world.faults.pending == ()


async def test_a_fault_at_every_call_leaves_one_of_each(
    world: World, guests: list[User], meeting: Entry
) -> None:
    for operation in ("activities.create", "participants.create", "participants.list"):
        world.fail(operation, "lose_reply")
        world.fail(operation, status=503)
        world.fail(operation, "cut")
    writer = Writer(world, meeting)

    await until_done(writer.write)

    assert calendar(world)[0] == 1
    assert len(calendar(world)[1]) == 2


async def test_guests_who_were_there_stay_when_the_write_of_another_fails(
    world: World, guests: list[User], meeting: Entry
) -> None:
    writer = Writer(world, meeting)
    await writer.write()
    before = calendar(world)
    dan = world.state.add_user("Dan", "Holm", "dan@example.com")
    await world.client.users()
    assert writer.made is not None
    seen = await world.seen(writer.made.ref)
    world.fail("participants.create", status=503)

    part = entry_of({person("dan@example.com"): Answer.NONE})
    with pytest.raises(Transient):
        await world.calendar.change(world.anna, seen, part, type_guid="", mark=None)

    assert calendar(world) == before
    assert dan not in {row["participantGuid"] for row in world.state.participants(seen.ref)}
