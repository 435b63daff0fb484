"""What Severa's refusals become."""

import json
from typing import Any

import pytest

from daemon.errors import (
    CompanyRefused,
    Forbidden,
    Gone,
    RateLimited,
    Refused,
    SyncError,
    Transient,
)
from daemon.severa.errors import CHANGE, REMOVE, error_of, token_refused


def model(kind: str, message: str = "No.", name: str | None = None) -> bytes:
    location = {"type": "RequestBody", "name": name, "identifier": None}
    detail = {"message": message, "url": "/x", "location": location}
    return json.dumps(
        {"error": {"httpStatusCode": 400, "type": kind, "details": [detail]}}
    ).encode()


PAGE = b"<html>Service is down for maintenance</html>"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, model("InvalidParameter"), Refused),
        (400, model("InvalidOperation"), Forbidden),
        (400, b"", Refused),
        (400, PAGE, Refused),
        (400, b'{"error": null}', Refused),
        (400, b'{"error": {"type": null, "details": []}}', Refused),
        (400, b'["error"]', Refused),
        (401, model("AuthenticationRequired"), CompanyRefused),
        (403, model("InsufficientApiScope"), CompanyRefused),
        (403, model("OrganizationNotActive"), CompanyRefused),
        (403, model("PermissionDenied"), Forbidden),
        (403, b"", Refused),
        (404, b"", Gone),
        (408, b"", Transient),
        (429, b"API calls quota exceeded! maximum admitted 10 per 1s.", RateLimited),
        (302, PAGE, Transient),
        (500, model("InternalSystemError"), Transient),
        (503, PAGE, Transient),
    ],
)
def test_a_refusal_says_what_the_caller_can_do(
    status: int, body: bytes, expected: type[SyncError]
) -> None:
    assert type(error_of(CHANGE, status, {}, body)) is expected


def test_a_missing_scope_is_named_with_what_to_do() -> None:
    error = error_of(REMOVE, 403, {}, model("InsufficientApiScope"))

    assert isinstance(error, CompanyRefused)
    assert "activities:delete" in error.hint
    assert error.reason == "InsufficientApiScope"


def test_an_operation_that_severa_does_not_allow_is_named_as_such() -> None:
    error = error_of(REMOVE, 400, {}, model("InvalidOperation"))

    assert isinstance(error, Forbidden)
    assert error.reason == "InvalidOperation"


def test_a_refusal_names_the_property_and_never_what_severa_quotes() -> None:
    body = model("InvalidParameter", "The name 'Talk with Ben' is too long.", "name")
    quoting = model("InvalidParameter", name="Talk with Ben")

    assert str(error_of(CHANGE, 400, {}, body)) == (
        "Severa did not change an activity: InvalidParameter (name)."
    )
    assert "Ben" not in str(error_of(CHANGE, 400, {}, quoting))


DATE = "Mon, 02 Mar 2026 06:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "Mon, 02 Mar 2026 06:00:05 GMT", "Date": DATE}, 5.0),
        ({"Retry-After": "Mon, 02 Mar 2026 05:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Mon, 02 Mar 2026 06:00:05 GMT"}, None),
    ],
)
def test_a_pause_is_read_in_every_form(headers: dict[str, str], pause_s: float | None) -> None:
    error = error_of(CHANGE, 429, headers, b"")

    assert isinstance(error, RateLimited)
    assert error.retry_after == pause_s


REFUSED_TOKENS: list[tuple[int, bytes, type[SyncError], str]] = [
    (401, b"", CompanyRefused, "client id or secret"),
    (400, model("InvalidRequest"), CompanyRefused, "client id or secret"),
    (403, b"", CompanyRefused, "client id or secret"),
    (403, model("TermsOfServiceNotApproved"), CompanyRefused, "Approve the terms"),
    (404, b"", CompanyRefused, "ends in /rest-api"),
    (429, b"", RateLimited, "too many"),
    (502, PAGE, Transient, "502"),
]


@pytest.mark.parametrize(("status", "body", "expected", "says"), REFUSED_TOKENS)
def test_a_refused_token_is_a_fault_of_the_company(
    status: int, body: bytes, expected: type[Any], says: str
) -> None:
    error = token_refused(status, {}, body)

    assert type(error) is expected
    assert says in str(error)
