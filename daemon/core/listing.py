"""What a listing brings, page by page."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from daemon.core.link import Seen

S = TypeVar("S", bound=Seen)


@dataclass(frozen=True, slots=True)
class Page(Generic[S]):
    """One page of a listing; `cursor` comes with the last page only, and a listing without one has failed."""

    seen: tuple[S, ...] = ()
    gone: tuple[str, ...] = ()
    """Ids that the vendor says are deleted."""
    skipped: int = 0
    """How many rows were left out because they are not synced yet (occurrences) or cannot be read."""
    cursor: str | None = None
