"""The daemon's log: structured records, written by a thread of their own so that no turn waits for a disk.

Everyone logs with `structlog.get_logger("ses.PART")`; `conversation` and `trace` come from `structlog.contextvars`. A record is masked and
copied in the thread that wrote it, then queued; the writing thread renders it as a line of JSON into `ses.log`, for people when
stderr is a terminal, and errors to stderr (systemd's journal) when it is not.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Any, Literal, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from ses.redaction import Redactor

QUEUE = 10_000

NOISY = ("aiohttp.access", "asyncio", "httpcore", "httpx", "telegram", "urllib3", "watchfiles")
"""Libraries that tell every step, some of them with tokens in addresses: only their warnings are of interest."""

FILE_NAME = "ses.log"


class Logging:
    """The log at work; made by `start_logging`."""

    def __init__(
        self, handler: _Enqueue, listener: _Writer, file: _LogFile, previous: list[logging.Handler]
    ) -> None:
        self._handler = handler
        self._listener = listener
        self._file = file
        self._previous = previous

    @property
    def dropped(self) -> int:
        """Records lost since the start because the disk did not keep up."""
        return self._handler.dropped

    @property
    def failed(self) -> int:
        """Records lost since the start because they could not be written (disk full, folder gone)."""
        return self._file.failed

    def reopen(self) -> None:
        """Begin a new file under the same name, after another program moved the old one away (SIGUSR1)."""
        self._file.reopen()

    def stop(self) -> None:
        """Write what waits and give the process's logging back as it was."""
        root = logging.getLogger()
        root.removeHandler(self._handler)
        self._listener.stop()
        self._file.close()
        for handler in self._previous:
            root.addHandler(handler)
        logging.captureWarnings(False)
        structlog.reset_defaults()


def start_logging(
    *,
    folder: Path,
    redactor: Redactor,
    debug: bool = False,
    backups: int = 10,
    max_size: int = 5_242_880,
    rotate: Literal["internal", "external"] = "internal",
    stderr: TextIO | None = None,
    waiting: int = QUEUE,
) -> Logging:
    """Send all logging of the process to `folder`/ses.log and to stderr. Raises OSError when the folder cannot be written.

    `max_size` in bytes; `rotate="external"` leaves rotation to another program, which then has `reopen` called. `waiting`: records
    that may wait for the disk; more are dropped and counted.
    """
    stderr = stderr or sys.stderr
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    file = _LogFile(folder / FILE_NAME, max_size if rotate == "internal" else 0, backups)
    records: queue.Queue[logging.LogRecord | None] = queue.Queue(waiting)
    handler = _Enqueue(records, redactor)
    listener = _Writer(records, file, _Console(stderr), respect_handler_level=True)
    level = logging.DEBUG if debug else logging.INFO
    root = logging.getLogger()
    previous = root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    _configure_structlog(level)
    listener.start()
    return Logging(handler, listener, file, previous)


def log_to_stderr(level: int = logging.WARNING) -> None:
    """For commands that are not the daemon: warnings as plain lines on stderr, so that stdout belongs to the command."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _configure_structlog(level: int) -> None:
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # here, while the exception is at hand: its frames may hold the loop's values
        _as_message,
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *names: logging.getLogger(names[0] if names else "ses"),
        cache_logger_on_first_use=False,
    )


def _as_message(_logger: object, _method: str, event: EventDict) -> tuple[tuple[EventDict], dict[str, Any]]:
    """Hand the event on as the message of a standard record."""
    return (event,), {}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Enqueue(QueueHandler):
    """Masks and copies a record where it was made, and queues it without ever waiting."""

    def __init__(self, records: queue.Queue[Any], redactor: Redactor) -> None:
        super().__init__(records)
        self._redactor = redactor
        self._formatter = logging.Formatter()
        self.dropped = 0
        self._told = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Not the base's: that one flattens the event into a text."""
        event = dict(record.msg) if isinstance(record.msg, dict) else self._foreign(record)
        line: dict[str, Any] = {
            "time": _iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        event.pop("level", None)
        line["event"] = self._redactor.text(str(event.pop("event", "")))
        line.update((key, self._redactor.item(key, value)) for key, value in event.items())
        if self.dropped > self._told:
            line["dropped_before"] = self.dropped - self._told
        bare = logging.LogRecord(
            record.name, record.levelno, record.pathname, record.lineno, line, None, None
        )
        bare.created = record.created
        return bare

    def _foreign(self, record: logging.LogRecord) -> EventDict:
        """A record of the standard library's logging."""
        event: EventDict = {"event": record.getMessage()}
        if record.exc_info:
            event["exception"] = self._formatter.formatException(record.exc_info)
        return event

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            before = self.dropped
            self.queue.put_nowait(record)
            self._told = before
        except queue.Full:
            self.dropped += 1


class _Writer(QueueListener):
    queue: queue.Queue[Any]

    def enqueue_sentinel(self) -> None:
        """Waits for room, where the base fails on a full queue."""
        self.queue.put(None)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return msgspec.json.encode(record.msg).decode()


class _LogFile(RotatingFileHandler):
    """The file of the log. A line that cannot be written is counted; the first of a row is told on stderr."""

    def __init__(self, path: Path, max_size: int, backups: int) -> None:
        super().__init__(path, maxBytes=max_size, backupCount=backups, encoding="utf-8")
        self.setFormatter(_Json())
        self.failed = 0
        self._in_trouble = False

    def emit(self, record: logging.LogRecord) -> None:
        before = self.failed
        super().emit(record)
        self._in_trouble = self.failed > before

    def _open(self) -> TextIOWrapper:
        """Readable by the daemon's group only: texts of visitors stand in it."""
        return open(
            self.baseFilename, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o640)
        )

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802  the base's name
        self.failed += 1
        if not self._in_trouble:
            sys.stderr.write(f"ses: cannot write the log {self.baseFilename}: {sys.exc_info()[1]}\n")

    def doRollover(self) -> None:  # noqa: N802  the base's name
        if self.backupCount == 0 and self.stream:  # nothing is kept: begin anew instead of growing for ever
            self.stream.seek(0)
            self.stream.truncate()
            return
        super().doRollover()

    def reopen(self) -> None:
        self.acquire()
        try:
            self._let_go()
            self.stream = self._open()
        finally:
            self.release()

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        """Close the file. What a full disk did not take is lost and was counted; closing says so once more."""
        stream, self.stream = self.stream, None
        if stream:
            with suppress(OSError):
                stream.close()


class _Console(logging.StreamHandler[TextIO]):
    """Everything, readably, on a terminal; else errors only, marked for systemd's journal."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        terminal = stream.isatty()
        self.setLevel(logging.NOTSET if terminal else logging.ERROR)
        self.setFormatter(_ForPeople() if terminal else _ForJournal())


class _ForPeople(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._render = structlog.dev.ConsoleRenderer(pad_event_to=0)

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = dict(cast("dict[str, Any]", record.msg))
        event["timestamp"] = event.pop("time")[11:19]
        return self._render(None, record.levelname.lower(), event)


class _ForJournal(_Json):
    def format(self, record: logging.LogRecord) -> str:
        priority = "<2>" if record.levelno >= logging.CRITICAL else "<3>"
        return (priority if "JOURNAL_STREAM" in os.environ else "") + super().format(record)
