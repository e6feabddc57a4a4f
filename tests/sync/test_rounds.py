"""Rounds: whatever one of them meets, the next one comes, until somebody stops them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import ClassVar

import pytest

from edge.errors import StoreError
from sync.central import rounds as rounds_room
from sync.central.rounds import Rounds, SiteRounds
from sync.central.store import Store, Wakes
from tests.sync.builders import a_site
from tests.sync.ends import until


class Tries(Rounds):
    """Fails as it is told, then succeeds."""

    name: ClassVar[str] = "tries"
    every_ms: ClassVar[int] = 1
    failing: ClassVar[str] = "nothing was tried"

    def __init__(self, *faults: Exception, wakes: Wakes | None = None) -> None:
        super().__init__(wakes)
        self.faults, self.done = list(faults), threading.Event()

    def look(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.done.set()


@pytest.mark.parametrize("fault", [StoreError("no disk"), ZeroDivisionError("a fault of ours")])
def test_a_round_that_fails_is_told_and_the_next_one_comes(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = Tries(fault)
    rounds.start()
    assert rounds.done.wait(4)
    rounds.stop()
    assert "nothing was tried" in caplog.text
    assert str(fault) in caplog.text


def test_the_first_look_waits_for_nothing_and_a_stop_for_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tries, "every_ms", 3_600_000)
    rounds = Tries()
    rounds.start()
    assert rounds.done.wait(4)
    rounds.stop()
    assert rounds.stopping


def test_rounds_that_never_began_may_be_stopped() -> None:
    Tries().stop()


def test_what_is_woken_does_not_wait_out_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tries, "every_ms", 3_600_000)
    monkeypatch.setattr(Tries, "woken_by", "/news")
    wakes = Wakes()
    rounds = Tries(wakes=wakes)
    rounds.start()
    assert rounds.done.wait(4)
    rounds.done.clear()
    wakes.notify(["/elsewhere"])
    assert not rounds.done.wait(0.7), "what is no news to it"
    wakes.notify(["/news"])
    assert rounds.done.wait(4)
    rounds.stop()


def test_who_is_woken_all_the_time_looks_for_a_tenth_of_it_at_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Tries, "every_ms", 3_600_000)
    monkeypatch.setattr(rounds_room, "PAUSE_S", 0.0)
    wakes, looks, slow = Wakes(), list[float](), 0.04
    rounds = Tries(wakes=wakes)

    def look() -> None:
        looks.append(time.monotonic())
        wakes.notify([rounds.woken_by])
        rounds.done.wait(slow)
        rounds.done.set() if len(looks) == 2 else None

    monkeypatch.setattr(rounds, "look", look)
    rounds.start()
    assert rounds.done.wait(4)
    rounds.stop()
    assert looks[1] - looks[0] >= slow * rounds_room.REST_TIMES


def test_no_rest_is_taken_for_what_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine times the half second would be rested: who waits four seconds would wait in vain."""
    monkeypatch.setattr(Tries, "every_ms", 3_600_000)
    monkeypatch.setattr(rounds_room, "PAUSE_S", 0.0)
    wakes, looks = Wakes(), list[float]()
    rounds = Tries(wakes=wakes)

    def look() -> None:
        looks.append(time.monotonic())
        wakes.notify([rounds.woken_by])
        if len(looks) == 1:
            with rounds.once():
                threading.Event().wait(0.5)
        else:
            rounds.done.set()

    monkeypatch.setattr(rounds, "look", look)
    rounds.start()
    assert rounds.done.wait(4)
    rounds.stop()


class Long(SiteRounds):
    """Looks at each site for a while, and counts who else does so meanwhile."""

    name: ClassVar[str] = "long"
    every_ms: ClassVar[int] = 1
    failing: ClassVar[str] = "nothing was looked at"
    in_turns: ClassVar[bool] = True
    looking: ClassVar[list[str]] = []
    most: ClassVar[int] = 0
    looked: ClassVar[Counter[str]] = Counter()

    def look_at(self, site: str) -> int:
        self.looking.append(site)
        Long.most = max(Long.most, len(self.looking))
        self._stop.wait(0.01)
        self.looking.remove(site)
        self.looked[site] += 1
        return 1


def test_of_those_who_look_often_one_looks_at_a_time_and_each_site_has_its_look(small_store: Store) -> None:
    for site in ("lake", "park", "wood"):
        a_site(small_store, site)
    rounds = [Long(small_store) for _ in range(3)]
    for one in rounds:
        one.start()
    until(lambda: min(Long.looked[site] for site in ("lake", "park", "wood")) >= 3)
    for one in rounds:
        one.stop()
    assert Long.most == 1


class Uneven(Long):
    """Fails at some sites."""

    in_turns: ClassVar[bool] = False

    def __init__(self, store: Store, faults: dict[str, Exception]) -> None:
        super().__init__(store)
        self.faults, self.seen = faults, list[str]()

    def look_at(self, site: str) -> int:
        self.seen.append(site)
        if site in self.faults:
            raise self.faults[site]
        return 1


def test_a_fault_at_one_site_keeps_none_behind_it_waiting_and_is_told(
    small_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for site in ("lake", "park", "wood"):
        a_site(small_store, site)
    rounds = Uneven(small_store, {"lake": ValueError("first"), "park": KeyError("second")})
    with pytest.raises(ValueError, match="first") as told:
        rounds.look()
    assert (rounds.seen, told.value.__notes__) == (["lake", "park", "wood"], ["at the site lake"])
    assert "second" in caplog.text
    rounds.faults.clear()
    assert rounds.look() == 3


def test_a_database_that_is_away_is_away_for_every_site(small_store: Store) -> None:
    for site in ("lake", "park"):
        a_site(small_store, site)
    rounds = Uneven(small_store, {"lake": StoreError("away")})
    with pytest.raises(StoreError):
        rounds.look()
    assert rounds.seen == ["lake"]
