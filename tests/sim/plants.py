"""Faults to plant in the daemon while it runs: each puts something wrong in place of one step."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from daemon.core import link as links
from daemon.core import meeting, reconcile
from daemon.core.entry import ABSENT, UNKNOWN, Answer, Entry, Hidden, People, Value, address_in
from daemon.core.link import CLAIM_LIFE, Claim, Deed, Link, Side, Stand
from daemon.core.meeting import copy_of
from daemon.core.policy import Policy
from daemon.core.table import STANDINGS, Row
from daemon.core.view import Settle as Agree
from daemon.core.view import View
from daemon.errors import Gone
from daemon.sync import observe, pull, readback, strangers
from daemon.sync.apply import Apply
from daemon.sync.keeper import Keeper
from daemon.sync.observe import Activities, Copies, move_cursor
from daemon.sync.partners import Partners
from daemon.sync.pull import Pull
from daemon.sync.readback import ReadBack
from daemon.sync.setbacks import Setbacks
from daemon.sync.strangers import Strangers
from daemon.sync.tools import WriteLog
from daemon.sync.viewing import Viewer

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], object]


def setting(owner: object, name: str, value: object) -> Plant:
    """Return the plant that puts this in place of a name of a class or module."""
    return lambda patch: patch.setattr(owner, name, value)


def itself(self: Any, *_: Any, **__: Any) -> Any:
    return self


def never(*_: Any, **__: Any) -> bool:
    return False


def always(*_: Any, **__: Any) -> bool:
    return True


# Claims


async def claim_nothing(_: Keeper, record: Any, __: Any) -> Any:
    return record


async def claim_in_memory(self: Keeper, record: Any, claim: Claim) -> Any:
    self._tools.writes.note(record.link.id)
    return replace(record, link=record.link.claiming(claim))


def check_and_drop(self: Link, side: Side, _: datetime) -> Link:
    claims = tuple(claim for claim in self.claims if claim.side is not side)
    return replace(self, claims=claims, doubted=self.doubted - {side})


def withdraw_always(patch: Patch) -> None:
    amend = Setbacks._amend

    async def withdrawn(self: Setbacks, record: Any, change: Any, *, withdraw: bool = False) -> Any:
        return await amend(self, record, change, withdraw=True)

    patch.setattr(Setbacks, "_amend", withdrawn)


# Cursors


def save_google_cursor_first(patch: Patch) -> None:
    store = Copies.store

    async def google(self: Pull, account: Any, cursor: str | None, looking: Any) -> None:
        if cursor is None:
            await whole(self, account, cursor, looking)
            return
        async for page in self._tools.google.changes(account.user, cursor):
            if page.cursor not in (None, cursor):
                moving = partial(move_cursor, account=account, cursor=page.cursor)
                await self._tools.store.write(moving)
            observation = Copies(self._tools, account, looking)
            kept = replace(page, cursor=None)
            await self._tools.store.write(partial(store, observation, page=kept))

    whole = Pull._google
    patch.setattr(Pull, "_google", google)


def save_whole_cursor_first(patch: Patch) -> None:
    doubt, save = Pull._doubt_missing, move_cursor
    reached: list[str] = []

    async def changes(self: Any, user: Any, cursor: str | None) -> Any:
        async for page in listed(self, user, cursor):
            reached[:] = [page.cursor or ""]
            yield page

    async def doubt_later(self: Pull, account: Any, side: Side, listed: Any, cause: str) -> None:
        if side is Side.GOOGLE:
            move = partial(save, account=account, cursor=reached[0])
            await self._tools.store.write(move)
        await doubt(self, account, side, listed, cause)

    from tests.doubles.google import GoogleDouble

    listed = GoogleDouble.changes
    patch.setattr(GoogleDouble, "changes", changes)
    patch.setattr(Pull, "_doubt_missing", doubt_later)


def save_watermark_first(patch: Patch) -> None:
    observe_page = Pull._observe_page

    async def early(self: Pull, page: Any, looking: Any, reached: datetime) -> Any:
        if page.seen:
            stamps = [s for a in page.seen if (s := a.updated_at or a.created_at)]
            mark = max([reached, *stamps]).isoformat()
            await self._tools.store.write(lambda tx: pull._move_company_cursor(tx, mark))
        return await observe_page(self, page, looking, reached)

    patch.setattr(Pull, "_observe_page", early)


def save_watermark_by_own_clock(patch: Patch) -> None:
    observe_page = Pull._observe_page

    async def ahead(self: Pull, page: Any, looking: Any, reached: datetime) -> Any:
        return await observe_page(self, page, looking, max(reached, self._tools.now()))

    patch.setattr(Pull, "_observe_page", ahead)


# Readings


def store_old_listing(patch: Patch) -> None:
    observed = Activities._observed

    def accepted(self: Activities, record: Any, activity: Any) -> Any:
        with pytest.MonkeyPatch.context() as within:
            within.setattr(WriteLog, "is_outdated", never)
            return observed(self, record, activity)

    patch.setattr(Activities, "_observed", accepted)


# Echoes


def agree_blindly(self: Link, claim: Any, seen: Any) -> Link:
    link = self.without(claim)._put(claim.side, seen, claim.user)
    halves = {side: s.entry for side in Side if (s := link.seen(side)) is not None}
    base = link.base
    for side, half in halves.items():
        base = base.having(side, half)
    return replace(link, base=base)


def agree_on_what_was_written(patch: Patch) -> None:
    answered = Link.answered

    def assuming(self: Link, claim: Claim, seen: Any) -> Link:
        link = answered(self, claim, seen)
        if seen is None or claim.deed is Deed.CREATE:
            return link
        names = claim.values.known()
        base = link.base.agreeing(claim.side, claim.values.only(names), claim.takes_in.only(names))
        return replace(link, base=base)

    patch.setattr(Link, "answered", assuming)


def count_whole(base: Any, claim: Claim, shown: Entry) -> Any:
    if not isinstance(half := base.on(claim.side), Entry):
        return base
    written = claim.values.known()
    is_seen = any(shown.value(n) == v and half.value(n) != v for n, v in written.items())
    return base.agreeing(claim.side, shown.only(written), claim.takes_in) if is_seen else base


def agree_on_what_is_there_now(patch: Patch) -> None:
    answered = Link.answered

    def now(self: Link, claim: Claim, seen: Any) -> Link:
        there = self.shows(claim.side.other) or claim.takes_in
        renewed = replace(claim, takes_in=there.only(claim.takes_in.known()))
        return answered(replace(self, claims=(*self.without(claim).claims, renewed)), renewed, seen)

    patch.setattr(Link, "answered", now)


# Proofs


async def believe_404(self: ReadBack, link: Link, guid: str, ref: str) -> Any:
    google = self._tools.google
    try:
        return await self._access.in_google(link, guid, lambda user: google.read(user, ref))
    except Gone:
        return None


async def believe(*_: Any) -> bool:
    return True


def believe_absence(side: Side) -> Plant:
    def plant(patch: Patch) -> None:
        doubted = observe.doubted

        def gone(record: Any, of: Side, now: datetime, cause: str) -> Any:
            doubting = doubted(record, of, now, cause)
            if of is not side:
                return doubting
            source = record.link.source
            link = record.link.showing(side, None, user=source if side is Side.GOOGLE else "")
            return replace(record, link=link, due_at=now)

        patch.setattr(pull, "doubted", gone)

    return plant


def look_no_more(patch: Patch) -> None:
    """Remove what was seen, without a look: by the daemon, and by Severa's adapter."""
    from tests.doubles import severa

    read_back, remove = Apply.read_back, Apply._remove
    is_removing: list[bool] = []

    async def removing(self: Apply, record: Any, action: Any) -> Any:
        is_removing.append(True)
        try:
            return await remove(self, record, action)
        finally:
            is_removing.clear()

    async def reading(self: Apply, record: Any) -> Any:
        if is_removing:
            is_removing.clear()
            doubted = record.link.doubted - frozenset(Side)
            return replace(record, link=replace(record.link, doubted=doubted))
        return await read_back(self, record)

    patch.setattr(Apply, "_remove", removing)
    patch.setattr(Apply, "read_back", reading)
    patch.setattr(severa, "_require_unchanged", lambda *_, **__: None)


