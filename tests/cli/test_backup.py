"""`backup`: a copy that nobody has to stop the daemon for, and a directory that does not grow for ever."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.e2e.installation import Installation


async def test_a_backup_is_made_while_the_daemon_runs_and_where_the_administrator_stands(
    company: Installation, tmp_path: Path
) -> None:
    await company.start()
    copy = tmp_path / "copy.db"

    said = await company.good("backup", str(copy))

    assert said == f"Copied to {copy}.\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert "exists already" in await company.wrong("backup", str(copy), code=2)
    assert await company.ask("held") == []


async def test_the_newest_backups_stay_and_what_bears_another_name_is_left_alone(
    company: Installation, tmp_path: Path
) -> None:
    await company.good("users")
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [f"severa-gcal-2026010{day}T030000Z.db" for day in range(1, 6)]
    others = ["severa-gcal-before-upgrade.db", "severa-gcal-20250101T030000Z.db.gz"]
    cut_short = "severa-gcal-20260106T030000Z.db.part"
    for name in [*old, *others, cut_short]:
        (folder / name).write_text("")

    await company.good("backup", "--keep", "3", str(folder))

    left = sorted(path.name for path in folder.iterdir())
    assert len(left) == 3 + len(others)
    assert set(left) >= {*old[-2:], *others}


async def test_what_cannot_be_copied_is_told(company: Installation, tmp_path: Path) -> None:
    said = await company.wrong("backup", str(tmp_path / "copy.db"))
    assert "There is nothing to copy yet" in said
    await company.good("users")

    assert "needs a directory" in await company.wrong("backup", "--keep", "3", "nowhere", code=2)
    assert "does not exist" in await company.wrong("backup", str(tmp_path / "no" / "x.db"), code=2)
