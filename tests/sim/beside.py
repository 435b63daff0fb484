"""Scenes of pushes and triggers that are served while others work on the same entries (T2, T5)."""

from functools import partial

from daemon.core.link import Side
from daemon.core.record import Record
from daemon.errors import Transient
from daemon.sync.pull import Pull
from daemon.sync.setbacks import Setbacks

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
    office.add_activity("plan", 9)
    office.add_activity("other", 3)
    await office.settle()

    async def meanwhile() -> None:
        office.delete_event("plan")
        await pushed(office)

    office.meanwhile["list of users"], before = meanwhile, office.writes
    await office.settle()

    assert office.titles(Side.SEVERA) == office.titles(Side.GOOGLE) == ["other"]
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


BESIDE_ALONE = (
    a_create_is_looked_for_however_long_nobody_could_look_c4,
    an_edit_that_is_pushed_while_another_is_written_arrives_t5,
    an_event_that_is_deleted_while_its_activity_is_made_is_gone_d2,
    what_is_removed_while_a_listing_is_read_is_not_taken_for_new_c4,
    an_activity_that_is_triggered_is_there_at_once_t2,
    what_is_gone_while_it_is_put_off_stays_gone,
    a_flood_is_counted_whole_whoever_serves_it_d5,
)
BESIDE_TOGETHER = (who_shares_a_triggered_activity_has_it_too_t2,)
