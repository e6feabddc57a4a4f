"""Asked: a choice that went through its bytes is made again to the same bytes."""

from __future__ import annotations

import msgspec

from edge.core.offers import choose
from edge.core.offers.asked import Exposed, asked_of, occasion_of
from edge.core.offers.said import Told
from tests.core.offered import ROME, a_basket, an_occasion


def test_a_thousand_drawn_choices_come_out_equal_after_their_bytes() -> None:
    """A hundred bundles, ten draws of each."""
    for seed in range(100):
        bundle, lines, offers = a_basket(seed, 5)
        bundle = msgspec.structs.replace(bundle, offers=tuple(offers))
        for number in range(10):
            drawn = {"exposure": f"e{number}", "draw": seed * 977 + number}
            occasion = an_occasion(*offers, bundle=bundle, lines=lines[:3], **drawn)
            told = msgspec.msgpack.encode(Exposed(asked=asked_of(occasion), choice=choose(occasion)))
            read = msgspec.msgpack.decode(told, type=Exposed)
            again = choose(occasion_of(read.asked, bundle, occasion.rules, timezone=ROME))
            assert msgspec.msgpack.encode(again) == msgspec.msgpack.encode(read.choice), (seed, number)


def test_a_choice_among_some_for_one_place_comes_out_equal_and_says_nothing_of_the_others() -> None:
    bundle, _, offers = a_basket(1, 5)
    bundle = msgspec.structs.replace(bundle, offers=tuple(offers))
    among = tuple(offer.id for offer in offers[:3])
    occasion = msgspec.structs.replace(an_occasion(*offers, bundle=bundle), among=among)
    choice = choose(occasion)
    assert len(choice.tiles) == 1
    assert {one.offer for one in (*choice.tiles, *choice.losers)} == set(among)
    again = choose(occasion_of(asked_of(occasion), bundle, occasion.rules, timezone=ROME))
    assert again == choice


def test_what_became_of_an_offer_is_told_in_few_words() -> None:
    bare = Told(exposure="e1.1", offer="soup-less")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(bare), type=Told) == bare
    assert len(msgspec.msgpack.encode(bare)) < 40
