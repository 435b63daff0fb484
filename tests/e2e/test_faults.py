"""What goes wrong on the way: lost replies, refusals, rate limits, expired tokens, kills (A5, A7, C4, R1, R3, T7)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.company import SERVICE_ACCOUNT
from tests.e2e.installation import Installation, eventually

WRITES = [
    (vendor, operation)
    for vendor, operations in {
        "severa": ("activities.create", "activities.patch", "activities.delete"),
        "google": ("events.insert", "events.patch", "events.delete"),
    }.items()
    for operation in operations
]
READS = [
    ("severa", "activities.list"),
    ("google", "events.list"),
    ("severa", "activities.get"),
    ("google", "events.get"),
]


def rehearse(company: Installation, scene: str) -> None:
    """Make what the next scene will change and delete, three entries from each side."""
    company.add_activity("Anna", f"{scene} S change", company.at(1, 9))
    company.add_event("Anna", f"{scene} G change", company.at(1, 10))
    company.add_activity("Anna", f"{scene} S delete", company.at(1, 11))
    company.add_event("Anna", f"{scene} G delete", company.at(1, 12))


def play(company: Installation, scene: str) -> None:
    """Let people create, change and delete on both sides at once, which needs each kind of write once."""
    company.add_activity("Anna", f"{scene} S new", company.at(2, 9))
    company.add_event("Anna", f"{scene} G new", company.at(2, 10))
    changed = company.activity_named("Anna", f"{scene} S change")["guid"]
    company.edit_activity("Anna", changed, location=f"Room {scene}")
    changed = company.event_named("Anna", f"{scene} G change")["id"]
    company.edit_event("Anna", changed, location=f"Room {scene}")
    company.delete_activity("Anna", company.activity_named("Anna", f"{scene} S delete")["guid"])
    company.delete_event("Anna", company.event_named("Anna", f"{scene} G delete")["id"])


async def is_carried_out(company: Installation, scene: str) -> None:
    """Check the end of a scene: every edit arrived, once, and every fault was met."""
    await company.agrees(seconds=40)
    assert company.sandbox.faults.pending == ()
    kept = [f"{scene} {side} {what}" for side in "SG" for what in ("change", "new")]
    names = [name for name in company.names("Anna") if name.startswith(scene)]
    assert names == sorted(kept)
    for side in "SG":
        room = company.activity_named("Anna", f"{scene} {side} change")["location"]
        assert room == f"Room {scene}"


async def test_every_kind_of_write_survives_every_kind_of_fault(company: Installation) -> None:
    company.person("Anna")
    for number in range(30):
        company.add_activity("Anna", f"Other {number}", company.at(3 + number % 9, 9))
    scenes: dict[str, dict[str, Any]] = {
        "lose_reply": {}, "refuse": {}, "cut": {}, "delay": {"seconds": 0.5},
    }  # fmt: skip
    for kind in scenes:
        rehearse(company, kind)
    await company.open()

    for kind, more in scenes.items():
        await company.agrees()
        for vendor, operation in WRITES:
            company.fault(vendor, operation, kind, **more)
        play(company, kind)
        await is_carried_out(company, kind)
    assert await company.problems() == []


async def test_every_kind_of_read_survives_every_kind_of_fault(company: Installation) -> None:
    company.person("Anna")
    for number in range(20):
        company.add_activity("Anna", f"Other {number}", company.at(3 + number % 9, 9))
    for kind in ("lose_reply", "refuse", "cut"):
        rehearse(company, kind)
    await company.open()

    for kind in ("lose_reply", "refuse", "cut"):
        await company.agrees()
        for vendor, operation in READS:
            company.fault(vendor, operation, kind)
        play(company, kind)
        await is_carried_out(company, kind)


async def test_rate_limits_slow_down_and_lose_nothing(company: Installation) -> None:
    company.person("Anna")
    for number in range(20):
        company.add_activity("Anna", f"Other {number}", company.at(3 + number % 9, 9))
    rehearse(company, "limited")
    await company.open()
    await company.agrees()

    started = time.monotonic()
    for vendor, operation in [*WRITES, ("severa", "activities.list"), ("google", "events.list")]:
        status = 429 if vendor == "severa" or operation != "events.insert" else 403
        company.fault(vendor, operation, "refuse", status=status, headers={"Retry-After": "2"})
    play(company, "limited")

    await is_carried_out(company, "limited")
    assert time.monotonic() - started >= 2
    assert await company.problems() == []


async def test_a_limit_of_the_vendors_own_is_outlasted(company: Installation) -> None:
    # Little more than is allowed: far more would meet the limit after each pause, until pauses are half a minute.
    company.configure(severa={"requests_per_second": 12})
    company.person("Anna")
    await company.open()
    company.sandbox.severa.requests_per_second = 10

    for number in range(6):
        company.add_event("Anna", f"E{number}", company.at(1 + number, 9))

    await company.agrees(seconds=60)
    assert len(company.names("Anna")) == 6
    assert 429 in [call.status for call in company.sandbox.faults.journal]


async def test_expired_tokens_on_both_sides_are_renewed_unseen(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open()
    company.sandbox.google.expire_tokens()
    company.sandbox.severa.expire_tokens()

    company.add_event("Anna", "From Google", company.at(1, 9))
    company.add_activity("Ben", "From Severa", company.at(1, 9))
    await company.agrees()

    # And again with a write as the first call that meets the new state.
    guid = company.activity_named("Anna", "From Google")["guid"]
    company.edit_activity("Anna", guid, name="Renamed")
    company.sandbox.google.expire_tokens()
    company.sandbox.severa.expire_tokens()
    await company.agrees()
    for person in ("Anna", "Ben"):
        state = await company.state(person)
        assert (state["state"], state["reason"]) == ("idle", "")


async def test_a_lost_sync_token_doubles_nothing_and_misses_no_deletion(
    company: Installation,
) -> None:
    company.person("Anna")
    for number in range(12):
        company.add_event("Anna", f"E{number}", company.at(1 + number, 9))
    await company.open()
    await company.agrees()

    company.sandbox.google.expire_sync_tokens()
    company.delete_event("Anna", company.event_named("Anna", "E3")["id"])
    company.edit_event("Anna", company.event_named("Anna", "E4")["id"], location="Room 4")
    company.add_activity("Anna", "New", company.at(1, 12))
    await company.agrees()

    assert len(company.events("Anna")) == 12
    assert "E3" not in company.names("Anna")
    assert company.activity_named("Anna", "E4")["location"] == "Room 4"


async def test_what_a_person_deletes_after_a_create_in_google_lost_its_reply_stays_deleted(
    company: Installation,
) -> None:
    company.person("Anna")
    company.add_event("Anna", "Other", company.at(1, 8))
    await company.open()
    await company.agrees()

    company.fault("google", "events.insert", "lose_reply")
    when_there(company, lambda: "Draft" in company.subjects("Anna"), delete_draft_event)
    company.add_activity("Anna", "Draft", company.at(1, 9))
    await company.until(lambda: not company.sandbox.faults.pending)

    await company.agrees(seconds=40)
    assert company.subjects("Anna") == company.names("Anna") == ["Other"]


async def test_a_create_in_severa_that_left_no_trace_is_made_again_just_once(
    company: Installation,
) -> None:
    company.person("Anna")
    company.add_event("Anna", "Other", company.at(1, 8))
    await company.open()
    await company.agrees()

    # Severa keeps no trace of what was deleted, so nobody can tell this from a create that never was.
    company.fault("severa", "activities.create", "lose_reply")
    when_there(company, lambda: "Draft" in company.names("Anna"), delete_draft_activity)
    company.add_event("Anna", "Draft", company.at(1, 9))
    await company.until(lambda: not company.sandbox.faults.pending)

    await company.agrees(seconds=40)
    assert company.calls("severa", "activities.create") <= 3


def when_there(
    company: Installation, is_so: Callable[[], bool], act: Callable[[Installation], None]
) -> None:
    """Act as a person at the very moment a vendor has carried out the daemon's write."""
    states = (company.sandbox.google, company.sandbox.severa)
    has_acted = False

    def look() -> None:
        nonlocal has_acted
        if not has_acted and is_so():
            has_acted = True
            asyncio.get_running_loop().call_soon(act, company)

    for state in states:
        state.changed.append(look)


