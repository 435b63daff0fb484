"""Who may see and switch a user's sync over HTTP, and how every refusal looks (A4, I: HTTP)."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from daemon.web.bodies import BODY_MAX
from tests.e2e.company import SIGNING_KEY
from tests.e2e.installation import Installation
from tests.web.door import Door, bearer, claims, open_door

OFF = {
    "enabled": False, "state": "off", "reason": "", "lastSyncedAt": None, "progress": None, "entries": 0,
}  # fmt: skip


def b64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(algorithm: str, key: str | rsa.RSAPrivateKey) -> Callable[[Installation], str]:
    def header(company: Installation) -> str:
        return "Bearer " + jwt.encode(claims(company), key, algorithm=algorithm)

    return header


def changed(**changes: Any) -> Callable[[Installation], str]:
    return lambda company: bearer(company, **changes)


def shifted(**seconds: int) -> Callable[[Installation], str]:
    """Return a token whose times are so many seconds from now."""
    return lambda company: bearer(
        company, **{name: int(time.time()) + shift for name, shift in seconds.items()}
    )


def unsigned(company: Installation) -> str:
    """Return a token that is right but for its signature, which is left away."""
    return bearer(company).rpartition(".")[0] + "."


LONG_KEY = SIGNING_KEY * 4
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
UNPROVEN: dict[str, Callable[[Installation], str | None]] = {
    "no header": lambda _: None,
    "empty header": lambda _: "",
    "another scheme": lambda company: bearer(company).replace("Bearer", "Basic"),
    "no scheme": lambda company: bearer(company).removeprefix("Bearer "),
    "no token": lambda _: "Bearer ",
    "no JWT": lambda _: "Bearer abc.def",
    "not ASCII": lambda _: "Bearer ä.ö.å",
    "two tokens": lambda company: f"{bearer(company)} {bearer(company)}",
    "a letter changed": lambda company: bearer(company)[:-2] + "xx",
    "signed with another key": signed("HS256", "another key, long enough to be one at all"),
    "signed with another algorithm": signed("HS512", LONG_KEY),
    "HS384 with the right key": signed("HS384", LONG_KEY),
    "not signed": signed("none", ""),
    "the signature left away": unsigned,
    "signed with a private key": signed("RS256", RSA_KEY),
    "another issuer": changed(iss="another"),
    "no issuer": changed(iss=...),
    "another audience": changed(aud="another"),
    "no audience": changed(aud=...),
    "an empty list as audience": changed(aud=[]),
    "a list as issuer": changed(iss=["severa"]),
    "nothing as issuer": changed(iss=None),
    "no subject": changed(sub=...),
    "an empty subject": changed(sub=""),
    "a number as subject": changed(sub=7),
    "a list as subject": lambda company: bearer(company, sub=[company.people["Anna"]]),
    "half a character as subject": changed(sub="\ud800"),
    "a subject with a line break": lambda company: bearer(
        company, sub=company.people["Anna"] + "\n"
    ),
    "an endless subject": changed(sub="a" * 5000),
    "no issue time": changed(iat=...),
    "nothing as issue time": changed(iat=None),
    "a truth as issue time": changed(iat=True),
    "no number as expiry": changed(exp=float("nan")),
    "no claims but a list": lambda _: (
        "Bearer " + jwt.api_jws.encode(b"[]", SIGNING_KEY, algorithm="HS256")
    ),
    "no expiry": changed(exp=...),
    "a word as expiry": changed(exp="soon"),
    "times as text": lambda company: bearer(
        company, iat=str(int(time.time())), exp=str(int(time.time()) + 600)
    ),
    "a boundless expiry": changed(exp=float("inf")),
    "nested too deep": lambda _: f"Bearer {b64('[' * 5000)}.{b64('{}')}.{b64('')}",
    "expired": shifted(iat=-700, exp=-100),
    "just beyond the leeway": shifted(iat=-700, exp=-40),
    "issued in the future": shifted(iat=300, exp=900),
    "lasting more than an hour": shifted(iat=0, exp=3601),
    "expiring before it is issued": shifted(iat=20, exp=-20),
    "lasting for ever": shifted(iat=0, exp=10**9),
    "not valid before long": shifted(nbf=300),
    "nothing as start": changed(nbf=None),
    "no number as start": changed(nbf=float("nan")),
    "a number without end as issue time": changed(iat=10**400),
}


@pytest.mark.parametrize("name", UNPROVEN)
async def test_what_does_not_prove_who_is_calling_gets_401_and_has_no_effect(
    door: Door, name: str
) -> None:
    await door.turn_on()
    header = UNPROVEN[name](door.company)
    before = len(door.company.sandbox.faults.journal)

    for method, body in (("GET", None), ("PUT", {"enabled": True}), ("PUT", b"not even JSON")):
        response = await door.call(method, header, body)
        assert (response.status, response.content_type) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert await response.json(content_type=None) == {
            "type": "about:blank", "title": "Unauthorized", "status": 401,
        }  # fmt: skip

    assert len(door.company.sandbox.faults.journal) == before
    account = await door.app.store.read(lambda tx: tx.account(door.company.people["Anna"]))
    assert account is not None
    assert (account.is_enabled, account.last_seen_at) == (False, None)


@pytest.mark.parametrize(
    "header",
    [
        shifted(iat=0, exp=3600),
        shifted(iat=-3590, exp=10),
        shifted(iat=-600, exp=-20),
        shifted(iat=20, exp=600),
        lambda company: bearer(company).replace("Bearer", "bearer"),
    ],
    ids=[
        "an hour",
        "about to expire",
        "expired within the leeway",
        "their clock ahead",
        "lower case",
    ],
)
async def test_a_token_within_its_limits_is_taken(
    door: Door, header: Callable[[Installation], str]
) -> None:
    response = await door.call("GET", header(door.company))

    assert response.status == 200
    assert await response.json() == OFF


async def test_without_a_signing_key_nobody_is_let_in(tmp_path: Path) -> None:
    async with open_door(tmp_path, key=None) as door:
        for header in (
            bearer(door.company),
            "Bearer " + jwt.encode(claims(door.company), "", "none"),
        ):
            assert (await door.call("GET", header)).status == 401


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_unknown_or_inactive_user_is_refused(door: Door, method: str) -> None:
    await door.turn_on()

    for subject in ("nobody", door.company.people["Ben"]):
        response = await door.call(method, bearer(door.company, sub=subject), {"enabled": True})
        assert (response.status, response.content_type) == (403, "application/problem+json")
        assert (await response.json(content_type=None))[
            "detail"
        ] == "No active user of this Severa."


async def test_a_user_switches_the_own_sync_on_and_off(door: Door) -> None:
    header = bearer(door.company)
    off = await door.call("PUT", header, {"enabled": True})
    assert (off.status, off.content_type) == (409, "application/problem+json")
    assert (await off.json(content_type=None))["title"] == "Conflict"
    assert await (await door.call("GET", header)).json() == OFF

    await door.turn_on()
    on = await door.call("PUT", header, {"enabled": True})
    assert on.status == 200
    assert await on.json() == OFF | {"enabled": True, "state": "first-sync"}
    assert await (await door.call("GET", header)).json() == await on.json()
    again = await door.call("PUT", header, {"enabled": False})
    assert (again.status, await again.json()) == (200, OFF)


async def test_a5_two_people_with_one_address_are_told_what_to_do(door: Door) -> None:
    twin = door.company.sandbox.severa.add_user("Anna", "Double", "anna@example.com")
    await door.turn_on()
    first = await door.call("PUT", bearer(door.company), {"enabled": True})
    assert first.status == 200

    refused = await door.call("PUT", bearer(door.company, sub=twin), {"enabled": True})

    assert (refused.status, refused.content_type) == (409, "application/problem+json")
    told = await refused.json(content_type=None)
    assert (told["status"], told["title"]) == (409, "Conflict")
    assert "same address" in told["detail"]
    assert "another address in Severa" in told["detail"]
    shown = await door.call("GET", bearer(door.company, sub=twin))
    assert (shown.status, await shown.json()) == (200, OFF)
    # Once the other one is off, nothing is in the way any more.
    await door.call("PUT", bearer(door.company), {"enabled": False})
    again = await door.call("PUT", bearer(door.company, sub=twin), {"enabled": True})
    assert again.status == 200


async def test_a5_off_and_on_again_does_not_confirm_a_new_address(door: Door) -> None:
    guid = door.company.people["Anna"]
    await door.turn_on()
    await door.call("PUT", bearer(door.company), {"enabled": True})
    await door.call("PUT", bearer(door.company), {"enabled": False})
    door.company.sandbox.severa.change_user(guid, email="ceo@example.com")
    await door.app.engine.refresh_company()

    await door.call("PUT", bearer(door.company), {"enabled": True})

    account = await door.app.store.read(lambda tx: tx.account(guid))
    assert account is not None
    assert (account.address, account.user.email) == ("anna@example.com", "ceo@example.com")
    assert account.has_moved
    await door.app.admin.confirm(user="ceo@example.com")
    account = await door.app.store.read(lambda tx: tx.account(guid))
    assert account is not None
    assert not account.has_moved


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b"true", b'"enabled"', b"{}", b'{"enabled": "yes"}',
     b'{"enabled": 1}', b'{"enabled": null}', b"[" * 20_000],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
async def test_a_body_that_says_neither_on_nor_off_is_refused(door: Door, body: bytes) -> None:
    await door.turn_on()

    response = await door.call("PUT", bearer(door.company), body)

    assert (response.status, response.content_type) == (400, "application/problem+json")
    assert (await response.json(content_type=None))["status"] == 400
    assert await (await door.call("GET", bearer(door.company))).json() == OFF


async def test_other_refusals_are_problems_as_well(door: Door) -> None:
    header = bearer(door.company)

    large = await door.call("PUT", header, b" " * (BODY_MAX + 1))
    assert (large.status, large.content_type) == (413, "application/problem+json")
    fits = await door.call("PUT", header, b'{"enabled": true}'.ljust(BODY_MAX))
    assert fits.status == 409
    wrong = await door.call("DELETE", header)
    assert (wrong.status, wrong.content_type) == (405, "application/problem+json")
    assert set(wrong.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "PUT"}
    nothing = await door.call("GET", header, path="/v1/nothing")
    assert (nothing.status, nothing.content_type) == (404, "application/problem+json")
    for response in (large, wrong, nothing):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"


async def test_a_severa_that_fails_is_a_problem_and_no_trace_of_it_is_shown(door: Door) -> None:
    # Nobody is known yet, so Severa is asked who this is.
    door.company.fault("severa", "users.list", "refuse", status=503, times=10)
    door.company.fault("severa", "activitytypes.list", "refuse", status=503, times=10)

    response = await door.call("GET", bearer(door.company))

    assert (response.status, response.content_type) == (503, "application/problem+json")
    assert "Traceback" not in await response.text()
