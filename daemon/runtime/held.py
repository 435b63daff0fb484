"""What waits because there was too much of it at once, and what somebody decides about it (D5)."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from daemon.core.entry import Entry
from daemon.core.link import APPROVED, RESTORED, Side, Stand, Standing
from daemon.core.record import Record
from daemon.core.view import Part
from daemon.errors import Misused
from daemon.store.store import SqlStore
from daemon.sync.history import change_of
from daemon.sync.ports import Transaction

LEFT: Final = Standing(Stand.PARTED, "It stays where it is, as somebody decided.")


@dataclass(frozen=True, slots=True)
class Held:
    """The commands `held`, `held approve` and `held restore`."""

    store: SqlStore
    now: Callable[[], datetime]
    wake: Callable[[str], None]

    @property
    def commands(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        """The commands by name."""
        return {"held": self.listed, "held approve": self.approve, "held restore": self.restore}

    async def listed(self) -> list[dict[str, Any]]:
        """Return what waits for somebody's decision, by user and side, deletions and creations apart."""
        groups = await self._groups()
        return [await self._group(number, records) for number, records in sorted(groups.items())]

    async def approve(self, *, number: str) -> dict[str, Any]:
        """Let these deletions or creations go ahead."""
        return await self._decide(number, self._approve)

    async def restore(self, *, number: str) -> dict[str, Any]:
        """Make what is gone again, from the side that is left; what is held back from a side stays out of it."""
        return await self._decide(number, self._restore)

    async def _decide(
        self, number: str, decision: Callable[[Transaction, Record], Awaitable[Record]]
    ) -> dict[str, Any]:
        groups = await self._groups()
        found = [name for name in groups if number and name.startswith(number)]
        records = groups[found[0]] if len(found) == 1 else []
        if not records:
            raise Misused(f"Nothing is held under {number}; `severa-gcal held` lists what is.")

        async def work(tx: Transaction) -> None:
            current = [await tx.record(record.link.id) for record in records]
            held = [r for r in current if r and r.link.standing.stand is Stand.HELD]
            await tx.save([await decision(tx, record) for record in held])

        await self.store.write(work)
        self.wake("decision")
        return await self._group(number, records) | {"what": _what(records[0])}

    async def _approve(self, tx: Transaction, record: Record) -> Record:
        return self._standing(record, APPROVED)

    async def _restore(self, tx: Transaction, record: Record) -> Record:
        if _is_link(record):
            return self._standing(record, RESTORED)
        await tx.add_history([change_of(record, Part("D5"), "parted", Entry(), self.now())])
        return self._standing(record, LEFT)

    def _standing(self, record: Record, standing: Standing) -> Record:
        link = replace(record.link, standing=standing)
        return replace(record, link=link, due_at=self.now(), problem="")

    async def _group(self, number: str, records: Sequence[Record]) -> dict[str, Any]:
        first = records[0]
        account = await self.store.read(lambda tx: tx.account(first.user))
        return {
            "id": number,
            "user": account.user.email if account else first.user,
            "side": _side(first),
            "reason": first.link.standing.reason,
            "count": len(records),
            "entries": [record.link.id for record in records],
        }

    async def _groups(self) -> dict[str, list[Record]]:
        groups: dict[str, list[Record]] = {}
        for record in await self.store.problems():
            if record.link.standing.stand is Stand.HELD:
                groups.setdefault(_group_id(record), []).append(record)
        return groups


def _group_id(record: Record) -> str:
    """Return a short name for the deletions, or creations, of one user on one side."""
    parts = [record.user, _side(record)] + ([] if _is_link(record) else [_what(record)])
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:8]


def _side(record: Record) -> str:
    """Return the side that would lose the entry, or be given it."""
    left = Side.SEVERA if record.link.activity else Side.GOOGLE
    return (left if _is_link(record) else left.other).value


def _what(record: Record) -> str:
    return "deletions" if _is_link(record) else "creations"


def _is_link(record: Record) -> bool:
    """Tell whether both sides had it: what waits is a deletion then, else a creation."""
    return record.link.base.is_pair
