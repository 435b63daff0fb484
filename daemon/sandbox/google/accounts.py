"""Who exists in the sandbox Google: users, service accounts with their keys, access tokens."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

TOKEN_SECONDS = 3599
TOKENS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class User:
    """A Google account; ``outside`` is beyond the company's delegation, ``purged`` deleted long ago."""

    email: str
    calendar: bool = True
    suspended: bool = False
    deleted: bool = False
    outside: bool = False
    purged: bool = False


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account: the public keys (PEM) by key id, and the scopes it may use for users."""

    email: str
    client_id: str
    keys: dict[str, str]
    delegated_scopes: tuple[str, ...]
    disabled: bool = False
    disabled_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; ``user`` is the service account itself where it acts for nobody."""

    service_account: str
    user: str
    scopes: tuple[str, ...]
    expires: str


class Accounts:
    """The users, the service accounts and the tokens that are out."""

    def __init__(self) -> None:
        self.new_secret: Callable[[int], str] = secrets.token_urlsafe
        self.users: dict[str, User] = {}
        self.service_accounts: dict[str, ServiceAccount] = {}
        self._tokens: dict[str, Token] = {}

    def change_user(self, email: str, **changes: Any) -> User:
        """Change a user and return what has become of it."""
        user = self.users[email] = replace(self.users[email], **changes)
        return user

    def issue(
        self, service_account: str, user: str, scopes: tuple[str, ...], now: datetime
    ) -> dict[str, Any]:
        """Issue an access token and return the token endpoint's answer."""
        text = f"ya29.c.{self.new_secret(48)}"
        if len(self._tokens) >= TOKENS_MAX:
            self._tokens.pop(next(iter(self._tokens)))
        expires = now + timedelta(seconds=TOKEN_SECONDS)
        self._tokens[text] = Token(service_account, user, scopes, expires.isoformat())
        return {"access_token": text, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}

    def token(self, text: str, now: datetime) -> Token | None:
        """Return a token that is known and has not expired."""
        token = self._tokens.get(text)
        if token is not None and datetime.fromisoformat(token.expires) <= now:
            del self._tokens[text]
            return None
        return token

    def expire_tokens(self) -> None:
        """Let every access token die at once."""
        self._tokens.clear()

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        return {
            "users": [asdict(user) for user in self.users.values()],
            "service_accounts": [
                asdict(one)
                | {
                    "delegated_scopes": list(one.delegated_scopes),
                    "disabled_keys": list(one.disabled_keys),
                }
                for one in self.service_accounts.values()
            ],
            "tokens": {
                text: asdict(token) | {"scopes": list(token.scopes)}
                for text, token in self._tokens.items()
            },
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Take everything back from ``dump``."""
        self.users = {one["email"]: User(**one) for one in dumped["users"]}
        self.service_accounts = {
            one["email"]: ServiceAccount(
                **one
                | {
                    "keys": dict(one["keys"]),
                    "delegated_scopes": tuple(one["delegated_scopes"]),
                    "disabled_keys": tuple(one.get("disabled_keys", ())),
                }
            )
            for one in dumped["service_accounts"]
        }
        self._tokens = {
            text: Token(**one | {"scopes": tuple(one["scopes"])})
            for text, one in dumped["tokens"].items()
        }
