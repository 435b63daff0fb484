"""Random tests must not fail because a machine is busy; those that wait are spread among those that do not."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("core", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples on every machine: what is green stays green, and a planted fault that was found is found.
settings.register_profile("same", settings.get_profile("core"), derandomize=True, database=None)
settings.load_profile("same")

WAITING = ("cli", "e2e", "simnet", "systemd")
"""Packages whose tests mostly wait: one after the other they would leave the processors idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread what waits evenly among the rest, each in its order."""
    waiting = [item for item in items if item.path.parent.name in WAITING]
    busy = [item for item in items if item.path.parent.name not in WAITING]
    every = len(busy) / max(len(waiting), 1)
    places = [((number + 0.5) * every, item) for number, item in enumerate(waiting)]
    places += [(float(number), item) for number, item in enumerate(busy)]
    items[:] = [item for _, item in sorted(places, key=lambda place: place[0])]
