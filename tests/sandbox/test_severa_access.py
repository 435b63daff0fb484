import pytest
from aiohttp import ClientConnectionError

from daemon.sandbox.faults import Fault
from daemon.sandbox.severa import Switches
from tests.sandbox.severa_company import CLIENT_ID, SECRET, Answer, Company, company


async def test_heartbeats_answer_without_a_token() -> None:
    async with company() as severa:
        server = await severa.call("GET", "/heartbeat/server", headers={})
        database = await severa.call("GET", "/heartbeat/database", headers={})

        assert (server.body, database.body) == ("Server is alive.", "Database is alive.")


async def test_the_authorized_heartbeat_needs_a_token() -> None:
    async with company() as severa:
        without = await severa.call("GET", "/heartbeat/authorized", headers={})
        with_token = await severa.call("GET", "/heartbeat/authorized")

        assert (without.status, without.kind) == (401, "AuthenticationRequired")
        assert with_token.status == 204


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"client_id": CLIENT_ID, "client_secret": "wrong"}, 401, "AuthenticationRequired"),
        ({"client_id": "nobody", "client_secret": SECRET}, 401, "AuthenticationRequired"),
        ({"client_id": CLIENT_ID}, 400, "InvalidParameter"),
        ({"client_id": CLIENT_ID, "client_secret": SECRET, "scope": 7}, 400, "InvalidParameter"),
        ("text", 400, "InvalidRequest"),
    ],
)
async def test_wrong_credentials_get_no_token(body: object, status: int, kind: str) -> None:
    async with company() as severa:
        answer = await severa.call("POST", "/v1/token", body, headers={})

        assert (answer.status, answer.kind) == (status, kind)


@pytest.mark.parametrize("joint", [",", " ", ", "])
async def test_scopes_may_be_joined_with_commas_or_blanks(joint: str) -> None:
    async with company() as severa:
        answer = await severa.log_in(f"activities:read{joint}users:read")

        assert answer.body["scope"].split() == ["activities:read", "users:read"]
        assert (await severa.call("GET", "/v1/activities")).status == 200
        assert (await severa.call("GET", "/v1/users")).status == 200


async def test_a_scope_that_was_not_ticked_is_not_granted() -> None:
    async with company() as severa:
        severa.state.add_credentials(CLIENT_ID, SECRET, scopes=["users:read"])

        await severa.log_in("users:read,settings:read")

        assert (await severa.call("GET", "/v1/users")).status == 200
        refused = await severa.call("GET", "/v1/activitytypes")
        assert (refused.status, refused.kind) == (403, "InsufficientApiScope")


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("activities:read", "GET", "/v1/activities"),
        ("activities:read", "GET", "/v1/activities/1"),
        ("activities:read", "GET", "/v1/activities/1/activityparticipants"),
        ("activities:read", "GET", "/v1/activityparticipants/1"),
        ("activities:write", "POST", "/v1/activities"),
        ("activities:write", "PATCH", "/v1/activities/1"),
        ("activities:write", "POST", "/v1/activityparticipants"),
        ("activities:write", "PATCH", "/v1/activityparticipants/1"),
        ("activities:delete", "DELETE", "/v1/activities/1"),
        ("activities:delete", "DELETE", "/v1/activities/1/activityparticipants/2"),
        ("settings:read", "GET", "/v1/activitytypes"),
        ("settings:read", "GET", "/v1/activitytypes/1"),
        ("users:read", "GET", "/v1/users"),
        ("users:read", "GET", "/v1/users/1"),
    ],
)
async def test_each_call_needs_its_scope(scope: str, method: str, path: str) -> None:
    scopes = {
        "activities:read",
        "activities:write",
        "activities:delete",
        "settings:read",
        "users:read",
    }
    async with company() as severa:
        await severa.log_in(" ".join(scopes - {scope}))
        refused = await severa.call(method, path, [])
        await severa.log_in(scope)
        let_in = await severa.call(method, path, [])

        assert (refused.status, refused.kind) == (403, "InsufficientApiScope")
        assert let_in.status in (200, 400, 404)


async def test_a_token_expires_by_the_clock() -> None:
    async with company() as severa:
        severa.clock.advance(seconds=3599)
        before = await severa.call("GET", "/v1/users")
        severa.clock.advance(seconds=1)
        after = await severa.call("GET", "/v1/users")

        assert (before.status, after.status) == (200, 401)
        assert after.kind == "AuthenticationRequired"


