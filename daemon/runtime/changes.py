"""The history as an administrator sees it, and undoing from there (D7)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from daemon.core.account import Account
from daemon.core.record import Change
from daemon.errors import Misused, SyncError
from daemon.runtime.people import iso
from daemon.store.store import SqlStore
from daemon.sync.engine import Engine
from daemon.sync.history import fields_of, plain
from daemon.sync.undo import Proposal, Undo

LINES_MAX: Final = 10_000
"""How many lines of the history are returned at most."""


class Changes:
    """The commands about the history, by name; each takes and returns JSON values and raises `SyncError`."""

    def __init__(self, store: SqlStore, engine: Engine, wake: Callable[[str], None]) -> None:
        self._store, self._engine, self._wake = store, engine, wake
        self.commands: dict[str, Callable[..., Awaitable[Any]]] = {
            "history": self.history,
            "undo look": self.look,
            "undo": self.undo,
        }

    async def history(
        self,
        *,
        user: str | None = None,
        entry: str | None = None,
        since: str | None = None,
        limit: int = LINES_MAX,
    ) -> list[dict[str, Any]]:
        """Return the changes of a user (address or guid) or an entry since an instant, the newest first."""
        accounts = await self._accounts()
        guid = _guid_of(user, accounts) if user is not None else None
        lines = await self._store.history(
            user=guid,
            entry=entry,
            since=_instant(since) if since is not None else None,
            limit=max(1, min(limit, LINES_MAX)),
        )
        addresses = {account.user.guid: account.user.email for account in accounts}
        return [_row(line, addresses.get(line.user) or line.user) for line in lines]

    async def look(self, *, change: int, force: bool = False) -> dict[str, Any]:
        """Return what undoing a change would do now, and what it cannot bring back."""
        line = await self._line(change)
        return _answer(await self._alone(lambda undo: undo.look(line, is_forced=force)))

    async def undo(self, *, change: int, force: bool = False) -> dict[str, Any]:
        """Undo a change; fields that were changed since go back only with `force`."""
        line = await self._line(change)
        try:
            return _answer(await self._alone(lambda undo: undo.undo(line, is_forced=force)))
        finally:
            self._wake("undo")

    async def _alone(self, work: Callable[[Undo], Awaitable[Proposal]]) -> Proposal:
        """Work between two rounds: a round under way keeps what it read of an entry before."""
        return await self._engine.between_rounds(lambda tools: work(Undo(tools)))

    async def _line(self, number: int) -> Change:
        line = await self._store.change(number)
        if line is None:
            raise Misused(f"The history has no change {number}; `severa-gcal history` lists them.")
        return line

    async def _accounts(self) -> Sequence[Account]:
        return await self._store.read(lambda tx: tx.accounts())


def _guid_of(name: str, accounts: Sequence[Account]) -> str:
    for account in accounts:
        if account.user.email == name.lower() or account.user.guid == name:
            return account.user.guid
    raise SyncError(f"Severa has no user {name}.")


def _instant(text: str) -> datetime:
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        raise Misused(f"{text!r} is no instant with a time zone.")
    return since


def _row(line: Change, user: str) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": iso(line.at),
        "entry": line.entry,
        "user": user,
        "side": line.side.value,
        "action": line.action,
        "cause": line.cause,
        "rule": line.rule,
        "fields": {name: dict(values) for name, values in line.fields.items()},
    }


def _answer(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal in JSON form; `fields` go back, the other fields do not."""
    plan, shown = proposal.plan, proposal.shown
    return {
        "id": proposal.change.id,
        "entry": proposal.change.entry,
        "side": proposal.change.side.value,
        "way": proposal.way.value,
        "hasWork": proposal.has_work,
        "isDone": proposal.is_done,
        "fields": fields_of(shown, plan.back),
        "changedSince": {name: plain(shown.value(name)) for name in sorted(plan.changed_since)},
        "unknown": sorted(plan.lost),
        "cannotComeBack": list(proposal.cannot_come_back),
        "leftOut": list(proposal.left_out),
    }
