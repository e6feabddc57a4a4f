"""Previews: all six renderings of a campaign in all five languages, as they will be seen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edge.core.catalogue import Catalogue
from edge.core.offers import worth_of
from edge.core.renderings import app, kiosk, letter, page, receipt, say, till
from sync.central.offers.campaigned import Campaign
from sync.central.people import unsubscribing
from sync.central.tongues import LANGUAGES, Spoken

CHANNELS = ("kiosk", "till", "receipt", "page", "letter", "app")
COLUMNS = 42
"""Of the paper in a preview: what a roll of 80 mm has."""
SAMPLE = "SAMPLE"
AWAY = unsubscribing.headers("https://example.invalid", SAMPLE)
"""Stands where each letter has an address of its own."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """One language: the lines that each channel shows, in its order."""

    language: str
    mark: str
    missing: bool
    """There are no words in it: guests read the Italian ones."""
    shown: dict[str, tuple[str, ...]]


def previews(one: Campaign, goods: Catalogue, *, currency: str) -> tuple[Preview, ...]:
    """Return what guests will see of a campaign; a language without any words is left out."""
    made = (_preview(one, goods, Spoken(language, currency), currency=currency) for language in LANGUAGES)
    return tuple(preview for preview in made if preview is not None)


def _preview(one: Campaign, goods: Catalogue, tongue: Spoken, *, currency: str) -> Preview | None:
    offer, worth = one.offer, worth_of(one.offer, goods)
    said = say(offer, worth, version=one.version, tongue=tongue)
    if said is None:
        return None
    large, lines, paged = kiosk(said), till(said), page(said, code=SAMPLE)
    mailed = letter(said, AWAY, words=tongue("letter.away"))
    fields = app(said, worth, period=offer.period, currency=currency)
    shown: Mapping[str, tuple[str, ...]] = {
        "kiosk": (
            *(*large.tile, large.name, large.body, large.price, large.was),
            *(large.until, large.terms, large.call),
        ),
        "till": (lines.line, lines.discount, lines.until, lines.terms),
        "receipt": receipt(said, columns=COLUMNS, code=SAMPLE).lines,
        "page": paged.lines,
        "letter": (mailed.subject, *mailed.text.rstrip("\n").split("\n\n")),
        "app": (msgspec.json.format(msgspec.json.encode(fields), indent=2).decode(),),
    }
    return Preview(
        language=tongue.language,
        mark=said.mark,
        missing=tongue.language not in offer.messages,
        shown={channel: tuple(filter(None, told)) for channel, told in shown.items()},
    )
