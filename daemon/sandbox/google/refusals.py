"""Google's refusals by name and by status, so that each can be ordered as a fault.

A name is the reason (token endpoint: the error code), with a word after a colon where one reason
has several forms: ``rateLimitExceeded:429``.
"""

from typing import Any

from daemon.sandbox.google import errors, pushing
from daemon.sandbox.google.errors import ApiError, TokenError

PROJECT = "636397034666"
_USAGE, _OTHER = "usageLimits", "server_error"
_METRIC = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
    f"'calendar-json.googleapis.com' for consumer 'project_number:{PROJECT}'"
)


def rate_limited(status: int = 403, *, in_full: bool = False) -> ApiError:
    """Return the refusal of too many requests, with the metric's name if it is told ``in_full``."""
    message = _METRIC if in_full else "Rate Limit Exceeded"
    return ApiError(status, "rateLimitExceeded", message, domain=_USAGE)


def by_status(status: int) -> dict[str, Any]:
    """Return the Calendar API's body that is most common under a status."""
    known = {
        400: errors.bad_request(),
        401: errors.bad_credential(),
        403: rate_limited(),
        404: errors.not_found(),
        409: errors.duplicate(),
        410: errors.full_sync_required(),
        412: errors.condition_not_met(),
        429: rate_limited(429),
        501: ApiError(501, "notImplemented", "Not Implemented"),
        502: _unavailable(502),
        503: _unavailable(503),
        504: _unavailable(504),
    }
    return known.get(status, ApiError(status, "backendError", "Backend Error")).body()


def by_name(name: str) -> tuple[int, dict[str, Any]] | None:
    """Return status and body of the Calendar API's refusal of a name, None where there is none."""
    error = API.get(name)
    return (error.status, error.body()) if error else None


def token_by_status(status: int) -> dict[str, Any]:
    """Return the token endpoint's body that is most common under a status."""
    known = {401: "unauthorized_client", 500: "internal_failure", 503: "temporarily_unavailable"}
    return token_error(known.get(status, _OTHER if status > 500 else "invalid_grant")).body()


def token_by_name(name: str) -> tuple[int, dict[str, Any]] | None:
    """Return status and body of the token endpoint's refusal of a name, None where there is none."""
    return (TOKEN[name][0], token_error(name).body()) if name in TOKEN else None


def token_error(name: str) -> TokenError:
    """Return the token endpoint's refusal of a name, to be raised."""
    status, error, description = TOKEN[name]
    return TokenError(error, description, status)


def _unavailable(status: int) -> ApiError:
    return ApiError(status, "serviceNotAvailable", "The service is currently unavailable.")


def _usage(reason: str, message: str) -> ApiError:
    return ApiError(403, reason, message, domain=_USAGE)


