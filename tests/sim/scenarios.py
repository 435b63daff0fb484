"""What people do while a small company's daemon is interrupted, and how each of it has to end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.core.entry import Answer, Entry
from daemon.core.link import Side
from daemon.sync.ports import Store

from .interrupted import ANN, BEN, CAT, PAUSES_S, Harm, Interrupted
from .world import INTERNAL, OUTSIDE

ROUNDS_HURT = 2
"""In how many rounds after people did something each step is interrupted; by then all is done."""
NONE, YES, NO, MAYBE, OUT = (
    Answer.NONE,
    Answer.ACCEPTED,
    Answer.DECLINED,
    Answer.TENTATIVE,
    Answer.OUT,
)

Deed = Callable[[Interrupted], object]


@dataclass(frozen=True)
class Scenario:
    """What is there and synced before, what people do then, and what both sides show in the end."""

    before: Deed = lambda _: None
    then: Deed = lambda _: None
    ends: Deed = lambda _: None
    is_first_sync: bool = False
    with_others: bool = False


def both(title: str, **said: Answer) -> Deed:
    """Return the end at which an entry is once on each side, and these guests take part with these answers."""

    def check(office: Interrupted) -> None:
        for side in Side:
            assert office.taking_part(side, title) == said, f"who takes part in {side.value}"

    return check


def left(*titles: str, severa: tuple[str, ...] | None = None) -> Deed:
    """Return the end at which just these entries are there, on both sides or (`severa`) on Severa's alone."""

    def check(office: Interrupted) -> None:
        assert office.titles(Side.GOOGLE) == sorted(titles)
        assert office.titles(Side.SEVERA) == sorted(titles if severa is None else severa)

    return check


def shows(title: str, **fields: object) -> Deed:
    """Return the end at which an entry shows these fields on both sides."""

    def check(office: Interrupted) -> None:
        for side in Side:
            entry = office.entry(side, title)
            assert {name: getattr(entry, name) for name in fields} == fields, side.value

    return check


# One user


def some_of_all(ann: Interrupted) -> None:
    ann.add_activity("alike", 1)
    ann.add_event("alike", 1)
    ann.add_activity("in Severa", 2)
    ann.add_event("in Google", 3)


def one_synced(ann: Interrupted) -> None:
    ann.add_activity("kept", 1)
    ann.add_activity("plan", 2)


def one_from_google(ann: Interrupted) -> None:
    ann.add_activity("kept", 1)
    ann.add_event("plan", 2)


def crossing(ann: Interrupted) -> None:
    ann.edit_activity("plan", notes="from Severa")
    ann.edit_event("plan", title="from Google")


def clashing(ann: Interrupted) -> None:
    ann.edit_activity("plan", title="Severa wins")
    ann.edit_event("plan", title="Google loses")


def deleted_and_edited(ann: Interrupted) -> None:
    ann.delete_activity("plan")
    ann.edit_event("plan", notes="still wanted")


def deleted_behind_a_lost_cursor(ann: Interrupted) -> None:
    ann.delete_event("plan")
    ann.google.expire_cursors(ANN.guid)


def far_ahead(ann: Interrupted) -> None:
    # Beyond the window that each round lists whole, and further apart than listings overlap.
    ann.add_activity("new", 40 * 24)
    ann.wait(600)
    ann.add_activity("newer", 40 * 24)


# Three users


def asked(office: Interrupted) -> None:
    office.add_event("plan", 2, guests={BEN: NONE, CAT: NONE})


def asked_alone(office: Interrupted) -> None:
    office.add_event("plan", 2, guests={BEN: NONE})


def seated(office: Interrupted) -> None:
    office.add_activity("plan", 2, guests={BEN: NONE, CAT: YES})


def answered(office: Interrupted) -> None:
    office.answer("plan", BEN, YES)
    office.answer("plan", CAT, NO)


def regrouped(office: Interrupted) -> None:
    office.invite_in_google("plan", {BEN: OUT, CAT: NONE})


def reseated(office: Interrupted) -> None:
    office.invite_in_severa("plan", {BEN: OUT})
    office.invite_in_severa("plan", {BEN: YES})


def unlike_lists(office: Interrupted) -> None:
    office.add_activity("plan", 2, guests={BEN: YES})
    office.add_event("plan", 2, guests={CAT: NONE})


def called_off_and_answered(office: Interrupted) -> None:
    office.delete_activity("plan")
    office.answer("plan", BEN, YES)


def renamed_own_copy(office: Interrupted) -> None:
    copy = Entry(title="mine")
    office.google.person_edit(BEN.guid, office.event("plan"), copy)


def asked_by_an_outsider(office: Interrupted) -> None:
    office.add_event("plan", 2, guests={ANN: NONE, BEN: NONE}, organizer=OUTSIDE)


def moved_out_and_in(office: Interrupted) -> None:
    office.edit_activity("plan", notes="not mine to say")
    office.answer("plan", BEN, YES)


