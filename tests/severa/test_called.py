"""Whoever counts is told of every request to Severa: what for, what came of it, and how long it took."""

from contextlib import suppress

import pytest

from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.severa.client import SeveraClient
from tests.severa.conftest import CLIENT_ID, SECRET, World


class Told:
    """A client with a note of what it told; each turn is waited for, and costs time of its own."""

    def __init__(self, world: World) -> None:
        self.calls: list[tuple[str, int]] = []
        self.seconds: list[float] = []

        async def spend() -> None:
            world.advance(seconds=100)

        self.client = SeveraClient(
            world.base_url,
            CLIENT_ID,
            Secret(SECRET),
            session=world.session,
            spend=spend,
            monotonic=lambda: world.monotonic_s,
            timeout_s=0.5,
            called=self.note,
        )

    def note(self, operation: str, status: int, seconds: float) -> None:
        self.calls.append((operation, status))
        self.seconds.append(seconds)


async def test_each_request_is_told_in_words_with_its_status(world: World) -> None:
    told = Told(world)
    guid = world.add()

    await told.client.read(world.anna, guid)
    with suppress(SyncError):
        await told.client.read(world.anna, "nothing")

    assert told.calls[:2] == [("give out a token", 200), ("read an activity", 200)]
    assert told.calls[-1] == ("read an activity", 404)
    assert set(told.seconds) == {0}, "the wait for a turn is not Severa's"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("refuse", 503), ("drop", 0), ("lose_reply", 0), ("html", 503), ("cut", 200)],
)
async def test_what_goes_wrong_is_told_as_what_it_was(world: World, kind: str, status: int) -> None:
    told = Told(world)
    guid = world.add()
    await told.client.read(world.anna, guid)
    for _ in range(2):  # A dropped connection may be tried once more by the library that keeps it.
        world.fail("activities.get", kind)

    with suppress(SyncError):
        await told.client.read(world.anna, guid)

    assert told.calls[-1] == ("read an activity", status)
