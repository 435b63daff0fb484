"""What an operator watches of the database: how many there are of what, and never which."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from daemon.core.account import State
from daemon.core.link import Stand
from daemon.store import entries
from daemon.store.tables import NEEDS_ATTENTION, account, link, settings

LOOKED_AT: Final = frozenset({State.FIRST_SYNC, State.IDLE, State.SYNCING, State.FAILING})
"""The states of users whose calendars are looked at from time to time."""

_SETTINGS: Final = select(
    func.json_extract(settings.c.document, "$.is_on").label("is_on"),
    func.json_extract(settings.c.document, "$.fault").label("fault"),
)
_STATE: Final = func.json_extract(account.c.document, "$.state").label("state")
# In a few long rows: ten thousand short ones would hold up the loop.
_STATES: Final = select(
    account.c.is_enabled, _STATE, func.json_group_array(account.c.guid).label("guids")
).group_by(account.c.is_enabled, _STATE)
_TOTAL: Final = select(func.count()).select_from(link)
_HAS_PROBLEM: Final = (link.c.problem != "").label("has_problem")
_ATTENTION: Final = (
    select(link.c.stand, _HAS_PROBLEM, func.count().label("number"))
    .where(NEEDS_ATTENTION)
    .group_by(link.c.stand, _HAS_PROBLEM)
)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of one moment."""

    entries: Mapping[Stand, int]
    problems: int
    """Entries of which something went wrong last."""
    held_deletions: int
    users: Mapping[State, int]
    """All known users; whoever has not switched sync on is off."""
    looked_at: frozenset[str]
    """The Severa guids of those whose calendars are to be looked at while the integration is on."""
    is_on: bool
    has_fault: bool
    """Nothing works for anybody, and the settings say why."""
    size_bytes: int
    """Of the database and its journal."""


def statistics(connection: Connection, path: Path) -> Statistics:
    """Count everything; `path` is the database's own."""
    company = connection.execute(_SETTINGS).one_or_none()
    stands, problems = standings(connection)
    states = _states(connection)
    return Statistics(
        entries=stands,
        problems=problems,
        held_deletions=entries.count_held(connection, None),
        users={state: len(guids) for state, guids in states.items()},
        looked_at=frozenset().union(*(states[state] for state in LOOKED_AT)),
        is_on=bool(company and company.is_on),
        has_fault=bool(company and company.fault),
        size_bytes=_size_bytes(path),
    )


def standings(connection: Connection) -> tuple[dict[Stand, int], int]:
    """Count the entries by standing, and those that have a problem.

    Those that need no attention, which are nearly all, are counted without being read.
    """
    stands, problems = dict.fromkeys(Stand, 0), 0
    for row in connection.execute(_ATTENTION):
        stands[Stand(row.stand)] += row.number
        problems += row.number if row.has_problem else 0
    total = connection.execute(_TOTAL).scalar_one()
    stands[Stand.LIVE] += total - sum(stands.values())
    return stands, problems


def _states(connection: Connection) -> dict[State, set[str]]:
    """Return the guids of all users by state; of their documents nothing else is read."""
    states: dict[State, set[str]] = {state: set() for state in State}
    for row in connection.execute(_STATES):
        states[State(row.state) if row.is_enabled else State.OFF].update(json.loads(row.guids))
    return states


def _size_bytes(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
