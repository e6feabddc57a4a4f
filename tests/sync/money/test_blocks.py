"""A blocked wallet stops at the edge before the urgent cursor moves past the notice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.errors import Refused
from sync.client import urgent
from sync.lending import BLOCK, BlockNotice
from sync.wire import Item


class Stopped:
    """Notes what is stopped."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def block(self, wallet: str, epoch: int) -> None:
        self.told.append((wallet, epoch))


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
