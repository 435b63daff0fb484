"""What the vendors' documents leave open, as settings of the sandbox's switches that the day is played under."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from daemon.sandbox.google.switches import Switches as GoogleSwitches
from daemon.sandbox.severa.model import Switches as SeveraSwitches
from tests.e2e.inside import Inside

SWITCHES: Mapping[str, type[Any]] = {"google": GoogleSwitches, "severa": SeveraSwitches}
LEFT_OUT: Mapping[str, str] = {
    "google.delegation": "without delegation nobody is synced (A3)",
    "google.api_enabled": "without the API nobody is synced (A3)",
    "google.suspended_user": "nobody is suspended on the day (A7)",
    "google.limit_status": "no limit is met on the day (R1)",
    "google.property_filters": "the daemon filters no listing by properties",
    "google.updated_min_days": "the daemon asks for no changes by their time",
    "severa.unknown_email_is_404": "the daemon looks nobody up by address",
}
"""Switches that say nothing about the day, and why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One switch of one vendor, set to something else than what is assumed."""

    vendor: str
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.vendor}.{self.name}={self.value}"

    def apply(self, company: Inside) -> None:
        """Let the sandbox answer so."""
        state = getattr(company.sandbox, self.vendor)
        state.switches = replace(state.switches, **{self.name: self.value})


def settings() -> Iterator[Setting]:
    """Yield every setting of every switch that the sandbox has, but for those assumed and those left out."""
    for vendor, kind in SWITCHES.items():
        assumed, hints = kind(), get_type_hints(kind)
        for switch in fields(kind):
            if f"{vendor}.{switch.name}" in LEFT_OUT:
                continue
            for value in _values(hints[switch.name]):
                if value != getattr(assumed, switch.name):
                    yield Setting(vendor, switch.name, value)


def _values(hint: Any) -> tuple[Any, ...]:
    if hint is bool:
        return (False, True)
    assert get_origin(hint) is Literal, (
        f"A switch of type {hint} needs a reason in LEFT_OUT, or values here."
    )
    return get_args(hint)
