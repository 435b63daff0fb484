"""What the vendors' documents leave open, as settings of the sandbox's switches that the day is played under."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from daemon.sandbox.server import Sandbox
from tests.e2e.inside import Inside

LEFT_OUT: Mapping[str, str] = {
    "google.delegation": "without delegation nobody is synced (A3)",
    "google.api_enabled": "without the API nobody is synced (A3)",
    "google.suspended_user": "nobody is suspended on the day (A7)",
    "google.limit_status": "no limit is met on the day (R1)",
    "google.property_filters": "the daemon filters no listing by properties",
    "google.updated_min_days": "the daemon asks for no changes by their time",
    "google.limit_words": "no limit is met on the day (R1)",
    "google.retry_after_s": "no limit is met on the day (R1)",
    "google.invitations_appear": "a guest without a copy can do nothing of what the day's guests do",
    "google.event_days_max": "no event of the day is so long",
    "severa.private_texts": "what Severa hides of private entries nobody can carry over",
    "severa.unknown_email_is_404": "the daemon looks nobody up by address",
}
"""Switches that say nothing about the day, and why."""

PUSHES = "google.push_"
"""Switches of pushes, which the daemon does not ask for yet (T5)."""
NUMBERS: Mapping[str, tuple[float, ...]] = {
    "google.propagation_s": (30.0,),
    "google.page_max": (2,),
    "google.sync_token_days": (1,),
    "severa.endless_days": (30,),
    "severa.page_token_s": (60,),
    "severa.token_s": (120,),
    "severa.name_max": (190,),
    "severa.notes_max": (9_900,),
}
"""Other values of switches that are numbers."""


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
    sandbox = Sandbox()
    for vendor in ("google", "severa"):
        assumed = getattr(sandbox, vendor).switches
        hints = get_type_hints(type(assumed))
        for switch in fields(assumed):
            for value in _values(f"{vendor}.{switch.name}", hints[switch.name]):
                if value != getattr(assumed, switch.name):
                    yield Setting(vendor, switch.name, value)


def together() -> list[list[Setting]]:
    """Return all settings in as few days as there are settings of one switch."""
    days: list[list[Setting]] = []
    for setting in settings():
        for day in days:
            if (setting.vendor, setting.name) not in {(one.vendor, one.name) for one in day}:
                day.append(setting)
                break
        else:
            days.append([setting])
    return days


def _values(name: str, hint: Any) -> tuple[Any, ...]:
    if name in LEFT_OUT or name.startswith(PUSHES):
        return ()
    if name in NUMBERS:
        return NUMBERS[name]
    if hint is bool:
        return (False, True)
    assert get_origin(hint) is Literal, f"{name} needs values in NUMBERS, or a reason in LEFT_OUT."
    return get_args(hint)
