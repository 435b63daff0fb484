"""What an administrator asks of the daemon; every command line call ends here, in the daemon or without one."""

import asyncio
import base64
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from daemon.core.account import Account, Settings, Stage
from daemon.core.channel import Channel
from daemon.core.company import ActivityType, Category, User
from daemon.core.record import Record
from daemon.errors import Misused, SyncError
from daemon.google.client import GoogleClient
from daemon.google.credentials import ServiceAccount, read_key
from daemon.runtime import channels, polls
from daemon.runtime.changes import Changes
from daemon.runtime.google import ConnectedGoogle
from daemon.runtime.held import Held
from daemon.runtime.people import People, iso
from daemon.secret import Secret
from daemon.store.store import SqlStore
from daemon.sync.channels import ChannelKeeper
from daemon.sync.engine import Engine
from daemon.sync.ports import Transaction

KEY: Final = "google.key"
KEY_FILE: Final = "google.key-file"
PASSWORD: Final = "google.password"  # noqa: S105 - Where it is kept, not what it is.
CLIENT_ID: Final = "google.client-id"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the commands work with."""

    store: SqlStore
    engine: Engine
    people: People
    google: ConnectedGoogle
    client_of: Callable[[ServiceAccount], GoogleClient]
    wake: Callable[[str], None]
    now: Callable[[], datetime]
    report: Callable[..., None]
    halted: asyncio.Event
    """Set while the integration is off, so that a round under way begins no further write."""
    admins: Sequence[str]
    channels: ChannelKeeper
    push_address: str
    """Where Google pushes to, empty for nowhere."""


class Admin:
    """The commands, by name; each takes and returns JSON values and raises `SyncError`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.is_daemon = False
        """Whether this process is the daemon, and not a command that does without one."""
        self._commands: dict[str, Callable[..., Awaitable[Any]]] = {
            "google connect": self.connect,
            "activity-types list": self.types,
            "activity-types select": self.select,
            "integration on": self.turn_on,
            "integration off": self.turn_off,
            "integration status": self.integration,
            "users": self.users,
            "users confirm": self.confirm,
            "status": self.status,
            **Held(parts.store, parts.now, parts.wake).commands,
            **Changes(parts.store, parts.engine, parts.wake).commands,
        }

    async def ask(self, command: str, arguments: dict[str, Any]) -> Any:
        """Carry out one command."""
        if command not in self._commands:
            raise Misused(f"This daemon does not know the command {command!r}.")
        try:
            inspect.signature(self._commands[command]).bind(**arguments)
        except TypeError as error:
            raise Misused(f"The command {command!r} takes other arguments: {error}.") from None
        return await self._commands[command](**arguments)

    # Google

    async def connect(
        self,
        *,
        service_account: str | None = None,
        key: str | None = None,
        password: str | None = None,
        test_user: str | None = None,
    ) -> dict[str, Any]:
        """Try the address, key (base64) and password, given or kept, and keep them once they worked (A1 to A3)."""
        settings = await self._settings()
        file = base64.b64decode(key) if key else await self._kept_file()
        if file is None:
            raise Misused("No key is kept yet: give one with --key.")
        kept_password = None if key else await self._parts.store.secret(PASSWORD)
        opened_by = Secret(password) if password is not None else kept_password
        email = service_account or settings.service_account or None
        account = await asyncio.to_thread(read_key, file, opened_by, email=email)
        tester = test_user or settings.test_user or next(iter(self._parts.admins), "")
        if not tester:
            raise Misused("Name a user to try it with: --test-user, or [web] admins.")
        client = await asyncio.to_thread(self._parts.client_of, account)
        zone = await client.check(User("check", tester.lower()))
        await self._keep_connection(account, file, opened_by, tester)
        self._parts.google.client = client
        self._parts.report("google.connected", account=account.email)
        self._parts.wake("set-up")
        return {"serviceAccount": account.email, "testUser": tester, "timeZone": zone}

    async def load_connection(self) -> None:
        """Take up the connection that was kept, if there is one."""
        key, settings = await self._parts.store.secret(KEY), await self._settings()
        if key is not None:
            client_id = await self._parts.store.secret(CLIENT_ID)
            account = ServiceAccount(
                settings.service_account, key, client_id.reveal() if client_id else ""
            )
            self._parts.google.client = await asyncio.to_thread(self._parts.client_of, account)

    async def _kept_file(self) -> bytes | None:
        kept = await self._parts.store.secret(KEY_FILE)
        return base64.b64decode(kept.reveal()) if kept else None

    async def _keep_connection(
        self, account: ServiceAccount, file: bytes, password: Secret | None, tester: str
    ) -> None:
        store = self._parts.store
        await store.put_secret(KEY_FILE, Secret(base64.b64encode(file).decode()))
        if password is not None:
            await store.put_secret(PASSWORD, password)
        else:
            # The one of an earlier key would be tried on this key from now on.
            await store.forget_secret(PASSWORD)
        await store.put_secret(KEY, account.key)
        await store.put_secret(CLIENT_ID, Secret(account.client_id))

        async def work(tx: Transaction) -> None:
            settings = replace(await tx.settings(), service_account=account.email, test_user=tester)
            await tx.save_settings(settings)

        await store.write(work)

    # Activity types

    async def types(self) -> list[dict[str, Any]]:
        """Return the activity types as Severa has them now, and which are selected."""
        settings = await self._parts.engine.refresh_company()
        rows = [_described(kind, settings) for kind in settings.types]
        return sorted(rows, key=lambda row: (row["category"], row["name"].casefold()))

    async def select(self, *, names: Sequence[str]) -> list[dict[str, Any]]:
        """Replace the selection by these names or guids (B2)."""
        settings = await self._parts.engine.refresh_company()
        chosen = frozenset(_chosen(name, settings.types).guid for name in names)

        async def work(tx: Transaction) -> Settings:
            current = await tx.settings()
            renewed = replace(current, selected=chosen)
            await tx.save_settings(renewed)
            if chosen - current.selected:
                await tx.save_accounts([_matched_anew(a) for a in await tx.accounts()])
            return renewed

        renewed = await self._parts.store.write(work)
        self._parts.report("types.selected", count=len(chosen))
        self._parts.wake("set-up")
        return [_described(kind, renewed) for kind in renewed.types if kind.guid in chosen]

    # The switch

    async def turn_on(self) -> dict[str, Any]:
        """Switch the integration on, once both sides can be reached (A1)."""
        if self._parts.google.client is None:
            raise SyncError("Google is not connected; run `severa-gcal google connect` first.")
        settings = await self._parts.engine.refresh_company()
        if not settings.selected:
            hint = "run `severa-gcal activity-types select` first"
            raise SyncError(f"No activity type is selected for Google; {hint}.")
        return await self._turn(is_on=True)

    async def turn_off(self) -> dict[str, Any]:
        """Switch it off: nothing is synced and nothing is deleted."""
        return await self._turn(is_on=False)

    async def _turn(self, *, is_on: bool) -> dict[str, Any]:
        async def work(tx: Transaction) -> None:
            await tx.save_settings(replace(await tx.settings(), is_on=is_on))

        await self._parts.store.write(work)
        self._parts.report("integration.switched", on=is_on)
        if is_on:
            self._parts.halted.clear()
        else:
            self._parts.halted.set()
        self._parts.wake("set-up")
        if not is_on and not self.is_daemon:
            # Without a daemon nobody else will tell Google.
            await self._parts.channels.load()
            await self._parts.channels.stop_all(channels.STOP_SECONDS)
        return await self.integration()

    async def integration(self) -> dict[str, Any]:
        """Return whether it is on and what is wrong for the whole company."""
        settings = await self._settings()
        names = [kind.name for kind in settings.types if kind.guid in settings.selected]
        return {
            "on": settings.is_on,
            "serviceAccount": settings.service_account,
            "selected": sorted(names),
            "fault": settings.fault,
            "running": self.is_daemon,
        }

    # Users

    async def users(self) -> list[dict[str, Any]]:
        """Return every user with the state of the user's sync."""
        accounts = await self._parts.store.read(lambda tx: tx.accounts())
        kept = await self._parts.channels.channels()
        return [await self._row(account, kept.get(account.user.guid, ())) for account in accounts]

    async def confirm(self, *, user: str) -> dict[str, Any]:
        """Confirm that a user's new address is the user's own; both calendars are listed anew (A5)."""
        account = await self._account(user)
        if not account.has_moved:
            raise Misused(f"The address of {account.user.email} needs no confirmation.")

        async def work(tx: Transaction) -> None:
            current = await tx.account(account.user.guid) or account
            # Another address is another calendar, with limits of its own.
            renewed = replace(current, address=current.user.email, write_pause=None)
            renewed = replace(renewed, stage=Stage.LISTING)
            await tx.save_accounts([replace(renewed, cursor=None, retry_at=None, attempts=0)])

        await self._parts.store.write(work)
        self._parts.wake("set-up")
        account = await self._account(user)
        return await self._row(
            account, (await self._parts.channels.channels()).get(account.user.guid, ())
        )

    async def status(self, *, user: str | None = None) -> dict[str, Any]:
        """Return the state of the whole, or of one user with the entries that need attention."""
        if user is None:
            problems = await self._parts.store.problems()
            answer, users = await self.integration(), await self.users()
            emails = {row["guid"]: row["email"] for row in users}
            every = [
                one for kept in (await self._parts.channels.channels()).values() for one in kept
            ]
            return {
                **answer,
                "users": users,
                "problems": [_problem(r) for r in problems],
                "polls": polls.described(self._parts.engine, self._parts.now()),
                "pushes": "" if self._parts.push_address else channels.NO_ADDRESS,
                "channels": channels.problems(every, emails),
            }
        account = await self._account(user)
        problems = await self._parts.store.problems(account.user.guid)
        kept = (await self._parts.channels.channels()).get(account.user.guid, ())
        row = await self._row(account, kept)
        detail = await self._parts.people.described(account)
        return {
            **row,
            "progress": detail["progress"],
            "problems": [_problem(record) for record in problems],
            "running": self.is_daemon,
            "channels": channels.problems(kept, {account.user.guid: account.user.email}),
        }

    async def _row(self, account: Account, kept: Sequence[Channel]) -> dict[str, Any]:
        described = await self._parts.people.described(account)
        return {
            "email": account.user.email,
            "guid": account.user.guid,
            "enabled": described["enabled"],
            "state": described["state"],
            "reason": described["reason"],
            "lastSyncedAt": described["lastSyncedAt"],
            "entries": described["entries"],
            "channel": channels.column(kept, is_enabled=account.is_enabled, now=self._parts.now()),
        }

    async def _account(self, email: str) -> Account:
        accounts = await self._parts.store.read(lambda tx: tx.accounts())
        for account in accounts:
            if account.user.email == email.lower() or account.user.guid == email:
                return account
        raise SyncError(f"Severa has no user {email}.")

    async def _settings(self) -> Settings:
        return await self._parts.store.read(lambda tx: tx.settings())


