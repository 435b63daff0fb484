"""What goes to and comes from Google about push channels (Push notifications; Events: watch; Channels: stop)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from daemon.core.channel import Opened
from daemon.core.company import User
from daemon.errors import Gone, Transient
from daemon.google.errors import Answer, error_of
from daemon.google.reading import content_of, unusable
from daemon.secret import Secret

MILLISECONDS_MAX: Final = 253_402_300_799_000
"""The last second of the year 9999: what is later is no date."""


def watch_body(name: str, token: Secret, *, address: str, life: timedelta) -> Mapping[str, Any]:
    """Return the channel that is asked for; how long it lives is said in seconds, so that no clock matters."""
    return {
        "id": name,
        "type": "web_hook",
        "address": address,
        "token": token.reveal(),
        "params": {"ttl": str(int(life.total_seconds()))},
    }


def opened_in(answer: Answer, user: User, name: str, now: datetime) -> Opened:
    """Return the channel that an answer says was opened, or raise what it means where it is an error.

    What cannot be read was opened all the same, so it is `Transient`.
    """
    if answer.status >= 300:
        raise unusable(error_of(answer, now=now), user)
    channel = content_of(answer, now)
    resource_id, expires_at = channel.get("resourceId"), _instant(channel.get("expiration"))
    if channel.get("id") != name or not isinstance(resource_id, str) or not resource_id:
        raise Transient("Google's answer does not hold the channel that was asked for.")
    if expires_at is None or expires_at <= now:
        raise Transient("Google's answer does not say how long the channel lives.")
    return Opened(resource_id, expires_at)


def check_stopped(answer: Answer, now: datetime) -> None:
    """Raise what an answer to a stop means, unless the channel is stopped or was not there any more."""
    if answer.status in (200, 204):
        return
    error = error_of(answer, now=now)
    if not isinstance(error, Gone):
        raise error


def _instant(value: Any) -> datetime | None:
    """Return an instant from Unix milliseconds, which Google writes as a number or as a text."""
    try:
        milliseconds = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not 0 < milliseconds <= MILLISECONDS_MAX:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
