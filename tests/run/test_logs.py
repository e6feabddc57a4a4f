"""Logs: one JSON object a line, sparing, and readable by a machine whatever is said."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Log
from edge.logs import JsonLines, Sparing, begin


@pytest.fixture
def _root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def a_record(words: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("polso.test", level, __file__, 1, words, args, None)


@given(st.text(max_size=200))
def test_whatever_is_said_is_one_line_of_json(words: str) -> None:
    line = JsonLines().format(a_record("%s", words))
    assert "\n" not in line
    assert json.loads(line)["room"] == "polso.test"


def test_flood_of_one_kind_is_held_back_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.logs.time.monotonic", lambda: 100.0)
    sparing = Sparing(3)
    passed = [sparing.filter(a_record("reader %s lost", number)) for number in range(10)]
    assert passed == [True] * 3 + [False] * 7
    assert sparing.filter(a_record("another kind"))


def test_what_was_held_back_is_said_with_the_next_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    second = 100.0
    monkeypatch.setattr("edge.logs.time.monotonic", lambda: second)
    sparing = Sparing(1)
    for number in range(5):
        sparing.filter(a_record("reader %s lost", number))
    second = 101.5
    late = a_record("reader %s lost", 9)
    assert sparing.filter(late)
    assert late.getMessage() == "reader 9 lost (and 4 more like it)"


def test_kinds_are_bounded() -> None:
    sparing = Sparing(1)
    for number in range(5_000):
        sparing.filter(a_record(f"kind {number}"))
    assert len(sparing._seen) <= 1_000


@pytest.mark.usefixtures("_root")
def test_trace_and_level_reach_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    monkeypatch.setattr("edge.logs.sys.stderr", told)
    begin(Log(level="warning", lines_per_s_max=10))
    log = logging.getLogger("polso.test")
    log.info("not said")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        log.exception("a report was not taken")
    (line,) = [json.loads(line) for line in told.getvalue().splitlines()]
    assert line["level"] == "error"
    assert "RuntimeError: broken" in line["trace"]
