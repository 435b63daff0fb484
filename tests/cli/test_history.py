"""The history and undoing from it on the command line, with a daemon and without (D7)."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.cli.history import since_of, value_told
from daemon.errors import Misused
from tests.e2e.installation import Installation

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIELDS = {"id", "at", "entry", "user", "side", "action", "cause", "rule", "fields"}


@pytest.fixture
async def office(company: Installation) -> Installation:
    """Anna and Ben, with one entry each that both sides have."""
    company.person("Anna")
    company.person("Ben")
    company.add_event("Anna", "Plan", company.at(2, 9), location="Here")
    company.add_activity("Ben", "Talk", company.at(3, 9))
    await company.open()
    await company.agrees()
    return company


async def newest(office: Installation, action: str, side: str) -> dict[str, Any]:
    """Return the newest line that says this."""
    rows = await office.ask("history")
    row: dict[str, Any] = next(r for r in rows if (r["action"], r["side"]) == (action, side))
    return row


async def rename(office: Installation, old: str, new: str) -> None:
    """Rename Anna's event, and wait for the activity to follow."""
    office.edit_event("Anna", office.event_named("Anna", old)["id"], summary=new)
    await office.until(lambda: office.names("Anna") == [new])
    await office.agrees()


async def test_the_history_tells_what_was_changed_with_the_daemon_and_without(
    office: Installation,
) -> None:
    await rename(office, "Plan", "Review")

    rows = await office.json("history")

    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert {frozenset(row) for row in rows} == {frozenset(FIELDS)}
    changed = rows[0]
    assert (changed["action"], changed["side"], changed["rule"]) == ("changed", "severa", "D1")
    assert changed["user"] == "anna@example.com"
    assert changed["fields"] == {"title": {"before": "Plan", "after": "Review"}}
    assert changed["at"].endswith("Z")
    made = next(row for row in rows if row["user"] == "ben@example.com")
    assert (made["action"], made["side"]) == ("created", "google")
    assert made["fields"]["title"] == {"before": None, "after": "Talk"}
    start = f"{office.at(3, 9):%Y-%m-%dT%H:%M:%SZ}"
    assert made["fields"]["when"]["after"]["start"] == start

    of_anna = await office.json("history", "--user", "Anna@Example.com")
    assert [row["id"] for row in of_anna] == [r["id"] for r in rows if r["user"][:4] == "anna"]
    assert await office.json("history", "--entry", made["entry"]) == [
        row for row in rows if row["entry"] == made["entry"]
    ]
    assert await office.json("history", "--since", "1h") == rows
    tomorrow = (datetime.now(UTC).astimezone() + timedelta(days=1)).date().isoformat()
    assert await office.json("history", "--since", tomorrow) == []
    assert (
        await office.good("history", "--since", tomorrow)
    ) == "The history has no such change.\n"
    table = (await office.good("history", "--limit", "1")).splitlines()
    assert table[0].split() == [
        "ID", "AT", "USER", "SIDE", "ACTION", "RULE", "CAUSE", "ENTRY", "WHAT",
    ]  # fmt: skip
    assert table[1].endswith('title: "Plan" → "Review"')
    assert len(table) == 2

    wrong = await office.wrong("history", "--user", "nobody@example.com")
    assert wrong == "severa-gcal: Severa has no user nobody@example.com."
    wrong = await office.wrong("history", "--since", "soon", code=2)
    assert wrong.startswith("severa-gcal: --since 'soon' must be a time such as 12h")

    await office.stop()
    assert await office.json("history") == rows


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
async def test_a_change_is_undone_on_both_sides(office: Installation, is_running: bool) -> None:
    await rename(office, "Plan", "Review")
    line = await newest(office, "changed", "severa")
    if not is_running:
        await office.stop()

    out = await office.good("undo", str(line["id"]))

    assert out.splitlines() == [
        f"Change {line['id']} is undone in Severa; the other side follows.",
        'title: "Review" → "Plan"',
    ]
    assert office.names("Anna") == ["Plan"]
    if not is_running:
        assert office.subjects("Anna") == ["Review"]
        await office.start()
    await office.until(lambda: office.subjects("Anna") == ["Plan"])
    await office.agrees()
    undone = await newest(office, "changed", "severa")
    assert (undone["rule"], undone["cause"], undone["entry"]) == ("D7", "undo", line["entry"])
    said = await office.good("undo", str(line["id"]))
    assert said == f"Change {line['id']} is undone already.\n"


async def test_what_was_deleted_comes_back_once_and_what_cannot_is_said_first(
    office: Installation,
) -> None:
    office.delete_activity("Anna", office.activity_named("Anna", "Plan")["guid"])
    await office.until(lambda: office.subjects("Anna") == [])
    await office.agrees()
    line = await newest(office, "removed", "google")

    out = (await office.good("undo", str(line["id"]))).splitlines()

    assert out[0].startswith("Cannot come back: its own activity type, customer, phase, booked")
    # Of the event, which the daemon deleted, everything is kept.
    assert not [said for said in out if "conference" in said or "colour" in said]
    assert out[-1].startswith(f"Change {line['id']} is undone: the entry is made again in Google")
    await office.until(lambda: office.names("Anna") == office.subjects("Anna") == ["Plan"])
    await office.agrees()
    assert office.event_named("Anna", "Plan")["location"] == "Here"
    assert office.activity_named("Anna", "Plan")["location"] == "Here"
    await office.good("undo", str(line["id"]))
    await office.agrees()
    assert office.names("Anna") == ["Plan"]


