"""Faults planted in the daemon are found: a simulator that misses them would prove nothing by finding none."""

from collections import Counter

import pytest

from .mutants import MUTANTS, Mutant

GROUPS_MIN, MUTANTS_MIN = 14, 36


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_found(mutant: Mutant) -> None:
    assert mutant.found() is not None, f"nobody saw that {mutant.name}"


def test_faults_of_every_kind_are_planted() -> None:
    names = Counter(mutant.name for mutant in MUTANTS)

    assert max(names.values()) == 1
    assert len(names) >= MUTANTS_MIN
    assert len({mutant.group for mutant in MUTANTS}) >= GROUPS_MIN
