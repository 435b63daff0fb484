"""Whose an activity is that nobody knows yet: an enabled user's, or what one of our own creates has made."""

from dataclasses import dataclass
from typing import Self

from daemon.core.entry import UNKNOWN, differing
from daemon.core.link import Claim, Deed, Side
from daemon.core.record import Record
from daemon.core.seen import Activity
from daemon.sync.ports import Transaction


@dataclass(frozen=True, slots=True)
class Strangers:
    """What it takes to say whose an activity is that nobody knows yet."""

    enabled: frozenset[str]
    creating: tuple[Record, ...]
    api_user: str

    @classmethod
    async def of(cls, tx: Transaction) -> Self:
        """Return it as the store has it now."""
        enabled = (await tx.roster()).index.enabled
        settings = await tx.settings()
        return cls(enabled, await tx.records_creating(), settings.api_user)

    def makers_of(self, activity: Activity) -> list[Record]:
        """Return the records with a create of unknown outcome that may have made it: the likeliest, in a fixed order.

        What is just as one create wanted it is not taken for the edited work of another, even where that one is still
        without an activity: it is the late twin of the first.
        """
        makers = [
            (
                (len(unlike(claim, activity)), *_unlike_beside(claim, activity)),
                record.link.id,
                record,
            )
            for record in self.creating
            for claim in record.link.claims
            if is_made_by(claim, activity, self.api_user)
        ]
        least = min((differences for differences, *_ in makers), default=(0, False, 0))
        likeliest = [maker for maker in makers if maker[0] == least]
        return [record for *_, record in sorted(likeliest, key=lambda maker: maker[1])]


def is_made_by(claim: Claim, activity: Activity, api_user: str) -> bool:
    """Tell whether an activity that nobody knows is what this claim set out to create.

    A person may have edited its name or its times since, but hardly both at once. `api_user` is whom Severa names as
    the maker of what we create; until that was learnt only what people made for themselves is known not to be ours.
    """
    is_create = claim.side is Side.SEVERA and claim.deed is Deed.CREATE
    if not is_create or claim.user != activity.user or claim.since is None:
        return False
    if activity.created_at is None or activity.created_at < claim.since:
        return False
    if api_user:
        return activity.created_by == api_user and unlike(claim, activity) != {"title", "when"}
    return activity.created_by != claim.user and unlike(claim, activity) != {"title", "when"}


def _unlike_beside(claim: Claim, activity: Activity) -> tuple[bool, int]:
    """Tell whether an activity has another privacy than a claim set out to give it, and how many other texts."""
    wanted, shown = claim.values, activity.entry
    is_other = wanted.private is not UNKNOWN and wanted.private != shown.private
    return is_other, len(differing(wanted.only(("location", "notes")), shown))


def unlike(claim: Claim, activity: Activity) -> frozenset[str]:
    """Return in which of name and times an activity is not what a claim set out to write."""
    return differing(claim.values.only(("title", "when")), activity.entry)
