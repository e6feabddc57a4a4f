"""What became of an offer in a channel is told to who listens, as what became of a kiosk's is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sync.central.hooks import happened, letters
from tests.sync.builders import SITE
from tests.sync.channels.test_offering import Stand, an_offer, stand
from tests.sync.journey.book import GUEST

__all__ = ["stand"]


def told_of(stand: Stand) -> list[dict[str, Any]]:
    """What central has to tell of offers, as letters, each with whose it is."""
    kinds = [int(kind) for kind in happened.SHARED]
    with stand.book.store.reading() as tx:
        ((stream, end),) = happened.ends(tx, SITE) or [(None, 0)]
        events = happened.page(tx, SITE, span=(0, end), kinds=kinds, limit=9)
    made = [(one, letters.letter(stream, one, subject="")) for one in events]
    return [
        {"type": told.type, "data": msgspec.json.decode(told.data), "guest": happened.told_in(one).guest}
        for one, told in made
    ]


def test_what_a_channel_showed_and_sold_is_told_to_who_listens_as_a_kiosk_s_is(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As kinds of their own, once each, also where no diary may have them; of nobody: of nobody."""
    monkeypatch.setattr(happened, "LOOKED_AT", [lambda _tx, _site: happened.SHARED])
    stand.says_of(("offers", "offers@app"))
    stand.publishes(an_offer("mug"))
    exposure = stand.shows("mug")
    for _ in range(2):
        stand.redeems(exposure)
    assert stand.redeems(exposure, "s-2")[0] == 400
    told = told_of(stand)
    assert [one["type"] for one in told] == ["org.polso.offer_shown.v1", "org.polso.offer_redeemed.v1"]
    shown = {"exposure": exposure, "offer": "mug", "campaign": "summer", "bundle": 2, "via": "app"}
    assert [one["data"] for one in told] == [shown, shown | {"op_id": "s-1"}]
    assert {one["guest"] for one in told} == {GUEST}


def test_what_is_said_of_who_takes_it_back_is_told_to_nobody(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happened, "LOOKED_AT", [lambda _tx, _site: happened.SHARED])
    stand.says_of(("offers", "offers@app"))
    stand.publishes(an_offer("mug"))
    exposure = str(stand.offers()["mug"]["exposure"])
    stand.says_of(("offers",), given=False)
    assert stand.asks("POST", f"/v1/exposures/{exposure}/shown")[0] == 200
    assert [one["type"] for one in told_of(stand)] == []
