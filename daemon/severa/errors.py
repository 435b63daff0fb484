"""The one place where Severa's ways of saying no become ours (Severa REST API, ExceptionModel)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from daemon.errors import (
    CompanyRefused,
    Forbidden,
    Gone,
    RateLimited,
    Refused,
    SyncError,
    Transient,
)


class Unreadable(Transient):
    """Severa answered something that its document does not allow."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of Severa's API: what it does, for messages, and the scope that it needs."""

    name: str
    scope: str = ""


LIST: Final = Operation("list activities", "activities:read")
READ: Final = Operation("read an activity", "activities:read")
CREATE: Final = Operation("create an activity", "activities:write")
CHANGE: Final = Operation("change an activity", "activities:write")
REMOVE: Final = Operation("delete an activity", "activities:delete")
LIST_PEOPLE: Final = Operation("list who takes part in an activity", "activities:read")
ADD_PERSON: Final = Operation("add a participant", "activities:write")
REMOVE_PERSON: Final = Operation("take a participant out", "activities:delete")
LIST_TYPES: Final = Operation("list activity types", "settings:read")
LIST_USERS: Final = Operation("list users", "users:read")
READ_USER: Final = Operation("read a user", "users:read")

_COMPANY_HINTS: Final = {
    "AddonMissing": "Add the REST API add-on to the Severa subscription.",
    "AddonMissingTermsOfServiceApproval": "Approve the terms of the REST API in Severa.",
    "AuthenticationRequired": "Check severa.client_id and its secret file.",
    "ConfigurationError": "Severa's own configuration is at fault; ask Severa's support.",
    "ExcludedFromTrial": "The trial of Severa does not include the REST API.",
    "FeatureIsNotEnabled": "Switch the REST API on under Settings > Integrations in Severa.",
    "HttpsRequired": "Give severa.base_url with https.",
    "InvalidApiVersion": "Check severa.base_url; it ends in /rest-api.",
    "NotAvailableInTrial": "The trial of Severa does not include the REST API.",
    "OrganizationNotActive": "The organization is not active in Severa.",
    "TermsOfServiceNotApproved": "Approve the terms of the REST API in Severa.",
    "TrialExpired": "The trial of Severa has ended.",
    "UserLicenseType": "The licence of the integration's user in Severa does not include this.",
}
"""Refusals that concern every call, so the whole company."""

_OF_ALL_CALLS: Final = frozenset({*_COMPANY_HINTS, "InsufficientApiScope"})
_ENTRY_ONLY: Final = frozenset({"InvalidOperation", "PermissionDenied"})
_TRY_LATER: Final = frozenset({408, 425})
_PAUSE_MAX_S: Final = 3600.0
_PROPERTY: Final = re.compile(r"[A-Za-z][A-Za-z0-9./]{0,59}")


def error_of(
    operation: Operation, status: int, headers: Mapping[str, str], body: bytes
) -> SyncError:
    """Return what an answer of this status means for the caller."""
    what = f"Severa did not {operation.name}"
    if status == 429:
        return RateLimited(f"{what}: too many requests.", retry_after=retry_after(headers))
    if status == 404:
        return Gone(f"{what}: not found.")
    if not 400 <= status < 500 or status in _TRY_LATER:
        return Transient(f"{what}: HTTP {status}.")
    kind, place = _problem(body)
    if status == 401 and (kind not in _OF_ALL_CALLS or kind == "AuthenticationRequired"):
        return credentials_refused()
    if kind == "InternalSystemError":
        # Whatever the status: Severa failed, and what it had done by then is not known.
        return Transient(f"{what}: {kind}.")
    if _is_cut(body):
        # Without its type a refusal cannot be told from one that has a way around it.
        return Unreadable(f"{what}: HTTP {status}, and the reason was cut short.")
    return _refusal(operation, kind or f"HTTP {status}", place)


def credentials_refused() -> CompanyRefused:
    """Return the error for credentials that are not taken, or not taken any more."""
    return CompanyRefused(
        "Severa refuses the client id or secret.",
        hint="Check severa.client_id and the secret file against "
        "Settings > Integrations > REST API in Severa.",
        reason="AuthenticationRequired",
    )


def token_refused(status: int, headers: Mapping[str, str], body: bytes) -> SyncError:
    """Return what a refused request for a token means; most refusals of it mean the credentials."""
    error = error_of(Operation("give out a token"), status, headers, body)
    if isinstance(error, Gone):
        hint = "Check severa.base_url; it ends in /rest-api."
        return CompanyRefused("Severa's API is not at this address.", hint=hint, reason="NotFound")
    if isinstance(error, Refused) and not isinstance(error, CompanyRefused):
        return credentials_refused()
    return error


def _refusal(operation: Operation, kind: str, place: str) -> Refused:
    message = f"Severa did not {operation.name}: {kind}{f' ({place})' if place else ''}."
    if kind == "InsufficientApiScope":
        missing = operation.scope or "a scope"
        hint = f"Tick the scope {missing} for these credentials in Severa."
        return CompanyRefused(f"Severa's credentials lack {missing}.", hint=hint, reason=kind)
    if kind in _COMPANY_HINTS:
        return CompanyRefused(message, hint=_COMPANY_HINTS[kind], reason=kind)
    return (Forbidden if kind in _ENTRY_ONLY else Refused)(message, reason=kind)


def _is_cut(body: bytes) -> bool:
    """Tell whether this is the beginning of a JSON object and not the whole of it."""
    if not body.lstrip().startswith(b"{"):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return True
    return False


def _problem(body: bytes) -> tuple[str, str]:
    """Return the type of the problem and the property it is about, as far as they can be read."""
    try:
        error = json.loads(body)["error"]
        return _word(error["type"]), _place(error)
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", ""


def _place(error: Mapping[str, Any]) -> str:
    try:
        return _word(error["details"][0]["location"]["name"])
    except (TypeError, KeyError, IndexError):
        return ""


def _word(text: object) -> str:
    # Messages of Severa may quote what was sent, so only what is a name goes any further.
    return text if isinstance(text, str) and _PROPERTY.fullmatch(text) else ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause in seconds, an hour at most; a date is counted from the answer's own, not from our clock."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text[:9]), _PAUSE_MAX_S)
    until, now = http_date(text), http_date(headers.get("Date", ""))
    if until is None or now is None:
        return None
    return min(max(0.0, (until - now).total_seconds()), _PAUSE_MAX_S)


def http_date(text: str) -> datetime | None:
    """Return the UTC instant that a date of HTTP names, None for any other text."""
    try:
        instant = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
