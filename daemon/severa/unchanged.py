"""Whether an activity is still what a write was decided on: Severa has no conditional writes."""

from collections.abc import Iterable

from daemon.core.entry import UNKNOWN, differing
from daemon.core.link import Activity
from daemon.errors import Stale


def require_unchanged(
    now: Activity, seen: Activity, fields: Iterable[str], *, type_too: bool
) -> None:
    """Raise `Stale` where something that a write rests on is not as it was seen."""
    changed = differing(now.entry.only(fields), seen.entry.only(fields))
    is_other = now.user != seen.user or _recurs(now) != _recurs(seen)
    if changed or is_other or (type_too and now.type != seen.type):
        raise Stale(f"The activity has changed in Severa ({', '.join(sorted(changed)) or 'kind'}).")


def _recurs(activity: Activity) -> bool:
    when = activity.entry.when
    return when is not UNKNOWN and when.recurrence is not None
