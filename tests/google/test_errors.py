"""Every line of the catalogue of the Calendar API's refusals, and what it means to us."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.core.entry import Entry
from daemon.core.link import Copy
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
from daemon.google.client import GoogleClient
from daemon.google.errors import DAY_PAUSE_S, Answer, Limit, error_of, limit_of
from daemon.secret import Secret
from tests.google.conftest import ANNA, World
from tests.google.test_client import WEEKLY

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


@dataclass(frozen=True)
class Line:
    """What Google says no with, to which call, and what becomes of it."""

    status: int
    content: Any
    means: type[SyncError]
    to: str = "read"
    calls: int = 1
    """Two where a new token is tried."""
    pause_s: float | None = None
    reason: str = ""


def said(
    status: int,
    word: str,
    means: type[SyncError],
    to: str = "read",
    *,
    text: str = SECRET_TEXT,
    domain: str = "global",
    **more: Any,
) -> Line:
    """Return the line of a refusal in Google's usual form; who must act is told the reason."""
    kept = {"reason": word if issubclass(means, Refused) else ""}
    return Line(status, body(word, domain=domain, message=text), means, to, **{**kept, **more})


HOUR = DAY_PAUSE_S
CHANNEL = "Channel 'c-1' not found for project '636397034666'"
LOGIN = detailed(
    "CREDENTIALS_MISSING", errors=[{"reason": "required", "message": "Login Required."}]
)
OFF = detailed("SERVICE_DISABLED", errors=[{"reason": "forbidden"}])
NARROW = detailed("ACCESS_TOKEN_SCOPE_INSUFFICIENT")
NEITHER = "participantIsNeitherOrganizerNorAttendee"
NO_PUSH = "pushNotSupportedForRequestedResource"
CATALOGUE: dict[str, Line] = {
    "304 not modified": Line(304, "", Transient),
    "302 redirect": Line(302, "<html>moved</html>", Transient),
    "400 required": said(400, "required", Refused, "create"),
    "400 invalid": said(400, "invalid", Refused, "create"),
    "400 invalid, id": said(400, "invalid", Refused, "create", text="Invalid resource id value."),
    "400 invalid, sync token": said(400, "invalid", CursorExpired, "list", text="Invalid sync token value."),
    "400 invalid, sequence": said(400, "invalid", Stale, "change", text="Invalid sequence value. The specified …"),
    "400 invalid, zone": said(400, "invalid", Refused, "change", text="Invalid time zone definition for start time."),
    "400 badRequest": said(400, "badRequest", Refused, "change"),
    "400 timeRangeEmpty": said(400, "timeRangeEmpty", Forbidden, "create", domain="calendar"),
    "400 syncTokenWithRequestRestrictions": said(400, "syncTokenWithRequestRestrictions", CursorExpired, "list"),
    "400 eventDurationExceedsLimit": said(400, "eventDurationExceedsLimit", Forbidden, "create"),
    f"400 {NEITHER}": said(400, NEITHER, Forbidden, "create"),
    "400 eventTypeRestriction": said(400, "eventTypeRestriction", Forbidden, "change"),
    "400 malformedWorkingLocationEvent": said(400, "malformedWorkingLocationEvent", Forbidden, "change"),
    "400 channelIdNotUnique": said(400, "channelIdNotUnique", Refused, "watch"),
    "400 push.webhookUrlNotHttps": said(400, "push.webhookUrlNotHttps", Refused, "watch"),
    "400 Invalid ttl": said(400, "invalid", Refused, "watch", text="Invalid ttl value for channel -1687450148"),
    f"400 {NO_PUSH}": said(400, NO_PUSH, Refused, "watch", domain="calendar"),
    "400 cannotChangeOrganizer": said(400, "cannotChangeOrganizer", Forbidden, "change"),
    "401 authError": said(401, "authError", Transient, calls=2),
    "401 authError, of a write": said(401, "authError", Transient, "create", calls=2),
    "401 without a body": Line(401, "", Transient, calls=2),
    "401 required": said(401, "required", CompanyRefused, calls=2, text="Login Required."),
    "401 CREDENTIALS_MISSING": Line(401, LOGIN, CompanyRefused, calls=2, reason="required"),
    "401 push.webhookUrlUnauthorized": said(401, "push.webhookUrlUnauthorized", Refused, "watch", calls=2),
    "403 push.webhookUrlUnauthorized": said(403, "push.webhookUrlUnauthorized", Refused, "watch"),
    "400 push.channelTypeNotSupported": said(400, "push.channelTypeNotSupported", Refused, "watch"),
    "403 userRateLimitExceeded": said(403, "userRateLimitExceeded", RateLimited, pause_s=7.0, domain="usageLimits"),
    "403 rateLimitExceeded": said(403, "rateLimitExceeded", RateLimited, "create", pause_s=7.0, domain="usageLimits"),
    "403 RATE_LIMIT_EXCEEDED": Line(403, detailed("RATE_LIMIT_EXCEEDED"), RateLimited, "list", pause_s=7.0),
    "403 quotaExceeded": said(403, "quotaExceeded", UsageLimited, "create", pause_s=7.0, domain="usageLimits"),
    "403 dailyLimitExceeded": said(403, "dailyLimitExceeded", RateLimited, pause_s=HOUR, domain="usageLimits"),
    "403 dailyLimitExceededUnreg": said(403, "dailyLimitExceededUnreg", RateLimited, pause_s=HOUR),
    "403 accessNotConfigured": said(403, "accessNotConfigured", CompanyRefused, "check", domain="usageLimits"),
    "403 SERVICE_DISABLED": Line(403, OFF, CompanyRefused, "check", reason="accessNotConfigured"),
    "403 insufficientPermissions": said(403, "insufficientPermissions", CompanyRefused, "list"),
    "403 SCOPE_INSUFFICIENT": Line(403, NARROW, CompanyRefused, reason="insufficientPermissions"),
    "403 forbiddenForNonOrganizer": said(403, "forbiddenForNonOrganizer", Forbidden, "change", domain="calendar"),
    "403 requiredAccessLevel": said(403, "requiredAccessLevel", Forbidden, "change", domain="calendar"),
    "403 requiredAccessLevel, to a listing": said(403, "requiredAccessLevel", UserRefused, "list", domain="calendar"),
    "403 forbidden": said(403, "forbidden", Forbidden, "change"),
    "403 forbidden, to a deletion": said(403, "forbidden", Forbidden, "remove"),
    "403 forbiddenForServiceAccounts": said(403, "forbiddenForServiceAccounts", CompanyRefused, "create"),
    "403 notACalendarUser": said(403, "notACalendarUser", UserRefused, "list", domain="calendar"),
    "403 eventTypeRestriction": said(403, "eventTypeRestriction", Forbidden, "remove"),
    "403 cannotChangeOrganizerOfInstance": said(403, "cannotChangeOrganizerOfInstance", Forbidden, "change"),
    "403 HTML": Line(403, "<html>Forbidden</html>", Forbidden),
    "404 notFound": said(404, "notFound", Gone),
    "404 notFound, to a change": said(404, "notFound", Gone, "change"),
    "404 notFound, to a deletion": said(404, "notFound", Gone, "remove"),
    "404 notFound, to a listing": said(404, "notFound", UserRefused, "list", reason="no-calendar"),
    "404 channel": said(404, "notFound", Gone, text=CHANNEL),
    "404 notFound, to a channel": said(404, "notFound", UserRefused, "watch", reason="no-calendar"),
    "403 notACalendarUser, to a channel": said(403, "notACalendarUser", UserRefused, "watch"),
    "403 forbidden, to a stop": said(403, "forbidden", Forbidden, "stop"),
    "503 serviceNotAvailable, to a channel": said(503, "serviceNotAvailable", Transient, "watch"),
    "502 HTML, to a stop": Line(502, "<html>", Transient, "stop"),
    "404 HTML": Line(404, "<html>", Gone),
    "408 timeout": Line(408, "", Transient),
    "409 duplicate": said(409, "duplicate", Exists, "create"),
    "409 without a body": Line(409, "", Exists, "create"),
    "409 conflict": said(409, "conflict", Transient, "change"),
    "410 fullSyncRequired": said(410, "fullSyncRequired", CursorExpired, "list", domain="calendar"),
    "410 updatedMinTooLongAgo": said(410, "updatedMinTooLongAgo", CursorExpired, "list", domain="calendar"),
    "410 deleted": said(410, "deleted", Gone, "remove"),
    "410 deleted, to a change": said(410, "deleted", Gone, "change"),
    "410 without a body": Line(410, "", Gone, "remove"),
    "412 conditionNotMet": said(412, "conditionNotMet", Stale, "change"),
    "412 conditionNotMet, to a deletion": said(412, "conditionNotMet", Stale, "remove"),
    "413 too large": Line(413, "", Refused, "create"),
    "429 rateLimitExceeded": said(429, "rateLimitExceeded", RateLimited, "change", pause_s=7.0, domain="usageLimits"),
    "429 text": Line(429, "slow down", RateLimited, pause_s=7.0),
    "500 backendError": said(500, "backendError", Transient, "create"),
    "501 notImplemented": said(501, "notImplemented", Refused, "change"),
    "502 HTML": Line(502, "<html><title>502</title></html>", Transient, "create"),
    "503 serviceNotAvailable": said(503, "serviceNotAvailable", Transient, "list"),
    "504 without a body": Line(504, "", Transient, "remove"),
}  # fmt: skip
OPERATIONS = {
    "read": "events.get",
    "list": "events.list",
    "create": "events.insert",
    "change": "events.patch",
    "remove": "events.delete",
    "check": "calendars.get",
    "watch": "events.watch",
    "stop": "channels.stop",
}


