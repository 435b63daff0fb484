"""The company in the sandbox Severa: its people, activity types and integrations."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid4, uuid5
from zoneinfo import ZoneInfo

from daemon.sandbox.severa.model import CATEGORIES, ActivityType, Guest, Phase, User
from daemon.sandbox.severa.switches import DEFAULT, Switches
from daemon.sandbox.severa.times import utc_now
from daemon.sandbox.severa.tokens import SCOPES, Credentials, Tokens

COMPANY_ZONE = "Europe/Helsinki"


class Company:
    """Who works here and what kinds of activity there are; an administrator's view.

    Whatever changes calls every function in `changed` afterwards.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        switches: Switches = DEFAULT,
        new_guid: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self.clock = clock
        self.switches = switches
        self.requests_per_second: int | None = 10
        self.changed: list[Callable[[], None]] = []
        self.tokens = Tokens(clock, lambda: self.switches)
        self.types: dict[str, ActivityType] = {}
        self.users: dict[str, User] = {}
        self.guests: dict[str, Guest] = {}
        self.phases: dict[str, Phase] = {}
        self.new_guid = new_guid

    def add_credentials(
        self, client_id: str, secret: str, *, scopes: Iterable[str] = SCOPES
    ) -> str:
        """Make credentials as an administrator does; returns the guid that signs their writes."""
        author = str(uuid5(NAMESPACE_URL, f"severa-api-user:{client_id}"))
        self.tokens.add_credentials(
            Credentials(
                client_id=client_id, secret=secret, scopes=" ".join(scopes), user_guid=author
            )
        )
        self.tell()
        return author

    def remove_credentials(self, client_id: str) -> None:
        """Withdraw credentials, their tokens with them."""
        self.tokens.remove_credentials(client_id)
        self.tell()

    def expire_tokens(self) -> None:
        """Make every access and refresh token worthless."""
        self.tokens.expire()
        self.tell()

    def add_type(
        self, name: str, category: str, *, is_default: bool = False, active: bool = True
    ) -> str:
        """Add an activity type and return its guid."""
        assert category in CATEGORIES, f"{category} is none of Severa's categories."
        kind = ActivityType(
            guid=self.new_guid(),
            name=name,
            category=category,
            is_default=is_default,
            is_active=active,
            created=self.clock(),
        )
        self._keep_type(kind)
        return kind.guid

    def change_type(self, guid: str, **fields: Any) -> None:
        """Change an activity type: `name`, `is_default`, `is_active`."""
        self._keep_type(replace(self.types[guid], updated=self.clock(), **fields))

    def add_user(
        self,
        first: str,
        last: str,
        email: str | None,
        *,
        zone: str | None = COMPANY_ZONE,
        active: bool = True,
        last_login: datetime | None = None,
        default_type: str | None = None,
        **more: Any,
    ) -> str:
        """Add a person who works in the company and return their guid; `more` as in `User` (`code`, `superior` …)."""
        user = User(
            guid=self.new_guid(),
            first_name=first,
            last_name=last,
            email=email,
            zone=zone,
            is_active=active,
            last_login=last_login,
            default_type=default_type,
            created=self.clock(),
            **more,
        )
        self.users[user.guid] = user
        self.tell()
        return user.guid

    def change_user(self, guid: str, **fields: Any) -> None:
        """Change a user's attributes, named as in `User` (`email`, `zone`, `is_active` …)."""
        self.users[guid] = replace(self.users[guid], updated=self.clock(), **fields)
        self.tell()

    def add_guest(
        self,
        name: str,
        *,
        kind: Literal["Contact", "Resource"] = "Contact",
        email: str | None = None,
    ) -> str:
        """Add a customer's contact or a resource and return its guid."""
        guest = Guest(guid=self.new_guid(), name=name, kind=kind, email=email)
        self.guests[guest.guid] = guest
        self.tell()
        return guest.guid

    def add_phase(self, name: str, *, project: str, **more: str) -> str:
        """Add a phase to a project and return its guid; `more` as in `Phase` (`project_owner`, `parent` …)."""
        phase = Phase(guid=self.new_guid(), name=name, project=project, **more)
        self.phases[phase.guid] = phase
        self.tell()
        return phase.guid

    def person_login(self, user_guid: str) -> None:
        """Let a person sign in to Severa."""
        self.users[user_guid] = replace(self.users[user_guid], last_login=self.clock())
        self.tell()

    def zone_of(self, user_guid: str) -> ZoneInfo:
        """Return a user's time zone, the company's where the user has none."""
        return ZoneInfo(self.users[user_guid].zone or COMPANY_ZONE)

    def _keep_type(self, kind: ActivityType) -> None:
        """Keep a type; a default takes over from the one before it."""
        if not kind.is_active and not self.switches.default_may_be_inactive:
            kind = replace(kind, is_default=False)
        if kind.is_default:
            for each in list(self.types.values()):
                if self.switches.default_types == "one" or each.category == kind.category:
                    self.types[each.guid] = replace(each, is_default=False)
        self.types[kind.guid] = kind
        self.tell()

    def tell(self) -> None:
        """Tell whoever wants to know that something changed."""
        for listener in self.changed:
            listener()
