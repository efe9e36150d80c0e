"""Every line that a process logs, whoever writes it: one JSON object, or readable on a terminal."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Literal

import structlog
from structlog.typing import Processor

from ticketing.server.log_writer import LogWriter

Format = Literal["auto", "json", "text"]

_EVERY_LINE: list[Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str, format_: Format = "auto") -> None:
    """Send every log line of this process to standard error.

    Libraries that log by Python's own `logging`, and its warnings, are heard from `warning` on:
    what they tell below that is about themselves.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    writer = LogWriter(sys.stderr)
    structlog.configure(
        processors=[*_EVERY_LINE, *_rendering(format_)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(format_))
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)


def formatter(format_: Format = "auto") -> logging.Formatter:
    """Return what writes lines of `logging` like all the others."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_EVERY_LINE],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(format_),
        ],
    )


def log_what_nobody_catches() -> None:
    """Log what would else be a bare traceback of this process on standard error."""
    log = structlog.get_logger("ticketing.crash")

    def report(error: BaseException | None, where: object = None) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
            log.error("crash", error=type(error).__name__, where=str(where), exc_info=error)

    sys.excepthook = lambda _, error, __: report(error, "process")
    sys.unraisablehook = lambda args: report(args.exc_value, args.object)
    threading.excepthook = lambda args: report(args.exc_value, args.thread)


def _rendering(format_: Format) -> list[Processor]:
    if format_ == "text" or (format_ == "auto" and sys.stderr.isatty()):
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