async def test_those_who_took_part_come_back_and_go_one_by_one(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    guests = [{"email": "ben@example.com"}, {"email": "guest@elsewhere.test"}]
    company.add_event("Anna", "Meeting", company.at(2, 9), attendees=guests)
    await company.open()
    await company.until(lambda: company.names("Ben") == ["Meeting"])
    await company.agrees()
    invited = await newest(company, "changed", "severa")
    assert invited["fields"] == {"person:ben@example.com": {"before": "out", "after": "none"}}

    company.delete_event("Anna", company.event_named("Anna", "Meeting")["id"])
    await company.until(lambda: company.names("Anna") == [])
    await company.agrees()
    out = await company.good("undo", str((await newest(company, "removed", "severa"))["id"]))
    assert "Cannot come back: what the guests answered" in out
    await company.until(lambda: company.subjects("Ben") == company.names("Ben") == ["Meeting"])
    await company.agrees()

    # The lines about the meeting that was deleted say nothing of the one that came back.
    assert "undo its removal first" in await company.wrong("undo", str(invited["id"]))
    company.sandbox.severa.person_patch(
        company.people["Anna"], company.activity_named("Anna", "Meeting")["guid"], location="There"
    )
    await company.until(lambda: company.event_named("Anna", "Meeting").get("location") == "There")
    await company.agrees()


async def test_somebody_who_was_added_by_the_sync_is_taken_out_on_both_sides(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    guests = [{"email": "ben@example.com"}, {"email": "guest@elsewhere.test"}]
    company.add_event("Anna", "Meeting", company.at(2, 9), attendees=guests)
    await company.open()
    await company.until(lambda: company.names("Ben") == ["Meeting"])
    await company.agrees()

    await company.good("undo", str((await newest(company, "changed", "severa"))["id"]))

    assert company.names("Ben") == []
    await company.until(lambda: company.subjects("Ben") == [])
    await company.agrees()
    left = [guest["email"] for guest in company.event_named("Anna", "Meeting")["attendees"]]
    assert "guest@elsewhere.test" in left
    assert "ben@example.com" not in left


async def test_what_the_sync_created_is_taken_away_and_the_original_stays(
    office: Installation,
) -> None:
    line = await newest(office, "created", "google")

    out = await office.good("undo", str(line["id"]))

    assert out == f"Change {line['id']} is undone: the entry is removed from Google.\n"
    await office.rounds(3)
    assert (office.subjects("Ben"), office.names("Ben")) == ([], ["Talk"])
    assert await office.problems() == ["parted: D7: what the sync had made was undone"]
    await office.is_quiet()


async def test_what_was_changed_since_stays_until_force_takes_it_back(
    office: Installation,
) -> None:
    await rename(office, "Plan", "Review")
    line = await newest(office, "changed", "severa")
    await rename(office, "Review", "Retrospective")

    wrong = await office.wrong("undo", str(line["id"]))

    assert wrong.startswith("severa-gcal: Nothing was undone: title changed since then; --force")
    assert office.names("Anna") == ["Retrospective"]
    out = await office.good("undo", str(line["id"]), "--force")
    assert out.splitlines()[-1] == 'title: "Retrospective" → "Plan"'
    await office.until(lambda: office.subjects("Anna") == ["Plan"])
    await office.agrees()


async def test_on_a_terminal_it_is_asked_about_what_was_changed_since(
    office: Installation,
) -> None:
    await rename(office, "Plan", "Review")
    line = await newest(office, "changed", "severa")
    await rename(office, "Review", "Retrospective")

    assert await typed(office, "n\n", "undo", str(line["id"])) == 1
    assert office.names("Anna") == ["Retrospective"]
    assert await typed(office, "y\n", "undo", str(line["id"])) == 0
    assert office.names("Anna") == ["Plan"]


async def typed(office: Installation, keys: str, *arguments: str) -> int:
    """Run a command on a terminal where somebody types, and return its exit code."""
    ours, theirs = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "daemon", "--config", str(office.path / "config.toml"), *arguments,
            stdin=theirs, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        os.write(ours, keys.encode())
        return await process.wait()
    finally:
        os.close(ours)
        os.close(theirs)


async def test_what_cannot_be_undone_is_refused_in_one_line(office: Installation) -> None:
    line = await newest(office, "created", "google")
    wrong = await office.wrong("undo", "4711", code=2)
    assert wrong.startswith("severa-gcal: The history has no change 4711;")
    assert "change" in (await office.wrong("undo", "first", code=2)).lower()
    await office.good("integration", "off")

    wrong = await office.wrong("undo", str(line["id"]))

    assert wrong.startswith("severa-gcal: The integration is off")
    assert office.subjects("Ben") == ["Talk"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("30d", NOW - timedelta(days=30)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        # Whoever names no zone means the one of this machine.
        ("2026-03-01", datetime(2026, 3, 1).astimezone(UTC)),
        ("2026-03-01T10:00", datetime(2026, 3, 1, 10).astimezone(UTC)),
    ],
)
def test_since_is_a_time_before_now_a_date_or_an_instant(text: str, expected: datetime) -> None:
    assert since_of(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "12", "0h", "-1d", "2026-13-01", "0001-01-01"])
def test_anything_else_is_no_since(text: str) -> None:
    with pytest.raises(Misused, match="--since"):
        since_of(text, NOW)


def test_the_text_of_an_entry_does_not_command_the_terminal() -> None:
    assert value_told("\x1b[2J\x9b1m\u202e bell\a") == '"\\u001b[2J?1m? bell\\u0007"'
    assert len(value_told("long " * 100)) == 40
    assert value_told({"start": "2026-03-01T10:00:00Z", "end": None}).endswith("to no end")
    assert value_told({"ben@example.com": "accepted"}) == "ben@example.com accepted"
    assert value_told(json.loads("true")) == "true"
