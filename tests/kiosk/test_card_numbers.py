"""Payment card numbers are refused where people type, and never mistaken where machines write."""

from __future__ import annotations

import msgspec
import pytest

from edge.errors import Refused
from kiosk.api import FaultBody, TapBody
from kiosk.guard import luhn, refuse_card_numbers

CARD = "4000 0000 0000 0002"
UID = "04000000000006"


def test_number_typed_into_a_text_is_refused() -> None:
    with pytest.raises(Refused, match="payment card"):
        refuse_card_numbers(FaultBody(op="op-12345678", page="gate", fault=f"my card {CARD}"))


def test_band_whose_identifier_looks_like_a_card_is_still_a_band() -> None:
    assert luhn(UID)
    body = {"tap_id": "reader-1:1", "seq": 1, "uid": UID}
    refuse_card_numbers(msgspec.convert(body, TapBody))
