"""A tap, from the reader to the journal, the gate and the screens."""

from __future__ import annotations

from edge.core.decision import Family, Outcome, Reason
from tests.service.house import House


def test_valid_band_is_let_in_with_a_journal_number(house: House) -> None:
    view = house.service.present(house.tap())
    assert (view.outcome, view.reason, view.family) == (Outcome.GRANTED, Reason.ENTERED, Family.GO)
    assert view.seq == house.events()[-1].seq
    assert house.decided()[-1].decision.reason is Reason.ENTERED
    assert house.gate.opened == [(view.tap_id, view.seq, 1)]
