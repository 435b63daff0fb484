"""What Google's answers mean to us: one table for the Calendar API (Handle API errors), and what both share."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, Final

from daemon.errors import (
    CompanyRefused,
    CursorExpired,
    Exists,
    Forbidden,
    Gone,
    RateLimited,
    Refused,
    Stale,
    SyncError,
    Transient,
    UsageLimited,
    UserRefused,
)

DAY_PAUSE_S: Final = 3600.0
"""How long a project that used up its day waits: the day ends by itself, and whose midnight counts may be mistaken."""
PAUSE_MAX_S: Final = 24 * 3600.0

_CURSOR: Final = frozenset({"fullSyncRequired", "updatedMinTooLongAgo"})
_EVENT_KIND: Final = frozenset(
    {
        "eventTypeRestriction",
        "malformedWorkingLocationEvent",
        "eventDurationExceedsLimit",
        "participantIsNeitherOrganizerNorAttendee",
        "cannotChangeOrganizer",
        "cannotChangeOrganizerOfInstance",
        "timeRangeEmpty",
    }
)
_TOLD_BY_REASON: Final = frozenset({400, 403, 410})
"""Statuses that mean too many things for an answer without its reason."""
_WORD: Final = re.compile(r"[A-Za-z0-9_.]{1,64}")

_COMPANY: Final[Mapping[str, tuple[str, str]]] = {
    "accessNotConfigured": (
        "The Google Calendar API is not switched on.",
        "In the Google Cloud console, in the service account's project, open APIs & Services >"
        " Library, choose Google Calendar API and press Enable.",
    ),
    "insufficientPermissions": (
        "The scope of the delegation does not cover calendars.",
        "In the Workspace admin console, under Security > API controls > Domain-wide delegation,"
        " give the service account's client id the scope"
        " https://www.googleapis.com/auth/calendar.",
    ),
    "forbiddenForServiceAccounts": (
        "The service account acted for itself, not for a user.",
        "Grant it domain-wide delegation in the Workspace admin console.",
    ),
    "required": (
        "Google saw no credentials.",
        "Check that nothing between this machine and Google takes the Authorization header away.",
    ),
}
_PUSH: Final[Mapping[str, tuple[str, str]]] = {
    "push.webhookUrlNotHttps": (
        "Google pushes to HTTPS addresses only.",
        "Give [web] public_url an address that begins with https://.",
    ),
    "push.webhookUrlUnauthorized": (
        "Google does not push to the address of [web] public_url.",
        "Verify its domain in the Google Cloud console, in the service account's project.",
    ),
    "pushNotSupportedForRequestedResource": (
        "Google does not push the changes of this calendar.",
        "They are found by the poll.",
    ),
}
"""What is wrong with a channel, under whatever status it comes."""
_SAME_AS: Final[Mapping[str, str]] = {
    "SERVICE_DISABLED": "accessNotConfigured",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "insufficientPermissions",
    "CREDENTIALS_MISSING": "required",
    "RATE_LIMIT_EXCEEDED": "rateLimitExceeded",
}


class Limit(Enum):
    """Which of Google's limits was met ("Manage quotas", "Avoid Calendar use limits")."""

    USER = auto()
    """What one user may ask for in a minute."""
    PROJECT = auto()
    """What all users together may ask for in a minute."""
    DAY = auto()
    """What all users together may ask for in a day."""
    CALENDAR = auto()
    """What may be made or invited on one calendar; it takes hours to recover."""
    UNSAID = auto()
    """Google uses one word for the user's, the project's, and quick writes to one calendar."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it came: the body as parsed JSON, or as text where it is none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def error_of(answer: Answer, *, now: datetime) -> SyncError:
    """Return what an answer of the Calendar API other than 2xx means.

    Google's own texts are left out, because they may quote what the request said.
    """
    reason, status = reason_of(answer), answer.status
    told = f"Google answered {status}{f' {reason}' if reason else ''}."
    if limit := limit_of(answer):
        return _pause(limit, retry_after(answer, now=now), told)
    if reason in _PUSH:
        message, hint = _PUSH[reason]
        return Refused(message, hint=hint, reason=reason)
    if _is_passing(status) or (status in _TOLD_BY_REASON and _is_cut(answer.body)):
        return Transient(told)
    if status == 400:
        return _malformed(answer, reason, told)
    if status == 403:
        return _forbidden(reason, told)
    if status == 401:
        return _unauthorized(reason, told)
    return _about_the_object(status, reason, told)


def limit_of(answer: Answer) -> Limit | None:
    """Return the limit that an answer says was met, `None` where it says nothing of the kind."""
    if answer.status not in (403, 429):
        return None
    match reason_of(answer):
        case "quotaExceeded":
            return Limit.CALENDAR
        case "userRateLimitExceeded":
            return Limit.USER
        case "dailyLimitExceeded" | "dailyLimitExceededUnreg":
            return Limit.DAY
        case "rateLimitExceeded":
            return _limit_told(text_of_error(answer))
    return Limit.UNSAID if answer.status == 429 else None


def _limit_told(text: str) -> Limit:
    """Return the limit that the sentence names: Queries per day, per minute, or per minute per user."""
    if " per day" in text:
        return Limit.DAY
    if " per user" in text:
        return Limit.USER
    return Limit.PROJECT if " per minute" in text else Limit.UNSAID


def reason_of(answer: Answer) -> str:
    """Return the vendor's one word for what is wrong, in the older spelling; empty where it gave none."""
    error = _error(answer)
    words, details = _words(error.get("errors")), _words(error.get("details"))
    # The detailed word is the sharper one: forbidden may stand beside SERVICE_DISABLED.
    for word in [*(word for word in details if word in _SAME_AS), *words, *details]:
        return _SAME_AS.get(word, word)
    return ""


