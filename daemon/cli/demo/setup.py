"""Sets the demo's daemon up as an administrator would, and switches each person on as they would."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import jwt

from daemon.cli.demo.home import Home
from daemon.cli.demo.screen import Screen
from daemon.errors import SyncError
from daemon.runtime import control
from daemon.sandbox.people import Company, Person
from daemon.web.tokens import ALGORITHM, AUDIENCE, ISSUER

SELECTED: Final = ("Meeting", "Travel", "To-do", "Personal")
TOKEN_LIFE: Final = timedelta(minutes=5)
ANSWER_S: Final = 30
LOOK_S: Final = 0.25
LOOKS_MAX: Final = 1200
DONE: Final = "idle"


class Setup:
    """The steps from a fresh daemon to three people whose calendars are in step."""

    def __init__(
        self,
        home: Home,
        company: Company,
        screen: Screen,
        *,
        address: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._home, self._company, self._screen = home, company, screen
        self._address, self._now, self._sleep = address, now, sleep

    async def administrate(self) -> None:
        """Connect Google, select activity types and switch the integration on, unless that was done before."""
        if (await self._ask("integration status"))["on"]:
            self._screen.step("Set up", "as you left it")
            return
        answer = await self._ask(
            "google connect",
            service_account=self._company.service_account,
            key=b64encode(self._company.key).decode(),
            password=self._company.key_password,
            test_user=self._company.people[0].email,
        )
        self._screen.step("Google", f"connected as {answer['serviceAccount']}")
        await self._ask("activity-types select", names=list(SELECTED))
        self._screen.step("Activity types", ", ".join(SELECTED))
        await self._ask("integration on")
        self._screen.step("Integration", "on")

    async def switch_on(self) -> None:
        """Switch sync on for each person, in their own name."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for person in self._company.people:
                await self._switch_on(session, person)

    async def first_sync(self) -> None:
        """Show how the first sync comes along until everybody's is done."""
        for _ in range(LOOKS_MAX):
            states = {
                person.first_name: await self._ask("status", user=person.email)
                for person in self._company.people
            }
            self._screen.progress({name: _how_far(state) for name, state in states.items()})
            if all(state["state"] == DONE for state in states.values()):
                return self._screen.progress_done()
            await self._sleep(LOOK_S)
        self._screen.progress_done()
        return self._screen.fault("The first sync is not done yet; it goes on meanwhile.")

    async def _ask(self, command: str, **arguments: Any) -> Any:
        try:
            path = control.socket_path(self._home.database)
            return await control.ask_daemon(path, command, arguments)
        except ConnectionError:
            raise SyncError("The daemon does not answer.") from None

    async def _switch_on(self, session: aiohttp.ClientSession, person: Person) -> None:
        url = f"{self._address}/v1/me/sync"
        headers = {"Authorization": f"Bearer {self._token(person)}"}
        try:
            async with session.put(url, headers=headers, json={"enabled": True}) as answer:
                if answer.status != 200:
                    what = f"{person.first_name}'s sync: HTTP {answer.status}"
                    raise SyncError(f"The daemon refused to switch on {what}.")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SyncError(f"The daemon does not answer: {type(error).__name__}.") from None

    def _token(self, person: Person) -> str:
        """Sign a token as Severa's pages do."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": person.guid,
            "iat": self._now(),
            "exp": self._now() + TOKEN_LIFE,
        }
        return jwt.encode(claims, self._home.signing_key(), algorithm=ALGORITHM)


def _how_far(state: dict[str, Any]) -> str:
    if state["state"] == DONE:
        return f"{state['entries']} entries in step"
    if progress := state["progress"]:
        return f"{progress['done']} of {progress['total']}"
    return str(state["reason"] or "reading")
