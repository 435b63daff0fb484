"""What the page tells of the sync: people, verdict, what is on its way, faults, the daemon."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from daemon.sandbox.page.troubles import SLOW_S, SWITCHES
from daemon.sandbox.page.why import FOUND_DONE
from tests.sandbox.page_world import ANNA, BEN, CLARA, World, do, serving, titled, week

TALK = {"title": "Talk", "allDay": False, "start": "2026-03-04T09:00", "end": "2026-03-04T10:00"}
HOURS = {
    "start": {"dateTime": "2026-03-04T09:00:00+02:00"},
    "end": {"dateTime": "2026-03-04T10:00:00+02:00"},
}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def http(world: World) -> AsyncIterator[ClientSession]:
    async with serving(world) as session:
        yield session


def _people(entry: dict[str, Any]) -> dict[str, str]:
    return {guest["address"]: guest["answer"] for guest in entry["people"]}


# People.


@pytest.mark.parametrize("side", ["severa", "google"])
async def test_colleagues_are_invited_answer_and_are_taken_out(
    http: ClientSession, side: str
) -> None:
    status, added = await do(http, "POST", f"/api/{side}/entries", TALK | {"people": [BEN, CLARA]})
    assert status == 201
    path = f"/api/{side}/entries/{added['id']}"
    assert _people(titled(await week(http, BEN), side, "Talk")) == {BEN: "none", CLARA: "none"}

    assert (await do(http, "POST", f"{path}/answer", {"answer": "maybe"}, person=BEN))[0] == 200
    assert (await do(http, "POST", f"{path}/answer", {"answer": "no"}, person=CLARA))[0] == 200
    entry = titled(await week(http), side, "Talk")
    assert (entry["owner"], _people(entry)) == (ANNA, {BEN: "maybe", CLARA: "no"})

    assert (await do(http, "PATCH", path, {"people": [BEN]}))[0] == 200
    assert _people(titled(await week(http), side, "Talk")) == {BEN: "maybe"}
    assert "Talk" not in [entry["title"] for entry in (await week(http, CLARA))[side]]


async def test_who_is_no_colleague_stays_invited(http: ClientSession, world: World) -> None:
    outsider = "guest@elsewhere.example"
    body = {"summary": "Talk", "attendees": [{"email": outsider}], **HOURS}
    event = world.sandbox.google.person_add(ANNA, body)["id"]

    assert (await do(http, "PATCH", f"/api/google/entries/{event}", {"people": [BEN]}))[0] == 200

    shown = titled(await week(http), "google", "Talk")
    assert _people(shown) == {BEN: "none", outsider: "none"}


@pytest.mark.parametrize(
    ("path", "body", "person", "error"),
    [
        ("", {"people": ["eve@elsewhere.example"]}, ANNA, "Nobody in the company"),
        ("", {"people": "ben"}, ANNA, "The people are to be a list"),
        ("", {"people": [7]}, ANNA, "The people are to be a list"),
        ("/answer", {"answer": "perhaps"}, BEN, "Answer yes, maybe or no."),
        ("/answer", {}, BEN, "Answer yes, maybe or no."),
        ("/answer", {"answer": "yes"}, ANNA, "Only somebody who was invited"),
        ("/answer", {"answer": "yes"}, CLARA, "This entry is not there any more."),
    ],
)
async def test_an_impossible_invitation_or_answer_is_refused_in_words(
    http: ClientSession, path: str, body: Any, person: str, error: str
) -> None:
    _, added = await do(http, "POST", "/api/severa/entries", TALK | {"people": [BEN]})
    method = "POST" if path else "PATCH"

    refused = await do(http, method, f"/api/severa/entries/{added['id']}{path}", body, person)

    assert refused[0] == 400
    assert refused[1]["error"].startswith(error)


async def test_a_change_of_a_shared_entry_is_told_once_with_its_latency(world: World) -> None:
    google, severa = world.sandbox.google, world.sandbox.severa
    anna, ben = world.company.person(ANNA), world.company.person(BEN)
    body = {"summary": "Talk", "attendees": [{"email": BEN}], **HOURS}
    event = google.person_add(ANNA, body)["id"]
    times = {"startDateTime": datetime(2026, 3, 4, 7, tzinfo=UTC)}
    times["endDateTime"] = datetime(2026, 3, 4, 8, tzinfo=UTC)
    activity = severa.person_add(anna.guid, name="Talk", **times)["guid"]
    severa.person_invite(anna.guid, activity, ben.guid)
    world.journal.pair(activity, event)
    world.news.clear()

    with world.journal.by_hand():
        google.person_patch(ANNA, event, {"summary": "Lecture"})
    world.pass_time(3)
    severa.person_patch(anna.guid, activity, name="Lecture")

    assert [(news.person.email, news.what, news.latency_s) for news in world.news] == [
        (ANNA, "renamed “Talk” to “Lecture”", 3)
    ]


async def test_an_answer_that_severa_can_only_take_by_asking_anew_is_explained(
    world: World,
) -> None:
    google, severa = world.sandbox.google, world.sandbox.severa
    anna, ben = world.company.person(ANNA), world.company.person(BEN)
    body = {"summary": "Talk", "attendees": [{"email": BEN}], **HOURS}
    event = google.person_add(ANNA, body)["id"]
    times = {"startDateTime": datetime(2026, 3, 4, 7, tzinfo=UTC)}
    activity = severa.person_add(anna.guid, name="Talk", hasDuration=False, **times)["guid"]
    severa.person_invite(anna.guid, activity, ben.guid)
    world.journal.pair(activity, event)
    world.news.clear()

    severa.person_uninvite(anna.guid, activity, ben.guid)
    severa.person_invite(anna.guid, activity, ben.guid, status="Accepted")

    assert [news.what for news in world.news] == [
        "took Ben out of “Talk”",
        "invited Ben (says yes) to “Talk”",
    ]
    assert world.news[0].why.startswith("Severa lets nobody change an answer")


# What is on its way, and why.


async def test_an_edit_is_on_its_way_until_it_arrives(http: ClientSession, world: World) -> None:
    _, added = await do(http, "POST", "/api/severa/entries", TALK)
    world.pass_time(1)

    (waiting,) = (await week(http))["state"]["waiting"]
    assert (waiting["side"], waiting["what"]) == ("severa", "added “Talk” on Wed 09:00")
    event = world.sandbox.google.person_add(ANNA, {"summary": "Talk", **HOURS})["id"]
    world.journal.pair(added["id"], event)

    assert (await week(http))["state"]["waiting"] == []


async def test_what_will_never_arrive_is_not_called_under_way(
    http: ClientSession, world: World
) -> None:
    task = TALK | {"kind": world.company.types["Project task"]}
    await do(http, "POST", "/api/severa/entries", task)
    _, added = await do(http, "POST", "/api/google/entries", TALK)
    assert len((await week(http))["state"]["waiting"]) == 1

    await do(http, "DELETE", f"/api/google/entries/{added['id']}")

    assert (await week(http))["state"]["waiting"] == []


async def test_the_reason_is_put_to_what_the_daemon_did(world: World) -> None:
    event = world.sandbox.google.person_add(ANNA, {"summary": "Talk", **HOURS})["id"]
    anna = world.company.person(ANNA)
    times = {"startDateTime": datetime(2026, 3, 4, 7, tzinfo=UTC), "hasDuration": False}
    activity = world.sandbox.severa.person_add(anna.guid, name="Talk", **times)["guid"]

    record = {"msg": "entry.created", "side": "severa", "rule": "B1", "entry": "1"}
    world.journal.hear(record | {"activity": activity, "event_id": event})

    whys = {news.side: news.why for news in world.journal.news}
    assert whys["severa"] == "Every event of a person who uses the sync becomes an activity."
    assert whys["google"] == ""


async def test_what_went_wrong_is_told_in_plain_words_with_the_entrys_name(world: World) -> None:
    shown = next(iter(world.journal.shown("severa", ANNA).values()))
    world.journal.hear({"msg": "entry.changed", "entry": "7", "activity": shown.id})

    world.journal.hear({"msg": "entry.put-off", "entry": "7", "attempts": 1})
    world.journal.hear({"msg": "user.failed", "user": world.company.person(BEN).guid})
    world.journal.hear({"msg": "round.failed", "reason": "Severa did not answer."})
    world.journal.hear({"msg": "round.failed", "reason": "Severa did not answer."})
    world.journal.hear({"msg": "no.such-event"})

    assert world.told == [
        f"“{shown.title}” could not be brought over",
        "Ben cannot be synced now",
        "The daemon could not look at the calendars",
    ]
    assert world.journal.lines[-1].why == "Severa did not answer."


async def test_what_came_without_a_word_is_paired_by_its_likeness(world: World) -> None:
    with world.journal.by_hand():
        event = world.sandbox.google.person_add(ANNA, {"summary": "Talk", **HOURS})["id"]
    world.pass_time(1)
    anna = world.company.person(ANNA)
    times = {"startDateTime": datetime(2026, 3, 4, 7, tzinfo=UTC), "hasDuration": False}
    activity = world.sandbox.severa.person_add(anna.guid, name="Talk", **times)["guid"]

    world.journal.guess()
    assert world.journal.partner("google", event) is None, "The daemon is given time to say it."
    world.pass_time(3)
    world.journal.guess()

    assert world.journal.partner("google", event) == activity
    (news,) = world.news
    assert (news.latency_s, news.why) == (1, FOUND_DONE)


async def test_nothing_is_called_found_before_a_daemon_that_died_has_looked(world: World) -> None:
    world.process.starting(1)
    world.process.running()
    world.pass_time(4)
    assert world.process.has_looked()

    world.process.died("was killed (kill -9)")
    assert not world.process.has_looked()
    world.process.starting(2)
    world.process.running()
    world.pass_time(1)

    assert not world.process.has_looked()


# The verdict.


async def test_calendars_in_step_are_called_so(http: ClientSession, world: World) -> None:
    world.pair_equals()

    verdict = (await week(http))["state"]["verdict"]

    assert verdict["good"]
    assert verdict["same"] == 12


async def test_what_differs_is_missing_or_doubled_is_counted(
    http: ClientSession, world: World
) -> None:
    world.pair_equals()
    google = world.sandbox.google
    ids = {each.title: each.id for each in world.journal.shown("google", ANNA).values()}

    google.person_patch(ANNA, ids["Sales meeting"], {"summary": "Something else"})
    google.person_delete(ANNA, ids["Offer review: Nordwind"])
    twin = google.event(ANNA, ids["Lunch with Fjordtech"])
    body = {name: twin[name] for name in ("summary", "start", "end")}
    google.person_add(ANNA, body)

    verdict = (await week(http))["state"]["verdict"]
    assert not verdict["good"]
    counts = [verdict[name] for name in ("differing", "missing", "doubled", "same")]
    assert counts == [1, 1, 1, 10]


# Faults.


async def _switch(http: ClientSession, name: str, on: bool) -> dict[str, Any]:
    status, state = await do(http, "POST", f"/api/faults/{name}", {"on": on})
    assert status == 200, state
    return {each["name"]: each for each in state["faults"]}


async def _call_google(world: World, method: str, path: str, **more: Any) -> int:
    async with (
        ClientSession() as session,
        session.request(method, world.sandbox.google_url + path, **more) as answer,
    ):
        return answer.status


EVENTS = "/calendar/v3/calendars/anna@example.com/events"


async def test_a_lost_answer_spares_what_only_reads_and_is_told(
    http: ClientSession, world: World
) -> None:
    told = asyncio.Event()
    world.journal.on_note.append(lambda note: told.set() if "was lost" in note.what else None)
    async with world.sandbox:
        assert (await _switch(http, "lose-google", True))["lose-google"]["on"]
        assert await _call_google(world, "GET", EVENTS) == 401
        with pytest.raises(ClientError):
            await _call_google(world, "POST", EVENTS, json={})
        assert await _call_google(world, "POST", EVENTS, json={}) == 401

        state = (await week(http))["state"]
    async with asyncio.timeout(5):
        await told.wait()
    assert world.told[-1] == "Google did what it was asked, and its answer was lost"
    assert not any(each["on"] for each in state["faults"])


async def test_a_fault_that_lasts_is_counted_and_ends_when_switched_off(
    http: ClientSession, world: World
) -> None:
    async with world.sandbox:
        await _switch(http, "lose-severa", True)
        await _switch(http, "refuse-google", True)
        assert [await _call_google(world, "GET", EVENTS) for _ in range(3)] == [503] * 3

        faults = {each["name"]: each for each in (await week(http))["state"]["faults"]}
        assert (faults["refuse-google"]["on"], faults["refuse-google"]["hits"]) == (True, 3)
        faults = await _switch(http, "refuse-google", False)
        assert await _call_google(world, "GET", EVENTS) == 401

    assert not faults["refuse-google"]["on"]
    assert faults["lose-severa"]["on"], "Other faults stay as they are."
    assert world.told[-1] == "Google answers again"


async def test_slow_means_slow(http: ClientSession, world: World) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    world.sandbox.faults.sleep = sleep
    async with world.sandbox:
        await _switch(http, "slow-google", True)
        await _call_google(world, "GET", EVENTS)

    assert waits == [SLOW_S]


async def test_google_forgets_once_and_no_switch_stays_on(http: ClientSession) -> None:
    faults = await _switch(http, "forget", True)

    assert not faults["forget"]["on"]


async def test_a_fault_that_nobody_knows_is_refused(http: ClientSession, world: World) -> None:
    assert await do(http, "POST", "/api/faults/flood", {"on": True}) == (
        400,
        {"error": "There is no such fault."},
    )
    async with (
        ClientSession() as stranger,
        stranger.post(f"{world.url}/api/faults/kill", json={"on": True}) as answer,
    ):
        assert answer.status == 403


# The daemon.


async def test_without_a_daemon_there_is_nothing_to_kill(http: ClientSession) -> None:
    names = {each["name"] for each in (await week(http))["state"]["faults"]}

    assert names == {switch.name for switch in SWITCHES} - {"kill"}
    refused = await do(http, "POST", "/api/faults/kill", {"on": True})
    assert refused == (400, {"error": "The daemon is not running just now."})


async def test_the_daemon_is_killed_once_and_its_return_is_told(
    http: ClientSession, world: World
) -> None:
    kills: list[str] = []
    world.process.kill = lambda: kills.append("killed")
    world.process.starting(4711)
    world.process.running()

    await _switch(http, "kill", True)
    world.process.died("was killed (kill -9)")
    refused = await do(http, "POST", "/api/faults/kill", {"on": True})
    assert (await week(http))["state"]["daemon"]["state"] == "dead"
    world.pass_time(2.5)
    world.process.starting(4712)
    world.process.running()

    assert kills == ["killed"]
    assert refused[0] == 400
    assert world.told == ["The daemon was killed (kill -9)", "The daemon is back after 2.5 s"]
    daemon = (await week(http))["state"]["daemon"]
    assert daemon == {"state": "running", "number": 4712, "deaths": 1, "since": None}


async def test_an_open_page_hears_at_once_of_the_daemon_and_the_faults(
    http: ClientSession, world: World
) -> None:
    async with http.get("/api/live") as live:
        await live.content.readuntil(b"retry: 1000\n\n")
        world.process.died("was killed (kill -9)")
        async with asyncio.timeout(5):
            while True:
                await live.content.readuntil(b"event: state\ndata: ")
                state = json.loads(await live.content.readline())
                if state["daemon"]["state"] == "dead":
                    break

    assert state["daemon"]["deaths"] == 1


# Times.


@pytest.mark.parametrize(
    ("monday", "changes"),
    [
        ("2026-03-23", {"2026-03-29": 60}),
        ("2026-10-19", {"2026-10-25": -60}),
        ("2026-03-02", {}),
    ],
)
async def test_a_week_says_on_which_day_the_clocks_change(
    http: ClientSession, monday: str, changes: dict[str, int]
) -> None:
    assert (await week(http, monday=monday))["clockChanges"] == changes


async def test_an_entry_at_an_hour_that_the_clocks_leave_out_is_shown_an_hour_later(
    http: ClientSession,
) -> None:
    body = TALK | {"start": "2026-03-29T03:30", "end": "2026-03-29T05:00"}
    assert (await do(http, "POST", "/api/severa/entries", body))[0] == 201

    shown = titled(await week(http, monday="2026-03-23"), "severa", "Talk")

    assert (shown["start"], shown["end"]) == ("2026-03-29T04:30", "2026-03-29T05:00")
