"""House rules that no linter knows, each with its reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DAEMON = ROOT / "daemon"
IMPURE = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic"}
IMPURE |= {"asyncio.sleep", "random.random", "random.choice", "secrets.token_hex", "uuid.uuid4"}
MAY_BE_IMPURE = ("runtime", "sandbox", "cli")
LOGGING = {"report", "_report", "debug", "info", "warning", "error", "exception"}
SOURCES = sorted(path for path in DAEMON.rglob("*.py"))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(DAEMON)))
def test_time_and_chance_are_passed_in(path: Path) -> None:
    """So that the engine runs under a simulated clock, and the same seed gives the same story."""
    if path.relative_to(DAEMON).parts[0] in MAY_BE_IMPURE:
        return

    found = [name for name, _ in calls(path) if name in IMPURE]

    assert not found


def test_every_log_event_is_in_the_glossary() -> None:
    """So that an operator finds what a line means, and no two lines call one thing by two names."""
    design = (DAEMON / "DESIGN.md").read_text(encoding="utf-8")
    listed = set(
        re.findall(r"`([a-z]+\.[a-z-]+)`", design.split("Log events:")[1].split("\n\n")[0])
    )
    reported = set()
    for path in SOURCES:
        for name, call in calls(path):
            if name.split(".")[-1] in LOGGING and call.args:
                first = call.args[0]
                if isinstance(first, ast.Constant):
                    reported.add(str(first.value))
                elif isinstance(first, ast.IfExp):
                    reported |= {
                        str(ast.literal_eval(first.body)),
                        str(ast.literal_eval(first.orelse)),
                    }
    words = {"created", "changed", "replaced", "removed", "linked", "parted"}
    reported |= {f"entry.{word}" for word in words} | {"company.fault", "company.recovered"}
    reported = {event for event in reported if "." in event}

    assert reported == listed


def test_no_module_is_too_long_to_be_taken_in() -> None:
    """One that must be scrolled to find something in wants to be two."""
    long = {
        str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 400
    }

    assert not long


@pytest.mark.parametrize(
    "path", ["README.md", "daemon/DESIGN.md", "CHANGELOG.md", "config.example.toml"]
)
def test_documents_name_no_place_of_ours(path: str) -> None:
    """Whoever reads them has another machine."""
    text = (ROOT / path).read_text(encoding="utf-8")

    assert not re.search(r"/work/|/root/|shared/|/tmp/", text)
