"""Series of the sandbox Severa: which days they fall on, their occurrences, and exceptions."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.sandbox.severa import SeveraError, Switches
from daemon.sandbox.severa.model import Activity
from daemon.sandbox.severa.series import rule_text, slots
from tests.sandbox.severa_company import Company, company

HELSINKI = ZoneInfo("Europe/Helsinki")
TUESDAY = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
WEEKLY: dict[str, Any] = {"frequency": "Weekly", "range": {"maxOccurrences": 4}}


def series(recurrence: dict[str, Any], start: datetime = TUESDAY) -> Activity:
    return Activity(
        guid="9a6a1d9e-6a6c-4f0e-8a35-2f6d5d0b8a10",
        name="Weekly",
        start=start,
        end=start + timedelta(hours=1),
        type_guid="t",
        owner_guid="u",
        created=start,
        created_by="u",
        recurrence=recurrence,
    )


def rule(frequency: str, pattern: dict[str, Any] | None = None, **bounds: Any) -> dict[str, Any]:
    patterns = {frequency.lower(): pattern} if pattern else None
    return {"frequency": frequency, "pattern": patterns, "range": bounds or None}


RULES: list[tuple[dict[str, Any], str, str]] = [
    (rule("Daily", maxOccurrences=3), "03-03 03-04 03-05", "FREQ=DAILY;INTERVAL=1;COUNT=3"),
    (rule("Daily", {"interval": 5}, recursUntilDate="2026-03-13"), "03-03 03-08 03-13",
     "FREQ=DAILY;INTERVAL=5;UNTIL=20260313"),
    (rule("Daily", {"everyWeekday": True}, maxOccurrences=5), "03-03 03-04 03-05 03-06 03-09",
     "FREQ=DAILY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR;COUNT=5"),
    (rule("Weekly", maxOccurrences=2), "03-03 03-10", "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;COUNT=2"),
    (rule("Weekly", {"interval": 2, "monday": True, "friday": True}, maxOccurrences=3),
     "03-06 03-16 03-20", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=3"),
    (rule("Monthly", {"interval": 1, "dayOfMonth": 31}, maxOccurrences=2), "03-31 05-31",
     "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=31;COUNT=2"),
    (rule("Monthly", {"interval": 1, "dayOrdinal": "Last", "dayOrdinalOption": "WeekDay"},
          maxOccurrences=2), "03-31 04-30",
     "FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"),
    (rule("Monthly", {"interval": 2, "dayOrdinal": "Second", "dayOrdinalOption": "Tuesday"},
          maxOccurrences=2), "03-10 05-12",
     "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU;BYSETPOS=2;COUNT=2"),
    (rule("Yearly", {"month": "March", "dayOfMonth": 5}, maxOccurrences=1), "03-05",
     "FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYMONTHDAY=5;COUNT=1"),
]  # fmt: skip


@pytest.mark.parametrize(("recurrence", "days", "text"), RULES)
def test_a_rule_falls_on_its_days_and_is_told_as_text(
    recurrence: dict[str, Any], days: str, text: str
) -> None:
    found = slots(series(recurrence), HELSINKI, TUESDAY + timedelta(days=400))

    assert [f"{start:%m-%d}" for start in found] == days.split()
    assert rule_text(recurrence, TUESDAY.date()) == text


def test_an_endless_rule_ends_for_whoever_asks() -> None:
    assert len(list(slots(series(rule("Daily")), HELSINKI, TUESDAY + timedelta(days=9)))) == 10
    far = datetime.max.replace(tzinfo=UTC)
    assert len(list(slots(series(rule("Daily")), HELSINKI, far))) < 4000


@pytest.mark.parametrize("start", ["2026-03-24T07:00:00+00:00", "2026-10-20T06:00:00+00:00"])
async def test_an_occurrence_stays_at_its_hour_when_clocks_change(start: str) -> None:
    async with company() as severa:
        begins = datetime.fromisoformat(start)
        ends = begins + timedelta(hours=2)
        await severa.create(
            name="Weekly", recurrence=WEEKLY, startDateTime=start, endDateTime=ends.isoformat()
        )

        rows = await _occurrences(severa)

        walls = {
            tuple(
                f"{datetime.fromisoformat(row[name]).astimezone(HELSINKI):%H:%M}"
                for name in ("startDateTime", "endDateTime")
            )
            for row in rows
        }
        assert walls == {("09:00", "11:00")}
        assert len(rows) == 4


async def _occurrences(severa: Company, **params: str) -> Any:
    params = {"recurrenceType": "Occurrence", "rowCount": "100", **params}
    rows = (await severa.call("GET", "/v1/activities", params=params)).body
    return sorted(rows, key=lambda row: row["startDateTime"])


async def _listed(severa: Company, **params: str) -> list[str]:
    answer = await severa.call("GET", "/v1/activities", params={"rowCount": "100", **params})
    return sorted(row["recurrenceType"] for row in answer.body)


def _of(guid: str) -> str:
    return f"/v1/activities/{guid.replace(';', '%3B')}"


async def test_a_listing_has_occurrences_and_exceptions_and_the_series_only_when_asked() -> None:
    async with company() as severa:
        row = await severa.create(recurrence=WEEKLY)
        second = (await _occurrences(severa))[1]
        await severa.patch(second["guid"].replace(";", "%3B"), name="Moved")

        assert await _listed(severa) == ["Exception", "Occurrence", "Occurrence", "Occurrence"]
        assert await _listed(severa, recurrenceType="Series") == ["Series"]
        assert await _listed(severa, recurrenceType="Exception") == ["Exception"]
        assert await _listed(severa, recurrenceType="None") == []
        assert severa.state.activity(row["guid"])["recurrence"]["exceptions"] == [
            second["startDateTime"]
        ]


async def test_a_window_asks_for_the_occurrences_in_it() -> None:
    async with company() as severa:
        await severa.create(recurrence={"frequency": "Weekly"})

        window = {"startDateTime": "2028-03-01T00:00:00Z", "endDateTime": "2028-03-31T00:00:00Z"}

        assert len(await _occurrences(severa, **window)) == 4


@pytest.mark.parametrize("days", [365, 30])
async def test_q8_an_endless_series_is_listed_so_far_ahead(days: int) -> None:
    async with company(Switches(endless_days=days)) as severa:
        await severa.create(recurrence={"frequency": "Weekly"})

        rows = await _occurrences(severa)

        assert len(rows) == (days - 1) // 7 + (0 if (days - 1) % 7 == 0 else 1)


@pytest.mark.parametrize(("form", "separators"), [("joined", 1), ("plain", 0), ("unstable", 1)])
async def test_q3_an_occurrence_goes_by_an_id_of_its_own(form: Any, separators: int) -> None:
    async with company(Switches(occurrence_ids=form)) as severa:
        series_guid = (await severa.create(recurrence=WEEKLY))["guid"]
        before = await _occurrences(severa)
        severa.clock.advance(minutes=1)
        await severa.patch(series_guid, name="Renamed")
        after = await _occurrences(severa)

        assert {row["guid"].count(";") for row in before} == {separators}
        assert {row["recurrenceParentActivityGuid"] for row in before} == {series_guid}
        is_same = [row["guid"] for row in before] == [row["guid"] for row in after]
        assert is_same is (form != "unstable")
        one = await severa.call("GET", _of(after[2]["guid"]))
        assert one.body == after[2]


async def test_an_occurrence_that_never_was_is_not_found() -> None:
    async with company() as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]

        for unknown in (f"{guid};nothing", "nothing;nothing", f"{guid};"):
            assert (await severa.call("GET", _of(unknown))).status == 404


@pytest.mark.parametrize("listed", ["all", "deleted"])
async def test_q4_a_series_lists_the_starts_of_its_exceptions(listed: Any) -> None:
    async with company(Switches(exceptions_listed=listed)) as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        first, second, *_ = await _occurrences(severa)
        await severa.patch(first["guid"], name="Moved")
        await severa.call("DELETE", _of(second["guid"]))

        starts = severa.state.activity(guid)["recurrence"]["exceptions"]

        deleted = [second["startDateTime"]]
        assert starts == ([first["startDateTime"], *deleted] if listed == "all" else deleted)
        assert len(await _occurrences(severa)) == 2


@pytest.mark.parametrize("form", ["new-guid", "same-guid"])
async def test_q5_a_write_makes_an_exception_of_an_occurrence(form: Any) -> None:
    async with company(Switches(occurrence_write=form)) as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        first = (await _occurrences(severa))[0]

        (row,) = (await severa.patch(first["guid"], name="Moved")).body

        assert (row["recurrenceType"], row["name"]) == ("Exception", "Moved")
        assert row["recurrenceParentActivityGuid"] == guid
        assert (row["guid"] == first["guid"]) is (form == "same-guid")
        assert (await severa.call("GET", _of(first["guid"]))).status == (
            200 if form == "same-guid" else 404
        )


async def test_q5_a_switch_refuses_writes_to_an_occurrence() -> None:
    async with company(Switches(occurrence_write="refused")) as severa:
        await severa.create(recurrence=WEEKLY)
        first = (await _occurrences(severa))[0]

        patched = await severa.patch(first["guid"], name="Moved")
        deleted = await severa.call("DELETE", _of(first["guid"]))

        assert (patched.status, deleted.status) == (400, 400)
        assert (await _occurrences(severa))[0] == first


async def test_a_bad_write_makes_no_exception() -> None:
    async with company() as severa:
        await severa.create(recurrence=WEEKLY)
        first = (await _occurrences(severa))[0]

        refused = await severa.patch(first["guid"], endDateTime="2020-01-01T00:00:00Z")

        assert refused.status == 400
        assert await _listed(severa, recurrenceType="Exception") == []


@pytest.mark.parametrize(("restores", "left"), [("all", 4), ("changed", 3)])
async def test_q6_a_reset_undoes_the_exceptions(restores: Any, left: int) -> None:
    async with company(Switches(reset_restores=restores)) as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        first, second, *_ = await _occurrences(severa)
        (moved,) = (await severa.patch(first["guid"], name="Moved")).body
        await severa.call("DELETE", _of(second["guid"]))

        reset = await severa.call("DELETE", f"/v1/activities/{guid}/exceptions")

        assert reset.status == 204
        assert (await severa.call("GET", _of(moved["guid"]))).status == 404
        assert len(await _occurrences(severa)) == left


async def test_only_a_series_has_exceptions_to_reset() -> None:
    async with company() as severa:
        row = await severa.create()

        assert (await severa.call("DELETE", _of(row["guid"]) + "/exceptions")).status == 404
        assert (await severa.call("DELETE", "/v1/activities/none/exceptions")).status == 404


@pytest.mark.parametrize("allowed", [True, False])
async def test_q7_a_recurrence_may_be_given_and_patched_or_not(allowed: bool) -> None:
    switches = Switches(series_post=allowed, series_patch=allowed, rule_text=allowed)
    async with company(switches) as severa:
        posted = await severa.call("POST", "/v1/activities", severa.wish(recurrence=WEEKLY))
        single = await severa.create()
        patched = await severa.patch(single["guid"], recurrence='{"frequency": "Daily"}')
        by_hand = severa.state.person_patch(severa.anna, single["guid"], recurrence=WEEKLY)

        assert (posted.status, patched.status) == ((201, 200) if allowed else (400, 400))
        text = by_hand["recurrenceRule"]
        assert text == ("FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;COUNT=4" if allowed else None)


async def test_a_person_makes_a_single_repeat_and_stop() -> None:
    async with company() as severa:
        guid = (await severa.create())["guid"]

        repeating = severa.state.person_patch(severa.anna, guid, recurrence=WEEKLY)
        assert (repeating["recurrenceType"], len(await _occurrences(severa))) == ("Series", 4)
        single = severa.state.person_patch(severa.anna, guid, recurrence=None)

        assert (single["guid"], single["recurrenceType"]) == (guid, "None")
        assert await _occurrences(severa) == []


async def test_a_series_that_ends_to_be_one_takes_its_exceptions_along() -> None:
    async with company() as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        (moved,) = (await severa.patch((await _occurrences(severa))[0]["guid"], name="x")).body

        with pytest.raises(SeveraError):
            severa.state.person_patch(severa.anna, moved["guid"], recurrence=WEEKLY)
        severa.state.person_patch(severa.anna, guid, recurrence=None)

        assert await _listed(severa) == ["None"]


@pytest.mark.parametrize("stamps", [True, False])
async def test_q9_an_edit_of_a_series_stamps_its_occurrences_or_not(stamps: bool) -> None:
    async with company(Switches(series_edit_stamps=stamps)) as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        severa.clock.advance(minutes=5)
        since = severa.clock().isoformat()
        await severa.patch(guid, name="Renamed")

        found = await _occurrences(severa, changedSince=since)

        assert len(found) == (4 if stamps else 0)
        assert len(await _listed(severa, changedSince=since, recurrenceType="Series")) == 1


@pytest.mark.parametrize(("keeps", "status"), [(False, 204), (True, 400)])
async def test_q13_a_series_goes_with_its_exceptions_or_stays(keeps: bool, status: int) -> None:
    async with company(Switches(exceptions_keep=keeps)) as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        await severa.patch((await _occurrences(severa))[0]["guid"], name="Moved")

        answer = await severa.call("DELETE", _of(guid))

        assert answer.status == status
        assert len(await _listed(severa)) == (4 if keeps else 0)


async def test_a_deleted_exception_hides_its_slot() -> None:
    async with company() as severa:
        await severa.create(recurrence=WEEKLY)
        (moved,) = (await severa.patch((await _occurrences(severa))[0]["guid"], name="x")).body

        await severa.call("DELETE", _of(moved["guid"]))

        assert await _listed(severa) == ["Occurrence"] * 3


async def test_an_occurrence_has_the_participants_of_its_series() -> None:
    async with company() as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        severa.state.person_invite(severa.anna, guid, severa.ben)
        first = (await _occurrences(severa))[0]["guid"]

        rows = (await severa.call("GET", _of(first) + "/activityparticipants")).body
        listed = await _occurrences(severa, userGuids=severa.ben, includeAsMember="true")

        assert [(row["participantGuid"], row["activityGuid"]) for row in rows] == [
            (severa.ben, first)
        ]
        assert len(listed) == 4


async def test_taking_somebody_out_of_an_occurrence_makes_an_exception() -> None:
    async with company() as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        carl = severa.state.add_user("Carl", "Berg", "carl@example.com")
        for guest in (severa.ben, carl):
            severa.state.person_invite(severa.anna, guid, guest)
        first = (await _occurrences(severa))[0]["guid"]
        rows = (await severa.call("GET", _of(first) + "/activityparticipants")).body

        path = f"{_of(first)}/activityparticipants/{rows[0]['guid']}"
        assert (await severa.call("DELETE", path)).status == 204

        (exception,) = severa.state.exceptions(severa.state.row(guid))
        assert [seat.participant_guid for seat in severa.state.seats(exception)] == [carl]
        assert len(severa.state.participants(guid)) == 2


async def test_adding_somebody_to_an_occurrence_makes_an_exception_too() -> None:
    async with company() as severa:
        guid = (await severa.create(recurrence=WEEKLY))["guid"]
        first = (await _occurrences(severa))[0]["guid"]

        body = {"activityGuid": first, "participantGuid": severa.ben}
        answer = await severa.call("POST", "/v1/activityparticipants", body)

        (exception,) = severa.state.exceptions(severa.state.row(guid))
        assert (answer.status, answer.body["activityGuid"]) == (201, exception.guid)
        assert severa.state.participants(guid) == []


BAD_RULES: list[Any] = [
    7,
    {"frequency": "Hourly"},
    {"frequency": "Weekly", "pattern": "x"},
    {"frequency": "Weekly", "pattern": {"weekly": {"interval": 0}}},
    {"frequency": "Weekly", "pattern": {"weekly": {"monday": "yes"}}},
    {"frequency": "Monthly", "pattern": {"monthly": {"dayOfMonth": 32}}},
    {"frequency": "Yearly", "pattern": {"yearly": {"month": "Maytober"}}},
    {"frequency": "Daily", "range": {"recursUntilDate": "soon"}},
    {"frequency": "Daily", "range": {"maxOccurrences": -1}},
]


@pytest.mark.parametrize("recurrence", BAD_RULES)
async def test_a_rule_that_is_none_is_refused(recurrence: Any) -> None:
    async with company() as severa:
        answer = await severa.call("POST", "/v1/activities", severa.wish(recurrence=recurrence))

        assert (answer.status, answer.kind) == (400, "InvalidParameter")
        with pytest.raises(SeveraError):
            severa.state.person_add(
                severa.anna, name="x", startDateTime=severa.clock(), recurrence=recurrence
            )


async def test_exceptions_outlive_a_restart() -> None:
    async with company() as severa:
        await severa.create(recurrence=WEEKLY)
        first, second, *_ = await _occurrences(severa)
        await severa.patch(first["guid"], name="Moved")
        await severa.call("DELETE", _of(second["guid"]))
        before = await _occurrences(severa)

        severa.state.load(severa.state.dump())

        assert await _occurrences(severa) == before
        assert len(before) == 2
