"""Undoing a change on both calendars (D7): once, and with an interruption at every step of it, to the same end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from daemon.core.account import Stage
from daemon.core.entry import Entry
from daemon.core.link import Deed, Side, Stand, Standing
from daemon.core.record import Change
from daemon.errors import SyncError
from daemon.sync.history import past_of
from daemon.sync.undo import Proposal, Undo
from tests.doubles.line import Call
from tests.doubles.store import MemoryStore

from .interrupted import ANN, PAUSES_S, Harm, Interrupted, Shown
from .weather import Crash
from .world import INTERNAL, PERSONAL

R = TypeVar("R")
SEVERA, GOOGLE = Side.SEVERA, Side.GOOGLE
WRITES = ("severa post", "severa patch", "severa delete", "insert", "google patch", "google delete")
TRIES_MAX = 3


class Office(Interrupted):
    """Ann's calendars, with somebody who undoes changes."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.meddlers: dict[str, Callable[[], object]] = {}
        """What people do just before such a call, once each."""
        super().__init__(self.store)

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        for name in [name for name in self.meddlers if str(call).startswith(name)]:
            self.meddlers.pop(name)()
        return await super().carry(call, do)

    async def synced(self, *before: Callable[["Office"], object]) -> None:
        await self.switch_on()
        for what in before:
            what(self)
        await self.settle()

    def line(self, action: str, side: Side | None = None, **fields: Any) -> Change:
        """Return the newest line of the history that says this."""
        return next(
            line
            for line in reversed(self.store.history)
            if line.action == action and side in (None, line.side)
            if all(getattr(line, name) == value for name, value in fields.items())
        )

    async def undo(self, line: Change, *, is_forced: bool = False) -> Proposal:
        return await Undo(self._engine._tools).undo(line, is_forced=is_forced)

    async def undone(self, line: Change) -> bool:
        """Try to undo a change, and tell whether that was answered; a daemon that died is started again."""
        try:
            await self.undo(line)
        except SyncError:
            return False
        except Crash:
            self._is_dead = False
            self._engine = self._born()
            return False
        return True

    async def refuses(self, line: Change, **how: bool) -> str:
        with pytest.raises(SyncError) as refusal:
            await self.undo(line, **how)
        return str(refusal.value)

    def names(self) -> tuple[list[str], list[str]]:
        """Return what is called what in Severa and in Google."""
        rows = sorted(str(row.entry.title) for row in self.severa.rows.values())
        events = sorted(str(copy.entry.title) for copy in self.google.living().values())
        return rows, events

    async def switch_on_again(self) -> None:
        """Let Ann switch sync off and on, which matches everything anew."""

        async def work(tx: Any) -> None:
            accounts = await tx.accounts()
            anew = [
                replace(a, stage=Stage.LISTING, cursor=None, enabled_at=self._now) for a in accounts
            ]
            await tx.save_accounts(anew)

        await self.store.write(work)
        await self.settle(PAUSES_S)

    async def is_quiet(self) -> None:
        """Check that nothing more is written, also when everything is listed anew."""
        writes = self.writes
        self.google.expire_cursors(ANN.guid)
        await self.settle(PAUSES_S)
        assert self.writes == writes


@pytest.fixture
def office() -> Office:
    return Office()


def plan_from_severa(office: Interrupted) -> None:
    office.add_activity("kept", 1)
    office.add_activity("plan", 2)


def plan_from_google(office: Interrupted) -> None:
    office.add_activity("kept", 1)
    office.add_event("plan", 2)


# What goes back


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_a_change_that_was_carried_over_goes_back_on_both_sides(
    office: Office, side: Side
) -> None:
    await office.synced(plan_from_severa)
    edit = office.edit_event if side is SEVERA else office.edit_activity
    edit("plan", title="changed", notes="more")
    await office.settle()
    made = office.line("changed", side)

    proposal = await office.undo(made)
    await office.settle()

    assert proposal.plan.back == Entry(title="plan", notes="")
    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    undone = office.line("changed", side)
    assert (undone.rule, undone.cause, undone.entry) == ("D7", "undo", made.entry)
    assert past_of(undone) == past_of(made)[::-1]
    await office.is_quiet()


