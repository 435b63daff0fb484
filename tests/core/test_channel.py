"""How a push channel lives, and what is to be done about everybody's, decided on given times (T5, T6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.core.account import Account, State
from daemon.core.channel import (
    ADDRESS_REFUSED_FOR,
    GRACE,
    LIFE_ASKED,
    LIMITED,
    LINGER,
    MISSES_MAX,
    REFUSED_FOR,
    Channel,
    Opened,
    Target,
    begun,
    ending,
    found,
    heard,
    judged,
    opened,
    proves,
    refused,
    unclear,
)
from daemon.core.channel_plan import (
    ORPHANS_MAX,
    POLL_ONLY,
    SILENT_FIRST,
    SILENT_MAX,
    Plan,
    planned,
    renewal_at,
    shown,
    targets,
)
from daemon.core.company import User
from daemon.secret import Secret

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
URL = "https://sync.example.com/v1/google/notifications"
ANNAS = Target("anna@example.com", URL, "sync@project.example.com")
TOKEN = Secret("one that nobody guesses")


def asked(name: str = "c-1", user: str = "anna", at: datetime = NOW, **more: Any) -> Channel:
    target = more.pop("target", replace(ANNAS, calendar=f"{user}@example.com"))
    return replace(begun(name, user, target, TOKEN, now=at, before=None), **more)


def active(name: str = "c-1", user: str = "anna", at: datetime = NOW, **more: Any) -> Channel:
    answer = Opened(f"ret-{user}", at + 7 * DAY)
    channel = opened(asked(name, user, at), answer, now=at, chance=0.5)
    return replace(channel, **({"heard_at": at} | more))


def plan(*channels: Channel, at: datetime = NOW, **wanted: Target) -> Plan:
    return planned(wanted or {"anna": ANNAS}, channels, at)


def nothing(channels: Plan) -> bool:
    return not (channels.open or channels.stop or channels.forget)


# One channel


def test_t6_a_channel_is_renewed_early_and_not_all_at_once() -> None:
    times = [
        opened(asked(), Opened("ret", NOW + 7 * DAY), now=NOW, chance=n / 100).renew_at
        for n in range(100)
    ]

    assert all(at is not None and NOW + 3 * DAY < at < NOW + 6 * DAY for at in times)
    assert len(set(times)) == 100
    assert max(filter(None, times)) - min(filter(None, times)) > DAY


@pytest.mark.parametrize("life", [timedelta(seconds=10), HOUR, DAY, 30 * DAY])
def test_t6_the_providers_expiry_counts_and_not_what_was_asked_for(life: timedelta) -> None:
    channel = opened(asked(), Opened("ret", NOW + life), now=NOW, chance=0.99)

    assert channel.expires_at == NOW + life
    assert channel.renew_at is not None
    assert NOW + life * 0.5 < channel.renew_at < NOW + life * 0.85


def test_the_token_is_not_kept_and_shown_by_nothing() -> None:
    assert TOKEN.reveal() not in repr(asked())
    assert TOKEN.reveal() not in asked().token_hash


@pytest.mark.parametrize("token", ["", "one that nobody guesse", "One that nobody guesses", "\udcff"])  # fmt: skip
def test_t5_only_the_very_token_proves_a_message(token: str) -> None:
    assert proves(asked(), TOKEN.reveal())
    assert not proves(asked(), token)
    assert not proves(None, token)
    assert not proves(None, TOKEN.reveal())


def test_what_is_remembered_of_a_refusal_hears_nothing() -> None:
    assert not proves(refused(asked(), "x", HOUR, 0, now=NOW), TOKEN.reveal())


def test_the_greeting_tells_by_what_an_orphan_is_stopped() -> None:
    channel = heard(asked(), resource_id="ret", is_news=False, now=NOW)

    assert (channel.resource_id, channel.heard_at, channel.pushed_at) == ("ret", NOW, None)


def test_t5_a_channel_that_told_is_healthy_and_one_that_nobody_heard_is_not() -> None:
    assert active().is_healthy(NOW)
    assert not active(heard_at=None).is_healthy(NOW)
    assert not active(misses=MISSES_MAX).is_healthy(NOW)
    assert not active().is_healthy(NOW + 8 * DAY)
    assert not asked(heard_at=NOW).is_healthy(NOW)
    assert ending(active()).is_healthy(NOW)


def missed(channel: Channel, at: datetime) -> Channel:
    """Let the poll find a change, and let nothing come for it."""
    return judged(found(channel, at), at + GRACE)


def test_a_channel_that_tells_nothing_of_what_the_poll_finds_is_silent() -> None:
    channel = active()
    for number in range(MISSES_MAX):
        assert not channel.is_silent
        channel = missed(channel, NOW + HOUR * (number + 1))

    assert channel.is_silent


def test_one_lost_message_is_an_accident() -> None:
    channel = missed(active(), NOW + HOUR)

    assert not channel.is_silent
    assert heard(channel, resource_id="r", is_news=True, now=NOW + HOUR).misses == 0


def test_a_push_that_comes_a_little_after_the_poll_has_told() -> None:
    channel = found(active(), NOW + HOUR)

    channel = heard(channel, resource_id="r", is_news=True, now=NOW + HOUR + MINUTE)

    assert judged(channel, NOW + HOUR + GRACE).misses == 0


def test_a_push_that_came_a_little_before_the_poll_has_told() -> None:
    channel = heard(active(), resource_id="r", is_news=True, now=NOW + HOUR)

    assert missed(channel, NOW + HOUR + MINUTE).misses == 0
    assert missed(channel, NOW + HOUR + GRACE).misses == 1


def test_what_the_poll_finds_again_and_again_is_counted_once_a_while() -> None:
    channel = active()
    for second in range(0, 120, 10):
        channel = judged(found(channel, NOW + timedelta(seconds=second)), NOW)

    assert judged(channel, NOW + GRACE).misses == 1


def test_a_silent_channel_that_speaks_again_is_healthy_again() -> None:
    channel = heard(active(misses=MISSES_MAX), resource_id="r", is_news=True, now=NOW)

    assert channel.is_healthy(NOW)


def test_a_greeting_is_a_sign_of_life_and_tells_of_no_change() -> None:
    channel = found(active(misses=1), NOW)

    channel = heard(channel, resource_id="r", is_news=False, now=NOW + MINUTE)

    assert judged(channel, NOW + GRACE).misses == 2


# Who has one


def account(name: str = "anna", **more: Any) -> Account:
    user = User(name, f"{name}@example.com", is_active=more.pop("is_active", True))
    return Account(
        user, **({"is_enabled": True, "address": user.email, "state": State.IDLE} | more)
    )


@pytest.mark.parametrize(
    ("change", "has_one"),
    [
        ({}, True),
        ({"state": State.FIRST_SYNC}, True),
        ({"state": State.WAITING}, True),
        ({"state": State.FAILING}, True),
        ({"state": State.PAUSED}, False),
        ({"is_enabled": False}, False),
        ({"is_active": False}, False),
        ({"address": "old@example.com"}, False),
    ],
    ids=str,
)
def test_t6_each_enabled_user_has_a_channel_unless_paused(
    change: dict[str, Any], has_one: bool
) -> None:
    """A7: who is inactive or suspended has none; who is only away keeps it."""
    wanted = targets([account(**change)], url=URL, maker=ANNAS.maker, domains=())

    assert wanted == ({"anna": ANNAS} if has_one else {})


def test_addresses_in_other_domains_have_none() -> None:
    assert not targets([account()], url=URL, maker="m", domains=["elsewhere.example"])


# What is due


def test_t6_who_has_no_channel_gets_one_and_who_has_one_is_left_alone() -> None:
    (opening,) = plan().open
    left = plan(active())

    assert (opening.user, opening.target, opening.before) == ("anna", ANNAS, None)
    assert nothing(left)
    assert left.next_at == active().renew_at


def test_t6_a_channel_is_renewed_before_it_ends_and_stays_open_meanwhile() -> None:
    old = active()

    due = plan(old, at=old.renew_at or NOW)

    assert [opening.before for opening in due.open] == [old]
    assert not due.stop


def test_t6_the_old_channel_is_stopped_when_the_new_one_is_open() -> None:
    old, new = ending(active("old")), active("new", at=NOW + 5 * DAY)

    due = plan(old, new, at=NOW + 5 * DAY)

    assert due.stop == (old,)
    assert not due.open


def test_t6_a_user_who_is_off_has_no_channel() -> None:
    mine, orphan = active("1"), asked("2")

    due = planned({}, [mine, orphan, refused(asked("3"), "x", HOUR, 0, now=NOW)], NOW)

    assert {(c.id, c.resource_id) for c in due.stop} == {("1", "ret-anna"), ("2", "ret-anna")}
    assert [c.id for c in due.forget] == ["3"]
    assert not due.open


def test_an_orphan_of_a_crash_is_replaced_at_once_and_then_stopped() -> None:
    orphan = asked("orphan", at=NOW - MINUTE)

    (opening,) = plan(orphan).open
    due = plan(orphan, active("new"))

    assert opening.before is None
    assert due.stop == (replace(orphan, resource_id="ret-anna"),)


def test_an_orphan_that_cannot_be_stopped_is_heard_until_it_has_ended() -> None:
    orphan = asked("orphan")

    waits = planned({}, [orphan], NOW + 7 * DAY)
    over = planned({}, [orphan], orphan.expires_at + LINGER)

    assert nothing(waits)
    assert waits.next_at == orphan.expires_at + LINGER
    assert over.forget == (orphan,)


def test_an_expired_channel_is_heard_a_little_longer_and_then_forgotten() -> None:
    """What Google could not deliver at once may come late."""
    old = active("old")
    new = active("new", at=NOW + 7 * DAY - HOUR)

    assert not plan(old, new, at=old.expires_at).forget
    assert not plan(old, new, at=old.expires_at).stop
    assert plan(old, new, at=old.expires_at + LINGER).forget == (old,)


def test_an_expired_channel_is_no_channel() -> None:
    old = active()

    assert [opening.before for opening in plan(old, at=old.expires_at).open] == [None]


def test_a_try_that_failed_is_made_again_with_growing_pauses() -> None:
    waits = []
    at, attempts = NOW, 0
    for _ in range(16):
        row = unclear(asked(at=at), attempts, now=at, chance=0.5)
        assert nothing(plan(row, at=at))
        assert plan(row, at=at).next_at == row.retry_at
        assert row.retry_at is not None
        waits.append(row.retry_at - at)
        (opening,) = plan(row, at=row.retry_at).open
        at, attempts = row.retry_at, opening.attempts

    assert waits == sorted(waits)
    assert waits[0] < 5 * timedelta(seconds=1)
    assert 50 * MINUTE < waits[-1] <= HOUR


def test_a_renewal_that_failed_is_tried_again_and_the_old_channel_stays() -> None:
    old = active("old")
    at = old.renew_at or NOW
    row = unclear(asked("new", at=at), 0, now=at, chance=0.5)

    waits = plan(old, row, at=at)
    due = plan(old, row, at=row.retry_at or at)

    assert nothing(waits)
    assert [opening.before for opening in due.open] == [old]
    assert not due.stop


def test_tries_that_nobody_answers_do_not_pile_up() -> None:
    rows = [asked(str(n), at=NOW + n * MINUTE) for n in range(ORPHANS_MAX + 2)]

    assert [row.id for row in plan(*rows, at=NOW + DAY).forget] == ["0", "1"]


def test_tries_that_google_greeted_are_stopped_where_there_are_too_many() -> None:
    rows = [asked(str(n), at=NOW + n * MINUTE) for n in range(ORPHANS_MAX + 1)]
    rows[0] = heard(rows[0], resource_id="ret", is_news=False, now=NOW)

    due = plan(*rows, at=NOW + DAY)

    assert (due.stop, due.forget) == ((rows[0],), ())


def test_a_refused_calendar_is_left_alone_for_long() -> None:
    row = refused(asked(), "pushNotSupportedForRequestedResource", REFUSED_FOR, 0, now=NOW)

    assert nothing(plan(row, at=NOW + REFUSED_FOR - MINUTE))
    assert plan(row, at=NOW + REFUSED_FOR).open


def test_an_address_that_google_refuses_is_refused_for_everybody() -> None:
    wanted = {name: replace(ANNAS, calendar=f"{name}@example.com") for name in ("anna", "ben")}
    row = refused(asked(), "push.webhookUrlUnauthorized", ADDRESS_REFUSED_FOR, 0, now=NOW)

    waits = plan(row, **wanted)

    assert nothing(waits)
    assert waits.next_at == NOW + ADDRESS_REFUSED_FOR
    assert len(plan(row, at=NOW + ADDRESS_REFUSED_FOR, **wanted).open) == 2


def test_another_address_of_ours_is_tried_at_once() -> None:
    """Whoever corrects `[web] public_url` does not wait."""
    row = refused(asked(), "push.webhookUrlUnauthorized", ADDRESS_REFUSED_FOR, 0, now=NOW)

    due = plan(row, anna=replace(ANNAS, url="https://other.example.com"))

    assert due.open
    assert due.forget == (row,)


@pytest.mark.parametrize(
    "change", [{"calendar": "new@example.com"}, {"url": "https://x.example"}, {"maker": "other"}]
)
def test_another_target_replaces_the_channel_and_the_old_one_is_open_until_then(
    change: dict[str, str],
) -> None:
    old, target = active("old"), replace(ANNAS, **change)

    due = plan(old, anna=target)
    done = plan(old, active("new", target=target), anna=target)

    assert [opening.target for opening in due.open] == [target]
    assert not due.stop
    assert done.stop == (old,)
    assert not done.open


def test_a_stop_that_failed_is_made_again_later() -> None:
    old = replace(ending(active("old")), retry_at=NOW + HOUR, attempts=1)

    assert nothing(plan(old, active("new")))
    assert plan(old, active("new")).next_at == NOW + HOUR
    assert plan(old, active("new", at=NOW), at=NOW + HOUR).stop == (old,)


def test_a_silent_channel_is_replaced_at_growing_distances() -> None:
    waits = [renewal_at(active(misses=MISSES_MAX, silences=number)) - NOW for number in range(6)]

    assert waits == sorted(waits)
    assert waits[0] == SILENT_FIRST
    assert waits[-1] == SILENT_MAX


def test_a_channel_in_place_of_a_silent_one_remembers_how_many_were() -> None:
    silent = active(misses=MISSES_MAX, silences=2)

    assert begun("n", "anna", ANNAS, TOKEN, now=NOW, before=silent).silences == 3
    assert begun("n", "anna", ANNAS, TOKEN, now=NOW, before=active(silences=2)).silences == 0


def test_who_has_no_channel_comes_before_those_whose_is_renewed() -> None:
    old = active(user="anna")
    wanted = {"anna": ANNAS, "ben": replace(ANNAS, calendar="ben@example.com")}

    due = plan(old, at=old.renew_at or NOW, **wanted)

    assert [opening.user for opening in due.open] == ["ben", "anna"]


# What an operator is told


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([], POLL_ONLY),
        ([active()], "open"),
        ([active(heard_at=None)], "opening"),
        ([active(heard_at=None, at=NOW - HOUR)], "silent"),
        ([active(misses=MISSES_MAX)], "silent"),
        ([active(misses=MISSES_MAX), asked("2")], "silent"),
        ([active(), asked("2")], "open"),
        ([active(), ending(active("2"))], "open"),
        ([asked()], "opening"),
        ([ending(active())], "expiring"),
        ([refused(asked(), "x", HOUR, 0, now=NOW)], "refused"),
        ([refused(asked(), LIMITED, HOUR, 0, now=NOW)], "opening"),
        ([active(), refused(asked("2"), "x", HOUR, 0, now=NOW)], "open"),
        ([active(at=NOW - LIFE_ASKED)], POLL_ONLY),
    ],
)
def test_a_word_says_how_changes_become_known(rows: list[Channel], word: str) -> None:
    assert shown(rows, NOW) == word
