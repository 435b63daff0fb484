"""What a repeating entry repeats by; entries that repeat are recognised and kept out of the sync so far."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A vendor's own words for a recurrence (RFC 5545 lines, or Severa's pattern), in the IANA zone it runs in."""

    lines: tuple[str, ...]
    zone: str = ""
