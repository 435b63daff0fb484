"""Who is due when: pauses between tries, presence; arithmetic on given times."""

from datetime import datetime, timedelta
from typing import Final

from daemon.core.account import Account, WritePause

PAUSE_FIRST: Final = timedelta(seconds=2)
PAUSE_MAX: Final = timedelta(hours=1)
WRITE_PAUSE: Final = timedelta(hours=4)
"""How long a calendar is given to recover from its own usage limit; Google says hours, and for some limits days."""
WRITE_PAUSE_MAX: Final = timedelta(hours=24)


def pause(attempts: int, chance: float) -> timedelta:
    """Return how long to wait after so many failed attempts; `chance` in [0, 1) spreads it by a quarter each way."""
    grown: timedelta = min(PAUSE_FIRST * (1 << min(attempts, 20)), PAUSE_MAX)
    return min(grown * (0.75 + chance / 2), PAUSE_MAX)


def write_pause(
    account: Account, now: datetime, chance: float, *, at_least: timedelta
) -> WritePause:
    """Return the pause of a calendar that met its own usage limit now; `chance` in [0, 1) puts its end off a little.

    It is twice the last one where that was over no longer than it had lasted: the calendar had not recovered.
    """
    if current := account.writes_paused(now):
        return current  # What was on its way when the pause began meets the limit once more.
    last, length = account.write_pause, WRITE_PAUSE
    if last is not None and now < last.until + last.length:
        length = min(last.length * 2, WRITE_PAUSE_MAX)
    return WritePause(now + max(length, at_least) * (1 + chance / 16), length)


def is_present(account: Account, now: datetime, ttl: timedelta) -> bool:
    """Tell whether the user is logged in to Severa as far as we know: a sign within `ttl`, no logout since (T4)."""
    signs = [at for at in (account.last_seen_at, account.user.last_login) if at is not None]
    left = account.logged_out_at
    return any(at + ttl > now and (left is None or at > left) for at in signs)


def is_due(account: Account, now: datetime) -> bool:
    """Tell whether this user's calendar is looked at in this round."""
    return account.is_enabled and (account.retry_at is None or account.retry_at <= now)
