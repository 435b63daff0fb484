"""The users' primary calendars over HTTP (Google Calendar API v3), shaped for the engine."""

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import aiohttp

from daemon.core.channel import Opened
from daemon.core.company import User
from daemon.core.entry import UNKNOWN, Entry
from daemon.core.link import Copy, Mark
from daemon.core.listing import Page
from daemon.errors import CompanyRefused, Forbidden, Gone, Refused, Stale, SyncError, UserRefused
from daemon.google.attendees import invited, reinvited
from daemon.google.channels import check_stopped, opened_in, watch_body
from daemon.google.credentials import ServiceAccount
from daemon.google.errors import Answer, Limit, error_of, limit_of, retry_after
from daemon.google.listing import Ask, listed, marked_in
from daemon.google.original import Kept, kept_in, lacking, laid_over, lost_in
from daemon.google.original import event_in as event_of
from daemon.google.reading import (
    calendar_in,
    check_removed,
    copy_shown,
    event_in,
    unusable,
    written,
)
from daemon.google.tokens import RENEW_BEFORE_S, Authority, Tokens
from daemon.google.translate import ACTIVITY_PROPERTY, body_of, changes_of, is_cancelled
from daemon.google.wire import (
    ANSWER_MAX,
    METHOD,
    NOTHING_SAFE,
    Acting,
    Called,
    SharedSession,
    calendar_api,
)
from daemon.secret import Secret

PAGE_SIZE: Final = 2500
PATCH_UNITS: Final = 3
"""What a patch costs of Google's quota (Events: patch); everything else costs one."""
USERS_MAX: Final = 20_000
"""How many users' tokens are kept at most; a daemon of 10,000 users must not lose any."""

Spend = Callable[[str, int], Awaitable[None]]
Limited = Callable[[str, Limit, float | None], None]


