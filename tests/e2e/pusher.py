"""Sends pushes to a daemon at a steady rate, as a process of its own, and prints what became of them as JSON."""

import asyncio
import json
import sys
import time
from collections import Counter
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 24
ANSWER_SECONDS = 10.0
RETRY_SECONDS = 0.05
PATH = "/v1/google/notifications"
BURST_SECONDS = 0.01


class Pusher:
    """A steady stream of pushes over a few connections; what a dead daemon refuses is counted and not repeated."""

    def __init__(self, url: str, channels: list[list[str]], *, rate: float, seconds: float) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._messages = cycle([_message(*channel) for channel in channels])
        self._rate, self._seconds = rate, seconds
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(10_000)
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []

    async def run(self) -> dict[str, Any]:
        """Send all, wait for the answers, and return counts and latencies in milliseconds."""
        workers = [asyncio.create_task(self._worker()) for _ in range(CONNECTIONS)]
        started, sent, total = time.monotonic(), 0, int(self._rate * self._seconds)
        while sent < total:
            due = min(int((time.monotonic() - started) * self._rate) + 1, total)
            for _ in range(due - sent):
                await self._queue.put((time.monotonic(), next(self._messages)))
            sent = due
            await asyncio.sleep(BURST_SECONDS)
        await self._queue.join()
        took = time.monotonic() - started
        for worker in workers:
            worker.cancel()
        self.latencies.sort()
        at = lambda part: round(1000 * self.latencies[int(part * (len(self.latencies) - 1))])  # noqa: E731
        return {
            "statuses": dict(self.statuses),
            "seconds": round(took, 2),
            "p50": at(0.5),
            "p99": at(0.99),
            "max": at(1.0),
        }

    async def _worker(self) -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while True:
            put_at, message = await self._queue.get()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    if reader is None or writer is None:
                        reader, writer = await asyncio.open_connection(self._host, self._port)
                    writer.write(message)
                    status = await _status(reader)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.statuses[type(error).__name__] += 1
                reader = writer = None
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.statuses[status] += 1
                self.latencies.append(time.monotonic() - put_at)
            finally:
                self._queue.task_done()


def _message(name: str, token: str, resource: str) -> bytes:
    lines = [
        f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0",
        f"X-Goog-Channel-ID: {name}", f"X-Goog-Channel-Token: {token}",
        f"X-Goog-Resource-ID: {resource}", "X-Goog-Resource-State: exists",
        "X-Goog-Message-Number: 2", "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


async def _status(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    if lengths and (length := int(lengths[0].partition(":")[2])):
        await reader.readexactly(length)
    return head.split(" ", 2)[1]


def main() -> None:
    """Read what is to be sent as JSON from stdin."""
    asked = json.load(sys.stdin)
    print(json.dumps(asyncio.run(Pusher(**asked).run())))


if __name__ == "__main__":
    main()
