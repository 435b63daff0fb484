"""How Google says no: the error bodies of Calendar API v3 and of the token endpoint."""

from typing import Any


class ApiError(Exception):
    """An answer of the Calendar API other than success ("Handle API errors")."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: tuple[str, str] | None = None,
        more: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.location = location
        self.more = more or {}
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        # Where a credential is missing the outer message differs from the one inside.
        inner = self.more.get("inner_message", self.message)
        error = {"domain": self.domain, "reason": self.reason, "message": inner}
        if self.location is not None:
            error |= {"locationType": self.location[0], "location": self.location[1]}
        more = {k: v for k, v in self.more.items() if k != "inner_message"}
        whole = {"errors": [error], "code": self.status, "message": self.message, **more}
        return {"error": whole}


class TokenError(Exception):
    """An answer of the token endpoint other than success ("OAuth 2.0 for Server to Server")."""

    def __init__(self, error: str, description: str | None = None, status: int = 400) -> None:
        super().__init__(f"{status} {error}: {description}")
        self.status = status
        self.error = error
        self.description = description

    def body(self) -> dict[str, str]:
        """Return the JSON body."""
        told = {} if self.description is None else {"error_description": self.description}
        return {"error": self.error, **told}


def invalid(message: str) -> ApiError:
    """Return the refusal of a bad value."""
    return ApiError(400, "invalid", message)


def invalid_value(name: str) -> ApiError:
    """Return the refusal of a bad value of a named field or parameter."""
    return invalid(f"Invalid value for: {name}")


def bad_request() -> ApiError:
    """Return the refusal of what cannot be read."""
    return ApiError(400, "badRequest", "Bad Request")


def required(message: str) -> ApiError:
    """Return the refusal of a request in which something is missing."""
    return ApiError(400, "required", message)


def time_range_empty() -> ApiError:
    """Return the refusal of an end that is not after its start."""
    message = "The specified time range is empty."
    return ApiError(
        400,
        "timeRangeEmpty",
        message,
        domain="calendar",
        location=("parameter", "timeMax"),
    )


def sync_token_restricted() -> ApiError:
    """Return the refusal of a filter beside a sync token."""
    message = "Sync token cannot be used with other request restrictions."
    return ApiError(400, "syncTokenWithRequestRestrictions", message, domain="calendar")


def event_type_restriction(status: int = 400) -> ApiError:
    """Return the refusal of an operation that the event's type does not allow."""
    message = "This operation is not allowed for the type of the event."
    return ApiError(status, "eventTypeRestriction", message, domain="calendar")


def malformed_working_location() -> ApiError:
    """Return the refusal of a working location of the wrong shape."""
    message = "A working location event must be public and transparent, and one day if all-day."
    return ApiError(400, "malformedWorkingLocationEvent", message, domain="calendar")


def too_long() -> ApiError:
    """Return the refusal of an event that lasts too long."""
    message = "The event duration exceeds the limit."
    return ApiError(400, "eventDurationExceedsLimit", message, domain="calendar")


def uninvolved() -> ApiError:
    """Return the refusal of an import for a calendar whose owner has no part in the event."""
    message = "The owner of the calendar must either be the organizer or an attendee of an event."
    return ApiError(400, "participantIsNeitherOrganizerNorAttendee", message)


def too_low_sequence() -> ApiError:
    """Return the refusal of a sequence number that is past."""
    return invalid(
        "Invalid sequence value. The specified sequence number is below the current sequence "
        "number of the resource. Re-fetch the resource and use its sequence number on the "
        "following request."
    )


def no_credential(method: str) -> ApiError:
    """Return the answer to a request without a token."""
    message = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, "
        "login cookie or other valid authentication credential."
    )
    details = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "CREDENTIALS_MISSING",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com", "method": method},
    }
    return ApiError(
        401,
        "required",
        message,
        location=("header", "Authorization"),
        more={
            "inner_message": "Login Required.",
            "status": "UNAUTHENTICATED",
            "details": [details],
        },
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'},
    )


def bad_credential() -> ApiError:
    """Return the answer to a token that is unknown or has expired."""
    location = ("header", "Authorization")
    return ApiError(401, "authError", "Invalid Credentials", location=location)


def insufficient_scope(method: str) -> ApiError:
    """Return the answer to a token whose scopes do not allow the call."""
    details = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "calendar-json.googleapis.com", "method": method},
    }
    return ApiError(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        more={
            "inner_message": "Insufficient Permission",
            "status": "PERMISSION_DENIED",
            "details": [details],
        },
    )


def not_configured() -> ApiError:
    """Return the answer of a project in which the Calendar API is not switched on."""
    message = (
        "Google Calendar API has not been used in project 636397034666 before or it is disabled."
    )
    return ApiError(
        403,
        "accessNotConfigured",
        message,
        domain="usageLimits",
        more={"status": "PERMISSION_DENIED"},
    )


def not_a_calendar_user() -> ApiError:
    """Return the answer for a user without the Calendar service."""
    message = "The user must be signed up for Google Calendar."
    return ApiError(403, "notACalendarUser", message, domain="calendar")


def forbidden() -> ApiError:
    """Return the refusal that gives no reason."""
    return ApiError(403, "forbidden", "Forbidden")


def for_non_organizer() -> ApiError:
    """Return the refusal of a guest's change to what only the organizer may change."""
    message = "Shared properties can only be changed by the organizer of the event."
    return ApiError(403, "forbiddenForNonOrganizer", message, domain="calendar")


def for_service_account() -> ApiError:
    """Return the refusal of invitations by a service account that acts for itself."""
    message = (
        "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
    )
    return ApiError(403, "forbiddenForServiceAccounts", message, domain="calendar")


def no_writer() -> ApiError:
    """Return the refusal of a write to a calendar that one may only look at."""
    message = "You need to have writer access to this calendar."
    return ApiError(403, "requiredAccessLevel", message, domain="calendar")


def usage_limit() -> ApiError:
    """Return the refusal of a user who made too much in too short a time ("Calendar use limits")."""
    message = "Calendar usage limits exceeded."
    return ApiError(403, "quotaExceeded", message, domain="usageLimits")


def not_found() -> ApiError:
    """Return the answer for what does not exist or may not be seen."""
    return ApiError(404, "notFound", "Not Found")


def duplicate() -> ApiError:
    """Return the answer to an id that is taken, by a deleted event also."""
    return ApiError(409, "duplicate", "The requested identifier already exists.")


def deleted() -> ApiError:
    """Return the answer to the deletion of what is deleted."""
    return ApiError(410, "deleted", "Resource has been deleted")


def full_sync_required() -> ApiError:
    """Return the answer to a sync token that has died."""
    message = "Sync token is no longer valid, a full sync is required."
    location = ("parameter", "syncToken")
    return ApiError(410, "fullSyncRequired", message, domain="calendar", location=location)


def updated_min_too_long_ago() -> ApiError:
    """Return the answer to an ``updatedMin`` that lies too far back."""
    message = "The requested minimum modification time lies too far in the past."
    location = ("parameter", "updatedMin")
    return ApiError(410, "updatedMinTooLongAgo", message, domain="calendar", location=location)


def condition_not_met() -> ApiError:
    """Return the answer to an ``If-Match`` that does not hold."""
    location = ("header", "If-Match")
    return ApiError(412, "conditionNotMet", "Precondition Failed", location=location)
