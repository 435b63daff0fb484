import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from daemon.cli.demo import keeper
from daemon.cli.demo.child import end_stale, error_text
from daemon.cli.demo.home import Home, default_directory
from daemon.cli.demo.screen import Screen
from daemon.cli.demo.story import Story
from daemon.errors import SyncError
from daemon.sandbox.page import Desk, Journal, Process
from daemon.sandbox.people import furnish
from daemon.sandbox.server import Sandbox

START_S = 60
STOP_S = 20


class Run:
    """`severa-gcal demo` as a process, with what it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def until(self, is_it: Callable[[str], bool]) -> str:
        """Read up to the first line that is as wished."""
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            while line := (await self._process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if is_it(line):
                    return line.rstrip()
        raise AssertionError(f"The demo ended early: {self.lines}; {await self.errors()}")

    async def end(self) -> int:
        """Read the rest and return the exit code."""
        assert self._process.stdout is not None
        async with asyncio.timeout(STOP_S):
            rest = await self._process.stdout.read()
            self.lines += rest.decode().splitlines()
            return await self._process.wait()

    async def errors(self) -> str:
        assert self._process.stderr is not None
        return (await self._process.stderr.read()).decode()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    runs: list[Run] = []

    async def begin(*options: str, state: Path = tmp_path / "demo") -> Run:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "daemon", "demo"),
            *("--state", str(state), "--for", "100", "--port", "0", *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # The terminal's colours are no part of what is tested.
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        runs.append(Run(process))
        return runs[-1]

    yield begin
    for run in runs:
        run.kill()
        await run.end()


def _is_page(line: str) -> bool:
    return "http://127.0.0.1:" in line and "side by side" in line


async def _child(state: Path) -> int:
    """Return the number of the daemon's process as soon as it is noted."""
    await _until(lambda: _read(state / "daemon.pid") != "")
    return int(_read(state / "daemon.pid"))


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(STOP_S * 10):
        if is_so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("It did not come true in time.")


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _is_alive(number: int) -> bool:
    # A process whose end nobody has asked for yet has no command line any more.
    return bool(_read(Path(f"/proc/{number}/cmdline")))


def _world(state: Path) -> dict[str, Any]:
    world: dict[str, Any] = json.loads((state / "world.json").read_text())
    return world


def _titles(world: dict[str, Any]) -> tuple[Counter[str], Counter[str]]:
    """Return how often each name occurs among the activities and among the living events."""
    activities = Counter(row["name"] for row in world["severa"]["rows"])
    events = Counter(
        event.get("summary", "")
        for calendar in world["google"]["calendars"]["calendars"].values()
        for event in calendar["events"].values()
        if event.get("status") != "cancelled"
    )
    return activities, events


@pytest.mark.timeout(240)
async def test_the_demo_shows_edits_arrive_and_survives_a_kill_without_doubles(
    start: Start, tmp_path: Path
) -> None:
    state = tmp_path / "demo"
    first = await start()
    await first.until(_is_page)
    assert any("connected as severa-sync@" in line for line in first.lines)
    assert sum("entries in step" in line for line in first.lines) == 3
    to_google = await first.until(lambda line: "Severa → Google" in line)
    to_severa = await first.until(lambda line: "Google → Severa" in line)
    for line in (to_google, to_severa):
        assert line.endswith(" s)"), "The latency of an edit is told."
    assert not any("\x1b" in line for line in first.lines), "No colours where no terminal is."
    left_behind = await _child(state)
    first.kill()
    await first.end()

    second = await start("--no-script")
    page = (await second.until(_is_page)).split()[-1]
    await _until(lambda: not _is_alive(left_behind))
    assert any("as you left it" in line for line in second.lines)
    await _add_by_hand(page)
    arrived = await second.until(lambda line: "By hand" in line)
    assert "Clara  Google → Severa  added “By hand” on Wed 4 Mar 09:00" in arrived
    second.send(signal.SIGINT)
    assert await second.end() == 0
    assert "goes on from here" in second.lines[-1]
    assert await second.errors() == ""
    assert _read(state / "daemon.pid") == ""

    activities, events = _titles(_world(state))
    assert activities["Workshop: Kuusela"] == events["Workshop: Kuusela"] == 1
    assert activities["Sales meeting"] == events["Sales meeting"] == 3
    for name in ("Kick-off: Nordwind", "Demo for Solberg", "Code review", "Dentist"):
        assert activities[name] == events[name] == 1, name
    assert events["Write the offer"] == 0, "Project tasks stay in Severa."


async def _add_by_hand(page: str) -> None:
    body = {"title": "By hand", "start": "2026-03-04T09:00", "end": "2026-03-04T10:00"}
    await _ask(page, "POST", "api/google/entries?person=clara@example.com", body)


