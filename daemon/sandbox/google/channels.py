"""Push channels: who wants to be told of which calendar's changes ("Push notifications")."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from daemon.sandbox.google import errors, pushing
from daemon.sandbox.google.calendars import Calendar
from daemon.sandbox.google.refusals import PROJECT
from daemon.sandbox.google.switches import Switches

CHANNELS_MAX, IDS_MAX = 10_000, 100_000
ID_CHARACTERS_MAX, TOKEN_CHARACTERS_MAX = 64, 256
DAY_MS = 24 * 60 * 60 * 1000
DEFAULT_MS = 7 * DAY_MS


@dataclass(slots=True)
class Channel:
    """One subscription; ``number`` is that of its last message, ``expires`` in Unix milliseconds."""

    id: str
    resource_id: str
    resource_uri: str
    calendar: str
    user: str
    client: str
    address: str
    token: str | None
    expires: int
    number: int = 0

    def shown(self, switches: Switches) -> dict[str, Any]:
        """Return the channel as the answer to a watch."""
        is_text = switches.push_expiration == "text"
        return {
            "kind": "api#channel",
            "id": self.id,
            "resourceId": self.resource_id,
            "resourceUri": self.resource_uri,
            **({"token": self.token} if self.token else {}),
            "expiration": str(self.expires) if is_text else self.expires,
        }


class Channels:
    """All channels of the project, and the ids that were ever used."""

    def __init__(self) -> None:
        self._of: dict[str, Channel] = {}
        self._used: dict[str, None] = {}

    def opened(
        self,
        calendar: Calendar,
        body: Any,
        user: str,
        client: str,
        uri: str,
        switches: Switches,
        now: int,
    ) -> Channel:
        """Open a channel as a body asks for it, or refuse."""
        fields = _checked(body)
        if calendar.is_generated:
            raise pushing.not_supported()
        _check_address(fields["address"], switches)
        expires = _expires(fields, switches, now)
        if fields["id"] in self._used:
            raise pushing.not_unique(fields["id"])
        channel = Channel(
            id=fields["id"],
            resource_id=_resource_id(calendar.email),
            resource_uri=uri,
            calendar=calendar.email,
            user=user,
            client=client,
            address=fields["address"],
            token=fields.get("token"),
            expires=expires,
        )
        self._keep(channel)
        return channel

    def stop(self, body: Any, user: str, client: str, now: int) -> None:
        """Stop a user's own channel, or refuse."""
        named = body if isinstance(body, dict) else {}
        channel = self._of.get(str(named.get("id")))
        if (
            channel is None
            or channel.resource_id != named.get("resourceId")
            or channel.expires <= now
            or (channel.user, channel.client) != (user, client)
        ):
            raise pushing.unknown(str(named.get("id")), PROJECT)
        del self._of[channel.id]

    def live(self, calendar: str, now: int) -> Iterator[Channel]:
        """Return the channels that are told of a calendar's changes."""
        for channel in list(self._of.values()):
            if channel.expires <= now:
                del self._of[channel.id]
            elif channel.calendar == calendar:
                yield channel

    def is_live(self, channel: Channel, now: int) -> bool:
        """Tell whether a channel was neither stopped nor has expired."""
        return self._of.get(channel.id) is channel and channel.expires > now

    def expire(self, now: int) -> None:
        """Let every channel end."""
        for channel in self._of.values():
            channel.expires = min(channel.expires, now)

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        return {"open": [asdict(one) for one in self._of.values()], "used": list(self._used)}

    def load(self, dumped: dict[str, Any]) -> None:
        """Take everything back from ``dump``."""
        self._of = {one["id"]: Channel(**one) for one in dumped.get("open", ())}
        self._used = dict.fromkeys(dumped.get("used", ()))

    def _keep(self, channel: Channel) -> None:
        for known, most in ((self._of, CHANNELS_MAX), (self._used, IDS_MAX)):
            if len(known) >= most:
                known.pop(next(iter(known)))
        self._of[channel.id] = channel
        self._used[channel.id] = None


def _checked(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise errors.bad_request()
    for name, characters in (("id", ID_CHARACTERS_MAX), ("address", 2048)):
        if not isinstance(body.get(name), str) or not body[name]:
            raise errors.required(f"Missing channel {name}.")
        if len(body[name]) > characters:
            raise errors.invalid_value(name)
    if len(str(body.get("token") or "")) > TOKEN_CHARACTERS_MAX:
        raise errors.invalid_value("token")
    if body.get("type") not in ("web_hook", "webhook"):
        raise pushing.bad_type()
    return body


def _check_address(address: str, switches: Switches) -> None:
    """Refuse what is no web address, or not one that this project (and this sandbox) may call."""
    try:
        url = urlsplit(address)
        host = url.hostname or ""
        _ = url.port
    except ValueError as error:
        raise errors.invalid_value("address") from error
    if url.scheme != "https" and (switches.push_needs_https or url.scheme != "http"):
        raise pushing.not_https()
    if not _is_loopback(host) or switches.push_host not in ("", host):
        raise pushing.unauthorized(address)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _expires(fields: dict[str, Any], switches: Switches, now: int) -> int:
    asked = now + DEFAULT_MS
    parameters = fields.get("params") or {}
    ttl = parameters.get("ttl") if isinstance(parameters, dict) else None
    try:
        if fields.get("expiration") is not None:
            asked = int(fields["expiration"])
        elif ttl is not None:
            asked = now + int(ttl) * 1000
    except (TypeError, ValueError) as error:
        raise errors.invalid_value("expiration") from error
    if asked <= now:
        # Also where it was written in seconds, as many do.
        raise pushing.bad_ttl((asked - now) // 1000)
    return min(asked, now + int(switches.push_days_max * DAY_MS))


def _resource_id(calendar: str) -> str:
    """Return what stands for a calendar's events: the same for each channel on it."""
    return "ret" + hashlib.blake2s(calendar.encode(), digest_size=12).hexdigest()
