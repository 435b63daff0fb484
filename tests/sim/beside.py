"""Scenes of pushes and triggers that are served while others work on the same entries (T2, T5)."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from daemon.core.account import Stage, State
from daemon.core.link import Link, Side
from daemon.core.record import Record
from daemon.errors import Transient
from daemon.sync.firstsync import FirstSync
from daemon.sync.ports import Transaction
from daemon.sync.pull import Pull
from daemon.sync.setbacks import Setbacks
from daemon.sync.settle import Settle
from daemon.sync.tools import policy_of

from .interrupted import ANN, BEN, Interrupted
from .scenarios import YES, one_synced, shows


async def pushed(office: Interrupted) -> None:
    """Let Google tell of Ann's calendar, and the daemon serve that beside whatever it does."""
    await office._engine.serve(ANN.guid, cause="push")


async def triggered(office: Interrupted, ref: str) -> None:
    """Let Ann's browser tell of an activity, and the daemon serve that beside whatever it does."""
    await office._engine.serve_activity(ref, ANN.guid, cause="trigger")


async def an_edit_that_is_pushed_while_another_is_written_arrives_t5(office: Interrupted) -> None:
    one_synced(office)
    await office.settle()

    async def meanwhile() -> None:
        office.edit_event("plan", location="room 9")
        await pushed(office)

    office.edit_activity("plan", notes="news")
    office.meanwhile["patch"] = meanwhile
    await office.settle()

    shows("plan", location="room 9", notes="news")(office)


async def an_event_that_is_deleted_while_its_activity_is_made_is_gone_d2(
    office: Interrupted,
) -> None:
    office.add_activity("other", 3)
    await office.settle()

    async def meanwhile() -> None:
        office.delete_event("plan")
        await pushed(office)

    office.add_event("plan", 9)
    office.meanwhile["post"] = meanwhile
    await office.settle((31, 31, 31))

    assert office.titles(Side.SEVERA) == office.titles(Side.GOOGLE) == ["other"]


async def what_is_removed_while_a_listing_is_read_is_not_taken_for_new_c4(
    office: Interrupted,
) -> None:
    one_synced(office)
    await office.settle()

    async def meanwhile() -> None:
        ref = office.activity("plan")
        office.delete_activity("plan")
        await triggered(office, ref)

    office.google.expire_cursors(ANN.guid)
    office.meanwhile["list"], before = meanwhile, office.writes
    await office.settle()

    assert office.titles(Side.SEVERA) == office.titles(Side.GOOGLE) == ["kept"]
    assert office.writes == before + 1, "one removal, and nobody made it anew in between"


async def an_activity_that_is_triggered_is_there_at_once_t2(office: Interrupted) -> None:
    one_synced(office)
    await office.settle()

    await triggered(office, office.add_activity("new", 5))
    assert "new" in office.titles(Side.GOOGLE)

    ref = office.activity("new")
    office.delete_activity("new")
    await triggered(office, ref)
    assert "new" not in office.titles(Side.GOOGLE)


async def who_shares_a_triggered_activity_has_it_too_t2(office: Interrupted) -> None:
    office.add_activity("plan", 9, guests={BEN: YES})
    await office.settle()

    office.edit_activity("plan", location="room 7")
    await triggered(office, office.activity("plan"))

    copies = [copy for copy in office.google.copies() if copy.user in (ANN.guid, BEN.guid)]
    assert [copy.entry.location for copy in copies] == ["room 7", "room 7"]


async def what_is_gone_while_it_is_put_off_stays_gone(office: Interrupted) -> None:
    office.add_event("plan", 9)
    await office.settle()
    tools = await office.tools()
    (record,) = await tools.store.read(lambda tx: tx.records_of_user(ANN.guid))
    await tools.store.write(lambda tx: tx.save([Record(record.link.forgetting(tools.now()))]))

    setbacks = Setbacks(tools)
    for setback in (
        partial(setbacks.put_off, record, "refused"),
        partial(setbacks.doubt, record, Transient("refused")),
        partial(setbacks.wait, record, tools.now()),
    ):
        await setback()

    assert await tools.store.read(lambda tx: tx.records_of_user(ANN.guid)) == ()


async def a_flood_is_counted_whole_whoever_serves_it_d5(office: Interrupted) -> None:
    for number in range(30):
        office.add_activity(f"plan {number}", number)
    await office.settle()

    async def meanwhile() -> None:
        for number in range(6, 12):
            office.delete_event(f"plan {number}")
        await pushed(office)

    for number in range(6):
        office.delete_event(f"plan {number}")
    office.meanwhile["delete"] = meanwhile
    await office.settle()

    assert 20 < len(office.titles(Side.SEVERA)) <= 30


async def a_create_is_looked_for_however_long_nobody_could_look_c4(office: Interrupted) -> None:
    office.late["post"] = None
    office.add_event("plan", 9)
    await office.settle((31,))
    office.land()
    office.severa.is_away = True
    office.wait(1000)
    office.edit_event("plan", location="room 1")
    tools = await office.tools()
    (ann, *_) = await tools.store.read(lambda tx: tx.accounts())
    await Pull(tools).google_changes(ann, cause="push")
    office.severa.is_away = False
    await office.settle((31, 31, 4000))

    assert office.titles(Side.SEVERA) == ["plan"], "what was made unheard is made once"