async def _ask(page: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    async with (
        ClientSession(timeout=ClientTimeout(total=10)) as session,
        session.request(method, page + path, json=body, headers={"X-Demo": "1"}) as answer,
    ):
        assert answer.status < 300, await answer.text()
        content: dict[str, Any] = await answer.json()
        return content


async def test_a_daemon_killed_from_the_page_comes_back_and_nothing_is_lost_or_doubled(
    start: Start, tmp_path: Path
) -> None:
    run = await start("--no-script")
    page = (await run.until(_is_page)).split()[-1]
    killed = await _child(tmp_path / "demo")

    await _add_by_hand(page)
    await _ask(page, "POST", "api/faults/kill", {"on": True})
    await run.until(lambda line: "The daemon was killed (kill -9)" in line)
    await run.until(lambda line: "The daemon is back after" in line)
    await _until(lambda: not _is_alive(killed))
    body = {"title": "After it", "start": "2026-03-04T11:00", "end": "2026-03-04T12:00"}
    await _ask(page, "POST", "api/severa/entries?person=clara@example.com", body)
    await run.until(lambda line: "“After it”" in line)

    state = (await _ask(page, "GET", "api/week?person=clara@example.com"))["state"]
    assert state["verdict"]["good"]
    assert state["daemon"]["deaths"] == 1
    assert state["daemon"]["number"] == await _child(tmp_path / "demo") != killed
    run.send(signal.SIGINT)
    assert await run.end() == 0
    activities, events = _titles(_world(tmp_path / "demo"))
    for name in ("By hand", "After it"):
        assert activities[name] == events[name] == 1, name


async def test_a_daemon_that_dies_is_started_again_and_one_that_cannot_start_ends_the_demo_in_one_line(
    start: Start, tmp_path: Path
) -> None:
    run = await start("--no-script")
    await run.until(_is_page)

    os.kill(await _child(tmp_path / "demo"), signal.SIGKILL)
    await run.until(lambda line: "The daemon is back after" in line)
    (tmp_path / "demo" / "config.toml").write_text("[no-such-section]")
    os.kill(await _child(tmp_path / "demo"), signal.SIGKILL)

    assert await run.end() == 1
    errors = await run.errors()
    assert errors.startswith("severa-gcal: The daemon ended with exit code 2: ")
    assert errors.count("\n") == 1


class Dying:
    """A daemon that is ready and then dies at once, time after time."""

    number = 4711

    def __init__(self) -> None:
        self.starts = 0

    async def start(self, *_: Any) -> "Dying":
        self.starts += 1
        return self

    async def ready(self) -> str:
        return "http://127.0.0.1:1"

    async def ended(self) -> str:
        await asyncio.sleep(0.01)
        return "was killed (kill -9)"

    def forget(self) -> None:
        pass


async def test_a_daemon_that_dies_again_and_again_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying = Dying()
    monkeypatch.setattr(keeper, "Child", dying)
    now = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
    world = Sandbox(clock=lambda: now)
    process = Process(Journal(world, furnish(world, monday=date(2026, 3, 2))), clock=lambda: now)
    kept = keeper.Keeper(
        Home(tmp_path), process, on_record=lambda _: None, now=lambda: now, sleep=_no_sleep
    )

    await kept.start()
    await kept.ready()
    with pytest.raises(SyncError, match=r"was killed \(kill -9\)"):
        await kept.keep()

    assert dying.starts == keeper.DEATHS_MAX


async def _no_sleep(_: float) -> None:
    await asyncio.sleep(0)


async def test_stopped_while_it_starts_it_stops_in_order(start: Start, tmp_path: Path) -> None:
    run = await start()
    await run.until(lambda line: "on this machine only" in line)
    number = await _child(tmp_path / "demo")

    run.send(signal.SIGTERM)

    assert await run.end() == 0
    assert await run.errors() == ""
    await _until(lambda: not _is_alive(number))


async def test_it_stops_by_itself_and_starts_over_when_asked(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "demo"
    first = await start("--for", "1")
    assert await first.end() == 0
    before = {row["guid"] for row in _world(state)["severa"]["rows"]}

    again = await start("--for", "1")
    assert await again.end() == 0
    kept = {row["guid"] for row in _world(state)["severa"]["rows"]}
    fresh = await start("--for", "1", "--fresh")
    assert await fresh.end() == 0
    after = {row["guid"] for row in _world(state)["severa"]["rows"]}

    assert kept == before
    assert len(after) == len(before)
    assert not after & before


async def _refused(start: Start, *options: str, **more: Any) -> tuple[int, str]:
    run = await start(*options, **more)
    code, errors = await run.end(), await run.errors()
    assert errors.count("\n") == 1, f"This is not one line: {errors}"
    return code, errors


async def test_a_port_that_is_taken_is_told_in_one_line(start: Start) -> None:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        code, errors = await _refused(start, "--port", port)

    assert code == 1
    assert f"Port {port} cannot be had" in errors
    assert "choose another with --port" in errors


async def test_two_demos_do_not_share_a_state(start: Start) -> None:
    first = await start("--no-script")
    await first.until(lambda line: "on this machine only" in line)

    code, errors = await _refused(start)

    assert code == 1
    assert "A demo is running already" in errors


async def test_a_directory_of_somebody_elses_is_left_alone(start: Start, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "config.toml").write_text("precious")

    code, errors = await _refused(start, "--fresh", state=tmp_path / "theirs")

    assert code == 2
    assert "holds other files" in errors
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["config.toml"]


async def test_a_world_that_cannot_be_read_is_told_in_one_line(
    start: Start, tmp_path: Path
) -> None:
    state = tmp_path / "demo"
    state.mkdir()
    (state / "demo.lock").touch()
    (state / "world.json").write_text('{"format": 1}')

    code, errors = await _refused(start)

    assert code == 1
    assert "start over with --fresh" in errors


@pytest.mark.parametrize("is_ours", [True, False])
async def test_a_process_left_behind_is_ended_only_if_it_is_ours(
    tmp_path: Path, is_ours: bool
) -> None:
    config, pid = tmp_path / "config.toml", tmp_path / "daemon.pid"
    named = config if is_ours else tmp_path / "other.toml"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import time; time.sleep(30)", str(named), "run")
    )
    pid.write_text(str(process.pid))
    try:
        await end_stale(pid, config, sleep=asyncio.sleep)

        assert not pid.exists()
        async with asyncio.timeout(1 if not is_ours else STOP_S):
            if is_ours:
                assert await process.wait() == -signal.SIGTERM
            else:
                assert process.returncode is None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (
            {"msg": "company.fault", "reason": "The key\nis revoked."},
            "company.fault: The key is revoked.",
        ),
        (
            {"msg": "user.fault", "exception": [{"exc_type": "KeyError", "exc_value": "'name'"}]},
            "user.fault: KeyError: 'name'",
        ),
        ({"msg": "round.fault"}, "round.fault"),
        ({"exception": "nothing that is known"}, "fault"),
    ],
)
def test_a_fault_that_the_daemon_logs_is_one_line(record: dict[str, Any], text: str) -> None:
    assert error_text(record) == text


