"""A log line shows nothing that must not be read, forges nothing, and is one line that is not too long (A6)."""

import asyncio
import io
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from daemon.runtime import logs
from daemon.runtime.redaction import Striker, printable
from daemon.secret import Secret

CONFIGURED = "k0nfigured/secret+of=Severa"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEA\n-----END PRIVATE KEY-----\n"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJlLW9mLWFubmE"
KEY = "xJ8mZ_0Tn4rCq2WfYh7LbV5sKdG1pEaUo9iR3-NtMwc="
SECRETS = {
    "address": ("anna.test+cal@example.com", "anna.test"),
    "address in capitals": ("ANNA.TEST@EXAMPLE.COM", "ANNA.TEST"),
    "address in a URL": ("https://x.test/calendars/anna.test%40example.com/events", "anna.test"),
    "address of elsewhere": ("päivi.äiti@töölö.example", "äiti"),
    "access token": ("ya29.a0AfH6SMBx-Jq_9.zz", "AfH6SMB"),
    "refresh token": ("1//0gLx_refreshes-everything", "refreshes"),
    "client secret of Google": ("GOCSPX-abcDEF_123-xyz", "abcDEF"),
    "API key": ("AIzaSyA1234567890abcdefghijklmnopqrstuvw", "1234567890abc"),
    "JWT": (JWT, "eyJzdWIi"),
    "JWT cut off": (JWT[:30], "hbGciOiJI"),
    "PEM": (PEM, "BAQEFAASCBK"),
    "PEM as in a JSON key": (PEM.replace("\n", "\\n"), "BAQEFAASCBK"),
    "PEM without its end": (PEM[:60], "MIIEvQIB"),
    "bearer": ("Bearer opaque~token_of-somebody", "opaque"),
    "basic": ("Basic c2V2ZXJhOnNlY3JldA==", "c2V2ZXJh"),
    "trigger token": ("sgt_" + "Ab3_-xyz" * 5 + "Abc", "Ab3_-xyz"),
    "encryption key": (f"key {KEY} is", KEY[5:20]),
    "configured": (CONFIGURED, "k0nfigured"),
    "configured, in a URL": ("?x=k0nfigured%2Fsecret%2Bof%3DSevera", "k0nfigured"),
    "in a form": ("grant_type=x&client_secret=hush-hush&scope=y", "hush-hush"),
    "in a repr": ("{'assertion': 'hush-hush', 'password': \"hush-hush\"}", "hush-hush"),
    "in JSON": ('{"client_secret": "hush-hush"}', "hush-hush"),
    "password of a server": ("https://anna:hush-hush@proxy.test:8080/", "hush-hush"),
}