async def test_an_undo_can_be_undone(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_event("plan", title="changed")
    await office.settle()
    await office.undo(office.line("changed", SEVERA))
    await office.settle()

    await office.undo(office.line("changed", SEVERA))
    await office.settle()

    assert office.names() == (["changed", "kept"], ["changed", "kept"])


async def test_the_value_that_lost_a_conflict_can_be_brought_back(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_activity("plan", title="Severa wins")
    office.edit_event("plan", title="Google loses")
    await office.settle()

    await office.undo(office.line("changed", GOOGLE))
    await office.settle()

    assert office.names() == (["Google loses", "kept"], ["Google loses", "kept"])


async def test_a_field_that_was_changed_since_is_asked_about(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_event("plan", title="changed", notes="more")
    await office.settle()
    made = office.line("changed", SEVERA)
    office.edit_activity("changed", title="changed again")
    await office.settle()

    proposal = await office.undo(made)
    await office.settle()

    assert proposal.plan.changed_since == {"title"}
    assert office.names() == (["changed again", "kept"], ["changed again", "kept"])
    assert {copy.entry.notes for copy in office.google.living().values()} == {""}
    again = await office.undo(made)
    assert not again.has_work
    assert again.plan.done == {"notes"}

    await office.undo(made, is_forced=True)
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert (await office.undo(made)).is_done


async def test_what_goes_back_is_carried_on_though_the_daemon_wrote_it_before(
    office: Office,
) -> None:
    """The claim of a write that was never answered is kept a while, and would take the old value for its own."""
    await office.synced(plan_from_severa)
    office.hurt(0, Harm.ANSWER_LOST)
    office.edit_event("plan", title="older")
    office._harm = (await steps_to(office, "severa patch"), Harm.ANSWER_LOST)
    await office.settle((31, 31))
    assert office.was_hurt
    office.edit_event("older", title="newer")
    await office.settle((31,))
    made = office.line("changed", SEVERA)
    assert past_of(made) == (Entry(title="older"), Entry(title="newer"))

    await office.undo(made)
    await office.settle()

    assert office.names() == (["kept", "older"], ["kept", "older"])


async def steps_to(office: Office, what: str) -> int:
    """Return in how many steps such a call comes, as an office like this one shows."""
    rehearsal = Office()
    await rehearsal.synced(plan_from_severa)
    rehearsal.hurt(0, Harm.ANSWER_LOST)
    rehearsal.edit_event("plan", title="older")
    await rehearsal.settle((31,))
    return 1 + next(n for n, step in enumerate(rehearsal.steps) if step.startswith(what))


async def test_what_the_other_side_would_set_back_is_not_begun(office: Office) -> None:
    await office.synced(plan_from_google)
    office.edit_event("plan", title="changed")
    await office.settle()
    ref, copy = next(
        (r, c) for r, c in office.google.living().items() if c.entry.title == "changed"
    )
    office.google._put(replace(copy, is_writable=False))
    await office.settle()

    assert "D6" in await office.refuses(office.line("changed", SEVERA))
    assert office.google.living()[ref].entry.title == "changed"


async def test_a_side_that_may_not_be_changed_any_more_is_left_alone(office: Office) -> None:
    await office.synced(plan_from_severa)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    office.edit_activity("plan", title="changed")
    await office.settle()
    changed, writes = office.line("changed", GOOGLE), office.writes
    for copy in office.google.living().values():
        office.google._put(replace(copy, is_writable=False))

    assert "D6" in await office.refuses(changed)
    assert "D6" in await office.refuses(made, is_forced=True)
    assert office.writes == writes


async def test_text_that_is_hidden_because_it_is_private_is_not_shown_again(
    office: Office,
) -> None:
    await office.synced(plan_from_google)
    row = office.activity("plan")
    office.severa.rows[row] = replace(office.severa.rows[row], is_bare=False)
    await office.settle()
    office.edit_event("plan", private=True)
    await office.settle()
    masked = office.line("changed", SEVERA)
    assert past_of(masked)[0].title == "plan"

    assert "private" in await office.refuses(masked)
    assert "plan" not in office.names()[0]


# What comes back


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
@pytest.mark.parametrize("before", [plan_from_severa, plan_from_google])
async def test_what_was_deleted_on_both_sides_comes_back_on_both(
    office: Office, side: Side, before: Callable[[Interrupted], None]
) -> None:
    await office.synced(before)
    shown = office.shown()
    delete = office.delete_event if side is SEVERA else office.delete_activity
    delete("plan")
    await office.settle()
    removed = office.line("removed", side)
    assert office.names() == (["kept"], ["kept"])

    proposal = await office.undo(removed)
    await office.settle()

    assert proposal.cannot_come_back
    assert office.shown() == shown
    made = office.line("created", side)
    assert (made.rule, made.cause) == ("D7", "undo")
    assert office.line("created", side.other).entry == made.entry
    await office.is_quiet()
    assert (await office.undo(removed)).is_done
    office.edit_event("plan", title="followed")
    await office.settle()
    assert office.names() == (["followed", "kept"], ["followed", "kept"])


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_an_undone_deletion_can_be_undone_and_undone_again(
    office: Office, side: Side
) -> None:
    await office.synced(plan_from_severa)
    shown = office.shown()
    delete = office.delete_event if side is SEVERA else office.delete_activity
    delete("plan")
    await office.settle()
    removed = office.line("removed", side)
    await office.undo(removed)
    await office.settle()

    await office.undo(office.line("created", side, rule="D7"))
    await office.settle()
    assert office.names() == (["kept"], ["kept"])
    assert "undone before" in await office.refuses(removed)
    assert (await office.undo(office.line("created", side, rule="D7"))).is_done

    await office.undo(office.line("removed", side.other))
    await office.settle()
    assert office.shown() == shown
    await office.is_quiet()


async def test_a_removal_that_waits_for_the_other_side_is_undone_from_there(
    office: Office,
) -> None:
    await office.synced(plan_from_severa)
    office.delete_event("plan")
    await office.settle()
    await office.undo(office.line("removed", SEVERA))
    await office.settle()
    shown = office.shown()

    await office.undo(office.line("created", SEVERA, rule="D7"))
    await office.undo(office.line("removed", SEVERA, rule="D7"))
    await office.settle()

    assert office.shown() == shown
    await office.is_quiet()


async def test_an_activity_of_a_type_that_is_not_selected_comes_back_on_both_sides(
    office: Office,
) -> None:
    await office.synced(plan_from_severa)
    office.delete_event("plan")
    await office.settle()

    async def select_others(tx: Any) -> None:
        settings = await tx.settings()
        await tx.save_settings(replace(settings, selected=frozenset({PERSONAL.guid})))

    await office.store.write(select_others)
    await office.undo(office.line("removed", SEVERA))
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    await office.is_quiet()

    # Nobody knows any more where it was born, so no type takes its event away.
    office.edit_activity("plan", INTERNAL.guid)
    await office.settle()
    assert office.names() == (["kept", "plan"], ["kept", "plan"])


async def test_an_activity_is_not_made_again_before_it_is_known_what_became_of_an_earlier_try(
    office: Office,
) -> None:
    await office.synced(plan_from_severa)
    office.delete_event("plan")
    await office.settle()
    removed = office.line("removed", SEVERA)
    step = 1 + next(n for n, call in enumerate(await calls_of(removed)) if "severa post" in call)
    office.hurt(step, Harm.ANSWER_LOST)
    assert not await office.undone(removed)

    assert "an earlier try" in await office.refuses(removed)
    assert office.names() == (["kept", "plan"], ["kept"])
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert (await office.undo(removed)).is_done


async def calls_of(removed: Change) -> list[str]:
    """Return the steps of undoing this removal, as an office like this one shows."""
    rehearsal = Office()
    await rehearsal.synced(plan_from_severa)
    rehearsal.delete_event("plan")
    await rehearsal.settle()
    rehearsal.hurt(0, Harm.ANSWER_LOST)
    assert await rehearsal.undone(removed)
    return rehearsal.steps


async def test_a_try_that_may_still_land_is_remembered_through_the_next(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.delete_event("plan")
    await office.settle()
    removed = office.line("removed", SEVERA)
    step = 1 + next(n for n, call in enumerate(await calls_of(removed)) if "severa post" in call)
    office.hurt(step, Harm.DIES_BEFORE)
    assert not await office.undone(removed)
    await office.settle()
    assert office.names() == (["kept"], ["kept"])

    await office.undo(removed)

    made = office.store.records[office.line("created", SEVERA, rule="D7").entry]
    assert [claim.deed for claim in made.link.claims] == [Deed.CREATE]
    await office.settle()
    assert office.names() == (["kept", "plan"], ["kept", "plan"])


async def test_what_a_rule_took_out_of_a_calendar_does_not_come_back(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_activity("plan", INTERNAL.guid)
    await office.settle()
    removed = office.line("removed", GOOGLE)
    assert removed.rule == "B5"

    assert "B5" in await office.refuses(removed)
    assert office.names() == (["kept", "plan"], ["kept"])


async def test_a_private_entry_comes_back_private(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.add_activity("mine", 4, kind=PERSONAL.guid)
    await office.settle()
    shown = office.shown()
    office.delete_event("mine")
    await office.settle()

    await office.undo(office.line("removed", SEVERA))
    await office.settle()

    assert office.shown() == shown


async def test_an_event_that_was_made_again_and_deleted_at_once_is_made_under_another_id(
    office: Office,
) -> None:
    await office.synced(plan_from_severa)
    office.delete_activity("plan")
    await office.settle()
    removed = office.line("removed", GOOGLE)
    office.hurt(2, Harm.DIES_AFTER)
    assert not await office.undone(removed)
    assert "insert" in office.steps[-1]
    office.delete_event("plan")
    await office.settle(PAUSES_S)
    assert office.names() == (["kept"], ["kept"])

    await office.undo(removed)
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    await office.is_quiet()


# What is taken away


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_what_the_sync_created_is_removed_and_what_it_was_made_from_stays(
    office: Office, side: Side
) -> None:
    await office.synced(plan_from_google if side is SEVERA else plan_from_severa)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    assert made.side is side

    await office.undo(made)
    await office.settle()

    assert office.names() == ((["kept"], ["kept", "plan"])[:: 1 if side is SEVERA else -1])
    record = office.store.records[made.entry]
    assert record.link.standing.stand is Stand.PARTED
    assert office.line("removed", side).rule == "D7"
    await office.is_quiet()
    await office.switch_on_again()
    await office.is_quiet()
    assert (await office.undo(made)).is_done

    await office.undo(office.line("removed", side))
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert office.store.records[made.entry].link.standing.stand is Stand.LIVE
    await office.is_quiet()


async def test_what_was_created_and_changed_since_is_removed_only_when_asked_for(
    office: Office,
) -> None:
    await office.synced(plan_from_google)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    office.edit_activity("plan", notes="somebody's own")
    await office.settle()

    proposal = await office.undo(made)
    await office.settle()
    assert not proposal.has_work
    assert proposal.plan.changed_since == {"notes"}
    assert office.names() == (["kept", "plan"], ["kept", "plan"])

    await office.undo(made, is_forced=True)
    await office.settle()
    assert office.names() == (["kept"], ["kept", "plan"])


async def test_what_was_created_and_followed_the_original_since_counts_as_untouched(
    office: Office,
) -> None:
    await office.synced(plan_from_google)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    office.edit_event("plan", title="renamed")
    await office.settle()

    await office.undo(made)
    await office.settle()

    assert office.names() == (["kept"], ["kept", "renamed"])


async def test_an_entry_that_changes_at_the_moment_of_its_removal_stays_and_stays_in_sync(
    office: Office,
) -> None:
    await office.synced(plan_from_severa)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    office.meddlers["google delete"] = lambda: office.edit_event("plan", title="just now")

    assert "this very moment" in await office.refuses(made)
    await office.settle()

    assert office.names() == (["just now", "kept"], ["just now", "kept"])
    await office.is_quiet()


async def test_what_a_rule_keeps_out_by_now_is_not_followed_again(office: Office) -> None:
    await office.synced(plan_from_severa)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    await office.undo(made)
    await office.settle()
    office.edit_activity("plan", INTERNAL.guid)
    await office.settle()

    assert "B2" in await office.refuses(office.line("removed", GOOGLE))
    assert office.names() == (["kept", "plan"], ["kept"])


async def test_an_entry_that_was_set_aside_is_tried_again_after_an_undo(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_event("plan", title="changed")
    await office.settle()
    made = office.line("changed", SEVERA)

    async def set_aside(tx: Any) -> None:
        record = await tx.record(made.entry)
        standing = Standing(Stand.SET_ASIDE, "refused")
        await tx.save([replace(record, link=replace(record.link, standing=standing))])

    await office.store.write(set_aside)
    await office.undo(made)
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])


async def test_an_activity_with_hours_is_not_removed(office: Office) -> None:
    await office.synced(plan_from_google)
    made = next(line for line in office.store.history if past_of(line)[1].title == "plan")
    office.severa.person_books_hours(office.activity("plan"))

    assert "B9" in await office.refuses(made, is_forced=True)
    assert office.names() == (["kept", "plan"], ["kept", "plan"])


# What is refused


async def test_what_wrote_nothing_or_is_too_old_is_not_undone(office: Office) -> None:
    await office.switch_on()
    office.add_activity("alike", 1)
    office.add_event("alike", 1)
    await office.settle()
    office.edit_event("alike", title="changed")
    await office.settle()
    changed = office.line("changed")

    assert "was linked" in await office.refuses(office.line("linked"))
    office._now += timedelta(days=31)
    assert "30 days" in await office.refuses(changed)
    assert office.names() == (["changed"], ["changed"])


async def test_nothing_is_undone_while_the_integration_is_off(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_event("plan", title="changed")
    await office.settle()

    async def turn_off(tx: Any) -> None:
        await tx.save_settings(replace(await tx.settings(), is_on=False))

    await office.store.write(turn_off)

    assert "is off" in await office.refuses(office.line("changed"))
    assert "changed" in office.names()[0]


async def test_nothing_is_written_for_somebody_who_has_switched_sync_off(office: Office) -> None:
    await office.synced(plan_from_severa)
    office.edit_event("plan", title="changed")
    await office.settle()

    async def turn_off(tx: Any) -> None:
        accounts = await tx.accounts()
        await tx.save_accounts([replace(account, is_enabled=False) for account in accounts])

    await office.store.write(turn_off)
    writes = office.writes

    assert "may not be written" in await office.refuses(office.line("changed"))
    assert office.writes == writes


# Interruptions


@dataclass(frozen=True)
class Case:
    """What is there, what people then do, and which line of the history is undone."""

    before: Callable[[Interrupted], None]
    then: Callable[[Office], object]
    action: str
    side: Side


CASES = {
    "changed in Severa": Case(
        plan_from_severa, lambda ann: ann.edit_event("plan", title="new"), "changed", SEVERA
    ),
    "changed in Google": Case(
        plan_from_severa, lambda ann: ann.edit_activity("plan", title="new"), "changed", GOOGLE
    ),
    "removed from Severa": Case(
        plan_from_severa, lambda ann: ann.delete_event("plan"), "removed", SEVERA
    ),
    "removed from Google": Case(
        plan_from_google, lambda ann: ann.delete_activity("plan"), "removed", GOOGLE
    ),
    "created in Severa": Case(
        plan_from_severa, lambda ann: ann.add_event("new", 5), "created", SEVERA
    ),
    "created in Google": Case(
        plan_from_severa, lambda ann: ann.add_activity("new", 5), "created", GOOGLE
    ),
}


@dataclass
class Played:
    """How one try went."""

    office: Office
    steps: int
    before: dict[Shown, int]


async def play(name: str, step: int, harm: Harm, *, is_repeated: bool) -> Played:
    case, office = CASES[name], Office()
    await office.synced(case.before)
    case.then(office)
    await office.settle()
    line, before = office.line(case.action, case.side), dict(office.shown())
    office.hurt(step, harm)
    is_answered = await office.undone(line)
    steps = office.step
    for pause_s in PAUSES_S * TRIES_MAX:
        await office.settle((pause_s,))
        if is_repeated and not is_answered:
            is_answered = await office.undone(line)
    assert is_answered or not is_repeated, "somebody who is patient gets it done"
    return Played(office, steps, before)


@pytest.mark.parametrize("harm", [Harm.DIES_BEFORE, Harm.DIES_AFTER, Harm.ANSWER_LOST])
@pytest.mark.parametrize("name", CASES)
async def test_the_end_is_the_same_wherever_an_undo_is_interrupted_and_asked_for_again(
    name: str, harm: Harm
) -> None:
    undisturbed = await play(name, 0, harm, is_repeated=True)
    assert dict(undisturbed.office.shown()) != undisturbed.before

    for step in range(1, undisturbed.steps + 1):
        played = await play(name, step, harm, is_repeated=True)

        office = played.office
        assert office.was_hurt, "the step was reached"
        hurt = f"{name}: {harm.value} step {step}, {office.steps[step - 1]}"
        assert office.shown() == undisturbed.office.shown(), hurt
        await office.is_quiet()


@pytest.mark.parametrize("harm", [Harm.DIES_BEFORE, Harm.DIES_AFTER, Harm.ANSWER_LOST])
@pytest.mark.parametrize("name", CASES)
async def test_an_undo_that_is_interrupted_and_never_asked_for_again_is_done_or_is_not(
    name: str, harm: Harm
) -> None:
    undisturbed = await play(name, 0, harm, is_repeated=True)

    for step in range(1, undisturbed.steps + 1):
        played = await play(name, step, harm, is_repeated=False)

        shown, done = dict(played.office.shown()), dict(undisturbed.office.shown())
        call = played.office.steps[step - 1]
        is_carried_out = harm is not Harm.DIES_BEFORE and any(word in call for word in WRITES)
        hurt = f"{name}: {harm.value} step {step}, {call}"
        assert shown in ([done] if is_carried_out else [done, played.before]), hurt
        await played.office.is_quiet()
