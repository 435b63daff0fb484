from pathlib import Path

import pytest
from sqlalchemy import Connection

from daemon.errors import Transient
from daemon.store.engine import Lane, Turns


async def test_what_was_told_to_a_vendor_survives_a_power_cut(tmp_path: Path) -> None:
    full = 2
    lane = Lane(tmp_path / "db", is_writer=True)

    def pragma(connection: Connection, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert await lane.ask(pragma, "journal_mode") == "wal"
    assert await lane.ask(pragma, "synchronous") == full
    assert await lane.ask(pragma, "foreign_keys") == 1
    await lane.close()


async def test_who_waits_too_long_for_a_turn_is_told_to_come_again(tmp_path: Path) -> None:
    lane = Lane(tmp_path / "db", is_writer=True)
    turns = Turns([lane], timeout_s=0.01)

    async with turns.turn() as mine:
        with pytest.raises(Transient, match="overloaded"):
            async with turns.turn():
                pass

    async with turns.turn() as again:
        assert again is mine
    await turns.close()