class Log:
    """The lines that were written, by one of our handlers on a logger of the test's own."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.stream = io.StringIO()
        handler = logs.Handler(self.stream)
        formatter = logs.formatter(is_json=form == "json", secrets=[Secret(CONFIGURED)])
        handler.setFormatter(formatter)
        self.library = logging.Logger("library")
        self.library.addHandler(handler)
        self.ours = structlog.stdlib.BoundLogger(
            self.library,
            [*logs._shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            {},
        )

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def record(self) -> dict[str, Any]:
        """Return the only line, which is JSON."""
        (line,) = self.text.splitlines()
        return dict(json.loads(line))


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Log:
    return Log(request.param)


def raised(error: BaseException) -> BaseException:
    """Return an error with a traceback through a frame that has the same text in a local variable."""
    local = str(error)
    try:
        raise error
    except BaseException as caught:
        assert local is not None
        return caught


def _caused(text: str) -> BaseException:
    try:
        raise KeyError("outer") from raised(ValueError(text))
    except KeyError as error:
        return error


def _noted(text: str) -> BaseException:
    error = raised(ValueError("plain"))
    error.add_note(text)
    return error


def _group(text: str) -> BaseException:
    inner = ExceptionGroup("inner", [raised(OSError(text))])
    return raised(ExceptionGroup(f"outer {text}", [KeyError("other"), inner]))


class Unwilling:
    def __str__(self) -> str:
        raise RuntimeError("It will not be shown.")


class Shown:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Shown {self.text}>"


PLACES: dict[str, Callable[[Log, str], None]] = {
    "a value": lambda log, text: log.ours.info("user.state", reason=f"It was {text} again."),
    "an event": lambda log, text: log.ours.info(f"said {text}"),
    "a key": lambda log, text: log.ours.info("user.state", **{text: "value"}),
    "a nested value": lambda log, text: log.ours.info("x.y", what={"a": [1, ({"b": text},)]}),
    "a nested key": lambda log, text: log.ours.info("x.y", what={"a": {text: 1}}),
    "a set": lambda log, text: log.ours.info("x.y", what={text}),
    "bytes": lambda log, text: log.ours.info("x.y", what=text.encode()),
    "an object": lambda log, text: log.ours.info("x.y", what=Shown(text)),
    "a list of objects": lambda log, text: log.ours.info("x.y", what=[Shown(text)]),
    "an exception": lambda log, text: log.ours.error("x.fault", exc_info=raised(ValueError(text))),
    "its cause": lambda log, text: log.ours.error("x.fault", exc_info=_caused(text)),
    "its note": lambda log, text: log.ours.error("x.fault", exc_info=_noted(text)),
    "its group": lambda log, text: log.ours.error("x.fault", exc_info=_group(text)),
    "a library's message": lambda log, text: log.library.warning(f"said {text}"),
    "a library's argument": lambda log, text: log.library.warning("said %s", text),
    "a library's arguments": lambda log, text: log.library.warning("%(a)r", {"a": [text]}),
    "a library's extra": lambda log, text: log.library.warning("said", extra={"what": text}),
    "a library's exception": lambda log, text: log.library.error(
        "failed", exc_info=raised(ValueError(text))
    ),
    "a library's stack": lambda log, text: log.library.error(text, stack_info=True),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SECRETS)
def test_a6_no_secret_and_no_address_is_in_a_line(log: Log, kind: str, place: str) -> None:
    text, telling = SECRETS[kind]

    PLACES[place](log, text)

    assert "***" in log.text
    assert telling not in log.text
    assert telling not in json.dumps(log.text)
    if log.form == "json":
        assert log.record["level"]
        assert telling not in json.dumps(log.record, ensure_ascii=False)


# Longer than any row of digits in a time.
NUMBER = 471_147_114_711


@pytest.mark.parametrize(
    "key",
    ["token", "sync_token", "clientSecret", "client_secret", "Authorization", "Set-Cookie",
     "private_key", "password", "passphrase", "assertion", "api-key", "signing_key", "jwt",
     "credentials", "email", "eMail", "attendees", "subject", "summary"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["opaque", ["opaque"], {"inner": "opaque"}, NUMBER], ids=str)
def test_a6_what_is_named_like_a_secret_is_struck_out_whatever_it_is(
    log: Log, key: str, value: Any
) -> None:
    log.ours.info("x.y", what={"deep": {key: value}}, **{key: value})
    log.library.warning("said", extra={key: value})

    assert "opaque" not in log.text
    assert str(NUMBER) not in log.text


def test_a_traceback_shows_where_and_what_but_no_local_variables(log: Log) -> None:
    log.ours.error("x.fault", exc_info=raised(ValueError("anna@example.com is unknown")))

    assert "ValueError" in log.text
    assert "test_logs.py" in log.text
    assert "is unknown" in log.text
    assert log.text.count("is unknown") == 1, "where it was raised, a local variable has it, too"
    if log.form == "json":
        (trace,) = log.record["exception"]
        assert (trace["exc_type"], trace["exc_value"]) == ("ValueError", "*** is unknown")
        assert all("locals" not in frame for frame in trace["frames"])


def test_each_error_of_a_group_is_told(log: Log) -> None:
    log.ours.error("x.fault", exc_info=_group("a text"))

    for told in ("ExceptionGroup", "KeyError", "other", "OSError", "a text"):
        assert told in log.text


# Lines

FORGED = '{"level": "info", "msg": "entry.removed"}'
ENDS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
MOVES = ["\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "\x08\x08", "\x9b1A", "\u202e", "\u2066", "\x00", "\x7f"]  # fmt: skip


@pytest.mark.parametrize("end", ENDS, ids=ascii)
@pytest.mark.parametrize("place", ["a value", "an event", "a key", "a nested key", "a library's message"])  # fmt: skip
def test_no_text_begins_a_line_of_its_own(log: Log, place: str, end: str) -> None:
    PLACES[place](log, f"text{end}{FORGED}")

    assert len(log.text.splitlines()) == 1


@pytest.mark.parametrize("end", ENDS, ids=ascii)
def test_no_line_of_an_errors_text_can_pass_for_one_of_the_log(log: Log, end: str) -> None:
    log.ours.error("x.fault", exc_info=raised(ValueError(f"text{end}{FORGED}")))

    first, *rest = log.text.splitlines()
    assert "x.fault" in first
    assert all(line.startswith("    | ") for line in rest)
    assert log.form == "console" or not rest


@pytest.mark.parametrize("move", MOVES, ids=ascii)
@pytest.mark.parametrize("place", ["a value", "an event", "a key", "an exception", "a library's extra"])  # fmt: skip
def test_no_text_moves_a_terminals_cursor(log: Log, place: str, move: str) -> None:
    PLACES[place](log, f"text{move}more")

    assert move not in log.text
    assert not set(log.text) & set("\x00\x07\x08\x1b\x7f\x9b")


@pytest.mark.parametrize("place", PLACES)
def test_a_line_is_bounded_and_still_whole(log: Log, place: str) -> None:
    PLACES[place](log, "å long story " * 100_000)

    assert len(log.text.encode()) <= logs.LINE_BYTES_MAX + 1
    if log.form == "json":
        assert log.record["level"]


def test_many_fields_are_bounded_and_the_event_is_told(log: Log) -> None:
    log.ours.info("x.y", **{f"field{number}": "text " * 100 for number in range(1000)})

    assert len(log.text.encode()) <= logs.LINE_BYTES_MAX + 1
    assert "x.y" in log.text
    if log.form == "json":
        assert log.record["cut"]


def test_a_long_chain_of_errors_is_bounded(log: Log) -> None:
    error: BaseException = ValueError("the root")
    for number in range(300):
        try:
            raise KeyError(f"{number}" * 50) from error
        except KeyError as caught:
            error = caught

    log.ours.error("x.fault", exc_info=error)

    assert len(log.text.encode()) <= logs.LINE_BYTES_MAX + 1
    assert "x.fault" in log.text


def test_what_holds_itself_is_written_to_a_depth() -> None:
    log, loop = Log("json"), dict[str, Any]()
    loop["again"] = loop

    log.ours.info("x.y", what=loop)

    assert log.record["what"]["again"]["again"]


LONG = ("a", "a.b", "@", "a@", "-----BEGIN", "eyJ", "secret=", "://", "Bearer ", "%40")


@pytest.mark.parametrize("part", LONG)
def test_no_text_takes_long_to_search(part: str) -> None:
    text = part * (60_000 // len(part))
    began = time.process_time()

    Striker([Secret(CONFIGURED)]).text(text)

    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "value", [Unwilling(), float("nan"), 10**5000, object, "\ud800", Secret("hush")], ids=lambda v: type(v).__name__
)  # fmt: skip
def test_no_value_breaks_the_log(log: Log, value: Any) -> None:
    log.ours.info("x.y", what=value)
    log.library.warning("said %s", value)

    assert 1 <= len(log.text.splitlines()) <= 2
    assert "hush" not in log.text


def test_a_line_that_cannot_be_made_is_told_of_without_its_arguments(log: Log) -> None:
    log.library.warning("%d entries of %s", "anna@example.com")

    assert "lost" in log.text
    assert "anna" not in log.text


def test_a_closed_stderr_ends_nothing() -> None:
    log = Log("json")
    log.stream.close()

    log.ours.info("x.y")


# What stays


@pytest.mark.parametrize(
    "text",
    ["Severa did not list activities: https://api.severa.test ([severa] base_url) could not be reached.",
     "7fnvfrgrsvh8ggdjrb0d6u5j7g", "b0c7f9d2-3a51-4c4e-8a9e-0d5b1b0a2f11", "2026-03-02T09:30:00Z",
     "/var/lib/severa-gcal/severa-gcal.db", "events.list 410 updatedMinTooLongAgo", "B2", "twin.removed",
     "Switch the token type on", "Basic settings are kept",
     "0eyj3kq9vv1c7fnvfrgrsvh8gg", "unix:/run/severa-gcal/web.sock"],
)  # fmt: skip
def test_what_an_operator_needs_is_left_as_it_is(text: str) -> None:
    assert Striker([Secret(CONFIGURED)]).text(text) == text


def test_the_numbers_of_users_and_entries_stay() -> None:
    log, guid = Log("json"), "b0c7f9d2-3a51-4c4e-8a9e-0d5b1b0a2f11"

    log.ours.info("entry.created", user=guid, entry="7fnvfrgrsvh8", attempts=2, on=True)

    told = log.record
    assert (told["user"], told["entry"], told["attempts"], told["on"]) == (guid, "7fnvfrgrsvh8", 2, True)  # fmt: skip
    assert list(told)[:3] == ["timestamp", "level", "msg"]


def test_a_short_secret_strikes_out_no_ordinary_words() -> None:
    assert Striker([Secret("is"), Secret("")]).text("This is it.") == "This is it."


def test_what_is_printable_stays_as_it_is() -> None:
    assert printable("Päivä ☀ — 日程") == "Päivä ☀ — 日程"


# Levels


def test_only_events_of_the_glossary_have_a_level_of_their_own() -> None:
    design = (Path(logs.__file__).parents[1] / "DESIGN.md").read_text()

    for event in logs.WARNINGS | logs.DETAILS:
        assert f"`{event}`" in design, event


LEVEL_OF = """
logs.configure("debug", "json")
for event, fields in [
    ("entry.created", {}), ("entry.put-off", {}), ("user.state", {"state": "idle"}), ("daemon.ready", {}),
    ("entry.held", {}), ("entry.set-aside", {}), ("user.state", {"state": "paused"}), ("round.failed", {}),
    ("company.fault", {}), ("entry.fault", {"exc_info": KeyError("name")}), ("wake.failed", {}),
]:
    logs.report(event, **fields)
