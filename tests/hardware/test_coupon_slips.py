"""Coupons as they come out of a printer: what is on paper, read back from its bytes, is what all say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("escpos", reason="pip install -e '.[printer]'")

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from edge.core.offers import Kind, Offer, worth_of
from edge.core.renderings import Said, on_paper
from edge.core.renderings import app as in_app
from edge.core.renderings import kiosk as at_kiosk
from edge.offerviews import OfferTile
from edge.service.offering.papers import PaperView
from hardware.printer import EscposPrinter
from hardware.virtual.printer import Paper, PaperSlip
from kiosk.coupon_slips import Below, below, said_of
from kiosk.slips import Words, receipt_slip
from kiosk.texts import LANGUAGES
from tests.core.strategies import LAWS
from tests.core.test_renderings import GOODS, campaigns
from tests.hardware.test_slips import LAYOUT, RECEIPTS, TEXTS

CODE = "c." + "Ab-_9" * 36
PROFILES = {"default": 42, "TM-T88V": 42, "TM-T20II": 48}
"""Columns of printers that have the letters of five languages."""


def words(language: str) -> Words:
    house = SimpleNamespace(texts=TEXTS, service=SimpleNamespace(layout=lambda: LAYOUT))
    ask: Any = SimpleNamespace(house=house)
    return Words(ask=ask, language=language, currency="EUR")


def view(offer: Offer, version: int, **changes: Any) -> PaperView:
    tile = OfferTile(
        exposure="e.1", offer=offer.id, kind=offer.kind, campaign=offer.campaign, messages=offer.messages,
        until=offer.period.last, currency="EUR", **asdict(worth_of(offer, GOODS)),
    )  # fmt: skip
    told: dict[str, Any] = {"tile": tile, "bundle": version, "code": CODE, "used": False, "withdrawn": False}
    return PaperView(**(told | changes))


def printed(found: Below, language: str, profile: str) -> PaperSlip:
    paper = Paper()
    slip = receipt_slip(RECEIPTS["sale"], words(language), below=found.rows, coupon=found.code)
    EscposPrinter("bar", paper, profile=profile).print(slip)
    return paper.slips[0]


def parts(said: Said, language: str) -> tuple[str, ...]:
    """What a coupon says, in the order of the paper."""
    how = words(language)("receipt.coupon_how")
    return (said.name, said.price, said.until, said.terms, how, said.mark)


def squeezed(text: str) -> str:
    return "".join(text.split())


@LAWS
@given(
    offer=campaigns,
    version=st.integers(1, 9),
    profile=st.sampled_from(sorted(PROFILES)),
    language=st.sampled_from(LANGUAGES),
)
def test_what_is_really_printed_says_what_the_other_channels_say_in_each_of_five_languages(
    offer: Offer, version: int, profile: str, language: str
) -> None:
    columns = EscposPrinter("bar", Paper(), profile=profile).columns
    assert columns == PROFILES[profile]
    shown = view(offer, version)
    said = said_of(shown.tile, TEXTS, language=language, version=version)
    assert said is not None
    slip = printed(below(shown, words(language), columns=columns), language, profile)
    rows = [row.text.strip() for row in slip.rows]
    assert max(map(len, rows)) <= columns
    told = squeezed("".join(rows[rows.index(words(language)("receipt.coupon")) + 1 :]))
    assert told == squeezed("".join(on_paper(one) for one in parts(said, language)))
    assert slip.coupon == CODE
    assert slip.code.startswith("polso:receipt:")
    other, worth = at_kiosk(said), worth_of(offer, GOODS)
    fields = in_app(said, worth, period=offer.period, currency="EUR")
    assert (other.name, other.price, other.until, other.terms) == parts(said, language)[:4]
    assert said.mark == f"v{fields.version} {fields.digest}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_used_or_went_back_is_said_and_has_no_code(language: str) -> None:
    offer = Offer(id="a", kind=Kind.NEW, campaign="c")
    for changes, key in (({"used": True}, "coupon_used"), ({"withdrawn": True}, "coupon_over")):
        found = below(view(offer, 1, code="", **changes), words(language), columns=42)
        slip = printed(found, language, "TM-T88V")
        assert slip.coupon == ""
        assert squeezed(words(language)(f"receipt.{key}")) in squeezed(slip.text)
    assert below(None, words(language), columns=42) == Below()
    assert below(view(offer, 1), words(language), columns=42) == Below(), "it has no words"
