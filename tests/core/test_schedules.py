"""Whatever network, clocks and disks do: nothing is overspent, and every unit is accounted for."""

from __future__ import annotations

import os

import pytest

from edge.core.lease import Placed, WrittenOff, write_off
from tests.core.schedules import central, device
from tests.core.schedules.schedule import Schedule

SEEDS = int(os.environ.get("POLSO_SEEDS", "1000"))
"""Per run; `python -m tests.core.schedules --seeds 100000` goes further."""
FIRST = int(os.environ.get("POLSO_SEED_FIRST", "0"))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_schedule_overspends_and_all_books_agree() -> None:
    sold = 0
    for seed in range(FIRST, FIRST + SEEDS):
        sold += len(Schedule(seed).run().sold)
    assert sold > 3 * SEEDS, "too little was sold to prove anything"


def fails() -> bool:
    """Whether any of a few seeds breaks."""
    for seed in range(300):
        try:
            Schedule(seed).run()
        except AssertionError:
            return True
    return False


def test_a_copy_that_is_not_frozen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "freeze", lambda lease: lease)
    assert fails()


def test_money_freed_by_silence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    over = central.doubt

    def reclaimed(placed: Placed, now_ms: int) -> Placed:
        gone = write_off(over(placed, now_ms))
        return gone.placed if isinstance(gone, WrittenOff) else placed

    monkeypatch.setattr(central, "doubt", reclaimed)
    assert fails()


def test_a_lease_that_outlives_a_block_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "block", lambda lease, epoch: lease)
    assert fails()


def test_a_void_that_its_lease_does_not_know_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "void", lambda lease, amount: lease)
    assert fails()
