import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, web

from daemon.sandbox.page import Journal
from daemon.sandbox.page.live import PAGES_MAX, QUEUE_MAX, Hub
from tests.sandbox.page_world import ANNA, CLARA, OWN, World, do, serving, titled, week


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def http(world: World) -> AsyncIterator[ClientSession]:
    async with serving(world) as session:
        yield session


async def test_both_calendars_show_the_same_hour_for_the_same_entry(http: ClientSession) -> None:
    shown_week = await week(http, CLARA)

    severa, google = (titled(shown_week, side, "Sales meeting") for side in ("severa", "google"))
    assert severa["start"] == google["start"] == "2026-03-02T08:00"
    assert shown_week["zone"] == "Europe/Oslo"
    assert shown_week["now"] == "2026-03-02T09:00"


async def test_the_end_of_an_all_day_entry_is_its_last_day_on_both_sides(
    http: ClientSession,
) -> None:
    shown_week = await week(http)

    for side in ("severa", "google"):
        fair = titled(shown_week, side, "Trade fair in Tampere")
        assert (fair["allDay"], fair["start"], fair["end"]) == (True, "2026-03-05", "2026-03-06")


async def test_entries_of_other_weeks_are_in_their_week(http: ClientSession) -> None:
    this_week = await week(http)
    old_week = await week(http, monday="2026-01-21")

    assert old_week["monday"] == "2026-01-19"
    assert titled(old_week, "severa", "Autumn planning")["start"] == "2026-01-21T09:00"
    assert "Autumn planning" not in [entry["title"] for entry in this_week["severa"]]


ADDED = {
    "title": "Workshop",
    "allDay": False,
    "start": "2026-03-04T09:00",
    "end": "2026-03-04T10:30",
    "location": "Lab",
    "notes": "Bring pens.",
}


@pytest.mark.parametrize("side", ["severa", "google"])
async def test_an_entry_is_added_moved_renamed_and_deleted_by_hand(
    http: ClientSession, side: str
) -> None:
    status, answer = await do(http, "POST", f"/api/{side}/entries", ADDED)
    assert status == 201
    path = f"/api/{side}/entries/{answer['id']}"
    shown = titled(await week(http), side, "Workshop")
    assert ADDED.items() <= shown.items()

    moved = {"allDay": False, "start": "2026-03-05T13:00", "end": "2026-03-05T14:00"}
    assert (await do(http, "PATCH", path, moved))[0] == 200
    shown = titled(await week(http), side, "Workshop")
    assert (ADDED | moved).items() <= shown.items()

    assert (await do(http, "PATCH", path, {"title": "Seminar"}))[0] == 200
    shown = titled(await week(http), side, "Seminar")
    assert (ADDED | moved | {"title": "Seminar"}).items() <= shown.items()

    whole_day = {"allDay": True, "start": "2026-03-05", "end": "2026-03-06"}
    assert (await do(http, "PATCH", path, whole_day))[0] == 200
    shown = titled(await week(http), side, "Seminar")
    assert whole_day.items() <= shown.items()

    assert (await do(http, "DELETE", path))[0] == 200
    assert "Seminar" not in [entry["title"] for entry in (await week(http))[side]]


async def test_what_is_chosen_in_one_calendar_alone_is_kept(
    http: ClientSession, world: World
) -> None:
    travel = world.company.types["Travel"]
    status, activity = await do(http, "POST", "/api/severa/entries", ADDED | {"kind": travel})
    assert status == 201
    status, event = await do(http, "POST", "/api/google/entries", ADDED | {"private": True})
    assert status == 201

    assert world.sandbox.severa.row(activity["id"]).type_guid == travel
    assert world.sandbox.google.event(ANNA, event["id"])["visibility"] == "private"


async def test_a_todo_without_an_end_is_possible_in_severa_only(
    http: ClientSession, world: World
) -> None:
    body = ADDED | {"end": "", "kind": world.company.types["To-do"]}

    status, answer = await do(http, "POST", "/api/severa/entries", body)
    refused = await do(http, "POST", "/api/google/entries", body)

    assert status == 201
    assert world.sandbox.severa.row(answer["id"]).has_duration is False
    assert refused == (400, {"error": "Google wants an end."})


