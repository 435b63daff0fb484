"""Who and what there is in the sandbox Google, apart from what is done with it: all that is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daemon.sandbox.google import grant, meetings, times
from daemon.sandbox.google.access import ROLES
from daemon.sandbox.google.accounts import Accounts, ServiceAccount, Token, User
from daemon.sandbox.google.calendars import Calendars
from daemon.sandbox.google.channels import Channels
from daemon.sandbox.google.quota import Quota
from daemon.sandbox.google.switches import Limits, Switches

CALENDAR_SCOPE = "https://www.googleapis.com/auth/calendar"

PublicKey = str | bytes | rsa.RSAPublicKey | rsa.RSAPrivateKey | x509.Certificate


class GoogleWorld:
    """Users, service accounts, calendars, channels; what changes one calls ``changed``."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: Random | None = None,
    ) -> None:
        self.changed: list[Callable[[], None]] = []
        self._switches = Switches()
        self._limits = Limits()
        self.quota = Quota()
        self.accounts = Accounts()
        self.rng = rng or SystemRandom()
        self._calendars = Calendars(clock, self.rng)
        self.channels = Channels()
        self._generation = 0

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock that everything here goes by."""
        return self._calendars.clock

    @clock.setter
    def clock(self, clock: Callable[[], datetime]) -> None:
        self._calendars.clock = clock

    @property
    def switches(self) -> Switches:
        """How open questions are answered; set a changed copy."""
        return self._switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._set_switches(switches)
        self._tell()

    @property
    def limits(self) -> Limits:
        """The limits on requests; set a changed copy."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self._tell()

    # Who there is.

    def add_user(
        self,
        email: str,
        *,
        zone: str = "Europe/Helsinki",
        suspended: bool = False,
        calendar: bool = True,
        outside: bool = False,
    ) -> None:
        """Add a Google account; ``outside`` puts it beyond the company's delegation."""
        times.checked_zone(zone, "calendar")
        email = email.lower()
        self.accounts.users[email] = User(email, calendar, suspended, outside=outside)
        if calendar:
            self._calendars.open(email, zone)
        self._tell()

    def suspend_user(self, email: str, *, suspended: bool = True) -> None:
        """Suspend an account, or bring it back."""
        self.accounts.change_user(email, suspended=suspended)
        self._tell()

    def delete_user(self, email: str, *, long_ago: bool = False) -> None:
        """Delete an account with its calendar; of one deleted ``long_ago`` Google knows no more."""
        self.accounts.change_user(email, deleted=True, purged=long_ago, calendar=False)
        self._calendars.close(email)
        self._tell()

    def add_generated_calendar(self, calendar_id: str, *, zone: str = "Europe/Helsinki") -> None:
        """Add a calendar that Google fills, as those of holidays: all may read it, none may watch it."""
        calendar = self._calendars.open(calendar_id.lower(), zone)
        calendar.is_generated, calendar.roles = True, {"*": "reader"}
        self._tell()

    def share(self, owner: str, reader: str, role: str) -> None:
        """Let a user ("*": everybody) do with a calendar what a role allows; its sync tokens die."""
        assert role in ROLES, "A role is one of ROLES."
        calendar = self._calendars.get(owner)
        assert calendar is not None, "Who shares a calendar has one."
        calendar.roles[reader] = role
        calendar.generation += 1
        self._tell()

    def add_service_account(
        self,
        email: str,
        public_key: PublicKey,
        *,
        client_id: str = "100000000000000000001",
        delegated_scopes: Sequence[str] = (CALENDAR_SCOPE,),
        key_id: str = "1",
    ) -> None:
        """Add a service account, or a further key or other scopes to the one there is."""
        known = self.accounts.service_accounts.get(email)
        keys = (known.keys if known else {}) | {key_id: _pem(public_key)}
        account = ServiceAccount(email, client_id, keys, tuple(delegated_scopes))
        self.accounts.service_accounts[email] = account
        self._calendars.open(email, "UTC")
        self._tell()

    def remove_service_account_key(self, email: str, key_id: str = "1") -> None:
        """Revoke one key of a service account."""
        self.accounts.service_accounts[email].keys.pop(key_id)
        self._tell()

    def disable_service_account_key(self, email: str, key_id: str = "1") -> None:
        """Disable one key of a service account, which is not the same as revoking it."""
        account = self.accounts.service_accounts[email]
        disabled = (*account.disabled_keys, account.keys[key_id])
        self.accounts.service_accounts[email] = replace(account, disabled_keys=disabled)
        self._tell()

    def disable_service_account(self, email: str, *, disabled: bool = True) -> None:
        """Disable a service account, or bring it back."""
        account = self.accounts.service_accounts[email]
        self.accounts.service_accounts[email] = replace(account, disabled=disabled)
        self._tell()

    def remove_service_account(self, email: str) -> None:
        """Delete a service account."""
        del self.accounts.service_accounts[email]
        self._tell()

    def grant_token(self, form: Mapping[str, Sequence[str]], own_url: str) -> dict[str, Any]:
        """Answer a request at the token endpoint, or refuse with ``TokenError``."""
        now = self.clock()
        answer = grant.granted(self.accounts, form, self.switches, now, own_url)
        self._tell()
        return answer

    def token(self, text: str) -> Token | None:
        """Return an access token that is good now."""
        return self.accounts.token(text, self.clock())

    def expire_tokens(self) -> None:
        """Let every access token die at once."""
        self.accounts.expire_tokens()
        self._tell()

    def expire_channels(self) -> None:
        """Let every channel end at once."""
        self.channels.expire(self._calendars.now_ms())
        self._tell()

    def expire_sync_tokens(self) -> None:
        """Let every sync token die at once."""
        self._generation += 1
        self._tell()

    # Keeping.

    def dump(self) -> dict[str, Any]:
        """Return the whole state as JSON-able values."""
        return {
            "switches": asdict(self.switches),
            "limits": asdict(self.limits),
            "generation": self._generation,
            "accounts": self.accounts.dump(),
            "calendars": self._calendars.dump(),
            "channels": self.channels.dump(),
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Take the whole state back from ``dump``."""
        self._set_switches(Switches(**dumped["switches"]))
        self._limits = Limits(**dumped["limits"])
        self._generation = dumped["generation"]
        self.accounts.load(dumped["accounts"])
        self._calendars.load(dumped["calendars"])
        self.channels.load(dumped.get("channels", {}))

    def deliver(self) -> None:
        """Deliver what has been on its way to other calendars long enough."""
        if meetings.deliver_due(self._calendars):
            self._tell()

    @property
    def has_post(self) -> bool:
        """Whether something is on its way to other calendars."""
        return bool(self._calendars.post)

    def take_touched(self) -> set[str]:
        """Return the calendars that changed since this was last asked."""
        touched = self._calendars.touched
        self._calendars.touched = set()
        return touched

    def _set_switches(self, switches: Switches) -> None:
        self._switches = self._calendars.switches = switches

    def _tell(self) -> None:
        for callback in self.changed:
            callback()


def _pem(key: PublicKey) -> str:
    if isinstance(key, str | bytes):
        text = key if isinstance(key, str) else key.decode()
        if "CERTIFICATE" not in text:
            return text
        key = x509.load_pem_x509_certificate(text.encode())
    public = key.public_key() if not isinstance(key, rsa.RSAPublicKey) else key
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
