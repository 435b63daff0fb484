import dataclasses
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from daemon.core.account import Account, Settings, WritePause
from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import ABSENT, AllDay, Answer, Entry, People, Timed
from daemon.core.link import Base, Claim, Link, Side, Stand, Standing
from daemon.core.seen import Activity, Copy, Mark
from daemon.errors import SyncError
from daemon.store import codec
from daemon.store.values import FORMAT, entry_from_json, entry_to_json
from tests.store import strategies
from tests.store.examples import ENTRY, NOW, activity, create_claim, event

FULL_LINK = Link(
    id="one",
    born=Side.SEVERA,
    activity=replace(activity("activity-one"), created_at=NOW, updated_at=NOW, translator=1),
    copies=(
        replace(
            event("event-one"),
            mark=Mark("activity-one", "event-one"),
            before=Entry(title="before"),
            translator=1,
        ),
    ),
    claims=(replace(create_claim(), since=NOW),),
    standing=Standing(Stand.SET_ASIDE, "read only"),
    parent="series",
    original=NOW,
)
FULL_ACCOUNT = Account(
    User(guid="anna", email="anna@example.com", last_login=NOW),
    enabled_at=NOW,
    cursor="token",
    last_synced_at=NOW,
    last_seen_at=NOW,
    logged_out_at=NOW,
    write_pause=WritePause(NOW, timedelta(hours=4)),
    address="anna@example.com",
    retry_at=NOW,
)
FULL_SETTINGS = Settings(
    types=(ActivityType("meeting", "Meeting", Category.CALENDAR_ENTRY),),
    cursor="2026-03-02",
    restored_at=datetime(2026, 3, 2, tzinfo=UTC),
)


@given(strategies.links)
def test_an_entry_comes_back_as_it_was_kept(link: Link) -> None:
    assert codec.decode_link(codec.encode_link(link)) == link


@given(strategies.accounts)
def test_a_user_comes_back_as_kept(account: Account) -> None:
    assert codec.decode_account(codec.encode_account(account)) == account


@given(strategies.settings)
def test_the_settings_come_back_as_kept(settings: Settings) -> None:
    assert codec.decode_settings(codec.encode_settings(settings)) == settings


@given(strategies.changed_fields)
def test_the_fields_of_a_change_come_back_as_kept(fields: dict[str, dict[str, Any]]) -> None:
    assert codec.decode_fields(codec.encode_fields(fields)) == fields


def test_no_field_is_forgotten_when_a_type_grows() -> None:
    link = json.loads(codec.encode_link(FULL_LINK))
    account = json.loads(codec.encode_account(FULL_ACCOUNT))
    settings = json.loads(codec.encode_settings(FULL_SETTINGS))
    kept: dict[type, dict[str, Any]] = {
        Link: link,
        Activity: link["activity"],
        Copy: link["copies"][0],
        Base: link["base"],
        Claim: link["claims"][0],
        Standing: link["standing"],
        Account: account,
        User: account["user"],
        Settings: settings,
        ActivityType: settings["types"][0],
    }

    for kind, members in kept.items():
        fields = {field.name for field in dataclasses.fields(kind)}
        if kind in (Activity, Copy):
            fields -= {"original", "left_out"}  # Kept with the history only, and locked (D7).

        assert members.keys() - {"format"} == fields, kind


def test_what_is_unknown_is_left_out() -> None:
    assert entry_to_json(Entry(title="Kick-off")) == {"title": "Kick-off"}
    assert entry_from_json({"title": "Kick-off"}) == Entry(title="Kick-off")


def test_the_same_people_are_the_same_document() -> None:
    answers = {f"{name}@example.com": Answer.NONE for name in "hgfedcba"}

    raw = entry_to_json(Entry(people=People.of(answers)))

    assert raw["people"] == [[address, "none"] for address in sorted(answers)]


def test_part_of_a_list_of_people_comes_back_as_a_part() -> None:
    part = People.of(
        {"a@example.com": Answer.OUT, "b@example.com": Answer.TENTATIVE}, is_whole=False
    )

    raw = entry_to_json(Entry(people=part))

    assert raw == {"person:a@example.com": "out", "person:b@example.com": "tentative"}
    assert entry_from_json(raw) == Entry(people=part)


@pytest.mark.parametrize(
    ("original", "written"), [(NOW, "2026-03-02T09:30:00Z"), (date(2026, 3, 2), "2026-03-02")]
)
def test_an_occurrence_is_kept_as_its_series_has_it(original: date, written: str) -> None:
    link = replace(FULL_LINK, original=original)

    text = codec.encode_link(link)

    assert json.loads(text)["original"] == written
    # A datetime is a date to Python, and the two are not one occurrence.
    assert type(codec.decode_link(text).original) is type(original)


def test_a_document_from_before_members_and_occurrences_is_read() -> None:
    raw = json.loads(codec.encode_link(FULL_LINK))
    del raw["parent"], raw["original"], raw["activity"]["members"]
    del raw["copies"][0]["address"], raw["copies"][0]["organizer"]

    assert codec.decode_link(json.dumps(raw)) == replace(FULL_LINK, parent="", original=None)


def test_times_are_written_for_people_to_read() -> None:
    timed = Entry(when=Timed(NOW, None))
    day = Entry(when=AllDay(date(2026, 3, 2), date(2026, 3, 3)))

    assert entry_to_json(timed) == {"when": {"start": "2026-03-02T09:30:00Z"}}
    assert entry_to_json(day) == {"when": {"first": "2026-03-02", "until": "2026-03-03"}}


def test_an_instant_of_another_zone_is_kept_in_utc() -> None:
    helsinki = NOW.astimezone(timezone(timedelta(hours=2)))

    assert entry_to_json(Entry(when=Timed(helsinki, None))) == entry_to_json(
        Entry(when=Timed(NOW, None))
    )


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001

    with pytest.raises(AssertionError, match="time zone"):
        entry_to_json(Entry(when=Timed(naive, None)))


def test_the_halves_of_a_base_stay_on_their_sides() -> None:
    link = Link(id="one", born=Side.GOOGLE, base=Base(ENTRY, ABSENT, "meeting"))

    base = json.loads(codec.encode_link(link))["base"]

    assert base == {
        "severa": entry_to_json(ENTRY),
        "google": "absent",
        "type": "meeting",
        "is_masked": False,
    }


@pytest.mark.parametrize(
    "decode", [codec.decode_link, codec.decode_account, codec.decode_settings, codec.decode_fields]
)
def test_a_document_of_a_newer_version_is_refused(decode: Any) -> None:
    with pytest.raises(SyncError, match="newer severa-gcal"):
        decode(json.dumps({"format": FORMAT + 1}))