async def test_a_token_says_how_long_it_lives() -> None:
    async with company() as severa:
        answer = await severa.log_in()

        assert answer.body["access_token_expires_in"] == 3600
        assert answer.body["access_token_expires_utc"] == "2026-03-02T07:00:00Z"


async def test_all_tokens_can_be_expired_at_once_and_new_ones_are_given_out() -> None:
    async with company() as severa:
        severa.state.expire_tokens()
        refused = await severa.call("GET", "/v1/users")
        await severa.log_in()

        assert refused.status == 401
        assert (await severa.call("GET", "/v1/users")).status == 200


async def test_withdrawn_credentials_end_their_tokens() -> None:
    async with company() as severa:
        severa.state.remove_credentials(CLIENT_ID)

        assert (await severa.call("GET", "/v1/users")).status == 401


async def test_a_refresh_token_is_good_once_and_the_old_access_token_lives_on() -> None:
    async with company() as severa:
        refresh = (await severa.log_in()).body["refresh_token"]
        old = severa.token

        first = await severa.call("POST", "/v1/refreshtoken", refresh, headers={})
        second = await severa.call("POST", "/v1/refreshtoken", refresh, headers={})

        assert (first.status, second.status) == (200, 401)
        for token in (old, first.body["access_token"]):
            severa.token = token
            assert (await severa.call("GET", "/v1/users")).status == 200


async def test_a_refresh_token_opens_no_door_itself() -> None:
    async with company() as severa:
        severa.token = (await severa.log_in()).body["refresh_token"]

        assert (await severa.call("GET", "/v1/users")).status == 401


async def _ask(severa: Company, client_id: str, times: int) -> list[Answer]:
    headers = {"Authorization": f"Bearer {severa.token}", "Client_Id": client_id}
    return [await severa.call("GET", "/v1/activitytypes", headers=headers) for _ in range(times)]


async def test_the_eleventh_call_in_a_second_is_too_many() -> None:
    async with company() as severa:
        severa.state.requests_per_second = 10

        answers = await _ask(severa, CLIENT_ID, 11)

        assert [answer.status for answer in answers] == [200] * 10 + [429]
        assert answers[-1].body == "API calls quota exceeded! maximum admitted 10 per 1s."
        assert answers[-1].headers["Content-Type"].startswith("text/plain")
        assert "Retry-After" not in answers[-1].headers


async def test_the_limit_is_counted_anew_after_a_second_and_for_each_client() -> None:
    async with company() as severa:
        severa.state.requests_per_second = 1
        await _ask(severa, CLIENT_ID, 1)

        other = await _ask(severa, "other", 1)
        severa.clock.advance(seconds=0.9)
        soon = await _ask(severa, CLIENT_ID, 1)
        severa.clock.advance(seconds=0.1)
        later = await _ask(severa, CLIENT_ID, 1)

        assert [answers[0].status for answers in (other, soon, later)] == [200, 429, 200]


async def test_a_switch_lets_the_limit_name_a_pause() -> None:
    async with company(Switches(retry_after="seconds")) as severa:
        severa.state.requests_per_second = 1

        answers = await _ask(severa, CLIENT_ID, 2)

        assert answers[1].headers["Retry-After"] == "1"


async def test_an_ordered_refusal_comes_before_anything_is_done() -> None:
    async with company() as severa:
        severa.faults.order(Fault("severa", "activities.create", "refuse", status=500))

        refused = await severa.call("POST", "/v1/activities", severa.wish())

        assert (refused.status, refused.kind) == (500, "InternalSystemError")
        assert severa.state.activities() == []


async def test_a_lost_reply_leaves_what_was_done() -> None:
    async with company() as severa:
        severa.faults.order(Fault("severa", "activities.create", "lose_reply"))

        with pytest.raises(ClientConnectionError):
            await severa.call("POST", "/v1/activities", severa.wish())

        assert [row["name"] for row in severa.state.activities()] == ["Kick-off"]


async def test_the_journal_names_each_call_and_its_client() -> None:
    async with company() as severa:
        await severa.call("GET", "/v1/activities/unknown")

        call = severa.faults.journal[-1]
        assert (call.vendor, call.operation, call.user, call.status) == (
            "severa",
            "activities.get",
            CLIENT_ID,
            404,
        )
