"""Prints the contract's rules with the tests that prove each, and fails on a rule called done that has none."""

import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXPECTED = {
    "A": 8, "B": 11, "C": 5, "D": 8, "E": 9, "F": 6, "T": 7, "R": 5, "W": 4, "Q": 6,
}  # fmt: skip


def main() -> int:
    """Print the table and return the exit code."""
    rules = tomllib.loads((ROOT / "tests" / "rules.toml").read_text(encoding="utf-8"))
    faults = [*_missing(rules)]
    for name, rule in rules.items():
        tests = rule.get("tests", [])
        lost = [test for test in tests if not _exists(test)]
        faults += [f"{name}: {test} is not there" for test in lost]
        if rule["done"] and not tests:
            faults.append(f"{name} is called done and no test proves it")
        state = "done" if rule["done"] else ("part" if tests else "open")
        without = f" (without {rule['without']})" if "without" in rule else ""
        print(f"{name:4} {state:5} {len(tests):3} tests  {rule['says']}{without}")
    counts = Counter(rule["done"] for rule in rules.values())
    print(f"\n{counts[True]} rules done, {counts[False]} not yet")
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


def _missing(rules: dict[str, object]) -> list[str]:
    names = {f"{letter}{n}" for letter, count in EXPECTED.items() for n in range(1, count + 1)}
    return [f"{name} is not listed" for name in sorted(names - rules.keys())]


def _exists(test: str) -> bool:
    """Tell whether `tests/x.py::test_y` is there; a file alone stands for all its tests."""
    path, _, name = test.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    return not name or bool(
        re.search(rf"^\s*(async )?def {re.escape(name)}\(", file.read_text(encoding="utf-8"), re.M)
    )


if __name__ == "__main__":
    sys.exit(main())
