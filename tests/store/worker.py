"""A process of its own that the tests kill, lock out or starve."""

import asyncio
import resource
import sys
from functools import partial
from pathlib import Path

from daemon.errors import SyncError
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.store.transaction import SqlTransaction
from tests.store.examples import change, linked


async def opened(directory: Path) -> SqlStore:
    return await SqlStore.open(f"sqlite:///{directory}/state.db", key_in(directory / "key"))


async def write_for_ever(directory: Path) -> None:
    """Write entries, five at a time, each with its history, and tell what is kept."""
    store = await opened(directory)
    number = 0
    while True:
        names = [f"{number + more:06}" for more in range(5)]

        async def work(transaction: SqlTransaction, names: list[str] = names) -> None:
            for name in names:
                await transaction.save([linked(name)])
                await transaction.add_history([change(name)])

        await store.write(work)
        number += 5
        print(number, flush=True)


async def only_open(directory: Path) -> None:
    """Say what comes of opening the database."""
    try:
        async with await opened(directory):
            print("opened")
    except SyncError as error:
        print(error)


async def fill_the_disk(directory: Path) -> None:
    """Write until no file may grow any more, then go on after there is room again."""
    async with await opened(directory) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        for number in range(1000):
            try:
                await store.write(partial(SqlTransaction.save, records=[linked(f"{number:06}")]))
            except SyncError as error:
                print(number, error)
                break
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        print(await store.read(lambda t: t.count_links()))
        await store.write(lambda t: t.save([linked("after")]))
        print(await store.read(lambda t: t.count_links()))


DEEDS = {deed.__name__: deed for deed in (write_for_ever, only_open, fill_the_disk)}

if __name__ == "__main__":
    asyncio.run(DEEDS[sys.argv[1]](Path(sys.argv[2])))
