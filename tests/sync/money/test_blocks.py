"""A blocked wallet stops at the edge before the urgent cursor moves past the notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from edge.errors import Refused
from sync.client import urgent
from sync.client.pulling import Puller
from sync.lending import BLOCK, BlockNotice
from sync.wire import URGENT_MAX, Item, Page
from tests.sync.paper import SENDER, Paper, Script


class Stopped:
    """Notes what is stopped."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def block(self, wallet: str, epoch: int) -> None:
        self.told.append((wallet, epoch))


class Listening(Stopped):
    """Two wallets are stopped here by another device's word; notes what is refuted."""

    def __init__(self) -> None:
        super().__init__()
        self.words = [("w1", 900, "edge-2"), ("w2", 4, "edge-2")]
        self.refuted: list[tuple[str, int, str]] = []

    def hearsay(self) -> list[tuple[str, int, str]]:
        return self.words

    def refute(self, told: Sequence[tuple[str, int, str]]) -> None:
        self.refuted += told


def a_notice(wallet: str = "w1", epoch: int = 3, *, blocked: bool = True) -> Item:
    body = msgspec.msgpack.encode(BlockNotice(wallet=wallet, epoch=epoch, blocked=blocked))
    return Item(kind=BLOCK, key=wallet, version=epoch, body=body)


def test_a_block_reaches_the_leases_and_a_release_waits_for_the_next_grant() -> None:
    stopped: Any = Stopped()
    urgent.stop(
        stopped, [a_notice(), a_notice("w2", 5, blocked=False), Item(kind="band", key="x", version=1)]
    )
    assert stopped.told == [("w1", 3)]


def test_one_that_does_not_decode_stops_nothing_before_it_is_refused() -> None:
    stopped: Any = Stopped()
    with pytest.raises(Refused, match="does not decode"):
        urgent.stop(stopped, [a_notice(), Item(kind=BLOCK, key="w", version=9, body=b"\x00")])
    assert stopped.told == []


def test_a_device_without_leases_has_nothing_to_stop() -> None:
    urgent.stop(None, [a_notice()])


def asked(*items: Item, to: int) -> Listening:
    """A device that asks central, which answers with these urgent items, and stands there."""
    here, paper = Listening(), Paper()
    page = Page(
        site="park", epoch=5, after=10, to=20, head=20, time_ms=1, items=(), urgent=items, urgent_to=to
    )
    ports: Any = replace(paper.ports(), lending=here)
    line: Any = Script(page)
    Puller(SENDER, ports=ports, line=line).pull(0)
    return here


def test_what_others_said_counts_until_central_was_asked_and_has_told_all() -> None:
    assert asked(a_notice("w2", 4), to=4).refuted == [("w1", 900, "edge-2"), ("w2", 4, "edge-2")]
    assert asked(a_notice("w2", 4), to=4).told == [("w2", 4)], "its own word is applied before"


def test_an_answer_that_is_not_all_refutes_nobody() -> None:
    more = tuple(a_notice(f"w{number}", number) for number in range(1, URGENT_MAX + 1))
    assert asked(*more, to=URGENT_MAX).refuted == []
    assert asked(to=0).refuted == [], "nor one of another epoch than what is applied"


def test_a_frozen_device_asks_itself_nothing() -> None:
    here, paper = Listening(), Paper()
    paper.why_frozen = "a copy"
    ports: Any = replace(paper.ports(), lending=here)
    assert urgent.heard(ports) == ()
    assert urgent.heard(paper.ports()) == (), "nor does one that holds no leases"
