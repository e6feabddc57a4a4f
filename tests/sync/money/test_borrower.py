"""The edge's end of lending on paper: when a deadline begins, whose answers are believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from edge.core.lease import Close, Grant, Want
from edge.errors import Refused
from sync.client.history import Sender
from sync.client.lending import Borrower
from sync.client.line import Unreachable
from sync.lending import LeaseAnswer, LeaseAsk

DEVICE = "edge-1"
GRANT = Grant(
    lease="l1", wallet="w1", unit="EUR", device=DEVICE, incarnation=1, total=500, ttl_s=60, serial=1
)


@dataclass
class Paper:
    """Lending, clock and line in one: each exchange takes seven seconds."""

    now_ms: int = 1_000
    answers: list[LeaseAnswer | Exception] = field(default_factory=list)
    said: list[LeaseAsk] = field(default_factory=list)
    taken: list[tuple[tuple[Grant, ...], tuple[Close, ...], int, int]] = field(default_factory=list)
    here: list[tuple[str, str, bool]] = field(default_factory=list)
    cursor: int = 3
    took_ms: int = 7_000
    sells: bool = True
    waits: bool = False
    each_ms: int = 7_000
    heeded: list[tuple[str, ...]] = field(default_factory=list)

    def post(self, path: str, ask: LeaseAsk, kind: type, *, wait_s: float = 0.0) -> LeaseAnswer:
        self.said.append(ask)
        self.now_ms += self.each_ms
        told = self.answers.pop(0)
        if isinstance(told, Exception):
            raise told
        return told

    def monotonic_ms(self) -> int:
        return self.now_ms

    def heard(self, *told: Any) -> None:
        if isinstance(told[0], int):
            return  # the clock's
        self.here = [one for one in self.here if one not in told[0]]
        self.heeded.append(tuple(told[1]))

    def presences(self) -> tuple[tuple[str, str, bool], ...]:
        return tuple(self.here)

    def wants(self) -> tuple[Want, ...]:
        return ()

    def after(self) -> int:
        return self.cursor

    def take(self, grants: Iterable[Grant], closes: Iterable[Close], *, asked_ms: int, after: int) -> None:
        self.taken.append((tuple(grants), tuple(closes), asked_ms, after))


def a_borrower(paper: Paper) -> Borrower:
    ports: Any = SimpleNamespace(clock=paper)
    anything: Any = paper
    return Borrower(Sender(site="park", device=DEVICE), anything, ports=ports, line=anything)


def told(to: int = 4, device: str = DEVICE, **said: Any) -> LeaseAnswer:
    return LeaseAnswer(device=device, to=to, time_ms=0, **said)


def test_a_deadline_begins_before_the_question_is_sent() -> None:
    paper = Paper(answers=[told(grants=(GRANT,))])
    a_borrower(paper).wait()
    assert paper.taken == [((GRANT,), (), 1_000, 4)]
    assert paper.said[0].after == 3


def test_nothing_is_said_where_nobody_came() -> None:
    paper = Paper()
    assert not a_borrower(paper).ask()
    assert paper.said == []
    assert paper.heeded == [()], "a guest who may not pay and waits at a till hears so at once"


def test_who_came_is_told_again_until_central_has_heard_it() -> None:
    paper = Paper(answers=[Unreachable("away"), told(to=3)], here=[("w1", "tap", False)])
    borrower = a_borrower(paper)
    with pytest.raises(Unreachable):
        borrower.ask()
    assert borrower.ask()
    assert [ask.presences[0].wallet for ask in paper.said] == ["w1", "w1"]
    assert not borrower.ask()
    assert paper.taken == []


@pytest.mark.parametrize("wrong", [told(device="edge-2"), told(to=2)])
def test_an_answer_for_another_device_or_from_before_is_not_taken(wrong: LeaseAnswer) -> None:
    paper = Paper(answers=[wrong])
    with pytest.raises(Refused):
        a_borrower(paper).wait()
    assert paper.taken == []
