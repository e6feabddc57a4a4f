"""A sitting at a kiosk as it is measured: who is slower while cut off is seen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from edge.run.bench import sitting

WORN = [number.to_bytes(2) for number in range(sitting.GUESTS)]


class Desk:
    """An edge whose clock goes on by what an act takes."""

    def __init__(
        self, *, more_cut_off_s: float = 0.0, cold_s: float = 0.0, grows_s: float = 0.0, seldom: int = 1
    ) -> None:
        self.now_s, self.up = 0.0, True
        self.turns: list[bool] = []
        self._more_s, self._cold_s, self._grows_s = more_cut_off_s, cold_s, grows_s
        self._seldom, self._acts = seldom, 0
        self.service = SimpleNamespace(offers=self)

    def plug(self, *, up: bool) -> None:
        self.up = up
        self.turns.append(up)

    def says(self, number: int) -> str:
        self._acts += 1
        slow = not self.up and self._acts % self._seldom == 0
        self.now_s += 0.010 + self._acts * self._grows_s + (self._more_s if slow else 0.0)
        self.now_s += self._cold_s if self._acts <= sitting.EACH else 0.0
        return "entered"

    def offers_for(self, band: bytes, point: str) -> SimpleNamespace:
        return SimpleNamespace(tiles=[SimpleNamespace(exposure="e")])

    def shown(self, exposure: str) -> None:
        """It is painted."""

    def accept(self, exposure: str, point: str) -> None:
        """It is taken up."""


def measured(patch: pytest.MonkeyPatch, desk: Desk) -> dict[str, float | int]:
    patch.setattr(sitting, "time", SimpleNamespace(perf_counter=lambda: desk.now_s))
    return sitting.measure(desk, WORN)  # type: ignore[arg-type]  # as much of an outpost as is asked for


def test_who_waits_for_central_while_cut_off_is_seen_beside_who_is_online(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figures = measured(monkeypatch, Desk(more_cut_off_s=0.005))
    assert figures["sitting_ratio_offline_p50"] > 1.2
    assert figures["sitting_ratio_offline_p99"] > 1.2


def test_one_of_twenty_who_waits_is_seen_among_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = measured(monkeypatch, Desk(more_cut_off_s=0.050, seldom=19))
    assert figures["sitting_ratio_offline_p50"] <= 1.01
    assert figures["sitting_ratio_offline_p99"] > 1.2
    assert figures["sitting_offline_p99_ms"] > 40


def test_both_are_alike_where_nobody_waits_whatever_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first few are slow for both, and a machine that grows slower slows neither more."""
    desk = Desk(cold_s=9.0, grows_s=1e-5)
    figures = measured(monkeypatch, desk)
    assert figures["sittings"] == sitting.TURNS * sitting.EACH
    counted = list(enumerate(desk.turns[1:-1]))
    online, cut_off = ([at for at, up in counted if up is wanted] for wanted in (True, False))
    assert (len(online), sum(online)) == (len(cut_off), sum(cut_off)), "neither comes earlier"
    for share in ("p50", "p99"):
        assert figures[f"sitting_ratio_offline_{share}"] == pytest.approx(1, abs=0.03)
