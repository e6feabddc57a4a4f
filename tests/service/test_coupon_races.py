"""Coupons in races: whoever scans one, and however often, it is good once, and no slice is overspent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.core.events import Kind
from edge.errors import PolsoError, Refused
from edge.service import coupons
from edge.service.coupons import OtherHome
from edge.staff import Session
from tests.portions import sample_and_whole
from tests.service.house import OTHER_UID, UID, House, an_edge
from tests.service.offered import a_fan, an_offer, budget, published, seen, tile_of, took
from tests.service.purses import SOUP, TILL, cashier, granted, left

RIVALS = 8
"""Hands that scan the same code at the same moment, in each race."""


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


class Try(NamedTuple):
    """One race: a code for a basket, from many hands at the same moment."""

    op_id: str
    code: str
    started: threading.Barrier
    taken: list[bool]


def _scan(edge: House, who: Session, one: Try) -> None:
    one.started.wait()
    try:
        edge.service.take_coupon(who, TILL, one.op_id, code=one.code)
    except PolsoError:
        return
    one.taken.append(True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("races", sample_and_whole(60, 1_000))
def test_a_coupon_scanned_by_eight_at_once_is_used_once_in_each_race(edge: House, races: int) -> None:
    """Every basket takes its turn at the till; the same code comes from eight hands in each."""
    fan, who = a_fan(edge).band.id, cashier(edge)
    granted(edge)
    budget(edge, units=150 * races)
    used = 0
    for race in range(races):
        published(edge, version=race + 1)
        code = took(edge, fan).code
        op_id = f"op-race-{race:05}"
        edge.service.ring(who, TILL, op_id, lines=(SOUP,))
        started, taken = threading.Barrier(RIVALS), list[bool]()

        scan = partial(_scan, edge, who, Try(op_id, code, started, taken))
        rivals = [threading.Thread(target=scan) for _ in range(RIVALS)]
        for one in rivals:
            one.start()
        for one in rivals:
            one.join()
        assert len(taken) == 1, race
        used += 1
        edge.service.add_cash(who, TILL, op_id, minor=450)
    redeemed = [event for event in edge.journal.range(0, 0) if event.kind == Kind.OFFER_REDEEMED]
    assert len(redeemed) == used == races
    assert left(edge, "") == 0


def test_a_leased_pool_of_two_is_promised_to_two_of_many(edge: House) -> None:
    published(edge, an_offer())
    budget(edge, units=300)
    promised, refused = 0, 0
    for number in range(6):
        guest = a_fan(edge, UID if number % 2 else OTHER_UID, guest=f"guest-{number}").band.id
        try:
            took(edge, guest)
            promised += 1
        except (Refused, StopIteration):
            refused += 1
    assert (promised, refused) == (2, 4)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("races", sample_and_whole(30, 250))
def test_the_last_of_a_leased_pool_is_promised_to_one_of_four_at_once_in_each_race(
    edge: House, races: int
) -> None:
    """The pool is filled for one more each time; four guests who all see the offer press at one moment."""
    published(edge, an_offer())
    for race in range(races):
        budget(edge, units=150 * (race + 1))
        guests = [a_fan(edge, bytes([4, *race.to_bytes(4), n, 6]), guest=f"g-{race}-{n}") for n in range(4)]
        seen_by = [tile_of(seen(edge, one.band.id), "soup-less").exposure for one in guests]
        started, promised = threading.Barrier(len(guests)), list[str]()

        def press(exposure: str, started: threading.Barrier, promised: list[str]) -> None:
            started.wait()
            try:
                edge.service.offers.accept(exposure, "kiosk")
            except Refused:
                return
            promised.append(exposure)

        rivals = [threading.Thread(target=press, args=(one, started, promised)) for one in seen_by]
        for one in rivals:
            one.start()
        for one in rivals:
            one.join()
        assert len(promised) == 1, race


def test_a_coupon_of_another_device_is_kept_for_there(edge: House) -> None:
    fan = a_fan(edge).band.id
    granted(edge)
    published(edge)
    budget(edge)
    code = took(edge, fan).code
    with pytest.raises(OtherHome, match="edge-1"):
        coupons.read(code, device="edge-2", private_key=b"d" * 32)
    with pytest.raises(Refused):
        coupons.read(code, device="edge-1", private_key=b"x" * 32)
    assert coupons.read(code, device="edge-1", private_key=b"d" * 32).campaign == "summer"
