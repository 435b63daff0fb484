from pathlib import Path

import pytest

from daemon.errors import Transient
from daemon.store.engine import Lane, Turns, engine_of


def test_what_was_told_to_a_vendor_survives_a_power_cut(tmp_path: Path) -> None:
    full = 2

    with engine_of(tmp_path / "db", is_writer=True).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


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
