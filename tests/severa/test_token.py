"""One token for everybody, renewed early, once, and after a refusal."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.errors import CompanyRefused, Transient
from daemon.secret import Secret
from daemon.severa.errors import Unreadable
from daemon.severa.token import Token, TokenKeeper, token_of
from tests.severa.conftest import World

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def answer(**fields: Any) -> dict[str, Any]:
    return {"access_token": "secret-text", "access_token_type": "Bearer", **fields}


def utc(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


LIVES: list[tuple[dict[str, Any], float]] = [
    ({"access_token_expires_in": 3600}, 3300),
    ({"access_token_expires_in": "3600"}, 3300),
    ({"access_token_expires_utc": utc(1800)}, 1620),
    ({"access_token_expires_in": 3600, "access_token_expires_utc": utc(1800)}, 1620),
    ({"access_token_expires_in": 1000, "access_token_expires_utc": utc(1800)}, 900),
    # Said in a zone that is not UTC: the other reading stands.
    ({"access_token_expires_in": 3600, "access_token_expires_utc": utc(-7200)}, 3300),
    ({"access_token_expires_in": 3_600_000}, 86_100),
    ({"access_token_expires_in": 0}, 270),
    ({"access_token_expires_in": 5}, 27),
    ({"access_token_expires_in": "soon", "access_token_expires_utc": "soon"}, 270),
    ({}, 270),
]


@pytest.mark.parametrize(("fields", "renewed_after_s"), LIVES)
def test_a_token_is_renewed_before_the_earlier_of_its_ends(
    fields: dict[str, Any], renewed_after_s: float
) -> None:
    token = token_of(answer(**fields), asked_at=100.0, date=NOW)

    assert token.renew_at == pytest.approx(100 + renewed_after_s)


@pytest.mark.parametrize("odd", [None, [], {}, {"access_token": ""}, {"access_token": 5}])
def test_an_answer_without_a_token_is_unreadable(odd: Any) -> None:
    with pytest.raises(Unreadable):
        token_of(odd, asked_at=0, date=None)


def test_a_token_does_not_show_itself() -> None:
    assert "secret-text" not in repr(token_of(answer(), asked_at=0, date=None))


async def test_many_callers_share_one_token(world: World) -> None:
    world.fail("token.create", "delay", seconds=0.05)

    await asyncio.gather(*(world.client.types() for _ in range(10)))

    assert world.calls("token.create") == 1
    assert world.calls("activitytypes.list") == 10


async def test_a_token_is_kept_until_shortly_before_its_end(world: World) -> None:
    await world.client.types()
    world.advance(minutes=54)
    await world.client.types()
    kept = world.calls("token.create")
    world.advance(minutes=2)

    await world.client.types()

    assert (kept, world.calls("token.create")) == (1, 2)
    assert all(call.status == 200 for call in world.faults.journal)


async def test_a_token_that_is_refused_is_replaced_once_for_all_callers(world: World) -> None:
    await world.client.types()
    world.state.expire_tokens()

    await asyncio.gather(*(world.client.types() for _ in range(5)))

    assert world.calls("token.create") == 2


async def test_a_late_refusal_of_an_old_token_does_not_cost_the_new_one() -> None:
    texts = iter("abc")

    async def issue() -> Token:
        return Token(Secret(next(texts)), renew_at=100.0)

    keeper = TokenKeeper(issue, monotonic=lambda: 0.0)
    old = await keeper.current()
    keeper.drop(old)
    new = await keeper.current()

    keeper.drop(old)

    assert await keeper.current() is new


async def test_a_second_refusal_is_the_companys_fault(world: World) -> None:
    world.fail("activitytypes.list", status=401, times=2)

    with pytest.raises(CompanyRefused, match="client id or secret"):
        await world.client.types()

    assert world.calls("activitytypes.list") == 2


async def test_a_wrong_secret_is_told_without_being_shown(world: World) -> None:
    client = world.new_client(secret="open sesame")

    with pytest.raises(CompanyRefused) as caught:
        await client.types()

    assert "client id or secret" in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert world.calls("activitytypes.list") == 0


async def test_a_failed_renewal_is_tried_again_by_the_next_call(world: World) -> None:
    world.fail("token.create", status=503)

    with pytest.raises(Transient):
        await world.client.types()

    assert len(await world.client.types()) == 5


async def test_withdrawn_credentials_are_told(world: World) -> None:
    await world.client.types()
    world.state.remove_credentials("acme")

    with pytest.raises(CompanyRefused):
        await world.client.types()