class Passing(Settle):
    """Somebody else holds what is in doubt while it is asked for, and has put it down when the rest is taken."""

    async def _asked(self, tx: Transaction, *asked: Any, unread_only: bool) -> tuple[Record, ...]:
        return () if unread_only else await super()._asked(tx, *asked, unread_only=False)


async def what_another_left_in_doubt_is_read_before_it_is_decided_on_c4(
    office: Interrupted,
) -> None:
    office.late["post"] = None
    office.add_event("plan", 9)
    await office.settle((31,))
    office.land()
    office.wait(31)
    tools = await office.tools()
    accounts = await tools.store.read(lambda tx: tx.accounts())
    await Passing(tools, await policy_of(tools.store, tools.rules), accounts).run([ANN.guid])
    await office.settle((31, 31, 4000))

    assert office.titles(Side.SEVERA) == ["plan"]
    assert office.writes == 1, "what was made unheard is made once"


async def nobody_is_served_from_a_backup_before_all_is_matched_anew_c4(
    office: Interrupted,
) -> None:
    one_synced(office)
    await office.settle()
    tools = await office.tools()

    async def put_back(tx: Transaction) -> None:
        (plan,) = await tx.records_of_activities([office.activity("plan")])
        await tx.save([Record(Link(plan.link.id, Side.SEVERA))])
        await tx.save_settings(replace(await tx.settings(), is_copy=True))

    await tools.store.write(put_back)
    office.edit_activity("plan", notes="edited since")
    before = office.writes
    await triggered(office, office.activity("plan"))
    await pushed(office)

    assert office.writes == before
    await office.settle((31, 31, 4000))
    assert office.titles(Side.SEVERA) == office.titles(Side.GOOGLE) == ["kept", "plan"]


async def what_waited_for_a_matching_that_is_done_does_not_rest_c1(office: Interrupted) -> None:
    one_synced(office)
    await office.settle()
    tools = await office.tools()
    (ann,) = await tools.store.read(lambda tx: tx.accounts())
    office.add_event("new", 5)
    await Pull(tools).google_changes(ann, cause="push")
    before = replace(ann, stage=Stage.MATCHING)
    await Settle(tools, await policy_of(tools.store, tools.rules), [before]).run([ANN.guid])

    assert "new" in office.titles(Side.SEVERA)


async def who_is_switched_off_while_looked_at_is_left_alone_a4(office: Interrupted) -> None:
    one_synced(office)
    await office.settle()
    tools, before = await office.tools(), 0

    async def switched_off() -> None:
        nonlocal before

        async def work(tx: Transaction) -> None:
            (ann,) = await tx.accounts()
            await tx.save_accounts([replace(ann, is_enabled=False, state=State.OFF)])

        await tools.store.write(work)
        before = len(office.steps)

    office.add_event("new", 5)
    office.meanwhile["list"] = switched_off
    await office.settle()

    assert before, "Ann switched it off"
    assert set(office.steps[before:]) == {"store"}, "nothing is read or written any more"


async def a_matching_waits_for_who_works_on_its_entries_c5(office: Interrupted) -> None:
    office.add_event("plan", 9)
    tools = await office.tools()
    first = FirstSync(tools, Pull(tools), await policy_of(tools.store, tools.rules))
    (ann,) = await tools.store.read(lambda tx: tx.accounts())
    await Pull(tools).google_changes(ann, cause="push")
    held = tools.hands.take(await tools.store.read(lambda tx: tx.records_of_user(ANN.guid)))
    matching = asyncio.create_task(first.go_on(replace(ann, stage=Stage.MATCHING)))
    for _ in range(50):
        await asyncio.sleep(0)
    assert held
    assert not matching.done()
    tools.hands.drop(held)

    assert (await matching).stage is Stage.WRITING


BESIDE_ALONE = (
    nobody_is_served_from_a_backup_before_all_is_matched_anew_c4,
    what_another_left_in_doubt_is_read_before_it_is_decided_on_c4,
    what_waited_for_a_matching_that_is_done_does_not_rest_c1,
    who_is_switched_off_while_looked_at_is_left_alone_a4,
    a_matching_waits_for_who_works_on_its_entries_c5,
    a_create_is_looked_for_however_long_nobody_could_look_c4,
    an_edit_that_is_pushed_while_another_is_written_arrives_t5,
    an_event_that_is_deleted_while_its_activity_is_made_is_gone_d2,
    what_is_removed_while_a_listing_is_read_is_not_taken_for_new_c4,
    an_activity_that_is_triggered_is_there_at_once_t2,
    what_is_gone_while_it_is_put_off_stays_gone,
    a_flood_is_counted_whole_whoever_serves_it_d5,
)
BESIDE_TOGETHER = (who_shares_a_triggered_activity_has_it_too_t2,)