def attempted(client: GoogleClient, to: str, seen: Copy) -> Awaitable[Any]:
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "read": lambda: client.read(ANNA, seen.ref),
        "list": lambda: anext(client.changes(ANNA, "cursor")),
        "create": lambda: client.create(ANNA, "cccccddddd", WEEKLY, mark=None),
        "change": lambda: client.change(ANNA, seen, Entry(title="New"), mark=None),
        "remove": lambda: client.remove(ANNA, seen),
        "check": lambda: client.check(ANNA),
        "watch": lambda: client.watch(
            ANNA, "c-1", Secret("t"), address="https://sync.example.com", life=timedelta(days=7)
        ),
        "stop": lambda: client.stop(ANNA, "c-1", "ret1"),
    }
    return calls[to]()


@pytest.mark.parametrize("name", CATALOGUE)
async def test_r3_every_line_of_the_catalogue_means_one_thing(world: World, name: str) -> None:
    line = CATALOGUE[name]
    client = world.client()
    seen = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    operation, headers = OPERATIONS[line.to], {"Retry-After": "7"}
    world.faults.journal.clear()
    refusal = {"status": line.status, "body": line.content, "headers": headers}
    world.order(operation, "refuse", times=9, **refusal)

    with pytest.raises(SyncError) as refused:
        await attempted(client, line.to, seen)

    error = refused.value
    assert type(error) is line.means
    assert world.calls() == [(operation, line.status)] * line.calls
    assert getattr(error, "retry_after", None) == line.pause_s
    assert getattr(error, "reason", "") == line.reason
    assert SECRET_TEXT not in repr(error) + str(error)
    assert "\n" not in str(error)


