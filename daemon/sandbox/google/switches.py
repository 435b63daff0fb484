"""What the public record of Google leaves open, as switches, and the limits on requests."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """How the sandbox answers where sources disagree or are silent."""

    suspended_user: Literal["notACalendarUser", "access_denied", "invalid_grant"] = (
        "notACalendarUser"
    )
    write_to_deleted: Literal["forbidden", "revive"] = "forbidden"
    guest_edits: Literal["stored", "ignored"] = "stored"
    property_filters: Literal["and", "or"] = "and"
    limit_status: Literal[403, 429] = 403
    delegation: bool = True
    """Whether the Workspace administrator has granted domain-wide delegation at all."""
    api_enabled: bool = True
    empty_pages: bool = False
    """Whether each page of a listing is preceded by an empty one that only has a page token."""
    updated_min_days: int = 28


@dataclass(frozen=True, slots=True)
class Limits:
    """Units of requests ("Usage limits"); None lifts a limit. A patch costs three units."""

    user_minute: int | None = 600
    project_minute: int | None = 10_000
    project_day: int | None = 1_000_000
