"""What is kept of a side that was taken away, looked up when that side is made again (D7)."""

from collections.abc import Sequence
from typing import Final

from daemon.core.company import ActivityType, Category
from daemon.core.entry import Entry
from daemon.core.link import Side
from daemon.core.policy import Policy
from daemon.core.record import Change
from daemon.errors import SyncError
from daemon.sync.ports import SeveraCalendar, Transaction
from daemon.sync.tools import Tools

LINES_MAX: Final = 100
"""How far back the history of one entry is read; a removal stands right before what is made again."""

_MADE, _REPLACED = "created", "replaced"
_TAKEN: Final = ("removed", _REPLACED)
_COMES_BACK: Final = frozenset({Category.CALENDAR_ENTRY, Category.TODO, Category.PERSONAL})
"""Nothing is made a project task or an absence by the sync, whatever it was (B3, B11)."""


async def originals_of(tools: Tools, link_id: str, side: Side) -> tuple[str, ...]:
    """Return what the vendor held of this side of an entry when it was taken away, the newest first.

    None where it was there since by another way: what it held then is over.
    """
    since = tools.now() - tools.rules.history

    async def work(tx: Transaction) -> tuple[str, ...]:
        lines = await tx.changes_of(link_id, since, LINES_MAX)
        taken = _taken([line for line in lines if line.side is side])
        kept = [await original_of(tx, line.id) for line in taken]
        return tuple(original for original in kept if original)

    return await tools.store.read(work)


async def original_of(tx: Transaction, change_id: int) -> str:
    """Return what the vendor held of what a change took away; what was locked with a lost key counts as not kept."""
    try:
        return await tx.original_of(change_id)
    except SyncError:
        return ""


def former_type(
    severa: SeveraCalendar, policy: Policy, originals: Sequence[str], entry: Entry
) -> tuple[ActivityType | None, str]:
    """Return the type of the newest original that had one as private as the entry, and that original.

    Where none had, no type and the newest original.
    """
    usable = {t.guid: t for t in policy.types if t.is_active and t.category in _COMES_BACK}
    for original in originals:
        kind = usable.get(severa.type_in(original))
        if kind is not None and (kind.category is Category.PERSONAL) is (entry.private is True):
            return kind, original
    return None, next(iter(originals), "")


def _taken(lines: Sequence[Change]) -> list[Change]:
    """Return the lines that took a side away, from its latest end on back through what was only replaced (B4)."""
    ends = [line for line in lines if line.action in (_MADE, *_TAKEN)]
    found: list[Change] = []
    while ends and ends[0].action in _TAKEN:
        found.append(ends.pop(0))
        if [line.action for line in ends[:2]] == [_MADE, _REPLACED]:
            ends.pop(0)
    return found
