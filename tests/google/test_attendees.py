"""Google's list of attendees and our people, both ways, as values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.entry import Answer, Entry, People
from daemon.errors import Forbidden
from daemon.google.attendees import invited, organizer_of, people_of, reinvited

ANNA, BEN, CARA = "anna@example.com", "ben@example.com", "cara@example.com"
OUTSIDER = "guest@elsewhere.test"
ROOM = "c_188room@resource.calendar.google.com"
BY_ANNA = {"organizer": {"email": ANNA, "self": True}}
OF_ANNA = {"organizer": {"email": ANNA}}


def row(email: str, answer: str = "needsAction", **more: Any) -> dict[str, Any]:
    return {"email": email, "responseStatus": answer, **more}


def asked(**answers: Answer) -> People:
    """Return a change of these persons at example.com."""
    return People.of({f"{k}@example.com": a for k, a in answers.items()}, is_whole=False)


# Reading


READ: dict[str, tuple[dict[str, Any], dict[str, Answer]]] = {
    "nobody is invited": ({}, {ANNA: Answer.ACCEPTED}),
    "an empty list": ({"attendees": []}, {ANNA: Answer.ACCEPTED}),
    "the organizer has no row": (
        {"attendees": [row(BEN, "tentative")]},
        {ANNA: Answer.ACCEPTED, BEN: Answer.TENTATIVE},
    ),
    "the organizer has a row": (
        {"attendees": [row(ANNA, "declined", organizer=True, self=True), row(BEN, "accepted")]},
        {ANNA: Answer.DECLINED, BEN: Answer.ACCEPTED},
    ),
    "capital letters": ({"attendees": [row(" Ben@Example.COM")]}, {ANNA: Answer.ACCEPTED, BEN: Answer.NONE}),
    "rooms are nobody": (
        {"attendees": [row(ROOM, "accepted", resource=True), row(BEN, "declined")]},
        {ANNA: Answer.ACCEPTED, BEN: Answer.DECLINED},
    ),
    "outsiders are people": (
        {"attendees": [row(OUTSIDER, optional=True, comment="Perhaps")]},
        {ANNA: Answer.ACCEPTED, OUTSIDER: Answer.NONE},
    ),
    "an answer nobody knows": (
        {"attendees": [row(BEN, "delegated"), {"email": CARA}]},
        {ANNA: Answer.ACCEPTED, BEN: Answer.NONE, CARA: Answer.NONE},
    ),
    "somebody without an address": (
        {"attendees": [{"displayName": "Phone guest"}, row(BEN)]},
        {ANNA: Answer.ACCEPTED, BEN: Answer.NONE},
    ),
    "two rows of which one is the own": (
        {"attendees": [row("anna.v@example.com", "accepted", self=True), row(ANNA, "declined")]},
        {ANNA: Answer.ACCEPTED},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "people"), READ.values(), ids=READ.keys())
def test_the_list_is_read_whole(fields: dict[str, Any], people: dict[str, Answer]) -> None:
    assert people_of(BY_ANNA | fields, ANNA) == People.of(people)


def test_a_guests_copy_shows_the_same_people_as_the_organizers() -> None:
    rows = [row(BEN, "accepted"), row(CARA)]
    on_bens = [row("ben.lind@example.com", "accepted", self=True), row(CARA)]

    assert people_of(OF_ANNA | {"attendees": on_bens}, BEN) == people_of(
        BY_ANNA | {"attendees": rows}, ANNA
    )


@pytest.mark.parametrize(
    ("organizer", "address"),
    [
        ({}, ANNA),
        ({"organizer": None}, ANNA),
        ({"organizer": {"email": "anna.v@example.com", "self": True}}, ANNA),
        ({"organizer": {"email": "Boss@Other.example"}}, "boss@other.example"),
        ({"organizer": {"displayName": "Unknown"}}, ""),
    ],
)
def test_the_organizer_is_known_by_address(organizer: dict[str, Any], address: str) -> None:
    assert organizer_of(organizer, ANNA) == address


@pytest.mark.parametrize("fields", [{"attendeesOmitted": True}, {"guestsCanSeeOtherGuests": False}])
def test_e8_a_list_that_is_cut_tells_of_the_user_alone(fields: dict[str, Any]) -> None:
    rows = [row(BEN, "tentative", self=True), row(CARA, "accepted")]

    people = people_of(OF_ANNA | {"attendees": rows} | fields, BEN)

    assert people == People.of({BEN: Answer.TENTATIVE}, is_whole=False)


def test_the_organizer_sees_guests_who_do_not_see_each_other() -> None:
    fields = {"guestsCanSeeOtherGuests": False, "attendees": [row(BEN), row(CARA)]}

    assert people_of(BY_ANNA | fields, ANNA).is_whole


# Inviting


def test_everybody_but_the_organizer_is_invited() -> None:
    people = People.of({ANNA: Answer.ACCEPTED, BEN: Answer.NONE, CARA: Answer.DECLINED})

    assert invited(Entry(people=people), ANNA) == {"attendees": [row(BEN), row(CARA, "declined")]}


@pytest.mark.parametrize(
    "entry", [Entry(), Entry(people=People.of({ANNA: Answer.ACCEPTED})), Entry(people=People())]
)
def test_an_event_for_one_invites_nobody(entry: Entry) -> None:
    assert invited(entry, ANNA) == {}


# Changing

LONG = [
    row(ANNA, "accepted", organizer=True, self=True, comment="Mine"),
    row("Ben@example.com", "accepted", optional=True, comment="Late", additionalGuests=2),
    row(OUTSIDER, "tentative", displayName="Guest", comment="By phone"),
    row(ROOM, "accepted", resource=True),
    {"displayName": "Nobody's address"},
    row(CARA, id="117", optional=True),
]


WRITTEN = [row(ANNA, "accepted", comment="Mine"), *LONG[1:]]
"""The same without what is Google's alone to say."""


