"""Acts upon a sale, done once more from their records: equal where they were honest, refused where not."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.lease import LeaseState
from edge.core.payment import (
    Authorisation,
    BackAsk,
    HoldRuling,
    Objection,
    Piece,
    RefundRuling,
    Sale,
    Voided,
    decide_refund,
    decide_void,
    expire,
)
from edge.core.payment.acting import Act, act_again
from edge.core.payment.back import VoidRuling
from tests.builders import HOUR_MS
from tests.core.purses import UP_MS, a_line, a_payer
from tests.core.test_taking_back import a_hold, captured, sold, voided


def comes_out(sale: Sale, said: Act) -> tuple[bool, Sale]:
    again = act_again(sale, said)
    assert not isinstance(again, Objection), again
    return again[0] == said, again[1]


def test_a_void_comes_out_as_it_was_whole_and_in_pieces() -> None:
    sale, leases = sold(None, a_line(100, 3))
    part = voided(sale, leases, Piece(0, 1))
    assert comes_out(sale, part.voided) == (True, part.sale)
    rest = voided(part.sale, list(part.leases), id="void-2")
    assert comes_out(part.sale, rest.voided) == (True, rest.sale)
    assert act_again(rest.sale, rest.voided) is Objection.DONE


def test_an_undo_by_the_guests_band_comes_out_as_it_was() -> None:
    sale, leases = sold()
    [leg, *_] = sale.legs
    ask = BackAsk(id="undo-1", undo_band=leg.band, point=sale.basket.point)
    undone = decide_void(sale, ask, leases, monotonic_ms=UP_MS + 1)
    assert isinstance(undone, VoidRuling)
    assert comes_out(sale, undone.voided) == (True, undone.sale)


def test_what_went_back_to_a_closed_lease_comes_out_as_it_was() -> None:
    sale, leases = sold()
    closed = [replace(lease, state=LeaseState.CLOSED) for lease in leases]
    back = voided(sale, closed)
    assert comes_out(sale, back.voided) == (True, back.sale)


def test_a_partly_paid_basket_that_is_given_up_comes_out_as_it_was() -> None:
    sale, leases = sold(asked_minor=100)
    back = voided(sale, leases)
    assert (back.voided.lines, comes_out(sale, back.voided)) == ((), (True, back.sale))


def test_the_end_of_a_hold_comes_out_as_it_was() -> None:
    sale, leases = a_hold()
    for lines in ((a_line(900),), ()):
        ended = captured(sale, leases, *lines)
        assert isinstance(ended, HoldRuling)
        assert comes_out(sale, ended.ended) == (True, act_sale(sale, ended))
    late = expire(sale, leases, monotonic_ms=UP_MS + HOUR_MS)
    assert isinstance(late, HoldRuling)
    assert comes_out(sale, late.ended) == (True, late.sale)


def act_sale(sale: Sale, ended: HoldRuling) -> Sale:
    """When somebody acted is not in the record: it counts as the last moment at which they could."""
    return replace(ended.sale, at_ms=sale.until_ms - 1)


def test_a_refund_comes_out_as_it_was() -> None:
    sale, _ = sold(None, a_line(100, 3))
    for pieces in ((Piece(0, 1),), None):
        asked = decide_refund(sale, BackAsk(id="refund-1", pieces=pieces, point="till", reason="cold"))
        assert isinstance(asked, RefundRuling)
        assert comes_out(sale, asked.asked) == (True, asked.sale)


def test_what_gave_back_more_than_was_paid_does_not_come_out() -> None:
    sale, leases = sold(None, a_line(100, 2))
    back = voided(sale, leases)
    [line] = back.voided.lines
    assert act_again(sale, replace(back.voided, lines=(replace(line, quantity=3),))) is Objection.TOO_MUCH
    [leg] = back.voided.legs
    more = replace(back.voided, legs=(replace(leg, amount_minor=leg.amount_minor + 1),))
    assert comes_out(sale, more)[0] is False
    assert act_again(sale, replace(back.voided, leases=())) is Objection.LEASE_GONE


def test_the_end_of_another_sales_hold_does_not_come_out() -> None:
    sale, leases = a_hold()
    ended = captured(sale, leases, a_line(900))
    assert isinstance(ended, HoldRuling)
    assert act_again(replace(sale, legs=()), ended.ended) is Objection.NOT_HELD


def test_a_void_of_a_sale_that_no_band_paid_has_nobody_to_undo_it() -> None:
    sale, leases = sold()
    back = voided(sale, leases)
    nobody = replace(sale, legs=tuple(replace(leg, band=None) for leg in sale.legs))
    undone: Voided = replace(back.voided, undo=True)
    again = act_again(nobody, undone)
    assert not isinstance(again, Objection)
    assert again[0] != undone
    assert sale.state is Authorisation.CAPTURED
    assert a_payer().leases