def _described(kind: ActivityType, settings: Settings) -> dict[str, Any]:
    return {
        "name": kind.name,
        "guid": kind.guid,
        "category": kind.category.value,
        "active": kind.is_active,
        "selected": kind.guid in settings.selected,
    }


def _chosen(name: str, types: Sequence[ActivityType]) -> ActivityType:
    found = [t for t in types if t.guid == name] or [
        t for t in types if t.name.casefold() == name.casefold()
    ]
    if not found:
        known = ", ".join(sorted(t.name for t in types if t.category is not Category.PROJECT_TASK))
        raise Misused(f"Severa has no activity type {name!r}; it has {known}.")
    if len(found) > 1:
        guids = ", ".join(t.guid for t in found)
        raise Misused(f"{len(found)} activity types are called {name!r}; give the guid: {guids}.")
    if found[0].category is Category.PROJECT_TASK:
        raise Misused(f"{found[0].name!r} is a project task, and project tasks are never synced.")
    return found[0]


def _matched_anew(account: Account) -> Account:
    """A further type runs the first matching for it (B5)."""
    return replace(account, stage=Stage.MATCHING) if account.stage is Stage.DONE else account


def _problem(record: Record) -> dict[str, Any]:
    return {
        "entry": record.link.id,
        "user": record.user,
        "standing": record.link.standing.stand.value,
        "problem": record.problem or record.link.standing.reason,
        "due": iso(record.due_at),
    }
