"""The parent's end of a lease: what is free, what a report may say, and what silence costs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.lease import (
    COUNTER_MAX,
    Counters,
    LateSettled,
    LeaseState,
    Placed,
    PlacedState,
    Refusal,
    Report,
    WrittenOff,
    ask_close,
    doubt,
    free,
    is_sound,
    place,
    report_of,
    settle_late,
    take_report,
    write_off,
)
from tests.builders import DEVICE
from tests.core.purses import UP_MS, a_lease


def told(counters: Counters, **changes: object) -> Report:
    return replace(report_of(a_lease(counters=counters)), **changes)


def a_place(**changes: object) -> Placed:
    placed = Placed(
        lease="lease-1", wallet="wallet-1", kind="money", unit="EUR", device=DEVICE, incarnation=1,
        counters=Counters(granted=2_000), doubt_ms=UP_MS,
    )  # fmt: skip
    return replace(placed, **changes)


def test_totals_that_no_lease_can_have() -> None:
    assert is_sound(Counters(granted=5, spent=5, voided=5, minted=1, returned=6))
    assert not is_sound(Counters(granted=5, spent=6))
    assert not is_sound(Counters(granted=5, voided=1))
    assert not is_sound(Counters(granted=5, minted=-1))
    assert not is_sound(Counters(granted=COUNTER_MAX + 1))
    assert is_sound(Counters(granted=COUNTER_MAX))
    most = place(a_place(), COUNTER_MAX, confirmed=COUNTER_MAX, others=(), doubt_ms=0)
    assert isinstance(most, Placed)
    assert most.counters.granted == COUNTER_MAX


def test_what_is_free_is_what_nobody_holds() -> None:
    spent = a_place(counters=Counters(granted=2_000, spent=700, voided=100, minted=50, returned=300))
    assert free(5_000, [spent, a_place(counters=Counters(granted=500))]) == 5_000 - 1_700 - 500
    assert free(5_000, [replace(spent, state=PlacedState.WRITTEN_OFF)]) == 5_000 - 550


def test_only_what_is_free_is_placed() -> None:
    more = place(a_place(), 3_000, confirmed=3_000, others=(), doubt_ms=UP_MS + 5)
    assert isinstance(more, Placed)
    assert (more.counters.granted, more.doubt_ms) == (3_000, UP_MS + 5)
    assert place(a_place(), 3_001, confirmed=3_000, others=(), doubt_ms=0) is Refusal.SHORT
    other = a_place(lease="lease-2", counters=Counters(granted=500))
    assert place(a_place(), 3_000, confirmed=3_000, others=[other], doubt_ms=0) is Refusal.SHORT
    less = place(a_place(), 1, confirmed=2_000, others=(), doubt_ms=0)
    assert isinstance(less, Placed)
    assert (less.counters.granted, less.doubt_ms) == (2_000, UP_MS)


def test_nothing_is_placed_where_it_could_be_lost() -> None:
    for gone in (
        ask_close(a_place()),
        a_place(state=PlacedState.IN_DOUBT),
        a_place(state=PlacedState.SETTLED),
    ):
        assert place(gone, 2_001, confirmed=9_999, others=(), doubt_ms=0) is Refusal.NOT_OPEN
    assert place(a_place(), COUNTER_MAX + 1, confirmed=0, others=(), doubt_ms=0) is Refusal.TOO_MUCH


def test_reports_in_any_order_are_learnt_once() -> None:
    first = told(Counters(granted=2_000, spent=300))
    second = told(Counters(granted=2_000, spent=700, voided=300))
    one = take_report(take_report(a_place(), first), second)
    two = take_report(take_report(take_report(a_place(), second), first), second)
    assert one == two
    assert one.counters == second.counters


@pytest.mark.parametrize(
    ("report", "refusal"),
    [
        (told(Counters(granted=2_001)), Refusal.TOO_MUCH),
        (told(Counters(granted=2_000, spent=2_001)), Refusal.TOO_MUCH),
        (told(Counters(granted=2_000), wallet="other"), Refusal.OTHER_LEASE),
        (told(Counters(granted=2_000), incarnation=2), Refusal.OTHER_INCARNATION),
    ],
)
def test_a_report_that_cannot_be_is_refused_whole(report: Report, refusal: Refusal) -> None:
    assert take_report(a_place(), report) is refusal


def test_a_lease_is_settled_when_every_unit_is_accounted_for() -> None:
    closed = told(Counters(granted=1_500, spent=500, returned=1_000), state=LeaseState.CLOSED)
    waiting = take_report(a_place(), closed)
    assert isinstance(waiting, Placed)
    assert (waiting.state, waiting.closing) == (PlacedState.OPEN, True)
    settled = take_report(
        waiting, told(Counters(granted=2_000, spent=500, returned=1_500), state=LeaseState.CLOSED)
    )
    assert isinstance(settled, Placed)
    assert (settled.state, settled.set_aside) == (PlacedState.SETTLED, 500)
    late_void = take_report(settled, told(Counters(granted=2_000, spent=500, voided=100, returned=1_600)))
    assert isinstance(late_void, Placed)
    assert (late_void.state, late_void.set_aside) == (PlacedState.SETTLED, 400)


def test_silence_frees_nothing_and_a_word_ends_it() -> None:
    assert doubt(a_place(), UP_MS - 1).state is PlacedState.OPEN
    doubted = doubt(a_place(), UP_MS)
    assert (doubted.state, free(2_000, [doubted])) == (PlacedState.IN_DOUBT, 0)
    assert doubt(doubted, UP_MS) is doubted
    heard = take_report(doubted, told(Counters(granted=2_000, spent=1)))
    assert isinstance(heard, Placed)
    assert heard.state is PlacedState.OPEN


def test_what_is_written_off_is_the_operator_s_loss_and_a_late_word_is_set_against_it() -> None:
    assert write_off(a_place()) is Refusal.NOT_OPEN
    doubted = a_place(counters=Counters(granted=2_000, spent=300), state=PlacedState.IN_DOUBT)
    given_up = write_off(doubted)
    assert isinstance(given_up, WrittenOff)
    assert (given_up.loss, free(2_000, [given_up.placed])) == (1_700, 1_700)
    late = told(Counters(granted=2_000, spent=1_000))
    settled = settle_late(given_up.placed, late)
    assert isinstance(settled, LateSettled)
    assert (settled.consumed, free(2_000, [settled.placed])) == (700, 1_700)
    assert settled.placed.state is PlacedState.LATE_SETTLED
    again = settle_late(settled.placed, late)
    assert isinstance(again, LateSettled)
    assert again.consumed == 0


def test_only_what_was_written_off_is_settled_late() -> None:
    report = told(Counters(granted=2_000))
    assert settle_late(a_place(), report) is Refusal.NOT_OPEN
    gone = a_place(state=PlacedState.WRITTEN_OFF)
    assert settle_late(gone, told(Counters(granted=9_000))) is Refusal.TOO_MUCH