def keep_deleted(self: Copies, record: Any, ref: str) -> Any:
    return record


# Brakes


def hold_nothing(*_: Any) -> dict[str, str]:
    return {}


def release_what_is_held(patch: Patch) -> None:
    for row in (Row.REMOVE_FROM_GOOGLE, Row.REMOVE_FROM_SEVERA):
        patch.setitem(STANDINGS, (Stand.HELD, row), row)


# The policy's exits


def _showing(view: View, values: Mapping[Side, Value]) -> View:
    severa, google = (values.get(side, view.on(side)) for side in Side)
    return replace(view, severa=severa, google=google)


def take_hidden_for_absent(patch: Patch) -> None:
    view = Viewer.view

    def absent(self: Viewer, link: Link) -> View:
        shown = view(self, link)
        hidden = {side: ABSENT for side in Side if isinstance(shown.on(side), Hidden)}
        return _showing(shown, hidden)

    patch.setattr(Viewer, "view", absent)


def take_away_by_present_type(link: Link) -> bool:
    return link.base.is_pair or link.google is None


def let_project_tasks_in(patch: Patch) -> None:
    value = Policy.severa_value

    def as_any(self: Policy, link: Link) -> Any:
        shown = value(self, link)
        return shown.entry if isinstance(shown, Hidden) and shown.rule == "B3" else shown

    patch.setattr(Policy, "severa_value", as_any)


