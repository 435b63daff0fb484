"""When a failed thing is tried again, and whose calendar is looked at (R3, T4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.account import Account
from daemon.core.company import User
from daemon.core.schedule import PAUSE_MAX, is_due, is_present, pause, write_pause

from .given import NOW

TTL = timedelta(hours=12)
MIDDLE = 0.5
ANN = Account(User("ann", "ann@example.com"), is_enabled=True)


def logged_in(ago: timedelta) -> Account:
    return replace(ANN, user=replace(ANN.user, last_login=NOW - ago))


class TestPause:
    @pytest.mark.parametrize(
        ("attempts", "seconds"), [(0, 2), (1, 4), (2, 8), (5, 64), (10, 2_048), (11, 3_600)]
    )
    def test_pauses_grow_by_doubling_to_an_hour_r3(self, attempts, seconds):
        assert pause(attempts, MIDDLE) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("attempts", [12, 100, 10**9])
    @pytest.mark.parametrize("chance", [0.0, 0.25, 0.999])
    def test_no_pause_is_longer_than_an_hour_r3(self, attempts, chance):
        assert timedelta(minutes=45) <= pause(attempts, chance) <= PAUSE_MAX

    def test_chance_spreads_by_a_quarter_each_way_r3(self):
        assert pause(1, 0.0) == timedelta(seconds=3)
        assert timedelta(seconds=4.99) < pause(1, 0.9999) < timedelta(seconds=5)


class TestWritePause:
    def met(self, account: Account, ago: timedelta = timedelta(), **more: float) -> Account:
        at_least = timedelta(hours=more.get("hours", 0))
        pause_ = write_pause(account, NOW - ago, more.get("chance", 0.0), at_least=at_least)
        return replace(account, write_pause=pause_)

    def test_a_calendar_is_left_alone_for_hours_and_then_free_r1(self):
        limited = self.met(ANN)

        assert limited.writes_paused(NOW + timedelta(hours=3, minutes=59))
        assert not limited.writes_paused(NOW + timedelta(hours=4))
        assert not ANN.writes_paused(NOW)

    def test_the_limit_met_by_what_was_on_its_way_is_the_same_pause_r1(self):
        limited = self.met(ANN, timedelta(minutes=1))

        assert self.met(limited, chance=0.9) == limited

    def test_a_calendar_that_has_not_recovered_waits_longer_each_time_up_to_a_day_r1(self):
        account, lengths = ANN, []
        for ago in (100, 95, 86, 69, 44):
            account = self.met(account, timedelta(hours=ago))
            assert account.write_pause
            lengths.append(account.write_pause.length / timedelta(hours=1))

        assert lengths == [4, 8, 16, 24, 24]

    def test_a_calendar_that_had_recovered_begins_anew_r1(self):
        once = self.met(ANN, timedelta(hours=8))

        assert self.met(once).write_pause == self.met(ANN).write_pause

    def test_a_longer_pause_that_google_asks_for_is_kept_r1(self):
        assert self.met(ANN, hours=6).writes_paused(NOW + timedelta(hours=5, minutes=59))
        assert self.met(ANN, hours=1).writes_paused(NOW + timedelta(hours=3, minutes=59))

    def test_chance_puts_the_end_off_a_little_r1(self):
        late = self.met(ANN, chance=0.999).write_pause

        assert late
        assert timedelta(hours=4) < late.until - NOW < timedelta(hours=4.3)


class TestPresence:
    @pytest.mark.parametrize(
        ("ago", "expected"),
        [
            (timedelta(0), True),
            (TTL - timedelta(seconds=1), True),
            (TTL, False),
            (timedelta(days=1), False),
        ],
    )
    def test_a_sign_of_the_user_counts_for_a_while_t4(self, ago, expected):
        assert is_present(replace(ANN, last_seen_at=NOW - ago), NOW, TTL) is expected
        assert is_present(logged_in(ago), NOW, TTL) is expected

    def test_without_any_sign_nobody_is_there_t4(self):
        assert not is_present(ANN, NOW, TTL)

    def test_the_latest_sign_counts_t4(self):
        old_visit = replace(logged_in(timedelta(hours=1)), last_seen_at=NOW - timedelta(days=9))
        old_login = replace(logged_in(timedelta(days=9)), last_seen_at=NOW)

        assert is_present(old_visit, NOW, TTL)
        assert is_present(old_login, NOW, TTL)

    def test_a_user_who_logged_out_since_is_not_there_t4(self):
        logout = {"logged_out_at": NOW - timedelta(minutes=5)}

        account = replace(logged_in(timedelta(hours=1)), **logout)

        assert not is_present(account, NOW, TTL)

    @pytest.mark.parametrize("sign", ["visit", "login"])
    def test_a_sign_after_the_logout_brings_the_user_back_t4(self, sign):
        left = replace(logged_in(timedelta(hours=1)), logged_out_at=NOW - timedelta(minutes=5))
        at = NOW - timedelta(minutes=1)

        back = (
            replace(left, last_seen_at=at)
            if sign == "visit"
            else replace(left, user=replace(left.user, last_login=at))
        )

        assert is_present(back, NOW, TTL)


class TestDue:
    @pytest.mark.parametrize(
        ("retry_in", "expected"),
        [
            (None, True),
            (timedelta(seconds=-1), True),
            (timedelta(0), True),
            (timedelta(seconds=1), False),
        ],
    )
    def test_a_failing_user_waits_for_the_next_try_r3(self, retry_in, expected):
        retry_at = None if retry_in is None else NOW + retry_in

        assert is_due(replace(ANN, retry_at=retry_at), NOW) is expected

    def test_who_did_not_switch_on_is_never_due_a4(self):
        assert not is_due(replace(ANN, is_enabled=False), NOW)