@pytest.mark.parametrize(
    ("side", "body", "error"),
    [
        ("severa", ADDED | {"end": "2026-03-04T08:00"}, "The end is before the start."),
        ("google", ADDED | {"end": "2026-03-04T08:00"}, "The end is before the start."),
        (
            "google",
            ADDED | {"end": "2026-03-04T09:00"},
            "Google says: The specified time range is empty.",
        ),
        ("severa", ADDED | {"title": " "}, "Severa wants a name."),
        ("severa", ADDED | {"kind": "no such type"}, "Severa says: There is no such"),
        ("google", ADDED | {"start": ""}, "Say when it begins."),
        ("google", {"title": "Some day"}, "Say when it begins."),
        ("severa", ADDED | {"start": "soon"}, "This is no date or time that can be read."),
        ("severa", ADDED | {"start": 7}, "This is no date or time that can be read."),
        ("google", ADDED | {"start": "0001-01-01T00:00"}, "Choose a date from 2000 to 2099."),
        ("google", ADDED | {"start": "2026-03-04T09:00Z"}, "Choose a date from 2000 to 2099."),
        ("severa", ADDED | {"title": 7}, "The title is to be a text."),
        ("severa", ["no object"], "The request cannot be read."),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    http: ClientSession, world: World, side: str, body: Any, error: str
) -> None:
    before = world.sandbox.severa.dump(), world.sandbox.google.dump()

    status, answer = await do(http, "POST", f"/api/{side}/entries", body)

    assert status == 400
    assert answer["error"].startswith(error)
    assert (world.sandbox.severa.dump(), world.sandbox.google.dump()) == before


async def test_nobody_changes_another_persons_entry_or_one_that_is_gone(
    http: ClientSession,
) -> None:
    dentist = titled(await week(http), "severa", "Dentist")["id"]
    path = f"/api/severa/entries/{dentist}"

    theirs = await do(http, "PATCH", path, {"title": "Mine"}, person=CLARA)
    assert (await do(http, "DELETE", path))[0] == 200
    gone = await do(http, "DELETE", path)

    assert theirs == gone == (400, {"error": "This entry is not there any more."})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        OWN | {"Origin": "https://elsewhere.example"},
        OWN | {"Origin": "null"},
        OWN | {"Host": "rebound.example"},
    ],
)
@pytest.mark.usefixtures("http")
async def test_another_sites_post_is_refused(world: World, headers: dict[str, str]) -> None:
    before = world.sandbox.severa.dump()
    url = f"{world.url}/api/severa/entries?person={ANNA}"

    async with (
        ClientSession() as session,
        session.post(url, json=ADDED, headers=headers) as answer,
    ):
        assert answer.status == 403
    assert world.sandbox.severa.dump() == before


async def test_the_page_runs_only_its_own_files(http: ClientSession) -> None:
    async with http.get("/") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "<script>" not in text
    assert "style=" not in text
    for name in ("page.js", "week.js", "page.css", "icon.svg"):
        async with http.get(f"/static/{name}") as answer:
            assert answer.status == 200


async def _events(answer: Any, count: int) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    name = ""
    async with asyncio.timeout(5):
        while len(found) < count:
            line = (await answer.content.readline()).decode().strip()
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


async def test_an_open_page_hears_of_an_edit_and_of_its_arrival(
    http: ClientSession, world: World
) -> None:
    async with http.get("/api/live") as live:
        await live.content.readline()
        _, answer = await do(http, "POST", "/api/severa/entries", ADDED)
        world.pass_time(1.5)
        event = world.sandbox.google.person_add(ANNA, _body("Workshop"))["id"]
        world.journal.pair(answer["id"], event)

        events = await _events(live, 3)

    assert [name for name, _ in events] == ["change", "change", "line"]
    assert events[0][1] == {"email": ANNA, "side": "severa", "id": answer["id"]}
    assert events[2][1]["latency"] == 1.5
    assert events[2][1]["what"] == "added “Workshop” on Wed 09:00"


def _body(title: str, day: str = "2026-03-04") -> dict[str, Any]:
    hours = (f"{day}T09:00:00+02:00", f"{day}T10:30:00+02:00")
    return {"summary": title, "start": {"dateTime": hours[0]}, "end": {"dateTime": hours[1]}}