# People


def create_and_agree_on_all(view: View, entry: Entry, source: Entry, side: Side) -> Any:
    made, _ = begun(view, entry, source, side)
    if made.people is UNKNOWN:
        return made, source
    return replace(made, people=replace(made.people, is_whole=True)), source


begun = reconcile._begun


def agree_on_half_an_answer(patch: Patch) -> None:
    in_one_call = reconcile._in_one_call

    def halfway(view: View, write: Any) -> Any:
        done = in_one_call(view, write)
        names = done.change.known()
        is_out = write.side is Side.SEVERA and any(
            address_in(n) and done.change.value(n) is Answer.OUT for n in names
        )
        return replace(done, takes_in=write.takes_in.only(names)) if is_out else done

    patch.setattr(reconcile, "_in_one_call", halfway)


def take_unread_for_nobody(patch: Patch) -> None:
    def emptied(self: Link, seen: Any) -> Any:
        if isinstance(seen, links.Activity) and seen.entry.people is UNKNOWN:
            return replace(seen, entry=replace(seen.entry, people=People()))
        return seen

    patch.setattr(Link, "_peopled", emptied)


def keep_old_people(patch: Patch) -> None:
    peopled = Link._peopled

    def kept(self: Link, seen: Any) -> Any:
        known = self.activity
        if known is None or not isinstance(seen, links.Activity):
            return seen
        if seen.entry.people is not UNKNOWN:
            return peopled(self, seen)
        return replace(
            seen,
            entry=replace(seen.entry, people=known.entry.people),
            members=known.members | seen.members,
        )

    patch.setattr(Link, "_peopled", kept)


def write_whole_lists(patch: Patch) -> None:
    in_one_call = reconcile._in_one_call

    def whole(view: View, write: Any) -> Any:
        done = in_one_call(view, write)
        there = view.entry_on(Side.SEVERA).people
        if write.side is not Side.GOOGLE or not done.change.persons() or there is UNKNOWN:
            return done
        return replace(done, change=replace(done.change, people=there))

    patch.setattr(reconcile, "_in_one_call", whole)


def write_cut_lists(patch: Patch) -> None:
    carry = reconcile._carry

    def all_carried(view: View, edits: Entry, to: Side) -> Any:
        there = view.on(to)
        if isinstance(there, Entry) and there.people is not UNKNOWN:
            there = replace(there, people=replace(there.people, is_whole=True))
        return carry(_showing(view, {to: there}), edits, to)

    patch.setattr(reconcile, "_carry", all_carried)


def unite_nobody(view: View) -> Any:
    base, shown = view.link.base, {side: view.entry_on(side) for side in Side}
    halves = [half for half in (base.severa, base.google) if isinstance(half, Entry)]
    if all(half.people is not UNKNOWN for half in halves):
        return None
    if any(one.people is UNKNOWN for one in shown.values()):
        return None
    agreed = base.agreeing(
        Side.SEVERA, shown[Side.SEVERA].only(["people"]), shown[Side.GOOGLE].only(["people"])
    )
    return Agree(agreed, "C1")