def changed(people: People, rows: list[Any] = LONG, own: str = ANNA, **fields: Any) -> Any:
    event = (BY_ANNA if own == ANNA else OF_ANNA) | {"attendees": rows} | fields
    return reinvited(event, people, own).get("attendees")


def test_e8_who_joins_is_added_and_nothing_else_touched() -> None:
    assert changed(asked(dan=Answer.NONE)) == [*WRITTEN, row("dan@example.com")]


def test_e8_who_leaves_is_taken_out_and_nothing_else_touched() -> None:
    assert changed(asked(cara=Answer.OUT)) == WRITTEN[:-1]


def test_e8_an_answer_changes_and_the_rest_of_its_row_stays() -> None:
    expected = [*WRITTEN]
    expected[1] = {**LONG[1], "responseStatus": "declined"}

    assert changed(asked(ben=Answer.DECLINED)) == expected


def test_several_are_changed_at_once() -> None:
    people = asked(dan=Answer.ACCEPTED, cara=Answer.OUT, ben=Answer.NONE)

    ben = {**LONG[1], "responseStatus": "needsAction"}
    assert changed(people) == [WRITTEN[0], ben, *LONG[2:-1], row("dan@example.com", "accepted")]


@pytest.mark.parametrize(
    "people",
    [
        asked(ben=Answer.ACCEPTED),
        asked(cara=Answer.NONE),
        asked(dan=Answer.OUT),
        asked(ben=Answer.ACCEPTED, dan=Answer.OUT),
        People.of({ROOM: Answer.OUT}, is_whole=False),
    ],
)
def test_what_is_so_already_is_not_written(people: People) -> None:
    assert changed(people) is None


