"""Who may see and change what on a calendar ("Calendar sharing")."""

from dataclasses import dataclass

from daemon.sandbox.google import errors
from daemon.sandbox.google.calendars import Calendar, Copy
from daemon.sandbox.google.fields import value

ROLES = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
"""What somebody may do with a calendar, from nothing to everything."""

_PRIVATE = ("private", "confidential")


@dataclass(frozen=True, slots=True)
class View:
    """A calendar as one user sees it through one token."""

    user: str
    role: str

    @property
    def is_blind(self) -> bool:
        """Whether only busy times are seen; such a user is always shown single events."""
        return self.role == "freeBusyReader"

    def masks(self, copy: Copy) -> bool:
        """Tell whether an event's details are hidden."""
        visibility = value(copy, "visibility")
        if self.is_blind:
            return bool(visibility != "public")
        return visibility in _PRIVATE and self.role in ("reader", "writerWithoutPrivateAccess")

    def check_write(self, copy: Copy | None = None) -> None:
        """Refuse a write to what this user may only look at."""
        if ROLES.index(self.role) < ROLES.index("writerWithoutPrivateAccess"):
            raise errors.no_writer()
        if copy is not None and self.masks(copy):
            raise errors.forbidden()


def view_of(calendar: Calendar, user: str, *, is_blind: bool = False) -> View:
    """Return how a user sees a calendar, or refuse with 404; a token may make ``is_blind``."""
    shared = calendar.roles.get(user) or calendar.roles.get("*", "none")
    role = "owner" if calendar.email == user else shared
    if role == "none":
        raise errors.not_found()
    return View(user, "freeBusyReader" if is_blind else role)