"""


def test_each_event_has_the_level_that_tells_an_operator_what_to_do() -> None:
    done = run_python(LEVEL_OF)

    levels = [json.loads(line)["level"] for line in done.stderr.splitlines()]

    assert levels == ["info"] * 4 + ["warning"] * 4 + ["error"] * 2 + ["debug"]


# The process


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program whose log is set up as the daemon's, and return what came of it."""
    setup = f"""
import asyncio, logging, os, sys, threading, warnings
from daemon.runtime import logs
from daemon.secret import Secret
logs.configure("info", os.environ.get("FORM", "json"), [Secret({CONFIGURED!r})])
logs.take_over()
"""
    kept = {name: text for name, text in os.environ.items() if name != "JOURNAL_STREAM"}
    return subprocess.run(  # noqa: S603 - Our own text.
        [sys.executable, "-c", setup + code],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


UNCAUGHT = """
warnings.simplefilter("always")
warnings.warn("anna@example.com was warned of")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
class Lost:
    def __del__(self):
        raise OSError("ya29.lost-in-a-destructor")
Lost()
async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.loop_fault)
    def fail():
        raise ValueError("ben@example.com in a callback")
    loop.call_soon(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main())
logging.getLogger("aiosqlite").info("INSERT INTO secrets")
logging.getLogger("sqlalchemy.engine").info("SELECT")
raise RuntimeError("clara@example.com at the end")
"""


@pytest.fixture(scope="module", params=["json", "console"])
def uncaught(request: pytest.FixtureRequest) -> tuple[str, subprocess.CompletedProcess[str]]:
    return request.param, run_python(UNCAUGHT, FORM=request.param)


def test_what_nobody_catches_is_a_line_like_every_other(
    uncaught: tuple[str, subprocess.CompletedProcess[str]],
) -> None:
    form, done = uncaught
    assert done.returncode == 1
    assert done.stdout == ""
    for word in ("was warned of", "ZeroDivisionError", "OSError", "in a callback", "at the end"):
        assert word in done.stderr, word
    assert not re.search(r"@example|anna|ben|clara|ya29|lost-in", done.stderr)
    assert "INSERT" not in done.stderr
    assert "SELECT" not in done.stderr
    if form == "json":
        records = [json.loads(line) for line in done.stderr.splitlines()]
        assert [r["level"] for r in records] == ["warning", "error", "error", "error", "error"]
        wheres = [r["where"] for r in records if r["msg"] == "daemon.fault"]
        assert wheres == ["thread", "destructor", "loop", "main"]


LEVELS = """
for level in (10, 20, 30, 40, 50):
    logging.getLogger().setLevel(10)
    logging.getLogger("library").log(level, "said")
logs.report("x.fault", exc_info=ValueError("text"))
"""


def in_journal(code: str, form: str, *, is_direct: bool) -> str:
    """Run a program whose stderr goes to what the environment calls the journal, or that only inherits the name."""
    read, write = os.pipe()
    other, end = os.pipe()
    status = os.fstat(write if is_direct else end)
    name = f"{status.st_dev}:{status.st_ino}"
    shell = f"import os; os.dup2({write}, 2); os.environ['JOURNAL_STREAM'] = '{name}'\n"
    setup = f"{shell}import logging\nfrom daemon.runtime import logs\nlogs.configure('debug', '{form}')\n"
    try:
        subprocess.run(  # noqa: S603 - Our own text.
            [sys.executable, "-c", setup + code], pass_fds=(write,), timeout=60, check=True
        )
        os.close(write)
        with os.fdopen(read) as told:
            return told.read()
    finally:
        os.close(other)
        os.close(end)


@pytest.mark.parametrize("form", ["auto", "json", "console"])
def test_journald_is_told_each_lines_priority(form: str) -> None:
    lines = in_journal(LEVELS, form, is_direct=True).splitlines()

    assert [line[:3] for line in lines[:6]] == ["<7>", "<6>", "<4>", "<3>", "<2>", "<3>"]
    assert all(line.startswith("<3>") for line in lines[5:])
    if form != "console":
        assert [json.loads(line[3:])["level"] for line in lines][-1] == "error"


def test_who_only_inherits_the_journals_name_writes_no_priorities() -> None:
    lines = in_journal(LEVELS, "auto", is_direct=False).splitlines()

    assert all(json.loads(line)["level"] for line in lines)


def test_a_loops_fault_without_an_error_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[dict[str, Any]] = []
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    loop.call_exception_handler({"message": "Something is odd."})
    loop.close()

    done = run_python("logs.loop_fault(None, {'message': 'Something is odd.'})")

    assert told
    assert json.loads(done.stderr)["reason"] == "Something is odd."