def answer_for_others(patch: Patch) -> None:
    patch.setattr(View, "copy_for_answer", lambda *_: "")


def unsay_nothing(base: Any, _: Any) -> Any:
    return base


# Ids


def keep_the_id(self: Link, claim: Claim) -> Link:
    return replace(self.without(claim), base=self.base.begun(claim, claim.values))


# Late writes


def let_go_of_all_that_is_old(self: Link, now: datetime) -> Link:
    claims = tuple(c for c in self.claims if c.made_at + CLAIM_LIFE >= now)
    return replace(self, claims=claims)


def let_removals_go(self: Link, now: datetime) -> Link:
    claims = tuple(c for c in self.claims if not (c.deed is Deed.REMOVE and c.is_checked))
    return let_go(replace(self, claims=claims), now)


let_go = Link.letting_go


def let_changes_go(self: Link, now: datetime) -> Link:
    claims = tuple(c for c in self.claims if not (c.deed is Deed.CHANGE and c.is_checked))
    return let_go(replace(self, claims=claims), now)


def outlive_at_once(self: Link, side: Side, _: datetime) -> Link:
    if self.seen(side) is None:
        return self
    claims = tuple(c for c in self.claims if (c.side, c.deed) != (side, Deed.REMOVE))
    return replace(self, claims=claims)


# Late twins


def look_nowhere(patch: Patch) -> None:
    async def unchanged(_: ReadBack, link: Link) -> Link:
        return link

    patch.setattr(ReadBack, "_created_activity", unchanged)
    patch.setattr(Strangers, "makers_of", lambda *_: [])


async def know_no_links(_: ReadBack, __: list[str]) -> set[str]:
    return set()


def leave_twins(patch: Patch) -> None:
    changes = Pull.severa_changes

    async def without(self: Pull, *, cause: str) -> tuple[Any, ...]:
        await changes(self, cause=cause)
        return ()

    patch.setattr(Pull, "severa_changes", without)


def take_anything_for_ours(patch: Patch) -> None:
    ours = strangers.is_made_by

    def any_of_ours(claim: Claim, activity: Any, api_user: str) -> bool:
        entry = claim.values.only(("title", "when")).over(activity.entry)
        return ours(claim, replace(activity, entry=entry), api_user)

    patch.setattr(strangers, "is_made_by", any_of_ours)
    patch.setattr(readback, "is_made_by", any_of_ours)


# Meetings


def speak_for_the_gone(copies: Any, _: Any, source: str) -> str:
    """Let the copy that was chosen speak also when its guest has left."""
    organizers = [copy.user for copy in copies if copy.is_organizer]
    if organizers:
        return source if source in organizers else organizers[0]
    return source or next((copy.user for copy in copies), "")


def hear_the_speaker_alone(patch: Patch) -> None:
    def shown(copies: Any, source: str) -> Any:
        speaks = copy_of(copies, source)
        return speaks.entry if speaks else None

    patch.setattr(meeting, "shown_by", shown)
    patch.setattr(links, "shown_by", shown)


def take_guests_deletion_for_the_end(patch: Patch) -> None:
    put = Link._put

    def ended(self: Link, side: Side, seen: Any, user: str) -> Link:
        link = put(self, side, seen, user)
        return link if seen or side is Side.SEVERA else replace(link, copies=(), source=self.source)

    patch.setattr(Link, "_put", ended)


def set_back_without_asking(patch: Patch) -> None:
    write = Apply._write

    async def unasked(self: Apply, record: Any, action: Any) -> Any:
        # Of the rule that it was decided by only the asking depends.
        return await write(self, record, replace(action, rule=""))

    patch.setattr(Apply, "_write", unasked)


async def ask_no_organizer(_: ReadBack, link: Link) -> Link:
    return link


def lose(side: Side) -> Plant:
    """Let the winner lose where both sides changed a field."""
    return lambda patch: patch.setitem(
        reconcile._ACT,
        Row.MERGE,
        lambda view: reconcile._carry(view, view.edits(side), side.other),
    )


async def find_nobody(*_: object) -> None:
    return None


def find_no_partner(patch: Patch) -> None:
    patch.setattr(Partners, "activity_of", find_nobody)
    patch.setattr(Partners, "event_of", find_nobody)
