"""A receipt on the guest's phone: one look through a code of the till, then the code is good no more."""

from __future__ import annotations

from flask import Response

from kiosk.ask import Ask
from kiosk.pages import page
from kiosk.routes import Audience, Rate, Route
from kiosk.slips import receipt_rows, words_for

LOOKS = Rate(12, 0.5)
"""Nobody guesses a code of 144 bits; who tries anyway is slowed down."""


def on_phone(ask: Ask) -> Response:
    """Show a receipt to whoever brings its code, once; the address holds nothing of anybody."""
    receipt = ask.house.service.receipts.by_phone(ask.path["token"])
    rows = receipt_rows(receipt, words_for(ask, ask.language, receipt.currency))
    return page(ask, "receipt.html", rows=rows, number=receipt.short)


ROUTES = (Route("GET", "/q/<token>", on_phone, Audience.ANYONE, "A receipt on a phone, once.", rate=LOOKS),)
