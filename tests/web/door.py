"""The daemon's web application on a real port, with a real store, and the company behind it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web

from daemon.config import load
from daemon.core.account import Account, Settings
from daemon.runtime.app import App, opened
from daemon.runtime.triggers import Triggers
from daemon.sandbox.server import Sandbox
from daemon.web.app import make_app
from daemon.web.connection import Runner
from tests.e2e.company import SIGNING_KEY
from tests.e2e.installation import Installation

SYNC = "/v1/me/sync"
PAGE = "https://severa.example.com"


@dataclass
class Ticks:
    """A steady clock that is moved by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Door:
    company: Installation
    app: App
    session: aiohttp.ClientSession
    url: str
    ticks: Ticks
    woken: list[tuple[str, ...]] = field(default_factory=list)
    """Users with their cause, and activities with what became of them and theirs."""

    async def call(
        self,
        method: str,
        authorization: str | None,
        body: Any = None,
        path: str = SYNC,
        **headers: str,
    ) -> aiohttp.ClientResponse:
        if authorization is not None:
            headers["Authorization"] = authorization
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        response = await self.session.request(method, path, data=data, headers=headers)
        await response.read()
        return response

    async def turn_on(self) -> None:
        """Switch the integration on, as if it had been set up."""
        await self.app.store.write(lambda tx: tx.save_settings(Settings(is_on=True)))
        await self.app.engine.refresh_company()

    async def enable(self, person: str = "Anna") -> None:
        """Let a person switch sync on, and forget what that woke."""
        await self.turn_on()
        guid = self.company.people[person]
        assert (await self.call("PUT", bearer(self.company, sub=guid), {"enabled": True})).ok
        self.woken.clear()

    async def account(self, person: str = "Anna") -> Account:
        guid = self.company.people[person]
        account = await self.app.store.read(lambda tx: tx.account(guid))
        assert account is not None
        return account


@asynccontextmanager
async def open_door(
    path: Path,
    *,
    key: Any = ...,
    is_ready: bool = True,
    is_busy: bool = False,
    runner: Any = None,
    page: str = PAGE,
    **options: Any,
) -> AsyncIterator[Door]:
    """Serve the application of a furnished company with Anna, and Ben who is inactive."""

    async def readiness() -> bool:
        return is_ready

    async with Sandbox() as sandbox:
        company = Installation(sandbox, path=path)
        company.furnish()
        company.person("Anna", last_login=None)
        company.person("Ben", active=False)
        config = load(company.configure())
        found = config.web.severa_signing_key() if key is ... else key
        async with opened(config) as app:
            ticks, woken = Ticks(), list[tuple[str, ...]]()
            triggers = Triggers(
                app.triggers._presence,
                app.triggers._tokens,
                wake_user=lambda *what: woken.append(what),
                wake_activity=lambda *what: not (woken.append(what) or is_busy),  # type: ignore[func-returns-value]
            )
            served = make_app(
                app.people,
                triggers,
                signing_key=lambda: found,
                is_ready=readiness,
                metrics=app.metrics.text,
                now=lambda: datetime.now(UTC),
                monotonic=ticks,
                pushes=app.register,
                notice=lambda user: not woken.append((user, "push")),  # type: ignore[func-returns-value]
                allowed_origins=[page],
                **options,
            )
            listening = Runner(served, sleep=asyncio.sleep, **(runner or {}))
            await listening.setup()
            await web.TCPSite(listening, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{listening.addresses[0][1]}"
            async with aiohttp.ClientSession(url) as session:
                yield Door(company, app, session, url, ticks, woken)
            await listening.cleanup()


def claims(company: Installation, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    sound = {
        "iss": "severa", "aud": "severa-gcal", "sub": company.people["Anna"], "iat": now, "exp": now + 600,
    }  # fmt: skip
    return {name: value for name, value in (sound | changes).items() if value is not ...}


def bearer(company: Installation, **changes: Any) -> str:
    # Signed as it is: `jwt.encode` refuses some of what a forger may claim.
    payload = json.dumps(claims(company, **changes)).encode()
    return "Bearer " + jwt.api_jws.encode(payload, SIGNING_KEY, algorithm="HS256")
