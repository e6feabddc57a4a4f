"""Logs: one JSON object a line on standard error, by pseudonyms only, masked, never a flood of one kind."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import threading
import time

from edge.config import Log
from edge.core.cards import masked

LINE_CHARS_MAX = 2_000
KINDS_MAX = 1_000


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: time, level, room and words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a trace stands in it as one text."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "room": record.name, "says": record.getMessage()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        told = {name: masked(value)[:LINE_CHARS_MAX] for name, value in line.items()}
        return json.dumps(told, ensure_ascii=False)


class Words(logging.Formatter):
    """Writes a record as one line for a person at a terminal."""

    def __init__(self) -> None:
        """Say when, how bad, and what."""
        super().__init__("%(asctime)s %(levelname)s  %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and a trace below it."""
        return masked(super().format(record))[:LINE_CHARS_MAX]


class Sparing(logging.Filter):
    """Lets so many lines a second of one kind pass; what was held back is said with the next that passes."""

    def __init__(self, lines_per_s_max: int) -> None:
        """Count kinds by their format text: its arguments may differ each time."""
        super().__init__()
        self._max = lines_per_s_max
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, int, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether this line passes."""
        kind, second = f"{record.name}:{record.msg}", int(time.monotonic())
        with self._lock:
            last, passed, held = self._seen.get(kind, (second, 0, 0))
            if last != second:
                passed = 0
            if passed >= self._max:
                self._seen[kind] = (second, passed, held + 1)
                return False
            if len(self._seen) >= KINDS_MAX and kind not in self._seen:
                self._seen.clear()
            self._seen[kind] = (second, passed + 1, 0)
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held} more like it)", ()
        return True


def begin(log: Log) -> None:
    """Send every room's log to standard error from now on: JSON for machines, words for a terminal."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Words() if sys.stderr.isatty() else JsonLines())
    handler.addFilter(Sparing(log.lines_per_s_max))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(log.level.upper())
