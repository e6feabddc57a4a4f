"""Asked: a choice that went through its bytes is made again to the same bytes."""

from __future__ import annotations

import msgspec

from edge.core.events import BODY_BYTES_MAX
from edge.core.offers import Choice, Drawn, Loser, Why, choose
from edge.core.offers.asked import Exposed, asked_of, fitted, occasion_of
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


def a_choice(*losers: Loser, **more: object) -> Choice:
    return msgspec.structs.replace(Choice(exposure="e1", bundle=1, context="c", losers=losers), **more)


def test_a_choice_among_many_is_told_in_as_many_octets_as_an_event_has() -> None:
    asked, long = asked_of(an_occasion()), "o" * 36
    few, kept_out = Loser("few", Why.STACK, "a+b"), Loser("out", Why.CONTROL, "trial")
    assert fitted(asked, a_choice(few, kept_out)).choice == a_choice(few, kept_out)

    late = [Loser(f"{long}{number:03}", Why.STACK, long * 4) for number in range(150)]
    brief = [msgspec.structs.replace(one, detail="") for one in late]
    assert fitted(asked, a_choice(*late, kept_out)).choice == a_choice(*brief, kept_out)

    early = [Loser(f"{long}{number:03}", Why.RULE_SAYS_NO, long) for number in range(150, 198)]
    drawn = Drawn(candidates=tuple(one.offer for one in late), features="f", model=1)
    told = fitted(asked, a_choice(*early, *late, kept_out, drawn=drawn))
    shown = msgspec.structs.replace(drawn, candidates=())
    assert told.choice == a_choice(*brief, kept_out, drawn=shown), "what lift is read from stays"
    assert fitted(asked, a_choice(*late, *early * 4)).choice == a_choice(*brief)
    assert len(msgspec.msgpack.encode(told)) <= BODY_BYTES_MAX

    endless = a_choice(*late, *late, *late)
    assert fitted(asked, endless).choice == endless, "whoever writes it says that it is too long"
