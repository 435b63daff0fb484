"""Random tests must not fail because a machine is busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("core", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples on every machine: what is green stays green, and a planted fault that was found is found.
settings.register_profile("same", settings.get_profile("core"), derandomize=True, database=None)
settings.load_profile("same")
