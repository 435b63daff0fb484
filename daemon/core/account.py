"""A user who may have switched sync on, and what the company has set up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from daemon.core.claim import Side
from daemon.core.company import ActivityType, User


class State(Enum):
    """What a user's sync is doing; the words of `GET /v1/me/sync`."""

    OFF = "off"
    FIRST_SYNC = "first-sync"
    IDLE = "idle"
    SYNCING = "syncing"
    WAITING = "waiting"
    PAUSED = "paused"
    FAILING = "failing"


class Stage(Enum):
    """How far a user's first sync has come; it can be stopped and continued between any two."""

    LISTING = "listing"
    MATCHING = "matching"
    WRITING = "writing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class WritePause:
    """A calendar takes no writes until then; it begins again longer when the limit is met right after."""

    until: datetime
    length: timedelta


@dataclass(frozen=True, slots=True)
class Account:
    """One user of the company and the state of that user's sync."""

    user: User
    is_enabled: bool = False
    address: str = ""
    """The address that sync was switched on with, or that an administrator confirmed since (A5)."""
    state: State = State.OFF
    reason: str = ""
    stage: Stage = Stage.LISTING
    is_again: bool = False
    """This matching is not the first: much was linked before and is not known any more (C4)."""
    enabled_at: datetime | None = None
    cursor: str | None = None
    """Google's sync token; `None` means that everything is listed next."""
    last_synced_at: datetime | None = None
    last_seen_at: datetime | None = None
    """When a trigger or a visit last told that the user is there (rule T4), to about a minute."""
    logged_out_at: datetime | None = None
    """When the user logged out, `None` once a trigger or a visit told otherwise (rule T4)."""
    retry_at: datetime | None = None
    attempts: int = 0
    done: int = 0
    total: int = 0
    write_pause: WritePause | None = None
    """When this user's calendar met its own usage limit last; over or not (R1)."""

    def writes_paused(self, now: datetime) -> WritePause | None:
        """Return the pause in which this user's calendar takes no writes, if there is one now."""
        pause = self.write_pause
        return pause if pause is not None and now < pause.until else None

    @property
    def has_moved(self) -> bool:
        """Severa has another address than the one that was switched on: whose calendar is it now?"""
        return bool(self.address) and self.address != self.user.email

    def bar(self, domains: Collection[str], *, is_shared: bool = False) -> str:
        """Return why this user's calendar may not be used, empty if it may (A4, A5, A7).

        `is_shared` asks for an entry that is shared with an enabled user, which needs no switch of its own (E1).
        """
        address = self.user.email
        if not self.is_enabled and not is_shared:
            return "The user does not use the sync."
        if not self.user.is_active:
            return "The user is inactive in Severa."
        if not address:
            return "The user has no e-mail address in Severa."
        if self.has_moved:
            confirm = f"severa-gcal users confirm {address}"
            return f"The address changed in Severa; an administrator confirms it with `{confirm}`."
        if domains and address.rpartition("@")[2] not in domains:
            return f"The address {address} is in no domain of [google] domains."
        return ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the administrator has set up for the company."""

    is_on: bool = False
    selected: frozenset[str] = frozenset()
    """Guids of the activity types that are created in Google."""
    types: tuple[ActivityType, ...] = ()
    service_account: str = ""
    test_user: str = ""
    cursor: str | None = None
    """Severa's company-wide watermark, ISO 8601, by Severa's own clock."""
    fault: str = ""
    """What is wrong for the whole company, in one line; empty when nothing is."""
    api_user: str = ""
    """Whom Severa names as the maker of what the daemon creates; learnt from its first answer."""
    is_copy: bool = False
    """This is a backup that was put in the database's place: what was linked since is not in it (C4)."""
    restored_at: datetime | None = None
    """When a backup was found in the database's place last."""
    translators: Mapping[Side, int] = field(default_factory=dict)
    """The numbers of the translators that this was looked at with last."""
