"""What a deletion destroys is kept as the vendor gave it (D7)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.core.link import Side
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from tests.sim.interrupted import Interrupted

ORIGINALS = {Side.SEVERA: '{"customer": "Acme"}', Side.GOOGLE: '{"conferenceData": "abc"}'}


@pytest.mark.parametrize("side", Side)
async def test_what_a_side_held_of_a_removed_entry_is_kept(side: Side, tmp_path: Path) -> None:
    key = key_in(tmp_path / "key")
    async with await SqlStore.open(f"sqlite:///{tmp_path}/state.db", key) as store:
        office = Interrupted(store)
        _with_originals(office)
        await office.switch_on()
        office.add_activity("kept", 1)
        office.add_activity("plan", 2)
        await office.settle()
        delete = office.delete_event if side is Side.SEVERA else office.delete_activity
        delete("plan")

        await office.settle()

        (line,) = [one for one in await store.history() if one.action == "removed"]
        assert line.side is side
        assert await store.read(lambda tx: tx.original_of(line.id)) == ORIGINALS[side]


def _with_originals(office: Interrupted) -> None:
    """Let what is read by id come with the vendor's own words, as the adapters do."""
    severa: Any = office.severa
    google: Any = office.google
    row, event = severa._found, google._found

    def found(user: str, ref: str) -> Any:
        kept = event(user, ref)
        return replace(kept, copy=replace(kept.copy, original=ORIGINALS[Side.GOOGLE]))

    severa._found = lambda ref: replace(row(ref), original=ORIGINALS[Side.SEVERA])
    google._found = found
