"""Remembers who was looked at when, and chooses who is polled in a round (R2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.core.account import Account, Stage
from daemon.core.pollplan import Looked, Pace, due, pace_of
from daemon.sync.tools import Tools


@dataclass(frozen=True, slots=True)
class Polling:
    """How users are polled at present, and when the one who waits longest was looked at (`None`: not yet)."""

    pace: Pace
    oldest_look: datetime | None


class Polls:
    """The turns of polling; it lives in memory, since after a start everybody is looked at."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._looked: dict[str, datetime] = {}
        """When each user's calendar was last asked about, well or not; as many as there are users."""
        self._users: tuple[str, ...] = ()
        self._pace = self._pace_of(())
        self._before: datetime | None = None

    def looked(self, user: str) -> None:
        """Take note that a user's calendar is being looked at."""
        self._looked[user] = self._tools.now()

    def look_again(self, user: str) -> None:
        """Look at a user's calendar in the next round, whenever it was looked at last."""
        self._looked.pop(user, None)

    def chosen(self, accounts: Sequence[Account], *, is_more: bool) -> list[Account]:
        """Return those of a round's users whose calendars are looked at in it.

        First syncs always go on. A round that only brings `is_more` of what the last one left looks again at nobody
        who was looked at within the interval.
        """
        now, interval = self._tools.now(), self._tools.rules.poll_interval
        settled = [account for account in accounts if account.stage is Stage.DONE]
        users = [self._asked(account.user.guid) for account in settled]
        self._users, self._pace = tuple(one.user for one in users), self._pace_of(users)
        if is_more:
            users = [one for one in users if one.at is None or one.at + interval <= now]
        turns = due(users, self._pace, now, interval=interval, before=self._before)
        self._before = now
        return [a for a in accounts if a.stage is not Stage.DONE or a.user.guid in turns]

    def polling(self, done_at: Mapping[str, datetime]) -> Polling:
        """Return how users are polled; `done_at` says when each was looked at without a fault."""
        looks = [done_at.get(user) for user in self._users]
        known = [at for at in looks if at is not None]
        return Polling(self._pace, min(known) if known and len(known) == len(looks) else None)

    def _asked(self, user: str) -> Looked:
        return Looked(user, self._looked.get(user), self._tools.is_healthy(user))

    def _pace_of(self, users: Sequence[Looked]) -> Pace:
        healthy = sum(one.is_healthy for one in users)
        rules = self._tools.rules
        return pace_of(healthy, len(users) - healthy, rules.poll_interval, rules.polls)