async def test_a_page_that_does_not_keep_up_is_let_go_and_the_others_stay() -> None:
    hub = Hub(heartbeat_s=0.05)
    app = web.Application()
    app.router.add_get("/", hub.serve)
    app.on_shutdown.append(hub.close)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        async with session.get(url) as page:
            await page.content.readuntil(b": still here\n\n")
            for number in range(QUEUE_MAX + 1):
                hub.send("change", number)
            whole = await page.read()
            assert whole.count(b"event: change") < QUEUE_MAX
            assert page.content.at_eof()

        pages = [await session.get(url) for _ in range(PAGES_MAX)]
        async with session.get(url) as one_too_many:
            assert one_too_many.status == 503
        hub.send("change", "last")
        for page in pages:
            await page.content.readuntil(b'data: "last"\n\n')
        await runner.cleanup()
        for page in pages:
            page.close()


# The journal: what counts as an edit, what as an arrival, and how long it took.


async def test_latency_counts_from_the_edit_that_arrives(http: ClientSession, world: World) -> None:
    shown_week = await week(http)
    activity, event = (titled(shown_week, s, "Sales meeting")["id"] for s in ("severa", "google"))
    world.journal.pair(activity, event)
    path = f"/api/severa/entries/{activity}"

    await do(http, "PATCH", path, {"title": "Sales"})
    world.pass_time(60)
    await do(http, "PATCH", path, {"title": "Sales meeting, long"})
    world.pass_time(2)
    await do(http, "PATCH", path, {"location": "Online"})
    world.pass_time(1)
    changes = {"summary": "Sales meeting, long", "location": "Online"}
    world.sandbox.google.person_patch(ANNA, event, changes)

    (news,) = world.news
    assert news.latency_s == 3
    assert news.what == (
        "renamed “Sales meeting” to “Sales meeting, long” and "
        "set the place of “Sales meeting, long” to “Online”"
    )


async def test_what_the_sync_writes_without_an_edit_has_no_latency(world: World) -> None:
    anna = world.company.person(ANNA)
    event = world.sandbox.google.person_add(ANNA, _body("From before"))["id"]
    row = world.sandbox.severa.person_add(
        anna.guid, name="From before", startDateTime=world.now, endDateTime=world.now
    )
    assert world.news == []

    world.journal.pair(row["guid"], event)

    assert [(news.side, news.latency_s) for news in world.news] == [
        ("google", None),
        ("severa", None),
    ]


async def test_a_deletion_is_told_with_its_latency(http: ClientSession, world: World) -> None:
    shown_week = await week(http)
    activity, event = (titled(shown_week, s, "Sales meeting")["id"] for s in ("severa", "google"))
    world.journal.pair(activity, event)

    await do(http, "DELETE", f"/api/google/entries/{event}")
    world.pass_time(4)
    world.sandbox.severa.person_delete(world.company.person(ANNA).guid, activity)

    (news,) = world.news
    assert (news.side, news.what, news.latency_s) == ("severa", "deleted “Sales meeting”", 4)


async def test_what_belongs_together_is_still_known_after_a_restart(world: World) -> None:
    week = world.journal.shown("severa", ANNA)
    activity, event = next(iter(week)), next(iter(world.journal.shown("google", ANNA)))
    world.journal.pair(activity, event)

    again = Journal(world.sandbox, world.company)

    assert again.partner("severa", activity) == event
    assert again.partner("google", event) == activity


MOVES = [
    ({"start": {"dateTime": "2026-03-03T09:00:00+02:00"}}, "moved “Talk” to Tue 09:00"),
    ({"end": {"dateTime": "2026-03-04T12:00:00+02:00"}}, "made “Talk” last until 12:00"),
    ({"start": {"dateTime": "2026-02-04T09:00:00+02:00"}}, "moved “Talk” to Wed 4 Feb 09:00"),
    ({"visibility": "private"}, "made “Talk” private"),
    ({"description": "Agenda"}, "changed the notes of “Talk”"),
    ({"summary": ""}, "renamed “Talk” to an entry without a subject"),
    (
        {
            "start": {"date": "2026-03-04", "dateTime": None},
            "end": {"date": "2026-03-06", "dateTime": None},
        },
        "moved “Talk” to Wed",
    ),
]


@pytest.mark.parametrize(("changes", "told"), MOVES, ids=[told for _, told in MOVES])
async def test_a_change_is_told_in_plain_words(
    world: World, changes: dict[str, Any], told: str
) -> None:
    event = world.sandbox.google.person_add(ANNA, _body("Talk"))["id"]
    world.journal.pair("an activity", event)
    world.news.clear()

    world.sandbox.google.person_patch(ANNA, event, changes)

    assert [news.what for news in world.news] == [told]
