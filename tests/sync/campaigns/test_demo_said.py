"""The demo's own offers in all six forms and five languages: the law holds for what is shipped, too."""

from __future__ import annotations

import pytest

from edge.core.offers import Offer, worth_of
from edge.core.renderings import kiosk, on_paper, say, unprintable
from edge.offerviews import OffersView
from edge.run.demo.offers import draft
from edge.service.offering.tiles import tiles_of
from kiosk.offers import shown_by
from kiosk.texts import Texts
from sync.central.offers import bundles
from sync.central.tongues import LANGUAGES, Spoken
from tests.core.test_renderings import GOODS, read_back

OFFERS = bundles.read(draft()).bundle.offers


@pytest.mark.parametrize("offer", OFFERS, ids=[one.id for one in OFFERS])
def test_each_offer_of_the_demo_says_the_same_everywhere(offer: Offer) -> None:
    worth = worth_of(offer, GOODS)
    for language in LANGUAGES:
        said = say(offer, worth, version=3, tongue=Spoken(language, "EUR"))
        assert said is not None
        assert unprintable(said.name + said.terms) == ""
        found = read_back(said, worth, offer, 42)
        whole = (said.name, said.price, said.until, said.terms, said.mark)
        assert found.pop("receipt") == tuple("".join(on_paper(one).split()) for one in whole)
        assert set(found.values()) == {whole}


@pytest.mark.parametrize("offer", OFFERS, ids=[one.id for one in OFFERS])
def test_a_kiosk_paints_the_words_and_the_mark_that_central_sends_to_every_other_channel(
    offer: Offer,
) -> None:
    tiles = tuple(tiles_of([("e.1", offer)], GOODS, currency="EUR", taken=()))
    (tile,) = shown_by(OffersView(point="hall", bundle=3, tiles=tiles), Texts.load()).tiles
    for language in LANGUAGES:
        said = say(offer, worth_of(offer, GOODS), version=3, tongue=Spoken(language, "EUR"))
        assert said is not None
        assert tile.said[language] == kiosk(said)
