from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from daemon.sandbox.google import make_service_account_key
from tests.sandbox.google_world import ANNA, BEN, KEY, OTHER_KEY, ROBOT, SCOPE, World, served

CLOCK_TEXT = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)
UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized "
    "for any of the scopes requested."
)
BAD_SCOPE = "Invalid OAuth scope or ID token audience provided."


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


async def test_a_signed_assertion_gets_a_token_that_works(world: World) -> None:
    answer = await world.token_answer(world.signed(sub=ANNA))

    assert answer.status == 200
    assert answer.json.keys() == {"access_token", "expires_in", "token_type"}
    assert (answer.json["expires_in"], answer.json["token_type"]) == (3599, "Bearer")
    assert (await world.call(ANNA, "GET")).json["id"] == ANNA


async def test_the_audience_may_be_the_sandbox_itself(world: World) -> None:
    own = await world.token_answer(world.signed(sub=ANNA, aud=f"{world.base}/token"))
    foreign = await world.token_answer(world.signed(sub=ANNA, aud="https://example.com/token"))

    assert own.status == 200
    assert foreign.status == 400
    assert "Failed audience check" in foreign.json["error_description"]


@pytest.mark.parametrize(
    ("claims", "status", "error", "description"),
    [
        ({"iss": "nobody@x.test"}, 400, "invalid_grant", "Invalid grant: account not found"),
        ({"sub": "nobody@example.com"}, 400, "invalid_grant", "Invalid email or User ID"),
        ({"sub": "nobody"}, 400, "invalid_grant", "Not a valid email"),
        ({"scope": ""}, 400, "invalid_scope", BAD_SCOPE),
        ({"scope": None}, 400, "invalid_scope", BAD_SCOPE),
        ({"scope": f"{SCOPE},{SCOPE}.events"}, 400, "invalid_scope", BAD_SCOPE),
        ({"scope": f"{SCOPE}.acls"}, 401, "unauthorized_client", UNAUTHORIZED),
        ({"scope": f"{SCOPE} {SCOPE}.acls"}, 401, "unauthorized_client", UNAUTHORIZED),
        ({"iat": None}, 400, "invalid_grant", CLOCK_TEXT),
        ({"exp": None}, 400, "invalid_grant", CLOCK_TEXT),
    ],
)
async def test_a_wrong_claim_is_refused_in_the_documented_words(
    world: World, claims: dict[str, Any], status: int, error: str, description: str
) -> None:
    answer = await world.token_answer(world.signed(**{"sub": ANNA, **claims}))

    assert (answer.status, answer.json) == (
        status,
        {"error": error, "error_description": description},
    )


@pytest.mark.parametrize(
    ("issued", "expires", "status"),
    [
        (0, 3600, 200),
        (-60, 3540, 200),
        (0, 65 * 60, 200),
        (200, 3800, 200),
        (0, 65 * 60 + 1, 400),
        (0, -1, 400),
        (-7200, -3600, 400),
        (3600, 7200, 400),
    ],
)
async def test_a_wrong_clock_is_told(world: World, issued: int, expires: int, status: int) -> None:
    now = int(world.clock().timestamp())

    answer = await world.token_answer(world.signed(sub=ANNA, iat=now + issued, exp=now + expires))

    assert answer.status == status
    if status == 400:
        assert answer.json["error_description"] == CLOCK_TEXT


async def test_answers_are_dated_by_the_sandbox_clock(world: World) -> None:
    answer = await world.token_answer("garbage")

    assert answer.headers["Date"] == "Sun, 22 Nov 2026 12:00:00 GMT"


async def test_a_signature_that_does_not_verify_is_refused(world: World) -> None:
    good = world.signed(sub=ANNA)
    claims = jwt.decode(good, options={"verify_signature": False})
    symmetric = jwt.encode(claims, "s" * 32, algorithm="HS256")

    for assertion in (world.signed(OTHER_KEY, sub=ANNA), symmetric, good + "=", "x.y.z", ""):
        answer = await world.token_answer(assertion)
        assert answer.status == 400
        assert answer.json["error_description"] == "Invalid JWT Signature."


async def test_a_revoked_key_signs_no_more_and_a_second_key_does(world: World) -> None:
    world.google.add_service_account(ROBOT, OTHER_KEY.private_key, key_id="2")
    both = [
        (await world.token_answer(world.signed(key, sub=ANNA))).status for key in (KEY, OTHER_KEY)
    ]

    world.google.remove_service_account_key(ROBOT, "1")
    later = [
        (await world.token_answer(world.signed(key, sub=ANNA))).status for key in (KEY, OTHER_KEY)
    ]

    assert (both, later) == ([200, 200], [400, 200])