def text_of_error(answer: Answer) -> str:
    """Return the vendor's sentence, to be compared and never shown."""
    text = _error(answer).get("message")
    return text if isinstance(text, str) else ""


def retry_after(answer: Answer, *, now: datetime) -> float | None:
    """Return the pause that the answer asks for, in seconds, whether told as a number or as a date."""
    value = header(answer, "Retry-After").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return min(float(value), PAUSE_MAX_S)
    until = http_date(value)
    if until is None:
        return None
    # The server's date counts from the server's clock, which ours need not agree with.
    sent = http_date(header(answer, "Date")) or now
    return min(max((until - sent).total_seconds(), 0.0), PAUSE_MAX_S)


def header(answer: Answer, name: str) -> str:
    """Return a header whatever its case; empty where there is none."""
    return next((text for key, text in answer.headers.items() if key.lower() == name.lower()), "")


def http_date(text: str) -> datetime | None:
    """Return an HTTP date as an instant, `None` where it is none."""
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def body_as_json(body: Any) -> Any:
    """Return the JSON in a text that was sent under another content type; else the text itself."""
    if not isinstance(body, str | bytes):
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _error(answer: Answer) -> Mapping[str, Any]:
    body = body_as_json(answer.body)
    if isinstance(body, list) and body:
        # Batched endpoints wrap the one error into an array.
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _words(items: Any) -> list[str]:
    """Return the reasons in a list of errors; what is no plain word might be somebody's text."""
    listed = items if isinstance(items, list) else []
    reasons = [item.get("reason") for item in listed if isinstance(item, dict)]
    return [word for word in reasons if isinstance(word, str) and _WORD.fullmatch(word)]


def _is_passing(status: int) -> bool:
    # 501 says that Google will never do it; a redirect is none of Google's, so look again later.
    return status < 400 or status in (408, 425) or (status >= 500 and status != 501)


def _is_cut(body: Any) -> bool:
    """Tell whether this is the beginning of a JSON object and not the whole of it."""
    left = body_as_json(body)
    text = left.decode(errors="replace") if isinstance(left, bytes) else left
    return isinstance(text, str) and text.lstrip().startswith("{")


def _about_the_object(status: int, reason: str, told: str) -> SyncError:
    match status:
        case 404:
            return Gone(told)
        case 409:
            return Transient(told) if reason == "conflict" else Exists(told)
        case 410:
            return CursorExpired(told) if reason in _CURSOR else Gone(told)
        case 412:
            return Stale(told)
    return Refused(told, reason=reason)


def _pause(limit: Limit, asked: float | None, told: str) -> RateLimited:
    if limit is Limit.CALENDAR:
        return UsageLimited(told, retry_after=asked)
    if limit is Limit.DAY:
        asked = max(asked or 0.0, DAY_PAUSE_S)
    return RateLimited(told, retry_after=asked)


def _malformed(answer: Answer, reason: str, told: str) -> SyncError:
    text = text_of_error(answer)
    if text.startswith("Invalid sync token value"):
        return CursorExpired(told)
    if text.startswith("Invalid sequence value"):
        return Stale(told)
    if reason in _EVENT_KIND:
        return Forbidden(told, reason=reason)
    return Refused(told, reason=reason)


def _unauthorized(reason: str, told: str) -> SyncError:
    if reason.startswith("push."):
        # It is the address for pushes that is not authorized, not the call.
        return Refused(told, reason=reason)
    # A token that is just new and yet refused is reported to pass by itself.
    return _company(reason) if reason == "required" else Transient(told)


def _forbidden(reason: str, told: str) -> SyncError:
    if reason == "notACalendarUser":
        return UserRefused(
            "The user has no Google Calendar (not switched on, not licensed, or suspended).",
            hint="Switch Calendar on for the user in the Workspace admin console.",
            reason=reason,
        )
    return _company(reason) if reason in _COMPANY else Forbidden(told, reason=reason)


def _company(reason: str) -> CompanyRefused:
    message, hint = _COMPANY[reason]
    return CompanyRefused(message, hint=hint, reason=reason)
