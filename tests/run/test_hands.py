"""Hands at a slow reader: they go by what the reader has seen, and not by when it should have."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from edge.errors import Refused
from edge.run.demo import hands
from edge.run.demo.hands import AWAY_S_MIN, Hands
from hardware.port import Removed, Tap, Trust

READER = "bar-1"


@dataclass
class Worn:
    """A band of which hands need the number alone."""

    uid: bytes = b"giulia"


@dataclass
class Ground:
    """A field that says when something is laid down."""

    placed: Callable[[Any], None]
    plugged: bool = True
    path: str = ""

    def place(self, band: Any) -> None:
        self.placed(band)

    def remove(self) -> None:
        """Nothing lies here any more."""

    def unplug(self) -> None:
        self.plugged = False

    def replug(self) -> None:
        self.plugged = True

    def close(self) -> None:
        """Nothing was opened."""


class Stories:
    """Tells no more of a tap than its name."""

    def tell(self, tap: Tap, view: Any, *, band: str, placed_ns: int) -> Any:
        return tap.tap_id


@dataclass
class Reader:
    """A reader that sees each band as it comes, and its leaving when the test says so."""

    laid: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        stories: Any = Stories()
        self.ground = Ground(self.sees)
        self.hands = Hands({READER: self.ground}, stories, lambda: None)

    def sees(self, band: Any) -> None:
        self.laid.append(band.uid)
        count = len(self.laid)
        view: Any = "decided"
        self.hands.heard(Tap(READER, count, f"{READER}:1:{count}", band.uid, Trust.LIVE, 1), view)

    def loses(self) -> None:
        """Notice that nothing lies there any more."""
        self.hands.heard(Removed(READER, len(self.laid), 1), None)

    def tap(self, uid: bytes = b"giulia") -> object:
        band: Any = Worn(uid)
        return self.hands.tap(uid.decode(), band, READER)


class Hours:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s, self.slept_s = 100.0, list[float]()

    def monotonic(self) -> float:
        return self.now_s

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)


def test_the_same_band_is_not_laid_down_again_before_the_reader_has_seen_it_leave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hands, "SEEN_S_MAX", 0.01)
    reader = Reader()
    reader.tap()
    with pytest.raises(Refused, match="did not see"):
        reader.tap()
    assert len(reader.laid) == 1, "it would have been no new tap"
    reader.loses()
    reader.tap()
    assert len(reader.laid) == 2


def test_a_band_is_away_from_when_the_reader_saw_it_leave_and_not_from_when_it_was_lifted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = Hours()
    monkeypatch.setattr(hands, "time", hours)
    reader = Reader()
    reader.tap()
    hours.now_s += AWAY_S_MIN - 0.1
    reader.loses()
    reader.tap()
    assert hours.slept_s[-1] == pytest.approx(AWAY_S_MIN)


def test_another_band_waits_for_nobody() -> None:
    reader = Reader()
    reader.tap()
    reader.tap(b"marco")
    assert reader.laid == [b"giulia", b"marco"]


def test_a_cable_that_is_pulled_meanwhile_ends_the_wait_at_once() -> None:
    reader = Reader()
    reader.ground.placed = lambda band: reader.hands.plug(READER, False)
    with pytest.raises(Refused, match="unplugged"):
        reader.tap()