API: dict[str, ApiError] = {
    "required": errors.required("Missing end time."),
    "invalid": errors.invalid("Invalid resource id value."),
    "invalid:syncToken": errors.invalid("Invalid sync token value."),
    "invalid:sequence": errors.too_low_sequence(),
    "invalid:zone": errors.invalid("Invalid time zone definition for start time."),
    "badRequest": errors.bad_request(),
    "timeRangeEmpty": errors.time_range_empty(),
    "syncTokenWithRequestRestrictions": errors.sync_token_restricted(),
    "eventDurationExceedsLimit": errors.too_long(),
    "participantIsNeitherOrganizerNorAttendee": errors.uninvolved(),
    "eventTypeRestriction": errors.event_type_restriction(),
    "eventTypeRestriction:403": errors.event_type_restriction(403),
    "malformedWorkingLocationEvent": errors.malformed_working_location(),
    "channelIdNotUnique": pushing.not_unique("01234567-89ab-cdef-0123456789ab"),
    "push.webhookUrlNotHttps": pushing.not_https(),
    "invalid:ttl": pushing.bad_ttl(-1687450148),
    "pushNotSupportedForRequestedResource": pushing.not_supported(),
    "authError": errors.bad_credential(),
    "required:credential": errors.no_credential("calendar.v3.Events.List"),
    "push.webhookUrlUnauthorized": pushing.unauthorized("https://calendar.example.com/push"),
    "userRateLimitExceeded": _usage("userRateLimitExceeded", "User Rate Limit Exceeded"),
    "rateLimitExceeded": rate_limited(),
    "rateLimitExceeded:metric": rate_limited(in_full=True),
    "rateLimitExceeded:429": rate_limited(429, in_full=True),
    "quotaExceeded": errors.usage_limit(),
    "dailyLimitExceeded": _usage("dailyLimitExceeded", "Daily Limit Exceeded"),
    "dailyLimitExceededUnreg": _usage(
        "dailyLimitExceededUnreg",
        "Daily Limit for Unauthenticated Use Exceeded. Continued use requires signup.",
    ),
    "accessNotConfigured": errors.not_configured(),
    "insufficientPermissions": errors.insufficient_scope("calendar.v3.Events.List"),
    "forbiddenForNonOrganizer": errors.for_non_organizer(),
    "requiredAccessLevel": errors.no_writer(),
    "forbidden": errors.forbidden(),
    "forbiddenForServiceAccounts": errors.for_service_account(),
    "notACalendarUser": errors.not_a_calendar_user(),
    "cannotChangeOrganizer": ApiError(
        403, "cannotChangeOrganizer", "Cannot change the organizer of the event.", domain="calendar"
    ),
    "cannotChangeOrganizerOfInstance": ApiError(
        400,
        "cannotChangeOrganizerOfInstance",
        "Cannot change the organizer of an instance.",
        domain="calendar",
    ),
    "notFound": errors.not_found(),
    "notFound:channel": pushing.unknown("my-channel", PROJECT),
    "duplicate": errors.duplicate(),
    "conflict": ApiError(409, "conflict", "Conflict"),
    "fullSyncRequired": errors.full_sync_required(),
    "updatedMinTooLongAgo": errors.updated_min_too_long_ago(),
    "deleted": errors.deleted(),
    "conditionNotMet": errors.condition_not_met(),
    "backendError": ApiError(500, "backendError", "Backend Error"),
    "notImplemented": ApiError(501, "notImplemented", "Not Implemented"),
    "serviceNotAvailable": _unavailable(503),
    "serviceNotAvailable:502": _unavailable(502),
    "serviceNotAvailable:504": _unavailable(504),
}
"""The Calendar API's refusals, every line of the error guide and those that people report."""

TOKEN: dict[str, tuple[int, str, str | None]] = {
    "invalid_grant": (400, "invalid_grant", "Invalid JWT Signature."),
    "invalid_grant:clock": (
        400,
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
        "timeframe. Check your iat and exp values in the JWT claim.",
    ),
    "invalid_grant:user": (400, "invalid_grant", "Invalid email or User ID"),
    "invalid_grant:email": (400, "invalid_grant", "Not a valid email"),
    "invalid_grant:account": (400, "invalid_grant", "Invalid grant: account not found"),
    "invalid_grant:issuer": (
        400,
        "invalid_grant",
        "Invalid JWT: No valid verifier found for issuer",
    ),
    "invalid_grant:deleted": (400, "invalid_grant", "The account has been deleted"),
    "invalid_grant:robot": (400, "invalid_grant", "Robot is disabled."),
    "invalid_grant:bare": (400, "invalid_grant", None),
    "invalid_grant:bad_request": (400, "invalid_grant", "Bad Request"),
    "invalid_grant:revoked": (400, "invalid_grant", "Token has been expired or revoked"),
    "invalid_grant:rapt": (400, "invalid_grant", "reauth related error (invalid_rapt)"),
    "invalid_request": (400, "invalid_request", 'Invalid impersonation "sub" field'),
    "invalid_request:old": (400, "invalid_request", "Invalid impersonation prn email address"),
    "disabled_client": (401, "disabled_client", "The OAuth client was disabled."),
    "deleted_client": (401, "deleted_client", "The OAuth client was deleted."),
    "invalid_client": (401, "invalid_client", "The OAuth client was invalid."),
    "invalid_scope": (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."),
    "unauthorized_client": (
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not "
        "authorized for any of the scopes requested.",
    ),
    "unauthorized_client:short": (
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method",
    ),
    "unauthorized_client:domain": (
        401,
        "unauthorized_client",
        "Unauthorized client or scope in request.",
    ),
    "access_denied": (403, "access_denied", "Requested client not authorized"),
    "access_denied:account": (400, "access_denied", "Account restricted"),
    "admin_policy_enforced": (400, "admin_policy_enforced", "Access blocked by policy."),
    "org_internal": (
        403,
        "org_internal",
        "This client is restricted to users within its organization.",
    ),
    "invalid_account": (403, "invalid_account", "Forbidden"),
    "internal_failure": (500, "internal_failure", "Backend Error"),
    "internal_failure:bare": (500, "internal_failure", None),
    "temporarily_unavailable": (503, "temporarily_unavailable", None),
    "server_error": (500, "server_error", None),
}
"""The token endpoint's refusals: status, error, description."""
