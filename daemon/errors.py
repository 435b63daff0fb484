"""Errors named for what the caller can do about them."""


class SyncError(Exception):
    """Anything this program raises on purpose; `str()` is one line fit for an operator."""


class Transient(SyncError):
    """Nothing happened, or nobody can tell: look again, then try again."""


class Unwritten(Transient):
    """The look before a write failed, so that nothing was written for certain."""


class RateLimited(Transient):
    """The vendor asks for a pause; `retry_after` is in seconds, `None` where it named none."""

    user = ""
    """Whose calendar is limited; empty where it is the whole of Severa."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UsageLimited(RateLimited):
    """A calendar has used up its own limit: for hours nothing can be written to it, while it can be looked at."""


class Stale(SyncError):
    """What we wrote against has changed since we looked: look again."""


class Gone(SyncError):
    """What was asked for is not there (Google 404 or 410, Severa 404)."""


class Exists(SyncError):
    """The id we chose is taken, by a living event or by the remains of one: read who is there."""


class CursorExpired(SyncError):
    """The sync token is no longer good for anything: list everything again."""


class Refused(SyncError):
    """The vendor will never do this as asked; a person must act. `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.reason = reason

    def __str__(self) -> str:
        """Return the message with its hint, in one line."""
        return f"{super().__str__()} {self.hint}".strip()


class Forbidden(Refused):
    """Only this write is refused: the entry or the calendar may not be changed by us."""


class UserRefused(Refused):
    """One person's calendar cannot be used (no such user, no Calendar service)."""

    user = ""
    """The Severa guid of that person, where the one who raised it knows."""


class CompanyRefused(Refused):
    """Nothing works for the whole company (key, delegation, credentials): one fault, told once."""


class Misused(SyncError):
    """Wrong usage or configuration: exit code 2."""