def delete_draft_event(company: Installation) -> None:
    company.delete_event("Anna", company.event_named("Anna", "Draft")["id"])


def delete_draft_activity(company: Installation) -> None:
    company.delete_activity("Anna", company.activity_named("Anna", "Draft")["guid"])


async def test_an_edit_by_a_person_right_after_our_lost_write_is_not_overwritten(
    company: Installation,
) -> None:
    company.person("Anna")
    event = company.add_event("Anna", "Meeting", company.at(1, 8))
    await company.open()
    guid = company.activity_named("Anna", "Meeting")["guid"]

    def answer(company: Installation) -> None:
        company.edit_activity("Anna", guid, name="Meeting, by Anna")

    company.fault("severa", "activities.patch", "lose_reply")
    when_there(company, lambda: "Meeting, moved" in company.names("Anna"), answer)
    company.edit_event("Anna", event, summary="Meeting, moved")
    await company.until(lambda: not company.sandbox.faults.pending)

    await company.agrees(seconds=40)
    assert company.names("Anna") == ["Meeting, by Anna"]


MOMENTS: dict[str, Callable[[Installation], bool]] = {
    "create in Severa": lambda c: "Kill G new" in c.names("Anna"),
    "create in Google": lambda c: "Kill S new" in c.subjects("Anna"),
    "change in Severa": lambda c: any(
        a["location"] and " G " in a["name"] for a in c.activities("Anna")
    ),
    "change in Google": lambda c: any(
        e.get("location") and " S " in e["summary"] for e in c.events("Anna")
    ),
    "delete in Severa": lambda c: "Kill G delete" not in c.names("Anna"),
    "delete in Google": lambda c: "Kill S delete" not in c.subjects("Anna"),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_kill_right_after_any_write_was_carried_out_loses_and_doubles_nothing(
    company: Installation, moment: str
) -> None:
    company.person("Anna")
    for number in range(3):  # Else what the scene deletes would be all there is (D5).
        company.add_activity("Anna", f"Other {number}", company.at(3 + number, 9))
    rehearse(company, "Kill")
    await company.open()
    await company.agrees()

    company.kill_when(lambda: MOMENTS[moment](company))
    play(company, "Kill")
    await company.died()
    await company.start()

    await is_carried_out(company, "Kill")


async def test_a_user_google_does_not_know_is_paused_and_stops_nobody(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ghost", google=False)
    company.add_activity("Ghost", "Ghostly", company.at(1, 9))
    await company.start()
    await company.set_up()
    await company.switch("Anna")
    await company.switch("Ghost")

    company.add_activity("Anna", "From Severa", company.at(1, 9))
    await company.agrees("Anna")
    await company.until(lambda: has_state(company, "Ghost", "paused"))
    state = await company.state("Ghost")
    assert state["reason"].startswith("Google has no user ghost@example.com.")
    assert (await company.state("Anna"))["state"] == "idle"

    # It is tried again by itself once the account is there.
    company.sandbox.google.add_user("ghost@example.com")
    await eventually(lambda: company.subjects("Ghost") == ["Ghostly"], company, 40)
    await company.agrees("Ghost")


async def test_a_suspended_account_is_paused_and_goes_on_by_itself(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open()
    company.sandbox.google.suspend_user("ben@example.com")
    company.add_activity("Ben", "While suspended", company.at(1, 9))
    await company.until(lambda: has_state(company, "Ben", "paused"))
    company.add_event("Anna", "Meanwhile", company.at(1, 9))
    await company.agrees("Anna")

    company.sandbox.google.suspend_user("ben@example.com", suspended=False)

    await eventually(lambda: has_state(company, "Ben", "idle"), company, 40)
    await company.agrees("Ben", seconds=40)


async def test_a_fault_of_the_whole_company_is_told_once_and_passes(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open()
    account = company.sandbox.google.accounts.service_accounts[SERVICE_ACCOUNT]
    public_key = next(iter(account.keys.values()))

    company.sandbox.google.remove_service_account_key(SERVICE_ACCOUNT)
    company.sandbox.google.expire_tokens()
    company.add_event("Anna", "While locked out", company.at(1, 9))
    company.add_activity("Ben", "Also locked out", company.at(1, 9))
    await eventually(lambda: has_fault(company), company)
    await asyncio.sleep(3)
    told = [line for line in company.log if "company.fault" in line]
    assert len(told) == 1
    for person in ("Anna", "Ben"):
        assert (await company.state(person))["state"] in ("idle", "syncing")

    company.sandbox.google.add_service_account(SERVICE_ACCOUNT, public_key)
    await company.agrees(seconds=40)
    assert (await company.ask("integration status"))["fault"] == ""


async def test_an_entry_that_is_refused_is_set_aside_and_stops_no_other(
    company: Installation,
) -> None:
    company.person("Anna")
    await company.open()
    company.fault("severa", "activities.create", "refuse", status=400)
    refused = company.add_event("Anna", "Refused", company.at(1, 9))
    await company.until(lambda: not company.sandbox.faults.pending)
    company.add_event("Anna", "Welcome", company.at(1, 11))

    await company.agrees(only_google=["Refused"])
    problems = await company.problems()
    assert len(problems) == 1
    assert problems[0].startswith("set-aside: ")
    assert "Refused" not in problems[0]

    company.edit_event("Anna", refused, location="Room 5")
    await company.agrees()
    assert await company.problems() == []


async def has_state(company: Installation, person: str, state: str) -> bool:
    return bool((await company.state(person))["state"] == state)


async def has_fault(company: Installation) -> bool:
    return bool((await company.ask("integration status"))["fault"])
