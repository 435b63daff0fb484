"""The credentials of Severa's integrations, and the tokens that are given out for them."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from daemon.sandbox.severa.errors import SeveraError
from daemon.sandbox.severa.model import Json, dump_value, load_value
from daemon.sandbox.severa.switches import Switches

SCOPES = (
    "activities:read",
    "activities:write",
    "activities:delete",
    "settings:read",
    "users:read",
)
REFRESH_LIFETIME = timedelta(days=1)
COMPANY_OFFSET = timezone(timedelta(hours=2))
_UNITS = {"seconds": 1.0, "minutes": 1 / 60, "milliseconds": 1000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What an administrator made for one integration; `user_guid` is the author of its writes."""

    client_id: str
    secret: str
    scopes: str
    user_guid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access or refresh token."""

    text: str
    client_id: str
    scopes: str
    is_refresh: bool
    expires: datetime


class Tokens:
    """Gives out tokens and knows which are good."""

    def __init__(self, clock: Callable[[], datetime], switches: Callable[[], Switches]) -> None:
        self.new_secret: Callable[[int], str] = secrets.token_urlsafe
        self._clock = clock
        self._switches = switches
        self._credentials: dict[str, Credentials] = {}
        self._tokens: dict[str, Token] = {}

    def add_credentials(self, credentials: Credentials) -> None:
        """Make, or replace, the credentials of a client id."""
        self._credentials[credentials.client_id] = credentials

    def remove_credentials(self, client_id: str) -> None:
        """Withdraw credentials; their tokens are worth nothing from now on."""
        del self._credentials[client_id]

    def expire(self) -> None:
        """Make every token worthless."""
        self._tokens.clear()

    def issue(self, client_id: str, secret: str, scope: str | None) -> Json:
        """Return the answer of `/v1/token`; scopes that are not ticked are not granted."""
        known = self._credentials.get(client_id)
        if known is None or not _is_same(known.secret, secret):
            raise unauthenticated("The client id or the client secret is wrong.")
        ticked = known.scopes.split()
        # Clients in use join scopes with commas or with blanks; both evidently work.
        asked = (scope or "").replace(",", " ").split() or ticked
        return self._pair(client_id, " ".join(name for name in asked if name in ticked))

    def refresh(self, text: str) -> Json:
        """Return the answer of `/v1/refreshtoken`; a refresh token is good once, unless the switch says otherwise."""
        token = self._living(text, is_refresh=True)
        if self._switches().refresh_once:
            del self._tokens[text]
        return self._pair(token.client_id, token.scopes)

    def bearer(self, text: str) -> tuple[Credentials, frozenset[str]]:
        """Return whose access token it is and its scopes; SeveraError 401 if it is not good."""
        token = self._living(text, is_refresh=False)
        return self._credentials[token.client_id], frozenset(token.scopes.split())

    def dump(self) -> Json:
        """Return credentials and tokens as plain JSON."""
        return {
            "credentials": [dump_value(each) for each in self._credentials.values()],
            "tokens": [dump_value(each) for each in self._tokens.values()],
        }

    def load(self, stored: Any) -> None:
        """Take over what `dump` returned."""
        credentials = (load_value(Credentials, each) for each in stored["credentials"])
        self._credentials = {each.client_id: each for each in credentials}
        tokens = (load_value(Token, each) for each in stored["tokens"])
        self._tokens = {each.text: each for each in tokens}

    def _living(self, text: str, *, is_refresh: bool) -> Token:
        token = self._tokens.get(text)
        if (
            token is None
            or token.is_refresh != is_refresh
            or token.expires <= self._clock()
            or token.client_id not in self._credentials
        ):
            raise unauthenticated("The token is not valid.")
        return token

    def _pair(self, client_id: str, scopes: str) -> Json:
        now, switches = self._clock(), self._switches()
        self._tokens = {
            text: token
            for text, token in self._tokens.items()
            if token.expires > now and (switches.old_tokens_live or token.client_id != client_id)
        }
        life = timedelta(seconds=switches.token_s)
        access = self._new(client_id, scopes, is_refresh=False, expires=now + life)
        refresh = self._new(client_id, scopes, is_refresh=True, expires=now + REFRESH_LIFETIME)
        return {
            "access_token": access.text,
            "access_token_type": "Bearer",
            "access_token_expires_in": self._told(life),
            "access_token_expires_utc": self._zoned(access.expires),
            "refresh_token": refresh.text,
            "refresh_token_expires_in": self._told(REFRESH_LIFETIME),
            "refresh_token_expires_utc": self._zoned(refresh.expires),
            "scope": scopes,
        }

    def _told(self, life: timedelta) -> int:
        return int(life.total_seconds() * _UNITS[self._switches().expiry_unit])

    def _zoned(self, instant: datetime) -> str:
        if self._switches().expiry_zone == "offset":
            return instant.astimezone(COMPANY_OFFSET).isoformat()
        return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _new(self, client_id: str, scopes: str, *, is_refresh: bool, expires: datetime) -> Token:
        token = Token(
            text=self.new_secret(32),
            client_id=client_id,
            scopes=scopes,
            is_refresh=is_refresh,
            expires=expires,
        )
        self._tokens[token.text] = token
        return token


def _is_same(secret: str, given: str) -> bool:
    # Half a surrogate pair is a string in JSON and no text in UTF-8.
    return secrets.compare_digest(secret.encode(), given.encode(errors="surrogatepass"))


def unauthenticated(message: str) -> SeveraError:
    """Return the refusal of a caller who is not known."""
    kind = "AuthenticationRequired"
    return SeveraError(401, kind, message, location="RequestHeader", name="Authorization")