class GoogleClient:
    """Reads and writes the users' primary calendars, acting as each user in turn.

    The client session stays the caller's; `called` is told of every request on it. `spend` is awaited before each
    request with the user's guid and the units it costs, and `limited` told after each that met a limit, with the
    seconds that Google asks to wait if it names any; `jitter` returns seconds by which a user's tokens are renewed
    earlier still.
    Making one parses the key: some 40 ms of CPU.
    """

    def __init__(
        self,
        *,
        api_root: str,
        token_uri: str,
        session: aiohttp.ClientSession,
        account: ServiceAccount,
        spend: Spend,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        jitter: Callable[[], float],
        timeout_s: float = 30.0,
        answer_max: int = ANSWER_MAX,
        users_max: int = USERS_MAX,
        limited: Limited = lambda user, limit, after_s: None,
        called: Called = lambda method, status, seconds: None,
    ) -> None:
        self._api = calendar_api(api_root)
        self._session = SharedSession(
            session,
            timeout_s=timeout_s,
            answer_max=answer_max,
            called=called,
            monotonic=monotonic,
        )
        self._authority = Authority(account, token_uri=token_uri, session=self._session, now=now)
        self._spend, self._now, self._monotonic, self._jitter = spend, now, monotonic, jitter
        self._acting: OrderedDict[str, Acting] = OrderedDict()
        self._users_max, self._limited = users_max, limited

    def changes(self, user: User, cursor: str | None) -> AsyncIterator[Page[Copy]]:
        """List what changed since `cursor`, or everything (Events: list); later pages overrule earlier ones.

        No time window and always the same parameters, since the sync token is bound to them.

        Raises:
            CursorExpired: List everything instead.
            UserRefused: There is no calendar under the user's address, or it is not shown whole.
        """
        return listed(self._asking(user, cursor=cursor), user, cursor, now=self._now)

    async def marked(self, user: User, activity: str) -> Copy | None:
        """Return the event that bears our mark of an activity (Events: list, by a private extended property).

        Raises:
            UserRefused: There is no calendar under the user's address, or it is not shown whole.
        """
        ask = self._asking(user, holding=f"{ACTIVITY_PROPERTY}={activity}")
        return await marked_in(ask, user, activity, now=self._now)

    async def read(self, user: User, ref: str) -> Copy | None:
        """Return the event as it is now, `None` when Google says it is deleted (Events: get).

        Raises:
            Gone: Google does not find it, which alone proves nothing.
        """
        answer = await self._ask(user, self._api.events.get, eventId=ref)
        if answer.status == 410:
            return None
        event = event_in(answer, ref, self._now())
        if is_cancelled(event):
            return None
        return replace(copy_shown(event, user), original=json.dumps(event))

    async def answers(self, user: User, witness: str) -> bool:
        """Tell whether the calendar itself is there (Calendars: get); no witness is needed."""
        answer = await self._ask(user, self._api.calendars.get)
        if answer.status == 404:
            return False
        calendar_in(answer, self._now())
        return True

    async def check(self, user: User) -> str:
        """Return the zone of the user's calendar, or raise what keeps it from being used.

        Raises:
            UserRefused: There is no such user, or no calendar under the address.
            CompanyRefused: Key, delegation or project are not in order; the hint says what to do.
        """
        answer = await self._ask(user, self._api.calendars.get)
        try:
            calendar = calendar_in(answer, self._now())
        except (Gone, Forbidden) as error:
            raise unusable(error, user) from None
        return str(calendar.get("timeZone") or "UTC")

    async def create(
        self, user: User, ref: str, entry: Entry, *, mark: Mark | None, original: str = ""
    ) -> Copy:
        """Create the event under the id `ref`, telling nobody (Events: insert).

        With an `original` it gets what that held besides, too, but for what Google does not take.

        Raises:
            Exists: The id is taken, by a living event or by a deleted one.
            Transient: It may have been made, since what Google answered cannot be read.
        """
        guests = invited(entry, user.email.lower())
        body = {**body_of(entry, zone=user.zone, mark=mark), "id": ref, **guests}
        kept = kept_in(event_of(original), entry, guests)
        answer = await self._inserted(user, body, kept)
        made = written(answer, user, ref, self._now())
        return await self._completed(user, made, answer, kept)

    def lost_in(self, original: str) -> tuple[str, ...]:
        """Return in words what an original held that no insert brings back."""
        return lost_in(original)

    async def change(
        self, user: User, seen: Copy, change: Entry, *, type_guid: str = "", mark: Mark | None
    ) -> Copy:
        """Write the known fields of `change`, and the mark where it is another (Events: patch).

        Where people are among them the event is read again first, and nothing is written that is so already.

        Raises:
            Stale: It is not any more what `seen` says.
            Gone: It is not there any more.
            Forbidden: Google does not show all guests, so their list is not written.
            Transient: It may have been changed, since what Google answered cannot be read.
        """
        body = changes_of(change, seen=seen, zone=user.zone, mark=mark)
        if change.people is not UNKNOWN and change.people.answers:
            event, copy = await self._as_seen(user, seen)
            body |= reinvited(event, change.people, copy.address)
            if not body:
                return copy
        assert body, "A change names at least one field."
        answer = await self._ask(
            user,
            self._api.events.patch,
            eventId=seen.ref,
            body=body,
            etag=seen.version,
            units=PATCH_UNITS,
            sendUpdates="none",
        )
        return written(answer, user, seen.ref, self._now())

    async def remove(self, user: User, seen: Copy) -> None:
        """Delete the event, telling nobody (Events: delete).

        Raises:
            Stale: It is not any more what `seen` says.
            Gone: It was deleted already.
            Transient: It may have been deleted, since what Google answered cannot be read.
        """
        answer = await self._ask(
            user,
            self._api.events.delete,
            eventId=seen.ref,
            etag=seen.version,
            sendUpdates="none",
        )
        check_removed(answer, self._now())

    async def watch(
        self, user: User, name: str, token: Secret, *, address: str, life: timedelta
    ) -> Opened:
        """Open a channel that tells `address` of the changes on the user's calendar (Events: watch).

        Raises:
            Transient: It may have been opened, unless it is `RateLimited`.
            Refused: It was not opened; `reason` is Google's word.
        """
        body = watch_body(name, token, address=address, life=life)
        answer = await self._ask(user, self._api.events.watch, body=body)
        return opened_in(answer, user, name, self._now())

    async def stop(self, user: User, name: str, resource_id: str) -> None:
        """Stop a channel that was opened as this user; one that is gone is stopped (Channels: stop).

        Raises:
            Refused: It is not ours to stop.
        """
        answer = await self._ask(
            user,
            self._api.channels.stop,
            body={"id": name, "resourceId": resource_id},
            calendarId=None,
        )
        check_stopped(answer, self._now())

    async def _inserted(
        self, user: User, body: Mapping[str, Any], kept: tuple[Kept, ...]
    ) -> Answer:
        """Make the event with all that is kept of it or, where that is refused, with nothing of that."""
        if kept:
            answer = await self._insert(user, laid_over(body, kept), attachments="true")
            if not _refuses_entry(answer, self._now()):
                return answer
        return await self._insert(user, body)

    async def _insert(
        self, user: User, body: Mapping[str, Any], *, attachments: str | None = None
    ) -> Answer:
        return await self._ask(
            user,
            self._api.events.insert,
            body=body,
            sendUpdates="none",
            supportsAttachments=attachments,
        )

    async def _completed(
        self, user: User, made: Copy, answer: Answer, kept: tuple[Kept, ...]
    ) -> Copy:
        """Write what it does not show of what is kept, each alone, and say what Google would not take."""
        shown = answer.body
        for one in lacking(kept, shown):
            try:
                answer = await self._ask(
                    user,
                    self._api.events.patch,
                    eventId=made.ref,
                    body=one.fields,
                    etag=made.version,
                    units=PATCH_UNITS,
                    sendUpdates="none",
                    supportsAttachments="true",
                )
                made, shown = written(answer, user, made.ref, self._now()), answer.body
            except (Refused, Gone):
                continue
            except SyncError:
                # It is made, and its answer is what counts; the rest is said to be missing.
                break
        left_out = (one.words for one in lacking(kept, shown))
        return replace(made, left_out=tuple(left_out))

    async def _as_seen(self, user: User, seen: Copy) -> tuple[Mapping[str, Any], Copy]:
        """Return the event as it is now and our copy of it, which is what was seen, or `Stale`."""
        answer = await self._ask(user, self._api.events.get, eventId=seen.ref)
        event = event_in(answer, seen.ref, self._now())
        if event.get("etag") != seen.version:
            raise Stale("The event has changed in Google.")
        return event, copy_shown(event, user)

    def _asking(self, user: User, *, cursor: str | None = None, holding: str | None = None) -> Ask:
        """Return what asks for a page of a listing by its token: of the changes, or of what holds a property."""

        async def ask(token: str | None) -> Answer:
            return await self._ask(
                user,
                self._api.events.list,
                maxResults=str(PAGE_SIZE),
                syncToken=cursor,
                privateExtendedProperty=holding,
                pageToken=token,
            )

        return ask

    async def _ask(
        self,
        user: User,
        method: Any,
        *,
        body: Mapping[str, Any] | None = None,
        etag: str = "",
        units: int = 1,
        **parameters: str | None,
    ) -> Answer:
        """Send one request as the user, and once more with a new token when the token is refused."""
        named = {"calendarId": user.email, "quotaUser": _quota_user(user), **parameters}
        given = {name: value for name, value in named.items() if value is not None}
        request = method(json=body, path_params_safe_chars=NOTHING_SAFE, **given)
        setattr(request, METHOD, method["id"])
        if etag:
            request.headers["If-Match"] = etag
        acting = self._acting_as(user.email)
        answer = await self._send(user, acting, request, units)
        if answer.status == 401:
            acting.forget(request)
            answer = await self._send(user, acting, request, units)
        return answer

    async def _send(self, user: User, acting: Acting, request: Any, units: int) -> Answer:
        await self._spend(user.guid, units)
        answer = await acting.answer(request)
        if limit := limit_of(answer):
            self._limited(user.guid, limit, retry_after(answer, now=self._now()))
        return answer

    def _acting_as(self, subject: str) -> Acting:
        acting = self._acting.pop(subject, None) or self._new(subject)
        self._acting[subject] = acting
        if len(self._acting) > self._users_max:
            self._acting.popitem(last=False)
        return acting

    def _new(self, subject: str) -> Acting:
        margin_s = RENEW_BEFORE_S + self._jitter()
        tokens = Tokens(self._authority, subject, clock=self._monotonic, margin_s=margin_s)
        return Acting(self._session, tokens)


def _refuses_entry(answer: Answer, now: datetime) -> bool:
    """Tell whether an answer refuses just this event, so that nothing was made and another might be."""
    if answer.status < 300:
        return False
    error = error_of(answer, now=now)
    return isinstance(error, Refused) and not isinstance(error, CompanyRefused | UserRefused)


def _quota_user(user: User) -> str:
    """Return who the call is charged to: without it Google charges all users as one (at most 40 characters)."""
    return sha256(user.guid.encode()).hexdigest()[:40]
