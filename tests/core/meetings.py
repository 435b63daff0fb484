"""Who takes part in a small meeting of Ann's, and what is decided about them."""

from dataclasses import replace

from daemon.core.entry import ABSENT, Answer, Entry, People
from daemon.core.link import Claim
from daemon.core.reconcile import next_action
from daemon.core.view import Write

from .given import G, S, after_settling, change, copy, entry, joining, view

A = entry("a")
ANN, BOB, ZOE = (f"{name}@example.com" for name in ("ann", "bob", "zoe"))
ANNS = {S: ANN, G: ANN}
"""Ann owns the activity and organizes the event."""
NONE, YES, MAYBE, NO, OUT = (
    Answer.NONE,
    Answer.ACCEPTED,
    Answer.TENTATIVE,
    Answer.DECLINED,
    Answer.OUT,
)


def met(is_whole: bool = True, **answers: Answer) -> Entry:
    """Return an entry in which these take part, Ann among them unless she is said to be out."""
    said = {"ann": YES} | answers
    named = {f"{name}@example.com": answer for name, answer in said.items()}
    return replace(A, people=People.of(named, is_whole=is_whole))


def asked(name: str, answer: Answer) -> Entry:
    return joining(name, answer=answer)


def own_copy(user: str, shown: Entry):
    """Return a guest's copy, which has its own address."""
    return copy(
        shown,
        user=user,
        address=f"{user}@example.com",
        organizer=ANN,
        is_organizer=False,
        is_writable=False,
    )


def decided(severa, google, base=(ABSENT, ABSENT), **fields):
    return next_action(view(severa, google, base, keepers=fields.pop("keepers", ANNS), **fields))


def done(severa, google, base=(ABSENT, ABSENT), **fields):
    """Return what is done next, where the two sides have not only to agree."""
    return after_settling(view(severa, google, base, keepers=ANNS, **fields))


def just(name: str, answer: Answer = NONE) -> tuple[Entry, Entry]:
    """Return a change of one person, which says and takes in the same."""
    return asked(name, answer), asked(name, answer)


def address_of(name: str) -> str:
    return f"{name}@example.com"


def claim_of(write: Write) -> Claim:
    return change(write.side, write.change, write.takes_in)
