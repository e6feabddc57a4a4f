"""Offers as forms: contexts that hold what is known, messages that fit, choices that say why."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.offers import (
    AboutBasket,
    AboutGuest,
    AboutNow,
    Bundle,
    Choice,
    Context,
    Exposure,
    Kind,
    Loser,
    Message,
    Offer,
    Tile,
    Why,
    digest_of,
    exposure_of,
    facts_of,
    faults_of,
    in_language,
    unknown,
)
from edge.core.offers.context import FIELDS

KNOWN = Context(
    guest=AboutGuest(segments=("interest:coffee",), tier="gold", points=0),
    now=AboutNow(minute=600),
    basket=AboutBasket(total_minor=1_250),
)
WORDS = Message(name="Gelato", headline="Gelato a metà", body="Oggi", call="Prendi")


def test_what_is_not_known_is_absent_and_what_is_nothing_is_there() -> None:
    assert facts_of(KNOWN) == {
        "guest.segments": ["interest:coffee"],
        "guest.tier": "gold",
        "guest.points": 0,
        "now.minute": 600,
        "basket.total_minor": 1_250,
    }
    assert set(facts_of(KNOWN)) <= FIELDS


def test_unknown_visitor_has_the_same_moment_and_no_guest() -> None:
    assert facts_of(unknown(KNOWN)) == {"now.minute": 600, "basket.total_minor": 1_250}


def test_digest_is_of_what_is_known_and_nothing_else() -> None:
    again = msgspec.json.decode(msgspec.json.encode(KNOWN), type=Context)
    assert digest_of(again) == digest_of(KNOWN)
    assert digest_of(unknown(KNOWN)) != digest_of(KNOWN)
    assert digest_of(KNOWN) == "abf31f282e055c5e9431827b66853ec2"


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({}, ()),
        ({"headline": "x" * 40, "body": "x" * 160, "terms": "x" * 400}, ()),
        ({"headline": "x" * 41}, ("headline",)),
        ({"body": "x" * 161, "call": ""}, ("body", "call")),
        ({"terms": "x" * 401}, ("terms",)),
        ({"image": "gelato"}, ("alt",)),
    ],
)
def test_words_that_do_not_fit_are_named(changed: dict[str, str], faults: tuple[str, ...]) -> None:
    assert faults_of(msgspec.structs.replace(WORDS, **changed)) == faults


def test_missing_language_falls_to_the_screens_and_then_to_italian() -> None:
    italian, french = WORDS, msgspec.structs.replace(WORDS, name="Glace")
    assert in_language({"it": italian, "fr": french}, "de", "fr") is french
    assert in_language({"it": italian, "fr": french}, "de", "en") is italian
    assert in_language({}, "de") is None


def test_choice_knows_its_winner_and_what_was_withheld() -> None:
    tile = Tile(offer="a", position=1)
    losers = (Loser("b", Why.CONTROL), Loser("c", Why.CAP, "shown day"))
    choice = Choice(exposure="x1", bundle=3, context="", tiles=(tile,), losers=losers)
    assert (choice.winner, choice.withheld, exposure_of(choice, tile)) == ("a", ("b",), "x1.1")
    assert Choice(exposure="x2", bundle=3, context="").winner == ""


def test_exposure_at_no_position_was_withheld() -> None:
    assert Exposure(id="x1.0", offer="b", campaign="c", bundle=3).withheld
    assert not Exposure(id="x1.1", offer="a", campaign="c", bundle=3, position=1).withheld


def test_bundle_finds_offers_by_id_and_travels_whole() -> None:
    offer = Offer(id="a", kind=Kind.NEW, campaign="c", messages={"it": WORDS})
    bundle = Bundle(version=1, offers=(offer,))
    assert bundle.offers_by_id == {"a": offer}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(bundle), type=Bundle) == bundle
