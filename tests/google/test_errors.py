"""Every line of the catalogue of the Calendar API's refusals, and what it means to us."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

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
    UserRefused,
)
from daemon.google.errors import LONG_PAUSE_S, Answer, error_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECRET_TEXT = "Dismissal of Ben"


def body(reason: str, *, domain: str = "global", message: str = SECRET_TEXT) -> dict[str, Any]:
    error = {"domain": domain, "reason": reason, "message": message}
    return {"error": {"errors": [error], "code": 400, "message": message}}


def detailed(*reasons: str, errors: Any = None) -> dict[str, Any]:
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
        for reason in reasons
    ]
    error: dict[str, Any] = {"code": 403, "status": "PERMISSION_DENIED", "details": details}
    return {"error": error | ({"errors": errors} if errors is not None else {})}


def told(status: int, content: Any = None, **headers: str) -> SyncError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of(Answer(status, content, named), now=NOW)


CATALOGUE: list[tuple[int, Any, type[SyncError]]] = [
    (304, None, Transient),
    (302, "<html>moved</html>", Transient),
    (400, body("required"), Refused),
    (400, body("invalid"), Refused),
    (400, body("invalid", message="Invalid resource id value."), Refused),
    (400, body("invalid", message="Invalid sync token value."), CursorExpired),
    (400, body("invalid", message="Invalid sequence value. The specified …"), Stale),
    (400, body("badRequest"), Refused),
    (400, body("timeRangeEmpty", domain="calendar"), Forbidden),
    (400, body("syncTokenWithRequestRestrictions"), Refused),
    (400, body("eventDurationExceedsLimit"), Forbidden),
    (400, body("participantIsNeitherOrganizerNorAttendee"), Forbidden),
    (400, body("eventTypeRestriction"), Forbidden),
    (400, body("malformedWorkingLocationEvent"), Forbidden),
    (400, body("cannotChangeOrganizer"), Forbidden),
    (401, body("authError"), Transient),
    (401, "", Transient),
    (401, body("required", message="Login Required."), CompanyRefused),
    (401, detailed("CREDENTIALS_MISSING", errors=[{"reason": "required"}]), CompanyRefused),
    (403, body("userRateLimitExceeded", domain="usageLimits"), RateLimited),
    (403, body("rateLimitExceeded", domain="usageLimits"), RateLimited),
    (403, body("quotaExceeded", domain="usageLimits"), RateLimited),
    (403, body("dailyLimitExceeded", domain="usageLimits"), RateLimited),
    (403, body("dailyLimitExceededUnreg", domain="usageLimits"), RateLimited),
    (403, detailed("RATE_LIMIT_EXCEEDED"), RateLimited),
    (403, body("accessNotConfigured", domain="usageLimits"), CompanyRefused),
    (403, detailed("SERVICE_DISABLED", errors=[{"reason": "forbidden"}]), CompanyRefused),
    (403, body("insufficientPermissions"), CompanyRefused),
    (403, detailed("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), CompanyRefused),
    (403, body("forbiddenForServiceAccounts"), CompanyRefused),
    (403, body("notACalendarUser", domain="calendar"), UserRefused),
    (403, body("forbiddenForNonOrganizer", domain="calendar"), Forbidden),
    (403, body("requiredAccessLevel", domain="calendar"), Forbidden),
    (403, body("forbidden"), Forbidden),
    (403, body("eventTypeRestriction"), Forbidden),
    (403, body("cannotChangeOrganizerOfInstance"), Forbidden),
    (403, "<html>Forbidden</html>", Forbidden),
    (404, body("notFound"), Gone),
    (404, "<html>", Gone),
    (408, None, Transient),
    (409, body("duplicate"), Exists),
    (409, None, Exists),
    (409, body("conflict"), Transient),
    (410, body("fullSyncRequired", domain="calendar"), CursorExpired),
    (410, body("updatedMinTooLongAgo", domain="calendar"), CursorExpired),
    (410, body("deleted"), Gone),
    (410, None, Gone),
    (412, body("conditionNotMet"), Stale),
    (413, None, Refused),
    (429, body("rateLimitExceeded", domain="usageLimits"), RateLimited),
    (429, "slow down", RateLimited),
    (500, body("backendError"), Transient),
    (501, body("notImplemented"), Refused),
    (502, "<html><title>502</title></html>", Transient),
    (503, body("serviceNotAvailable"), Transient),
    (504, None, Transient),
]


@pytest.mark.parametrize(("status", "content", "kind"), CATALOGUE)
def test_each_refusal_means_one_thing(status: int, content: Any, kind: type[SyncError]) -> None:
    error = told(status, content)

    assert type(error) is kind
    assert SECRET_TEXT not in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(("status", "content", "kind"), CATALOGUE)
def test_a_body_sent_as_text_means_the_same(
    status: int, content: Any, kind: type[SyncError]
) -> None:
    text = json.dumps(content) if isinstance(content, dict) else content

    assert type(told(status, text)) is kind


@pytest.mark.parametrize(("status", "content", "kind"), CATALOGUE)
def test_a_body_wrapped_in_an_array_means_the_same(
    status: int, content: Any, kind: type[SyncError]
) -> None:
    assert type(told(status, [content])) is kind


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 418, 429, 500, 501, 503])
@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{cut",
        b"\xff\xfe",
        [],
        [[]],
        7,
        {},
        {"error": None},
        {"error": "invalid_grant"},
        {"error": []},
        {"error": {"errors": None, "details": None}},
        {"error": {"errors": ["x"], "details": [7], "message": {"a": 1}}},
        {"error": {"errors": [{"reason": 7}], "details": [{"reason": None}]}},
        {"error": {"errors": [{"reason": ["x"]}], "details": [{"reason": {"x": 1}}]}},
        {"error": {"errors": [{"reason": "a secret note\nof two lines"}]}},
    ],
)
def test_no_body_is_too_odd(status: int, content: Any) -> None:
    error = told(status, content)

    assert isinstance(error, SyncError)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "content",
    [
        body("accessNotConfigured"),
        body("insufficientPermissions"),
        body("forbiddenForServiceAccounts"),
        body("notACalendarUser"),
    ],
)
def test_a3_whoever_must_act_is_told_what_to_do(content: Any) -> None:
    error = told(403, content)

    assert isinstance(error, Refused)
    assert "console" in error.hint
    assert error.reason


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after": "7.5"}, 7.5),
        ({"Retry_After": "Mon, 02 Mar 2026 08:01:00 GMT"}, 60.0),
        ({"Retry_After": "Mon, 02 Mar 2026 08:01:00 GMT", "Date": "Mon, 02 Mar 2026 08:00:30 GMT"}, 30.0),
        ({"Retry_After": "Mon, 02 Mar 2026 07:00:00 GMT"}, 0.0),
        ({"Retry_After": "999999999"}, 24 * 3600.0),
        ({"Retry_After": "Mon, 02 Mar 2046 08:01:00 GMT"}, 24 * 3600.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": ""}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [403, 429])
def test_r1_the_pause_is_the_one_that_google_names(
    headers: dict[str, str], seconds: float | None, status: int
) -> None:
    error = told(status, body("rateLimitExceeded"), **headers)

    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize("reason", ["quotaExceeded", "dailyLimitExceeded"])
def test_r1_a_calendars_usage_limit_pauses_for_hours(reason: str) -> None:
    short, long = told(403, body(reason), Retry_After="5"), told(403, body(reason))

    assert isinstance(short, RateLimited)
    assert isinstance(long, RateLimited)
    assert short.retry_after == long.retry_after == LONG_PAUSE_S >= 3600