async def test_an_event_that_google_calls_deleted_reads_as_deleted(world: World) -> None:
    world.order("events.get", "refuse", status=410, body=body("deleted"))

    assert await world.client().read(ANNA, "aaaaabbbbb") is None


PURE = {
    name: line
    for name, line in CATALOGUE.items()
    # What it means there is said by the call: besides the tokens nothing of a listing can be wrong.
    if line.to not in ("list", "check") and (line.to, line.status) != ("watch", 404)
}


@pytest.mark.parametrize("name", PURE)
def test_a_body_sent_as_text_means_the_same(name: str) -> None:
    line = PURE[name]
    text = json.dumps(line.content) if isinstance(line.content, dict) else line.content

    assert type(told(line.status, text)) is line.means


@pytest.mark.parametrize("name", PURE)
def test_a_body_wrapped_in_an_array_means_the_same(name: str) -> None:
    line = PURE[name]

    assert type(told(line.status, [line.content])) is line.means


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


METRIC = "Quota exceeded for quota metric 'Queries' and limit '{}' of service 'calendar-json'"


def test_r1_a_used_up_day_is_waited_for_in_hours_not_seconds() -> None:
    by_word = told(403, body("dailyLimitExceeded"), Retry_After="5")
    by_text = told(429, body("rateLimitExceeded", message=METRIC.format("Queries per day")))

    assert isinstance(by_word, RateLimited)
    assert isinstance(by_text, RateLimited)
    assert by_word.retry_after == by_text.retry_after == DAY_PAUSE_S >= 3600


@pytest.mark.parametrize(
    ("answer", "limit"),
    [
        (Answer(403, body("quotaExceeded")), Limit.CALENDAR),
        (Answer(403, body("userRateLimitExceeded")), Limit.USER),
        (Answer(429, body("userRateLimitExceeded")), Limit.USER),
        (Answer(403, body("rateLimitExceeded")), Limit.UNSAID),
        (Answer(403, detailed("RATE_LIMIT_EXCEEDED")), Limit.UNSAID),
        (Answer(429, "slow down"), Limit.UNSAID),
        (Answer(403, body("rateLimitExceeded", message=METRIC.format("Queries per minute per user"))), Limit.USER),
        (Answer(403, body("rateLimitExceeded", message=METRIC.format("Queries per minute"))), Limit.PROJECT),
        (Answer(403, body("rateLimitExceeded", message=METRIC.format("Queries per day"))), Limit.DAY),
        (Answer(403, body("dailyLimitExceeded")), Limit.DAY),
        (Answer(403, body("forbidden")), None),
        (Answer(200, {}), None),
        (Answer(503, "busy"), None),
    ],
)  # fmt: skip
def test_r1_which_limit_was_met_is_read_from_word_and_text(
    answer: Answer, limit: Limit | None
) -> None:
    assert limit_of(answer) is limit
