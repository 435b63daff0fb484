"""The sandbox Google's whole state, and what clients and people do to it.

Recurring masters and their exceptions are kept and listed as they are; expanding a series into
instances (``singleEvents``, ``events.instances``) and push channels are later steps.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daemon.sandbox.google import errors, grant, listing, meetings, times, writing
from daemon.sandbox.google.accounts import Accounts, ServiceAccount, Token, User
from daemon.sandbox.google.calendars import Calendar, Calendars, Copy, etag
from daemon.sandbox.google.fields import WRITABLE, merged
from daemon.sandbox.google.quota import Quota
from daemon.sandbox.google.resource import rendered
from daemon.sandbox.google.switches import Limits, Switches

CALENDAR_SCOPE = "https://www.googleapis.com/auth/calendar"

Event = dict[str, Any]
PublicKey = str | bytes | rsa.RSAPublicKey | rsa.RSAPrivateKey | x509.Certificate


class GoogleState:
    """Users, service accounts, calendars; every method that changes one calls ``changed``."""

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
        self._calendars = Calendars(clock, rng or SystemRandom())
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
        self._switches = switches
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

    def delete_user(self, email: str) -> None:
        """Delete an account with its calendar."""
        self.accounts.change_user(email, deleted=True, calendar=False)
        self._calendars.close(email)
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

    def expire_sync_tokens(self) -> None:
        """Let every sync token die at once."""
        self._generation += 1
        self._tell()

    # What a client does; refusals are ``ApiError``.

    def calendar(self, email: str) -> Calendar:
        """Return a user's calendar, or refuse one who has none."""
        user = self.accounts.users.get(email)
        calendar = self._calendars.get(email)
        if calendar is None or (user is not None and (user.suspended or not user.calendar)):
            raise errors.not_a_calendar_user()
        return calendar

    def list_events(self, email: str, parameters: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Answer events.list."""
        calendar, now = self.calendar(email), self.clock()
        return listing.listed(calendar, parameters, self.switches, self._generation, now)

    def get(self, email: str, event_id: str) -> Event:
        """Answer events.get; a deleted event is shown with status cancelled."""
        calendar = self.calendar(email)
        return rendered(self._calendars.found(email, event_id), calendar)

    def insert(self, email: str, body: Any, *, by_google: bool = False) -> Event:
        """Make an event; what Google makes by itself may have ids and types that clients may not."""
        calendar = self.calendar(email)
        self._check_invites(email, body)
        copy = writing.insert(self._calendars, calendar, body, by_google=by_google)
        return self._written(copy, calendar)

    def patch(
        self, email: str, event_id: str, changes: Any, *, if_match: str | None = None
    ) -> Event:
        """Answer events.patch: objects merge, null clears, arrays are replaced."""
        calendar, copy = self._held(email, event_id, if_match)
        self._check_invites(email, changes)
        known = {k: v for k, v in changes.items() if k in WRITABLE}
        body = merged(writing.writable(copy), known)
        writing.replace(self._calendars, calendar, copy, body, self.switches)
        return self._written(copy, calendar)

    def update(
        self,
        email: str,
        event_id: str,
        body: Any,
        *,
        if_match: str | None = None,
        untouched: Sequence[str] = (),
    ) -> Event:
        """Answer events.update: what the body lacks is cleared, but for the ``untouched`` fields."""
        calendar, copy = self._held(email, event_id, if_match)
        self._check_invites(email, body)
        kept = {k: copy[k] for k in (*untouched, "eventType") if k in copy and k not in body}
        writing.replace(self._calendars, calendar, copy, {**body, **kept}, self.switches)
        return self._written(copy, calendar)

    def delete(self, email: str, event_id: str, *, if_match: str | None = None) -> None:
        """Answer events.delete."""
        if meetings.is_cancelled(self._calendars.found(email, event_id)):
            raise errors.deleted()
        calendar, copy = self._held(email, event_id, if_match)
        meetings.remove(self._calendars, calendar, copy)
        self._tell()

    # What a person does by hand in Google's own pages; refusals are the same.

    def person_add(self, email: str, body: Event) -> Event:
        """Add an event by hand, of any type (Google makes some types by itself)."""
        return self.insert(email, body, by_google=True)

    def person_patch(self, email: str, event_id: str, changes: Event) -> Event:
        """Change fields of an event by hand; ``attendees`` is how a guest answers."""
        return self.patch(email, event_id, changes)

    def person_delete(self, email: str, event_id: str) -> None:
        """Delete an event by hand."""
        self.delete(email, event_id)

    def events(self, email: str) -> list[Event]:
        """Return the living events on a user's calendar, oldest first."""
        calendar = self._calendars.get(email)
        living = [] if calendar is None else calendar.events.values()
        return [
            rendered(copy, calendar)
            for copy in sorted(living, key=lambda one: (one["created"], one["id"]))
            if calendar is not None and not meetings.is_cancelled(copy)
        ]

    def event(self, email: str, event_id: str) -> Event:
        """Return one event on a user's calendar, deleted or not."""
        copy = self._calendars.found(email, event_id)
        return rendered(copy, self._calendars.open(email, "UTC"))

    # Keeping.

    def dump(self) -> dict[str, Any]:
        """Return the whole state as JSON-able values."""
        return {
            "switches": asdict(self.switches),
            "limits": asdict(self.limits),
            "generation": self._generation,
            "accounts": self.accounts.dump(),
            "calendars": self._calendars.dump(),
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Take the whole state back from ``dump``."""
        self._switches = Switches(**dumped["switches"])
        self._limits = Limits(**dumped["limits"])
        self._generation = dumped["generation"]
        self.accounts.load(dumped["accounts"])
        self._calendars.load(dumped["calendars"])

    def _held(self, email: str, event_id: str, if_match: str | None) -> tuple[Calendar, Copy]:
        calendar = self.calendar(email)
        copy = self._calendars.found(email, event_id)
        tags = [tag.strip() for tag in (if_match or "*").split(",")]
        if "*" not in tags and etag(copy) not in tags:
            raise errors.condition_not_met()
        return calendar, copy

    def _check_invites(self, email: str, body: Any) -> None:
        if not isinstance(body, dict):
            raise errors.bad_request()
        if body.get("attendees") and email in self.accounts.service_accounts:
            raise errors.for_service_account()

    def _written(self, copy: Copy, calendar: Calendar) -> Event:
        self._tell()
        return rendered(copy, calendar)

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
