"""Says how often calendars are polled at present, and how old the oldest look is (R2)."""

from datetime import datetime
from typing import Any

from daemon.runtime.people import iso
from daemon.sync.engine import Engine


def described(engine: Engine, now: datetime) -> dict[str, Any]:
    """Return it as `status` tells it; times are in seconds, and null where nobody was looked at yet."""
    polling = engine.polls.polling(engine.looked_at)
    oldest = polling.oldest_look
    return {
        "spread": polling.pace.is_spread,
        "everySeconds": round(polling.pace.others.total_seconds()),
        "everySecondsWithChannel": round(polling.pace.healthy.total_seconds()),
        "oldestLookAt": iso(oldest),
        "oldestLookSeconds": round((now - oldest).total_seconds()) if oldest else None,
    }
