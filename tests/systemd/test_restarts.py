"""A restart while calls keep coming: with the socket held by the service manager none is refused."""

import asyncio
import signal
from collections import Counter

import aiohttp

from tests.systemd.manager import ServiceManager

CALLERS = 8


async def test_no_call_is_refused_and_hardly_one_cut_by_a_planned_restart(
    manager: ServiceManager,
) -> None:
    await manager.started()
    host, port = manager.sockets[0].getsockname()
    outcomes: Counter[str] = Counter()
    over = asyncio.Event()

    async def call() -> None:
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            while not over.is_set():
                try:
                    async with session.post(
                        f"http://{host}:{port}/v1/google/notifications"
                    ) as response:
                        outcomes[str(response.status)] += 1
                except aiohttp.ClientError as error:
                    outcomes[repr(error)] += 1

    callers = [asyncio.create_task(call()) for _ in range(CALLERS)]
    for _ in range(4):
        await asyncio.sleep(0.5)
        assert await manager.ended(signal.SIGTERM) == 0
        await manager.started()
    over.set()
    await asyncio.gather(*callers)

    print(outcomes)
    cut = outcomes.total() - outcomes["404"]
    assert not [what for what in outcomes if "refused" in what.lower()]
    # None on a machine with time to spare; on one that is overloaded a few in a thousand, which are sent again.
    assert cut <= outcomes["404"] / 100
