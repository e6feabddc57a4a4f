"""Whatever network, clocks and disks do: nothing is overspent, and every unit is accounted for."""

from __future__ import annotations

import os

import pytest

from edge.core.lease import Lease, Placed, WrittenOff, write_off
from tests.core.schedules import central, device
from tests.core.schedules.central import DRINK, Central
from tests.core.schedules.schedule import Schedule

SEEDS = int(os.environ.get("POLSO_SEEDS", "1000"))
"""Per run; `python -m tests.core.schedules --seeds 100000` goes further."""
FIRST = int(os.environ.get("POLSO_SEED_FIRST", "0"))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_schedule_overspends_and_all_books_agree() -> None:
    sold = drunk = taken_back = 0
    for seed in range(FIRST, FIRST + SEEDS):
        schedule = Schedule(seed).run()
        sold += len(schedule.sold)
        drunk += sum(device.goods[DRINK] for device in schedule.devices)
        taken_back += schedule.central.gone
    assert sold > 3 * SEEDS, "too little was sold to prove anything"
    assert drunk > SEEDS // 3, "hardly a drink was used"
    assert taken_back > SEEDS, "hardly a drink was withdrawn"


def broken() -> str:
    """What the first of a few seeds that breaks says; empty: none does."""
    for seed in range(300):
        try:
            Schedule(seed).run()
        except AssertionError as error:
            return str(error)
    return ""


def test_a_copy_that_is_not_frozen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "freeze", lambda lease: lease)
    assert broken()


def test_money_freed_by_silence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    over = central.doubt

    def reclaimed(placed: Placed, now_ms: int) -> Placed:
        gone = write_off(over(placed, now_ms))
        return gone.placed if isinstance(gone, WrittenOff) else placed

    monkeypatch.setattr(central, "doubt", reclaimed)
    assert broken()


def test_a_lease_that_outlives_a_block_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "block", lambda lease, epoch: lease)
    assert broken()


def test_a_void_that_its_lease_does_not_know_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "void", lambda lease, amount: lease)
    assert broken()


def test_a_grant_that_is_told_before_it_is_durable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Central.commit

    def forgets(self: Central, placed: Placed) -> None:
        if self.placed.get(placed.lease) is None or placed.counters.granted % 3:
            kept(self, placed)

    monkeypatch.setattr(Central, "commit", forgets)
    assert broken()


def test_drinks_taken_back_while_devices_still_hold_them_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The units' own mistake: withdrawn is withdrawn, whoever still pours of it."""

    def at_once(self: Central) -> None:
        if self.withdrawn:
            heard = sum(one.counters.consumed for one in self.of(DRINK))
            self.pots[DRINK], self.gone = heard, self.gone + self.pots[DRINK] - heard

    monkeypatch.setattr(Central, "sweep", at_once)
    assert DRINK in broken()


def test_a_basket_that_pays_by_one_of_its_leases_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = device.Device._commit

    def half(self: device.Device, after: tuple[tuple[Lease, int], ...], op_id: str, kind: str) -> None:
        whole(self, after[-1:], op_id, kind)

    monkeypatch.setattr(device.Device, "_commit", half)
    assert DRINK in broken()
