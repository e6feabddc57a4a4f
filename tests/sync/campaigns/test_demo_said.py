"""The demo's own offers in all six forms and five languages: the law holds for what is shipped, too."""

from __future__ import annotations

import pytest

from edge.core.offers import Offer, worth_of
from edge.core.renderings import on_paper, say, unprintable
from edge.run.demo.offers import draft
from sync.central import bundles
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
