"""The stage by itself: what is played on it is the same each time, and a daemon comes up on it."""

import asyncio
from pathlib import Path

from .stage import Stage, play
from .town import new_town, start_of

START = start_of("2026-03-28")


async def _little_life(stage: Stage, path: Path) -> str:
    town = new_town(stage, path)
    await town.open()
    for name in ("Anna", "Ben"):
        town.person(name)
        town.add_event(name, f"{name}'s event", town.at(1, 9))
        town.add_activity(name, f"{name}'s activity", town.at(1, 11))
    await town.daemon.start()
    await town.set_up()
    for name in town.people:
        assert await town.call(name, "PUT", "/v1/me/sync", {"enabled": True}) == 200
    await asyncio.sleep(300)
    town.add_event("Anna", "Another", town.at(1, 14))
    await asyncio.sleep(5)
    pushed = town.names("Anna")
    await asyncio.sleep(300)
    trace = stage.trace()
    assert [town.unlike(name) for name in town.people] == [[], []]
    assert pushed == ["Anna's activity", "Anna's event", "Another"]
    await town.close()
    return trace


def test_a_daemon_lives_on_virtual_time_and_the_same_seed_gives_the_same_wire(
    tmp_path: Path,
) -> None:
    traces = []
    for number in (1, 1, 2):
        path = tmp_path / str(len(traces))
        path.mkdir()
        traces.append(play(number, START, lambda stage, path=path: _little_life(stage, path))[0])

    assert traces[0] == traces[1]
    assert traces[0] != traces[2]