@pytest.mark.parametrize("answer", [Answer.OUT, Answer.DECLINED, Answer.ACCEPTED])
def test_the_organizer_is_no_guest_and_stays(answer: Answer) -> None:
    assert changed(asked(anna=answer)) is None
    assert changed(asked(anna=answer), [row(BEN, self=True)], BEN) is None


def test_the_last_guest_leaves_an_empty_list() -> None:
    assert changed(asked(ben=Answer.OUT), [row(BEN, "accepted")]) == []


def test_an_event_without_a_list_gets_one() -> None:
    assert reinvited(BY_ANNA, asked(ben=Answer.NONE), ANNA) == {"attendees": [row(BEN)]}


def test_the_own_row_is_known_under_an_alias() -> None:
    rows = [row("ben.lind@example.com", self=True, comment="Late"), row(CARA)]

    assert changed(asked(ben=Answer.ACCEPTED), rows, BEN) == [
        row("ben.lind@example.com", "accepted", comment="Late"),
        row(CARA),
    ]


def test_what_google_alone_says_of_a_guest_is_not_written_back() -> None:
    rows = [
        row(ANNA, organizer=True, self=True),
        row("all@example.com", asyncOperation="inProgress"),
    ]

    assert changed(asked(ben=Answer.NONE), rows) == [row(ANNA), row("all@example.com"), row(BEN)]


def test_every_row_of_somebody_listed_twice_changes() -> None:
    rows = [row(BEN, optional=True), row("BEN@example.com", "declined")]

    assert changed(asked(ben=Answer.OUT), rows) == []
    assert changed(asked(ben=Answer.ACCEPTED), rows) == [
        row(BEN, "accepted", optional=True),
        row("BEN@example.com", "accepted"),
    ]


def test_e8_a_list_that_is_cut_is_never_written() -> None:
    with pytest.raises(Forbidden) as refused:
        changed(asked(ben=Answer.ACCEPTED), attendeesOmitted=True)

    assert refused.value.reason == "attendees-omitted"


def test_of_guests_who_do_not_see_each_other_each_answers_alone() -> None:
    rows, veil = [row(BEN, self=True)], {"guestsCanSeeOtherGuests": False}

    assert changed(asked(ben=Answer.DECLINED), rows, BEN, **veil) == [row(BEN, "declined")]
    with pytest.raises(Forbidden):
        changed(asked(cara=Answer.NONE), rows, BEN, **veil)
    with pytest.raises(Forbidden):
        changed(asked(ben=Answer.DECLINED, cara=Answer.OUT), rows, BEN, **veil)


emails = st.sampled_from([BEN, CARA, OUTSIDER, "dan@example.com"])
words = st.sampled_from(["needsAction", "accepted", "tentative", "declined"])
flags = st.fixed_dictionaries({}, optional={"optional": st.just(True), "comment": st.text()})
lists = st.lists(
    st.builds(lambda email, word, more: row(email, word, **more), emails, words, flags),
    unique_by=lambda one: one["email"],
)
wishes = st.dictionaries(emails, st.sampled_from(Answer), min_size=1)


@given(lists, wishes)
def test_a_changed_list_shows_the_change_and_everybody_else_as_before(
    rows: list[dict[str, Any]], wish: dict[str, Answer]
) -> None:
    event = BY_ANNA | {"attendees": rows}

    after = event | reinvited(event, People.of(wish, is_whole=False), ANNA)

    people, before = people_of(after, ANNA), people_of(event, ANNA)
    assert {a: people.answer(a) for a in wish} == wish
    assert [r for r in after["attendees"] if r["email"] not in wish] == [
        r for r in rows if r["email"] not in wish
    ]
    assert dict(people.answers).keys() - wish.keys() == dict(before.answers).keys() - wish.keys()


@given(wishes)
def test_an_invitation_reads_back_as_it_was_meant(wish: dict[str, Answer]) -> None:
    people = People.of(wish | {ANNA: Answer.ACCEPTED})

    assert people_of(invited(Entry(people=people), ANNA), ANNA) == people
