"""Every refusal of the token endpoint: whose fault it is, and what is said about it (A3, A5, A7)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.core.company import User
from daemon.errors import CompanyRefused, RateLimited, Refused, SyncError, Transient, UserRefused
from daemon.google.credentials import ServiceAccount, read_key
from daemon.google.errors import Answer
from daemon.google.grants import grant_error_of
from daemon.sandbox.google import ServiceAccountKey
from daemon.secret import Secret
from tests.google.conftest import ROBOT, World

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ANNA = "anna@example.com"
ACCOUNT = ServiceAccount(ROBOT, Secret("pem"), "1234567")
LONG = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized"
    " for any of the scopes requested."
)
CLOCK = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    " Check your iat and exp values in the JWT claim."
)


def told(status: int, body: Any = None, *, account: ServiceAccount = ACCOUNT, **headers: str) -> SyncError:  # fmt: skip
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return grant_error_of(Answer(status, body, named), account=account, subject=ANNA, now=NOW)


def refusal(error: str, description: str | None = None) -> dict[str, str]:
    return {"error": error} | ({} if description is None else {"error_description": description})


COMPANY = [
    (400, "invalid_grant", "Invalid JWT Signature.", "key", ROBOT),
    (400, "invalid_grant", CLOCK, "clock", "clock"),
    (400, "invalid_grant", "Invalid grant: account not found", "account", ROBOT),
    (400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer", "account", ROBOT),
    (400, "invalid_grant", "Invalid JWT: Failed audience check.", "assertion", "token_uri"),
    (400, "invalid_grant", "Invalid JWT: something new", "assertion", ROBOT),
    (400, "invalid_grant", "Robot is disabled.", "account", "disabled"),
    (400, "disabled_client", None, "key", "disabled"),
    (400, "unsupported_grant_type", "Invalid grant_type: x", "unsupported_grant_type", ROBOT),
    (401, "disabled_client", "The OAuth client was disabled.", "key", "disabled"),
    (401, "deleted_client", None, "account", "deleted"),
    (401, "invalid_client", None, "key", ROBOT),
    (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.", "scope", "scope"),
    (401, "unauthorized_client", LONG, "delegation", "Delegation is missing"),
    (401, "unauthorized_client", "Unauthorized client or scope in request.", "delegation", "1234567"),
    (401, "unauthorized_client", None, "delegation", "Domain-wide delegation"),
    (403, "access_denied", "Requested client not authorized", "delegation", "1234567"),
    (400, "admin_policy_enforced", None, "policy", "policy"),
    (403, "org_internal", "This client is restricted to …", "policy", "organization"),
    (400, "invalid_request", "Missing parameter", "invalid_request", "invalid_request"),
    (400, "something_new", None, "something_new", "something_new"),
    (400, "some thing odd\n", None, "an unknown error", "an unknown error"),
]  # fmt: skip
USER = [
    (400, "invalid_grant", "Invalid email or User ID", "no-user", f"Google has no user {ANNA}."),
    (400, "invalid_grant", "Not a valid email", "no-user", f"Google has no user {ANNA}."),
    (400, "invalid_request", 'Invalid impersonation "sub" field', "no-user", ANNA),
    (400, "invalid_request", "Invalid impersonation prn email address", "no-user", ANNA),
    (400, "invalid_grant", "The account has been deleted", "deleted", "deleted"),
    (400, "invalid_grant", "Account suspended", "suspended", ANNA),
    (400, "access_denied", "Account restricted", "refused", ANNA),
    (400, "invalid_account", "Forbidden", "refused", ANNA),
    (400, "invalid_grant", "Bad Request", "refused", ANNA),
    (400, "invalid_grant", None, "refused", ANNA),
]
PASSING = [
    (500, "internal_failure", "Backend Error"),
    (400, "internal_failure", None),
    (400, "temporarily_unavailable", None),
    (503, "server_error", None),
    (408, "", None),
    (302, "", None),
]


@pytest.mark.parametrize(("status", "code", "text", "reason", "said"), COMPANY)
def test_a7_a_fault_of_the_company_is_told_with_what_to_do(
    status: int, code: str, text: str | None, reason: str, said: str
) -> None:
    error = told(status, refusal(code, text))

    assert type(error) is CompanyRefused
    assert error.reason == reason
    assert error.hint
    assert said in str(error)
    assert ANNA not in str(error), "A fault of the company names nobody."
    assert "\n" not in str(error)


@pytest.mark.parametrize(("status", "code", "text", "reason", "said"), USER)
def test_a5_a_fault_of_one_user_stops_nobody_else(
    status: int, code: str, text: str | None, reason: str, said: str
) -> None:
    error = told(status, refusal(code, text))

    assert type(error) is UserRefused
    assert error.reason == reason
    assert error.hint
    assert said in str(error)


@pytest.mark.parametrize(("status", "code", "text"), PASSING)
def test_what_passes_by_itself_is_tried_again(status: int, code: str, text: str | None) -> None:
    assert type(told(status, refusal(code, text))) is Transient


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [None, "", "<html>", [], {"error": {"code": 500}}])
def test_no_broken_answer_is_taken_for_a_refusal(status: int, body: Any) -> None:
    assert type(told(status, body)) is Transient


@pytest.mark.parametrize("body", [None, "", "<html>", [], {}, {"error": {"code": 404}}])
def test_an_address_that_is_no_token_endpoint_is_a_setting_to_check(body: Any) -> None:
    error = told(404, body)

    assert isinstance(error, CompanyRefused)
    assert "token_uri" in error.hint


def test_a_pause_is_honoured() -> None:
    error = told(429, None, Retry_After="9")

    assert isinstance(error, RateLimited)
    assert error.retry_after == 9.0


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Mon, 02 Mar 2026 07:53:00 GMT", "7 minutes ahead of Google's"),
        ("Mon, 02 Mar 2026 10:30:00 GMT", "2 hours behind Google's"),
        ("Mon, 02 Mar 2026 08:00:01 GMT", "clock is wrong"),
        ("", "clock is wrong"),
    ],
)
def test_a3_a_wrong_clock_is_told_by_how_much(date: str, said: str) -> None:
    error = told(400, refusal("invalid_grant", CLOCK), Date=date)

    assert said in str(error)


@pytest.mark.parametrize(
    ("ends", "text", "reason"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), "Invalid JWT Signature.", "key-ended"),
        (datetime(2026, 3, 3, tzinfo=UTC), "Invalid JWT Signature.", "key"),
        (datetime(2026, 3, 1, tzinfo=UTC), "Robot is disabled.", "account"),
        (None, "Invalid JWT Signature.", "key"),
    ],
)
def test_a3_a_key_that_has_ended_is_told(ends: datetime | None, text: str, reason: str) -> None:
    account = ServiceAccount(ROBOT, Secret("pem"), key_ends=ends)

    error = told(400, refusal("invalid_grant", text), account=account)

    assert isinstance(error, CompanyRefused)
    assert error.reason == reason
    assert ("ended on 2026-03-01" in str(error)) is (reason == "key-ended")


def test_a3_without_a_client_id_the_account_is_named() -> None:
    error = told(
        401, refusal("unauthorized_client", LONG), account=ServiceAccount(ROBOT, Secret("pem"))
    )

    assert isinstance(error, Refused)
    assert f"client id of {ROBOT}" in error.hint
    assert "https://www.googleapis.com/auth/calendar" in error.hint


# The same over HTTP, by the client that asks for the token.

LINES: dict[str, tuple[int, str, str | None, type[SyncError]]] = {
    f"{status} {code} {text or ''}": (status, code, text, kind)
    for kind, rows in ((CompanyRefused, COMPANY), (UserRefused, USER), (Transient, PASSING))
    for status, code, text in (row[:3] for row in rows)
}


@pytest.mark.parametrize("name", LINES)
async def test_r3_every_refusal_of_a_token_reaches_whom_it_concerns(
    world: World, name: str
) -> None:
    status, code, text, kind = LINES[name]
    client = world.client()
    world.order("token", "refuse", status=status, body=refusal(code, text))

    with pytest.raises(SyncError) as refused:
        await client.check(User("guid-anna", ANNA))

    assert type(refused.value) is kind
    assert world.calls("token") == [("token", status)]
    assert world.calls() == [], "Without a token nothing is asked of the calendar."
    assert await client.check(User("guid-anna", ANNA)), "What passes is tried again, and works."


async def test_r1_a_pause_that_the_token_address_asks_for_reaches_the_caller(world: World) -> None:
    world.order("token", "refuse", status=429, headers={"Retry-After": "9"}, body="slow down")

    with pytest.raises(RateLimited) as limited:
        await world.client().check(User("guid-anna", ANNA))

    assert limited.value.retry_after == 9.0


@pytest.mark.parametrize(
    "granted",
    [
        {},
        {"expires_in": 3599, "token_type": "Bearer"},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": None},
        {"id_token": "ey"},
    ],
)
async def test_an_answer_without_a_token_is_none(world: World, granted: dict[str, Any]) -> None:
    world.order("token", "refuse", status=200, body=granted)

    with pytest.raises(Transient):
        await world.client().check(User("guid-anna", ANNA))


async def test_a3_a_key_whose_certificate_has_ended_is_told_over_http(
    world: World, other_key: ServiceAccountKey
) -> None:
    ended = replace(read_key(other_key.p12, None, email=ROBOT), key_ends=NOW)

    with pytest.raises(CompanyRefused) as refused:
        await world.client(account=ended).check(User("guid-anna", ANNA))

    assert refused.value.reason == "key-ended"
