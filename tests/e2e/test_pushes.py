"""Pushes and the channels that bring them, with the real daemon (T5, T6)."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.sandbox.faults import Fault
from tests.e2e.installation import Installation, eventually
from tests.e2e.world import email_of

SOON_SECONDS = 10
"""A tenth of the poll's interval here, and a good deal more than a second on a busy machine."""
POLL_SECONDS = 100


@pytest.fixture
async def pushed(company: Installation) -> Installation:
    """A company whose daemon Google can push to, and which hardly polls."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    company.configure(
        web={"listen": address, "public_url": f"http://{address}"},
        sync={"poll_interval": POLL_SECONDS},
    )
    company.person("Anna")
    return company


def channels(company: Installation, person: str = "Anna") -> list[Any]:
    """Return the channels that Google has open on a person's calendar."""
    now = int(company.sandbox.clock().timestamp() * 1000)
    return list(company.sandbox.google.channels.live(email_of(person), now))


async def soon(company: Installation, is_so: Callable[[], bool]) -> float:
    """Wait until something is so, long before any poll, and return how many seconds it took."""
    began = time.monotonic()
    await eventually(is_so, company, SOON_SECONDS)
    return time.monotonic() - began


async def opened(company: Installation, *people: str) -> None:
    await company.open(*people)
    for person in people or company.people:
        await soon(company, lambda person=person: len(channels(company, person)) == 1)  # type: ignore[misc]
    # Whatever was found while the channel was being opened is done with.
    await asyncio.sleep(0.3)


async def test_t5_a_change_in_google_arrives_long_before_the_poll(pushed: Installation) -> None:
    await opened(pushed)

    pushed.add_event("Anna", "Pushed", pushed.at(1, 9))

    took = await soon(pushed, lambda: "Pushed" in pushed.names("Anna"))
    assert took < SOON_SECONDS
