"""What the reference to Google leaves open, as switches, and the limits on requests."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """How the sandbox answers where sources disagree or are silent; the defaults are the safer reading."""

    suspended_user: Literal["notACalendarUser", "access_denied", "invalid_grant"] = (
        "notACalendarUser"
    )
    """What is said of a suspended user: 403 by Calendar, or a refusal by the token endpoint."""
    write_to_deleted: Literal["forbidden", "revive"] = "forbidden"
    """Whether a write can bring a deleted event back."""
    guest_edits: Literal["stored", "ignored", "refused"] = "stored"
    """What becomes of a guest's edit of shared fields: kept locally, 200 and nothing, or 403."""
    guest_invites: Literal["ignored", "delivered"] = "ignored"
    """Whether guests whom a guest adds, where `guestsCanInviteOthers`, reach the organizer's list."""
    hidden_guests_told: bool = True
    """Whether a list that `guestsCanSeeOtherGuests` cuts to oneself says `attendeesOmitted`."""
    prefilled_answers: Literal["kept", "reset"] = "kept"
    """Whether an organizer can write down what somebody else answered."""
    invitations_appear: Literal["at_once", "when_answered"] = "at_once"
    """Whether a copy appears at once or, as the guest may have set it, with the guest's answer."""
    propagation_s: float = 0.0
    """After how many seconds a change reaches the other copies of a meeting."""
    html: Literal["kept", "rewritten"] = "kept"
    """Whether a description comes back as sent or as Google's editor writes it."""
    masked_events: Literal["bare", "busy"] = "bare"
    """Whether an event whose details are hidden has no summary or that of a busy time."""
    event_type_status: Literal[400, 403] = 400
    """The status of `eventTypeRestriction`."""
    event_days_max: int = 3660
    """How long an event may last."""

    property_filters: Literal["and", "or"] = "and"
    """Whether an event must meet all constraints of one kind, or one of them."""
    empty_pages: bool = False
    """Whether each page of a listing is preceded by an empty one that only has a page token."""
    page_max: int = 2500
    """How many items a page holds at most, whatever was asked for."""
    updated_min_days: int = 28
    """How far back `updatedMin` may lie."""
    sync_token_days: int | None = None
    """How long a sync token lives; None for ever, until all are expired."""
    sparse_tombstones: bool = False
    """Whether cancelled occurrences come in increments without naming their series."""
    cancelled_series_listed: bool = False
    """Whether plain listings show deleted series, in full but for the summary (seen in May 2025)."""
    deleted_series_tells: Literal["all", "master"] = "all"
    """Whether an increment shows the exceptions of a deleted series too, or the master alone."""
    exceptions_on_new_times: Literal["kept", "dropped"] = "kept"
    """What becomes of exceptions when the times or the rule of their series change."""

    limit_status: Literal[403, 429] = 403
    """The status of refusals for too many requests."""
    limit_words: Literal["short", "metric"] = "short"
    """Whether such a refusal names the metric."""
    retry_after_s: int | None = None
    """What `Retry-After` says of such a refusal; None leaves the header out."""
    expires_in: Literal["number", "text"] = "number"
    """How the token endpoint writes `expires_in`."""
    delegation: bool = True
    """Whether the Workspace administrator has granted domain-wide delegation at all."""
    api_enabled: bool = True
    """Whether the Calendar API is switched on in the project."""

    push_needs_https: bool = False
    """Whether a channel's address must be HTTPS; on loopback the sandbox itself delivers plain."""
    push_host: str = ""
    """The one host that the project may name in a channel's address; empty for any on loopback."""
    push_days_max: float = 7.0
    """How long a channel lives at most."""
    push_expiration: Literal["text", "number"] = "text"
    """How the answer to a watch writes `expiration`."""
    push_sync_first: bool = True
    """Whether the first message of a channel goes out before its watch is answered."""
    push_number_gap: int = 3
    """By how much message numbers grow at most from one message to the next."""
    push_merges: bool = False
    """Whether changes within `push_delay_s` make one message."""
    push_doubles: bool = False
    """Whether each message is sent twice."""
    push_swaps: bool = False
    """Whether of two messages that wait the later is sent first."""
    push_loses_every: int = 0
    """Of how many messages one is lost; 0 loses none."""
    push_delay_s: float = 0.0
    """How long a message waits before it is sent."""
    push_tries: int = 5
    """How often a message is tried that is answered 500, 502, 503 or 504."""
    push_backoff_s: float = 1.0
    """How long the second try waits; each further one waits twice as long."""
    push_timeout_s: float = 10.0
    """How long a receiver may take to answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Units of requests ("Usage limits"); None lifts a limit. A patch costs three units."""

    user_minute: int | None = 600
    project_minute: int | None = 10_000
    project_day: int | None = 1_000_000
    calendar_writes_minute: int | None = None
    """Writes to one calendar; Google names no number."""
    user_creates: int | None = 100_000
    """Events that a user makes in a day ("Avoid Calendar use limits")."""
    user_invitations: int | None = 10_000
    """Guests from outside the company whom a user invites in a day."""
