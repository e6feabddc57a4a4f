"""Unfinished: words of a profile that say what was looked for, for seven days, and only whom it concerns."""

from __future__ import annotations

import pytest

from edge.core.consent import Channel, Consent, Source
from edge.core.segments import covered, plain
from edge.core.unfinished import KEEP_MS, Unfinished, allows, as_words, read_words

NOW_MS = 1_784_200_000_000
BED = Unfinished(article="water-bed", at_ms=NOW_MS - 60_000, basket=True)
CUP = Unfinished(article="cup:blue", at_ms=NOW_MS - KEEP_MS + 1_000)


def said(*topics: str, no: tuple[str, ...] = ()) -> tuple[Consent, ...]:
    turns = dict.fromkeys(topics, 1) | dict.fromkeys(no, 2)
    return tuple(Consent(purpose=one, turns=turns[one], source=Source.APP) for one in turns)


def test_what_is_written_is_read_again_also_where_a_code_has_a_colon() -> None:
    assert read_words(("vip", *as_words([BED, CUP]), "language:it"), NOW_MS) == (BED, CUP)


def test_after_seven_days_nobody_speaks_of_it_whether_central_was_asked_or_not() -> None:
    assert read_words(as_words([BED, CUP]), NOW_MS + 1_000) == (BED,)
    assert read_words(as_words([BED, CUP]), NOW_MS + KEEP_MS) == ()


@pytest.mark.parametrize(
    "word", ["looked:", "looked:cup", "basket:now:cup", "basket:12:", "looked::cup", "cup"]
)
def test_a_word_that_says_no_time_or_no_article_is_none(word: str) -> None:
    assert read_words([word], 0) == ()


def test_no_rule_of_a_door_or_an_offer_sees_what_somebody_looked_for() -> None:
    open_ = said("offers", "offers:interest")
    words = as_words([BED, CUP])
    assert plain(("vip", *words)) == ("vip",)
    assert covered((*words, "interest:boats"), open_) == ("interest:boats",)


def test_it_takes_both_words_and_a_kiosk_that_was_not_closed() -> None:
    both = ("offers", "offers:interest")
    assert allows(said(*both), Channel.KIOSK)
    for one in both:
        assert not allows(said(one), Channel.KIOSK)
        assert not allows(said(*both, no=(one,)), Channel.KIOSK)
        assert not allows(said(*both, no=(f"{one}@kiosk",)), Channel.KIOSK)
    assert not allows(said(*both), Channel.APP)