async def test_the_form_has_the_two_fields_and_no_other(world: World) -> None:
    good = world.signed(sub=ANNA)

    extra = await world.token_answer(good, scope=SCOPE)
    wrong = await world.token_answer(good, grant_type="client_credentials")

    assert (extra.status, extra.json["error"]) == (400, "invalid_request")
    assert (wrong.status, wrong.json["error"]) == (400, "unsupported_grant_type")


async def test_without_delegation_nobody_can_be_acted_for(world: World) -> None:
    world.google.switches = replace(world.google.switches, delegation=False)

    answer = await world.token_answer(world.signed(sub=ANNA))

    assert (answer.status, answer.json["error"]) == (401, "unauthorized_client")


async def test_a_deleted_account_and_one_of_another_domain_are_refused(world: World) -> None:
    world.google.add_user("eva@elsewhere.test", outside=True)
    world.google.delete_user(BEN)

    gone = await world.token_answer(world.signed(sub=BEN))
    outside = await world.token_answer(world.signed(sub="eva@elsewhere.test"))

    assert gone.json["error_description"] == "The account has been deleted"
    assert (outside.status, outside.json["error"]) == (401, "unauthorized_client")
    assert outside.json["error_description"] == "Unauthorized client or scope in request."


@pytest.mark.parametrize("switch", ["notACalendarUser", "access_denied", "invalid_grant"])
async def test_a_suspended_user_is_refused_as_the_switch_says(world: World, switch: Any) -> None:
    world.google.switches = replace(world.google.switches, suspended_user=switch)
    world.google.suspend_user(ANNA)

    token = await world.token_answer(world.signed(sub=ANNA))

    if switch == "notACalendarUser":
        listed = await world.listed()
        assert (token.status, listed.status, listed.reason) == (200, 403, switch)
    else:
        assert (token.status, token.json["error"]) == (400, switch)


async def test_a_token_expires_by_the_clock(world: World) -> None:
    assert (await world.listed()).status == 200

    world.clock.forward(seconds=3598)
    before = await world.listed()
    world.clock.forward(seconds=1)
    after = await world.listed()

    assert (before.status, after.status, after.reason) == (200, 401, "authError")
    assert after.json["error"]["errors"][0]["location"] == "Authorization"


async def test_all_tokens_can_be_expired_at_once(world: World) -> None:
    await world.listed(ANNA)
    await world.listed(BEN)

    world.google.expire_tokens()

    assert [(await world.listed(user)).status for user in (ANNA, BEN)] == [401, 401]


async def test_a_request_without_a_token_is_told_that_it_lacks_one(world: World) -> None:
    answer = await world.send("POST", "/calendar/v3/calendars/primary/events", json={})

    assert (answer.status, answer.reason) == (401, "required")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="https://accounts.google.com/"'
    assert answer.json["error"]["status"] == "UNAUTHENTICATED"
    assert answer.json["error"]["errors"][0]["message"] == "Login Required."
    assert answer.json["error"]["details"][0]["metadata"]["method"] == "calendar.v3.Events.Insert"


async def test_a_read_only_scope_reads_and_does_not_write(world: World) -> None:
    world.google.add_service_account(ROBOT, KEY.private_key, delegated_scopes=[f"{SCOPE}.readonly"])
    granted = await world.token_answer(world.signed(sub=ANNA, scope=f"{SCOPE}.readonly"))
    world.tokens[ANNA] = granted.json["access_token"]

    read = await world.listed()
    write = await world.call(ANNA, "POST", "/events", {})

    assert (read.status, write.status, write.reason) == (200, 403, "insufficientPermissions")
    assert write.message == "Request had insufficient authentication scopes."


def test_a_key_comes_as_google_issues_it() -> None:
    key = make_service_account_key(ROBOT)

    loaded = pkcs12.load_pkcs12(key.p12, b"notasecret")

    assert loaded.cert is not None
    assert loaded.cert.friendly_name == b"privatekey"
    assert loaded.cert.certificate.issuer == loaded.cert.certificate.subject
    assert loaded.key is not None
    assert _pem(loaded.key) == _pem(key.private_key)
    assert key.private_key.key_size == 2048
    assert ROBOT in key.json_text
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(key.p12, b"wrong")


def _pem(key: Any) -> bytes:
    return bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
