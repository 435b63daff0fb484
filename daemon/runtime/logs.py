"""One chain for all log lines, ours and the libraries': JSON for a journal, a readable form for a terminal.

Nothing personal is logged on purpose; what looks like a secret is struck out by its key and by its shape.
"""

import logging
import logging.config
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import Processor

STRUCK_KEYS: Final = re.compile(
    r"authorization|token|secret|assertion|private_key|password|cookie", re.I
)
STRUCK_VALUES: Final = re.compile(
    r"sgt_[\w-]{43}|ya29\.[\w.-]+|Bearer\s+\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+|-----BEGIN[\s\S]+?-----END[^-]+-----"
)
WARNINGS: Final = frozenset(
    {
        "config.warning",
        "round.failed",
        "user.failed",
        "entry.held",
        "entry.set-aside",
        "call.refused",
        "channel.refused",
        "channel.silent",
        "channels.failed",
        "severa.unreadable",
    }
)
PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def configure(level: str, form: str) -> None:
    """Set up logging for the process; `form` is auto, json or console."""
    is_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "chain": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.add_logger_name, *shared],
                    "processors": _ending(is_json),
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chain"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                # Both log every statement or malformed request that anybody sends.
                "aiosqlite": {"level": "WARNING"},
                "aiohttp.server": {"level": "CRITICAL"},
                "aiohttp.access": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
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
    else:
        log.info(event, **fields)


def _ending(is_json: bool) -> list[Processor]:
    head: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, strike]
    if not is_json:
        console = structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback, colors=sys.stderr.isatty()
        )
        return [*head, _striking(console)]
    tail = structlog.processors.JSONRenderer(default=str)
    traces = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    return [
        *head,
        traces,
        structlog.processors.EventRenamer("msg"),
        _striking(_with_priority(tail)),
    ]


def strike(
    _logger: Any, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Strike out values under keys that name a secret."""
    for key in fields:
        if STRUCK_KEYS.search(key):
            fields[key] = "***"
    return fields


def _striking(renderer: Processor) -> Processor:
    """Strike secrets out of the finished line too: exception texts are rendered last."""

    def render(logger: Any, method: str, fields: MutableMapping[str, Any]) -> str:
        return STRUCK_VALUES.sub("***", str(renderer(logger, method, fields)))

    return render


def _with_priority(renderer: Processor) -> Processor:
    """Prefix the line with the priority that journald reads (sd-daemon(3))."""
    is_journal = "JOURNAL_STREAM" in os.environ

    def render(logger: Any, method: str, fields: MutableMapping[str, Any]) -> str:
        priority = PRIORITIES.get(str(fields.get("level")), 6)
        line = str(renderer(logger, method, fields))
        return f"<{priority}>{line}" if is_journal else line

    return render
