"""Payment card numbers are refused where people type, and never mistaken where machines write."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.cards import luhn
from edge.errors import Refused
from kiosk.api import FaultBody, TapBody
from kiosk.guard import refuse_card_numbers, refuse_cards_asked

CARD = "4000 0000 0000 0002"
UID = "04000000000006"


def test_number_typed_into_a_text_is_refused() -> None:
    with pytest.raises(Refused, match="payment card"):
        refuse_card_numbers(FaultBody(op="op-12345678", page="gate", fault=f"my card {CARD}"))


def test_band_whose_identifier_looks_like_a_card_is_still_a_band() -> None:
    assert luhn(UID)
    body = {"tap_id": "reader-1:1", "seq": 1, "uid": UID}
    refuse_card_numbers(msgspec.convert(body, TapBody))


def test_number_that_a_page_gave_itself_is_no_card() -> None:
    """One page in some hundred would else have no stream; the control is a typed text in the same place."""
    page = "4548366222913353035"
    assert luhn(page)
    refuse_cards_asked({}, {"topics": "gate-park", "page": page, "v": page})
    with pytest.raises(Refused):
        refuse_cards_asked({}, {"text": page})
