"""Write hadyn's log lines to stderr without ever making the writer of a line wait.

Rules:

1. Whoever logs only puts a finished line into a bounded queue; one thread writes. If
   nobody reads stderr, lines are dropped and counted, and the control loop goes on.
2. A line is a sentence and ``key=value`` pairs (``extra={"backend": "shop_web_80"}``).
3. Foreign values cannot steer a terminal or forge a line: what is not printable is escaped.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import threading
from datetime import UTC, datetime
from typing import IO, Protocol

from hadyn.errors import WrongUsage

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
QUEUED_LINES = 4096
LINE_CHARACTERS = 8000
CLOSING_SECONDS = 1.0

_OWN_TO_LOGGING = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Spelling(Protocol):
    """Spells one record as one line (with a traceback: several), without the line end."""

    def __call__(self, record: logging.LogRecord) -> str: ...


def configure(level: str = "info", format: str = "text", *, stream: IO[bytes] | int = 2) -> LogWriter:  # noqa: A002 - as the flag says it
    """Send what is logged from ``level`` up to ``stream`` (a file descriptor; stderr) and return its writer.

    Called again, the writer of the call before is closed and replaced. Raises WrongUsage
    for an unknown level or format.
    """
    if level not in LEVELS:
        raise WrongUsage(f"unknown log level {level!r}", remedy=f"Say --log-level {'|'.join(LEVELS)}")
    if format not in FORMATS:
        raise WrongUsage(f"unknown log format {format!r}", remedy=f"Say --log-format {'|'.join(FORMATS)}")
    descriptor = stream if isinstance(stream, int) else stream.fileno()
    writer = LogWriter(descriptor, as_json if format == "json" else as_text)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LogWriter)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(writer)
    root.setLevel(level.upper())
    return writer


class LogWriter(logging.Handler):
    """The handler of all log lines; ``dropped`` counts those that nobody took in time."""

    def __init__(self, descriptor: int, spelling: _Spelling, *, queued_lines: int = QUEUED_LINES) -> None:
        super().__init__()
        self.dropped = 0
        self._descriptor = descriptor
        self._spelling = spelling
        self._lines: queue.Queue[bytes | None] = queue.Queue(queued_lines)
        self._thread = threading.Thread(target=self._write_lines, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of one record, or drop it where the queue is full."""
        try:
            line = self._spelling(record)
        except (TypeError, ValueError) as mistake:
            line = f"{record.name} line {record.lineno}: this log line cannot be spelled: {printable(repr(mistake))}"
        try:
            self._lines.put_nowait(line.encode("utf-8", "backslashreplace") + b"\n")
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what is queued, but for a second at most; ``logging`` calls it at exit."""
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._lines.put(None, timeout=CLOSING_SECONDS)
            self._thread.join(CLOSING_SECONDS)
        super().close()

    def _write_lines(self) -> None:
        reported = 0
        while (line := self._lines.get()) is not None:
            missing = self.dropped - reported
            if missing:
                reported += missing
                notice = f"{missing} log lines were dropped because nobody read them\n"
                self._write(notice.encode())
            self._write(line)

    def _write(self, line: bytes) -> None:
        # Straight to the descriptor: Python's buffered stderr keeps a lock while it waits,
        # and an interpreter that ends with that lock held aborts.
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:
            self.dropped += 1


def as_text(record: logging.LogRecord) -> str:
    """Spell a record for people: time (UTC), sentence, ``key=value`` pairs; a traceback below, indented."""
    level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
    pairs = "".join(f" {key}={_text_value(value)}" for key, value in _fields(record).items())
    line = f"{_time(record)} {level}{_sentence(record)}{pairs}"[:LINE_CHARACTERS]
    trace = "".join(f"\n    {printable(row)}" for row in _traceback(record).splitlines())
    return line + trace


def as_json(record: logging.LogRecord) -> str:
    """Spell a record for programs: one JSON object, ASCII only, with time, level, logger, message and the pairs."""
    line = {
        "time": _time(record),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _sentence(record),
        **{key: _json_value(value) for key, value in _fields(record).items()},
    }
    trace = _traceback(record)
    return json.dumps(line | {"traceback": trace} if trace else line)


def printable(text: str) -> str:
    r"""Escape what is not printable (control characters, line ends, bidi marks): ``a\nb`` becomes ``a\\nb``."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sentence(record: logging.LogRecord) -> str:
    return printable(record.getMessage()[:LINE_CHARACTERS])


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as ``extra``."""
    return {key: value for key, value in vars(record).items() if key not in _OWN_TO_LOGGING}


def _text_value(value: object) -> str:
    text = printable(str(value)[:LINE_CHARACTERS])
    is_plain = text and not any(character in text for character in ' "=')
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _json_value(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else printable(str(value)[:LINE_CHARACTERS])


def _traceback(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
