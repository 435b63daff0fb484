"""One chain for all log lines, ours and the libraries': JSON for a journal, a readable form for a terminal.

Nothing personal is logged on purpose; what gets into a line all the same is struck out of it (`redaction`).
"""

import asyncio
import contextlib
import json
import logging
import logging.config
import os
import sys
import threading
import traceback
from collections.abc import Iterable, MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from daemon.runtime.redaction import Striker, printable
from daemon.secret import Secret

LINE_BYTES_MAX: Final = 8192
"""How long a line may be; journald cuts only what is six times that, and a terminal shows it at once."""
FRAMES_MAX: Final = 30
CUTS: Final = (4000, 1000, 200, 60)
"""To how many characters texts are cut until the line is short enough."""

WARNINGS: Final = frozenset(
    {
        "config.warning",
        "round.failed",
        "user.failed",
        "entry.held",
        "entry.set-aside",
        "twin.left",
        "channel.refused",
        "channel.silent",
        "channels.failed",
        "severa.unreadable",
    }
)
"""What somebody should look at, though everything else goes on."""
DETAILS: Final = frozenset({"wake.failed"})
"""What the next round makes up for, and may happen as often as somebody pushes."""
PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
FIRST: Final = ("timestamp", "level", "msg", "event", "logger")


def configure(level: str, form: str, secrets: Iterable[Secret] = ()) -> None:
    """Set up logging for the process; `form` is auto, json or console, and `secrets` never show in a line."""
    is_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "chain": {"()": formatter, "is_json": is_json, "secrets": tuple(secrets)}
            },
            "handlers": {"stderr": {"()": Handler, "formatter": "chain"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                # They log every statement with its values, or every malformed request that anybody sends.
                "aiosqlite": {"level": "WARNING"},
                "sqlalchemy": {"level": "WARNING"},
                "aiohttp.server": {"level": "CRITICAL"},
                "alembic": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def report(event: str, /, **fields: Any) -> None:
    """Log one thing that happened: faults as errors, what somebody should look at as warnings."""
    log = structlog.stdlib.get_logger("severa-gcal")
    if "exc_info" in fields or event.endswith(".fault"):
        log.error(event, **fields)
    elif event in WARNINGS or fields.get("state") == "paused":
        log.warning(event, **fields)
    elif event in DETAILS:
        log.debug(event, **fields)
    else:
        log.info(event, **fields)


# What nobody catches


def take_over() -> None:
    """Let everything that would write to stderr by itself go through the log, for the rest of the process."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda lost: _lost("destructor", lost.exc_value)
    threading.excepthook = lambda lost: _lost("thread", lost.exc_value)


def loop_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a loop's callbacks and tasks raise where nobody waits for them (`loop.set_exception_handler`)."""
    report("daemon.fault", where="loop", reason=context["message"], exc_info=context.get("exception"))  # fmt: skip


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        report("daemon.fault", where="main", exc_info=(kind, error, trace))


def _lost(where: str, error: BaseException | None) -> None:
    report("daemon.fault", where=where, exc_info=error)


# Lines


class Handler(logging.StreamHandler[TextIO]):
    """Writes to stderr; a line that cannot be made is told of without what is in it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - As it is called.
        """Say which logger's line was lost: the standard library would print its arguments."""
        kind = sys.exc_info()[0]
        why = kind.__name__ if kind else "unknown"
        told = f"A log line of {printable(record.name)} at line {record.lineno} is lost: {why}."
        with contextlib.suppress(OSError, ValueError):  # Nobody may read stderr any more.
            self.stream.write(told + self.terminator)


def formatter(*, is_json: bool, secrets: Iterable[Secret]) -> logging.Formatter:
    """Return what makes a line of a record, whoever logged it."""
    striker = Striker(secrets)
    as_dicts = structlog.tracebacks.ExceptionDictTransformer(
        show_locals=False, max_frames=FRAMES_MAX
    )
    traces = structlog.processors.ExceptionRenderer(as_dicts)
    plain = structlog.processors.ExceptionRenderer(_plain_traceback)

    def strike(_logger: Any, _method: str, fields: EventDict) -> EventDict:
        return striker.fields({**_first(fields), **fields})

    ending: list[Processor] = [plain, strike, _line(_console())]
    if is_json:
        ending = [traces, strike, structlog.processors.EventRenamer("msg"), _line(_json)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            *_shared(),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *ending,
        ],
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _first(fields: EventDict) -> EventDict:
    """Return what every line begins with, and has also where all else is too much."""
    return {key: fields[key] for key in FIRST if key in fields}


def _line(renderer: Processor) -> Processor:
    """Return what renders fields in a line that is not too long, with its priority where a journal reads it."""
    is_journal = _is_journal()

    def render(logger: Any, method: str, fields: EventDict) -> str:
        level = str(fields.get("level"))
        for most in CUTS:
            line = str(renderer(logger, method, _cut(fields, most)))
            if len(line.encode(errors="backslashreplace")) <= LINE_BYTES_MAX:
                break
        else:
            line = str(renderer(logger, method, _cut(_first(fields), CUTS[-1]) | {"cut": True}))
        priority = f"<{PRIORITIES.get(level, 6)}>" if is_journal else ""
        return "\n".join(priority + part for part in line.split("\n"))

    return render


def _cut(value: Any, most: int) -> Any:
    """Return a value with no text longer than this and no list longer than befits it; the ends tell most."""
    items_max = max(most // 50, 4)
    if isinstance(value, str) and len(value) > most:
        return f"{value[: most // 3]}…{value[most // 3 - most :]}"
    if isinstance(value, MutableMapping):
        return {_cut(key, most): _cut(one, most) for key, one in value.items()}
    if isinstance(value, list):
        kept = value if len(value) <= items_max else [value[0], *value[1 - items_max :]]
        return [_cut(one, most) for one in kept]
    return value


def _json(_logger: Any, _method: str, fields: EventDict) -> str:
    return json.dumps({**_first(fields), **fields}, default=str).replace("\x7f", "\\u007f")


def _console() -> Processor:
    has_colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    renderer = structlog.dev.ConsoleRenderer(colors=has_colors)

    def render(logger: Any, method: str, fields: EventDict) -> str:
        trace = str(fields.pop("exception", ""))
        shown = {printable(key): _printable(value) for key, value in fields.items()}
        line = str(renderer(logger, method, shown))
        # Set in, so that no line of a text can pass for one of the log.
        return "\n    | ".join([line, *map(printable, trace.splitlines())])

    return render


def _printable(value: Any) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    return printable(value if isinstance(value, str) else json.dumps(value, default=str))


def _plain_traceback(exc_info: ExcInfo) -> str:
    return "".join(traceback.format_exception(*exc_info, limit=-FRAMES_MAX)).rstrip()


def _is_journal() -> bool:
    """Tell whether stderr goes to the journal itself, and is not just inherited from who does (systemd.exec(5))."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
