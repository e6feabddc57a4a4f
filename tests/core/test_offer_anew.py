"""A coupon asked for anew: whatever becomes of the old one, its answer says all that the ask said."""

from __future__ import annotations

import pytest

from edge.core.offers.anew import Became, CouponAsk, answered


@pytest.mark.parametrize("became", list(Became))
def test_an_answer_says_again_what_was_asked(became: Became) -> None:
    ask = CouponAsk(
        id="a",
        exposure="e.0",
        home="edge-1",
        to="edge-2",
        case="C",
        guest="g",
        offer="soup",
        bundle=3,
        until="u",
    )
    told = answered(ask, became)
    assert (told.ask, told.exposure, told.became, told.to, told.case) == ("a", "e.0", became, "edge-2", "C")
    assert (told.guest, told.offer, told.bundle, told.until) == ("g", "soup", 3, "u")
    assert (told.point, told.at_ms, told.op_id) == ("", 0, "")