def test_nothing_in_a_subject_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(on_lost=lambda: None)
    world = Sandbox(clock=lambda: datetime(2026, 3, 4, 8, 0, tzinfo=UTC))
    company = furnish(world, monday=date(2026, 3, 2))
    journal = Journal(world, company)
    journal.on_news.append(screen.news)
    time = {"dateTime": "2026-03-04T10:00:00Z"}, {"dateTime": "2026-03-04T11:00:00Z"}
    event = world.google.person_add(
        "ben@example.com", {"summary": "Evil\x1b[2J\nSubject", "start": time[0], "end": time[1]}
    )

    journal.pair("an activity", event["id"])

    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out
    assert "Ben    Severa → Google  added “Evil [2J Subject” on Wed 12:00" in out


@pytest.mark.parametrize("is_sunday", [False, True])
async def test_the_story_leaves_out_what_does_not_arrive_and_stays_in_the_week(
    is_sunday: bool,
) -> None:
    today = date(2026, 3, 8) if is_sunday else date(2026, 3, 4)
    sandbox = Sandbox(clock=lambda: datetime(2026, 3, 4, 8, 0, tzinfo=UTC))
    company = furnish(sandbox, monday=date(2026, 3, 2))
    journal = Journal(sandbox, company)
    before = {row["guid"] for row in sandbox.severa.activities()}
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    story = Story(
        Desk(sandbox, company, journal), journal, company, play=0, today=today, sleep=sleep
    )
    await story.play()

    added = [row for row in sandbox.severa.activities() if row["guid"] not in before]
    assert {row["name"] for row in added} == {"Workshop: Kuusela", "Visit to Oulu"}
    titles = {event.get("summary") for event in sandbox.google.events("anna@example.com")}
    assert "Haircut" in titles
    for row in added:
        assert datetime.fromisoformat(row["startDateTime"]).date() <= date(2026, 3, 8)
    assert sum(waits) < 120, "What never arrives is not waited for without end."


@pytest.mark.parametrize(
    ("given", "parent"),
    [("/var/state", "/var/state"), ("", "~/.local/state"), ("here", "~/.local/state")],
)
def test_its_state_lives_where_such_state_belongs(
    monkeypatch: pytest.MonkeyPatch, given: str, parent: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", given)

    assert default_directory() == Path(parent).expanduser() / "severa-gcal-demo"
