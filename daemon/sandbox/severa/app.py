"""The calls of Severa's REST API that a calendar sync needs, under `/rest-api`."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.sandbox.faults import Faults
from daemon.sandbox.severa import fields, listing, paging
from daemon.sandbox.severa.errors import SeveraError, forbidden_operation, invalid, not_found
from daemon.sandbox.severa.guards import AUTHOR, RateLimit, authorization, errors
from daemon.sandbox.severa.model import PARTICIPANT_TYPES, STATUSES, Activity, Json
from daemon.sandbox.severa.query import Query
from daemon.sandbox.severa.state import SeveraState
from daemon.sandbox.severa.views import type_model, user_model
from daemon.sandbox.severa.witness import witnessed

Row = TypeVar("Row")

ROOT = "/rest-api"
BODY_BYTES_MAX = 1 << 20
BODY_TIMEOUT_S = 10.0
_KINDS = {
    400: "InvalidRequest",
    401: "AuthenticationRequired",
    403: "PermissionDenied",
}


def make_app(
    state: SeveraState,
    faults: Faults,
    *,
    clock: Callable[[], datetime],
) -> web.Application:
    """Return the server; ordered faults come before everything else."""
    faults.speak("severa", _fault_body)
    limit = RateLimit(state, clock).middleware
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[
            faults.middleware,
            witnessed(state),
            _dated(clock),
            limit,
            errors(state),
            authorization(state),
        ],
    )
    calls = Calls(state, clock)
    for method, path, operation, handler in calls.table():
        app.router.add_route(method, ROOT + path, handler, name=f"severa:{operation}")
    return app


def _dated(clock: Callable[[], datetime]) -> Middleware:
    """Date every answer by the sandbox's clock: a careful client reads it there and nowhere else."""

    @web.middleware
    async def dated(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        answer.headers["Date"] = format_datetime(clock(), usegmt=True)
        return answer

    return dated


class Calls:
    """The handlers, one for each call."""

    def __init__(self, state: SeveraState, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock

    def table(self) -> list[tuple[str, str, str, Any]]:
        """Return method, path, operation and handler of every call."""
        one = "/v1/activities/{guid}"
        of_one = one + "/activityparticipants"
        return [
            ("GET", "/heartbeat/server", "heartbeat.server", self.server),
            ("GET", "/heartbeat/database", "heartbeat.database", self.database),
            ("GET", "/heartbeat/authorized", "heartbeat.authorized", self.authorized),
            ("POST", "/v1/token", "token.create", self.token),
            ("POST", "/v1/refreshtoken", "token.refresh", self.refresh),
            ("GET", "/v1/activities", "activities.list", self.list_activities),
            ("POST", "/v1/activities", "activities.create", self.create_activity),
            ("GET", one, "activities.get", self.get_activity),
            ("PATCH", one, "activities.patch", self.patch_activity),
            ("DELETE", one, "activities.delete", self.delete_activity),
            ("DELETE", one + "/exceptions", "exceptions.delete", self.reset_exceptions),
            ("GET", of_one, "participants.list", self.list_participants),
            ("DELETE", of_one + "/{row}", "participants.delete", self.delete_participant),
            ("POST", "/v1/activityparticipants", "participants.create", self.add_participant),
            ("GET", "/v1/activityparticipants/{row}", "participants.get", self.get_participant),
            (
                "PATCH",
                "/v1/activityparticipants/{row}",
                "participants.patch",
                self.patch_participant,
            ),
            ("GET", "/v1/activitytypes", "activitytypes.list", self.list_types),
            ("GET", "/v1/activitytypes/{guid}", "activitytypes.get", self.get_type),
            ("GET", "/v1/users", "users.list", self.list_users),
            ("GET", "/v1/users/{guid}", "users.get", self.get_user),
        ]

    async def server(self, request: web.Request) -> web.Response:
        """HeartBeat_GetServerStatus."""
        return web.Response(text="Server is alive.")

    async def database(self, request: web.Request) -> web.Response:
        """HeartBeat_GetDatabaseStatus."""
        return web.Response(text="Database is alive.")

    async def authorized(self, request: web.Request) -> web.Response:
        """HeartBeat_GetAuthorization."""
        return web.Response(status=204)

    async def token(self, request: web.Request) -> web.Response:
        """PublicBearerAuthentication_GetLoginToken."""
        body = await _json(request)
        if not isinstance(body, dict):
            raise SeveraError(400, "InvalidRequest", "The body must be an object.")
        client_id, secret, scope = (
            body.get(name) for name in ("client_id", "client_secret", "scope")
        )
        if not isinstance(client_id, str) or not isinstance(secret, str):
            raise invalid("client_id", "client_id and client_secret are required.")
        if scope is not None and not isinstance(scope, str):
            raise invalid("scope", "scope must be a string.")
        answer = self._state.tokens.issue(client_id, secret, scope)
        self._state.tell()
        return web.json_response(answer)

    async def refresh(self, request: web.Request) -> web.Response:
        """PublicBearerAuthentication_GetAccessTokenTokenFromRefreshToken."""
        body = await _json(request)
        if not isinstance(body, str):
            raise SeveraError(400, "InvalidRequest", "The body must be the token, as a string.")
        answer = self._state.tokens.refresh(body)
        self._state.tell()
        return web.json_response(answer)

    async def list_activities(self, request: web.Request) -> web.Response:
        """Activities_GetActivities."""
        query = Query(request.query)
        rows, token = self._page_of(listing.activities(self._state, query), query)
        return _page([self._state.told(row) for row in rows], token)

    async def create_activity(self, request: web.Request) -> web.Response:
        """Activities_PostActivity."""
        attributes, author = fields.from_model(await _json(request)), request[AUTHOR]
        if attributes.get("recurrence") and not self._state.switches.series_post:
            raise forbidden_operation("A recurrence cannot be given.")
        row = self._state.repeated(attributes, author=author)
        row = row or self._state.create(attributes, author=author)
        return web.json_response(self._state.told(row), status=201)

    async def get_activity(self, request: web.Request) -> web.Response:
        """Activities_GetActivity."""
        return web.json_response(self._state.told(self._state.find(request.match_info["guid"])))

    async def patch_activity(self, request: web.Request) -> web.Response:
        """Activities_PatchActivity, for one id or for several with commas between them."""
        operations, author = await _json(request), request[AUTHOR]
        guids = request.match_info["guid"].split(",")
        if len(guids) > 1:
            return self._patch_many(guids, operations, author)
        return web.json_response([self._patched(guids[0], operations, author)])

    def _patched(self, guid: str, operations: Any, author: str) -> Json:
        before = self._state.find(guid)
        switches = self._state.switches
        attributes = fields.from_patch(operations, before=before, switches=switches)
        row: Activity = self._state.change(guid, attributes, author=author)
        return self._state.told(row)

    def _patch_many(self, guids: list[str], operations: Any, author: str) -> web.Response:
        """Patch each; what the answer is called in which these are told apart is invented."""
        form = self._state.switches.patch_of_many
        if form == "refused":
            raise invalid("guid", "Only one activity can be patched.", location="PathParameter")
        succeeded, failed = [], []
        for guid in dict.fromkeys(guids):
            try:
                succeeded.append(self._patched(guid, operations, author))
            except SeveraError as refusal:
                failed.append({"guid": guid, "message": str(refusal)})
        if form == "array":
            return web.json_response(succeeded)
        return web.json_response({"succeeded": succeeded, "errors": failed})

    async def delete_activity(self, request: web.Request) -> web.Response:
        """Activities_DeleteActivity."""
        self._state.remove(request.match_info["guid"])
        return web.Response(status=204)

    async def reset_exceptions(self, request: web.Request) -> web.Response:
        """Activities_DeleteExceptions."""
        self._state.reset_exceptions(request.match_info["guid"])
        return web.Response(status=204)

    async def list_participants(self, request: web.Request) -> web.Response:
        """ActivityParticipants_GetActivityParticipants."""
        return web.json_response(self._state.participants(request.match_info["guid"]))

    async def delete_participant(self, request: web.Request) -> web.Response:
        """ActivityParticipants_DeleteActivityParticipant."""
        guid, row = request.match_info["guid"], request.match_info["row"]
        self._state.uninvite(guid, row, author=request[AUTHOR])
        return web.Response(status=204)

    async def add_participant(self, request: web.Request) -> web.Response:
        """ActivityParticipants_PostActivityParticipant."""
        body = await _json(request)
        if not isinstance(body, dict):
            raise SeveraError(400, "InvalidRequest", "The body must be a participant.")
        row = self._state.invite(
            _required(body, "activityGuid"),
            _required(body, "participantGuid"),
            author=request[AUTHOR],
            kind=_choice(body, "type", PARTICIPANT_TYPES),
            status=_choice(body, "status", STATUSES),
        )
        return web.json_response(self._state.participant(row), status=201)

    async def get_participant(self, request: web.Request) -> web.Response:
        """ActivityParticipants_GetActivityParticipant."""
        row = self._state.participations.get(request.match_info["row"])
        return web.json_response(self._state.participant(row))

    async def patch_participant(self, request: web.Request) -> web.Response:
        """ActivityParticipants_PatchActivityParticipants."""
        switches = self._state.switches
        values = dict(fields.patch_values(await _json(request), switches))
        row = self._state.participations.get(request.match_info["row"])
        if set(values) != {"status"} or not switches.participant_patch:
            raise invalid("path", "Only /status can be changed.")
        row = self._state.answer(row.guid, values["status"], author=request[AUTHOR])
        return web.json_response([self._state.participant(row)])

    async def list_types(self, request: web.Request) -> web.Response:
        """ActivityTypes_GetActivityTypes."""
        query = Query(request.query)
        rows, token = self._page_of(listing.activity_types(self._state, query), query)
        return _page([type_model(row) for row in rows], token)

    async def get_type(self, request: web.Request) -> web.Response:
        """ActivityTypes_GetActivityType."""
        kind = self._state.types.get(request.match_info["guid"])
        if kind is None:
            raise not_found("The activity type")
        return web.json_response(type_model(kind))

    async def list_users(self, request: web.Request) -> web.Response:
        """Users_GetUsers."""
        query = Query(request.query)
        rows, token = self._page_of(listing.users(self._state, query), query)
        return _page([user_model(self._state, row) for row in rows], token)

    async def get_user(self, request: web.Request) -> web.Response:
        """Users_GetUser."""
        user = self._state.users.get(request.match_info["guid"])
        if user is None:
            raise not_found("The user")
        return web.json_response(user_model(self._state, user))

    def _page_of(self, rows: list[Row], query: Query) -> tuple[list[Row], str | None]:
        switches = self._state.switches
        return paging.page(rows, query, now=self._clock(), switches=switches)


async def _json(request: web.Request) -> Any:
    async with asyncio.timeout(BODY_TIMEOUT_S):
        body = await request.read()
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SeveraError(400, "InvalidRequest", "The body is not JSON.") from None


def _page(models: list[Json], token: str | None) -> web.Response:
    headers = {"NextPageToken": token} if token else {}
    return web.json_response(models, headers=headers)


def _required(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(name, f"{name} is required.")
    return value


def _choice(body: Json, name: str, allowed: tuple[str, ...]) -> str | None:
    value = body.get(name)
    if value is not None and value not in allowed:
        raise invalid(name, f"{name} must be one of {', '.join(allowed)}.")
    return value


def _fault_body(status: int) -> Json | None:
    kind = _KINDS.get(status, "InternalSystemError")
    return SeveraError(status, kind, "The sandbox was told to refuse this call.").body("")
