import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from daemon.core.link import Side
from daemon.core.record import Record
from daemon.store import chronicle, company, entries, statistics
from daemon.store.engine import engine_of
from daemon.store.schema import prepare
from daemon.store.store import SqlStore
from daemon.store.tables import metadata
from daemon.store.transaction import SqlTransaction
from tests.store.examples import MINUTE, NOW, linked, with_link, with_members


def latest(connection: Connection, **asked: Any) -> Any:
    anything: dict[str, Any] = dict.fromkeys(("user", "entry", "since", "before"))
    return chronicle.latest(connection, limit=10, **(anything | asked))


QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "record": lambda c: entries.by_id(c, "one"),
    "of activities": lambda c: entries.of_activities(c, ["a", "b"]),
    "of events": lambda c: entries.of_events(c, ["a", "b"], ["c"]),
    "creating": lambda c: entries.creating(c, None),
    "creating for": lambda c: entries.creating(c, "anna"),
    "of user": lambda c: entries.of_user(c, "anna", "", 10),
    "due": lambda c: entries.due(c, NOW, ["anna", "bo"], 10, False),
    "due and unread": lambda c: entries.due(c, NOW, ["anna", "bo"], 10, True),
    "held": lambda c: entries.count_held(c, "anna"),
    "held of all": lambda c: entries.count_held(c, None),
    "held creations": lambda c: entries.count_held_creations(c, "anna"),
    "count due": lambda c: entries.count_due(c, "anna"),
    "between": lambda c: entries.activities_between(c, ["anna", "bo"], NOW, NOW + MINUTE),
    "unlooked": lambda c: entries.unlooked(c, ["anna", "bo"], NOW, 10),
    "living": lambda c: entries.living_activity(c, ["a"]),
    "count": lambda c: entries.count_linked(c, None),
    "count of": lambda c: entries.count_linked(c, "anna"),
    "count shared": lambda c: entries.count_shared(c, "anna"),
    "standings": lambda c: statistics.standings(c),
    "attention": lambda c: entries.needing_attention(c, None),
    "attention of": lambda c: entries.needing_attention(c, "anna"),
    "save": lambda c: entries.save(c, [linked("one", due_at=NOW)]),
    "account": lambda c: company.one_account(c, "anna"),
    "accounts": lambda c: company.all_accounts(c),
    "removals": lambda c: chronicle.count_removals(c, NOW, None),
    "removals of": lambda c: chronicle.count_removals(c, NOW, "anna"),
    "changes of": lambda c: chronicle.of_entry(c, "one", NOW, 10),
    "creations": lambda c: chronicle.creations(c, "anna", NOW, 10),
    "change": lambda c: chronicle.by_id(c, 1),
    "prune": lambda c: chronicle.prune(c, NOW),
    "history of user": lambda c: latest(c, user="anna"),
    "history of entry": lambda c: latest(c, entry="one"),
    "history since": lambda c: latest(c, since=NOW),
    "history of user since": lambda c: latest(c, user="anna", since=NOW),
    "history before": lambda c: latest(c, before=9),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speed") / "db"
    prepare(path)
    return path


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table(database: Path, question: str) -> None:
    asked: list[str] = []
    with engine_of(database).connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(asked.append)
        QUESTIONS[question](connection)
        driver.set_trace_callback(None)

    statements = [one for one in asked if one.startswith(("SELECT", "DELETE"))]
    steps = [step for statement in statements for step in plan(database, statement)]

    assert statements
    assert not [step for step in steps if is_whole_table(step)]


def plan(database: Path, statement: str) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


def is_whole_table(step: str) -> bool:
    """Tell of a walk through a table, not through an index that holds just what is asked for."""
    verb, name, *how = step.split()
    return verb == "SCAN" and name in metadata.tables and "INDEX" not in how


def entry_of(owner: int, number: int, users: int) -> Record:
    """Return one of a user's entries, with the next two users as members: due or not, in doubt or not."""
    names = [f"user-{(owner + next_one) % users:04}" for next_one in range(3)]
    record = linked(
        f"{names[0]}-{number}",
        names[0],
        due_at=NOW if number % 2 else None,
        looked_at=NOW - MINUTE if number % 3 else None,
    )
    doubted = frozenset({Side.SEVERA}) if number == 1 else frozenset()
    return with_link(with_members(record, *names[1:]), doubted=doubted)


ABOUT_SOME: dict[str, Callable[[Connection, list[str]], Any]] = {
    "of user": lambda c, users: entries.of_user(c, users[0], "", 100),
    "due": lambda c, users: entries.due(c, NOW, users, 100, False),
    "due and unread": lambda c, users: entries.due(c, NOW, users, 100, True),
    "unlooked": lambda c, users: entries.unlooked(c, users, NOW, 100),
    "between": lambda c, users: entries.activities_between(c, users, NOW, NOW + MINUTE),
    "count due": lambda c, users: entries.count_due(c, users[0]),
    "count shared": lambda c, users: entries.count_shared(c, users[0]),
}


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the databases of two companies, one ten times the other."""
    paths = tmp_path_factory.mktemp("speed") / "small", tmp_path_factory.mktemp("speed") / "large"
    for path, users in zip(paths, (20, 200), strict=True):
        prepare(path)
        with engine_of(path).begin() as connection:
            entries.save(
                connection, [entry_of(o, n, users) for o in range(users) for n in range(10)]
            )
    return paths


@pytest.mark.parametrize("users", [["user-0007"], ["user-0007", "user-0008", "user-0012"]], ids=len)
@pytest.mark.parametrize("question", ABOUT_SOME)
def test_a_question_about_some_costs_the_same_in_a_company_ten_times_as_large(
    companies: tuple[Path, Path], question: str, users: list[str]
) -> None:
    small, large = (steps(path, ABOUT_SOME[question], users) for path in companies)

    assert 0 < large <= small * 1.05


def steps(path: Path, question: Callable[[Connection, list[str]], Any], users: list[str]) -> int:
    """Count the steps of SQLite's machine, which unlike time are the same on every run."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with engine_of(path).connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(step, 1)
        assert question(connection, users)
        driver.set_progress_handler(None, 1)
    return count


async def test_ten_thousand_entries_are_saved_in_seconds(store: SqlStore) -> None:
    records = [linked(f"{number:05}", f"user-{number % 50}") for number in range(10_000)]
    begun = time.process_time()

    for start in range(0, len(records), 250):
        batch = records[start : start + 250]
        await store.write(partial(SqlTransaction.save, records=batch))

    # A second or so; ten would mean that something grows with what is there already.
    assert time.process_time() - begun < 10
    assert await store.read(lambda t: t.count_links()) == 10_000