SCENARIOS: Mapping[str, Scenario] = {
    "first sync": Scenario(
        then=some_of_all, ends=left("alike", "in Google", "in Severa"), is_first_sync=True
    ),
    "created in Severa": Scenario(
        one_synced, lambda ann: ann.add_activity("new", 5), left("kept", "new", "plan")
    ),
    "created in Severa, far ahead": Scenario(
        one_synced, far_ahead, left("kept", "new", "newer", "plan")
    ),
    "created in Google": Scenario(
        one_synced, lambda ann: ann.add_event("new", 5), left("kept", "new", "plan")
    ),
    "edited in Severa": Scenario(
        one_synced, lambda ann: ann.edit_activity("plan", notes="new"), shows("plan", notes="new")
    ),
    "edited in Google": Scenario(
        one_synced, lambda ann: ann.edit_event("plan", notes="new"), shows("plan", notes="new")
    ),
    "crossing edits": Scenario(one_synced, crossing, shows("from Google", notes="from Severa")),
    "clashing edits": Scenario(one_synced, clashing, left("Severa wins", "kept")),
    "deleted in Severa": Scenario(
        one_synced, lambda ann: ann.delete_activity("plan"), left("kept")
    ),
    "deleted in Google": Scenario(one_synced, lambda ann: ann.delete_event("plan"), left("kept")),
    "deleted in Google behind a lost cursor": Scenario(
        one_synced, deleted_behind_a_lost_cursor, left("kept")
    ),
    "deleted and edited": Scenario(
        one_synced, deleted_and_edited, shows("plan", notes="still wanted")
    ),
    "given a type that is not selected": Scenario(
        one_synced,
        lambda ann: ann.edit_activity("plan", INTERNAL.guid),
        left("kept", severa=("kept", "plan")),
    ),
    "made private, so made anew": Scenario(
        one_from_google,
        lambda ann: ann.edit_event("plan", private=True),
        shows("plan", private=True),
    ),
    "a meeting made in Google": Scenario(
        then=asked, ends=both("plan", ben=NONE, cat=NONE), with_others=True
    ),
    "a meeting made in Severa, with answers": Scenario(
        then=lambda office: office.add_activity("plan", 5, guests={BEN: YES, CAT: MAYBE}),
        ends=both("plan", ben=YES, cat=MAYBE),
        with_others=True,
    ),
    "guests answer": Scenario(asked, answered, both("plan", ben=YES, cat=NO), with_others=True),
    "an organizer asks one and takes one out": Scenario(
        asked_alone, regrouped, both("plan", cat=NONE), with_others=True
    ),
    "a participant's answer changed in Severa": Scenario(
        seated, reseated, both("plan", ben=YES, cat=YES), with_others=True
    ),
    "a guest deletes the own copy": Scenario(
        asked,
        lambda office: office.delete_event("plan", BEN),
        both("plan", ben=NO, cat=NONE),
        with_others=True,
    ),
    "an organizer deletes": Scenario(
        asked, lambda office: office.delete_event("plan"), left(), with_others=True
    ),
    "a first match whose people differ": Scenario(
        then=unlike_lists,
        ends=both("plan", ben=YES, cat=NONE),
        is_first_sync=True,
        with_others=True,
    ),
    "an activity with participants deleted in Severa": Scenario(
        seated, lambda office: office.delete_activity("plan"), left(), with_others=True
    ),
    "called off in Severa while a guest answers": Scenario(
        asked, called_off_and_answered, left(), with_others=True
    ),
    "a guest renames the own copy": Scenario(
        asked, renamed_own_copy, both("plan", ben=NONE, cat=NONE), with_others=True
    ),
    "an outsider's meeting edited in Severa": Scenario(
        asked_by_an_outsider, moved_out_and_in, shows("plan", notes=""), with_others=True
    ),
}


async def play(
    store: Store, scenario: Scenario, step: int = 0, harm: Harm = Harm.DIES_AFTER
) -> tuple[Interrupted, int]:
    """Play a scenario with an interruption at a step (0: none), and return how many steps there were."""
    office = Interrupted(store, with_others=scenario.with_others)
    await office.switch_on()
    scenario.before(office)
    if not scenario.is_first_sync:
        await office.settle()
    scenario.then(office)
    office.hurt(step, harm)
    await office.settle(PAUSES_S[:ROUNDS_HURT])
    steps, writes = office.step, office.writes
    await office.settle(PAUSES_S[ROUNDS_HURT:])
    assert step or office.writes == writes, "undisturbed, all is done in the rounds that are hurt"
    return office, steps


async def check(store: Store, name: str, harm: Harm, stride: int = 1) -> None:
    """Interrupt a scenario at each step in turn, or at every so many."""
    scenario = SCENARIOS[name]
    undisturbed, steps = await play(store, scenario)
    assert undisturbed.writes, "a scenario has something to do"
    scenario.ends(undisturbed)

    first = 1 + list(SCENARIOS).index(name) % stride
    for step in range(first, steps + 1, stride):
        if harm is Harm.STORE_FAILS and undisturbed.steps[step - 1] != "store":
            continue
        office, _ = await play(store, scenario, step, harm)

        assert office.was_hurt, "the step was reached"
        hurt = f"{name}: {harm.value} step {step}, {office.steps[step - 1]}"
        assert office.shown() == undisturbed.shown(), hurt
        assert office.people() == undisturbed.people(), hurt
        writes = office.writes
        await office.settle()
        assert office.writes == writes, f"{hurt}: a further round writes"
