"""A receipt on the guest's phone: one look through a code of the till, and one word about the purchase."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import msgspec
from flask import Response
from msgspec import Meta

from edge.codes import qr_svg
from edge.core.feedback import FACES, TEXT_CHARS_MAX, Word
from edge.core.receipt import ReceiptKind
from edge.nearviews import FeedbackTaken
from kiosk.ask import Ask
from kiosk.coupon_slips import below, coupon_of
from kiosk.near import Score
from kiosk.operations import Op
from kiosk.pages import page
from kiosk.routes import Audience, Rate, Route
from kiosk.slips import receipt_rows, words_for

LOOKS = Rate(12, 0.5)
"""Nobody guesses a code of 144 bits; who tries anyway is slowed down."""


Words = Annotated[str, Meta(max_length=TEXT_CHARS_MAX, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class FaceOnPhone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of five faces about the purchase whose receipt a phone shows, and a few words if they like."""

    op: Op
    score: Score
    named: bool = False
    text: Words = ""


def on_phone(ask: Ask) -> Response:
    """Show a receipt to whoever brings its code, once; the address holds nothing of anybody."""
    receipts, near = ask.house.service.receipts, ask.house.service.near
    receipt = receipts.by_phone(ask.path["token"])
    words = words_for(ask, ask.language, receipt.currency)
    rows = receipt_rows(receipt, words)
    fresh = receipts.is_new(receipt.op_id)
    coupon = below(coupon_of(ask, receipt, fresh=fresh), words, columns=receipts.columns(""))
    if coupon.code:
        receipts.papers.printed(receipt.op_id)
    asked = receipt.kind is ReceiptKind.SALE and near.is_asked(receipt.op_id)
    word = receipts.word_for(receipt.op_id) if asked else ""
    code = f"data:image/svg+xml,{quote(qr_svg(coupon.code))}" if coupon.code else ""
    chars = TEXT_CHARS_MAX if near.takes_words() else 0
    return page(
        *(ask, "receipt.html"), rows=rows, number=receipt.short, coupon=coupon, code=code,
        word=word, faces=FACES, chars=chars,
    )  # fmt: skip


def feedback(ask: Ask) -> FeedbackTaken:
    """Take one word about a purchase from the phone that was shown its receipt."""
    said, receipt = ask.want(FaceOnPhone), ask.house.service.receipts.by_word(ask.path["token"])
    word = Word(score=said.score, named=said.named, text=said.text)
    return ask.house.service.near.give_feedback_about(receipt.op_id, receipt.point, word)


ROUTES = (
    Route("GET", "/q/<token>", on_phone, Audience.ANYONE, "A receipt on a phone, once.", rate=LOOKS),
    Route(
        *("POST", "/q/<token>/feedback", feedback, Audience.ANYONE, "One word about a purchase by phone."),
        body=FaceOnPhone,
        answer=FeedbackTaken,
        rate=LOOKS,
    ),
)
