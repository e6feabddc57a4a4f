"""Segments: no code without the consent that covers it, and no consent that touches another's codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.consent import ON_THE_SPOT, Channel, Consent, Namespace, Purpose, Source, may, topic_of
from edge.core.segments import CODE_CHARS_MAX, SEGMENTS_MAX, covered, is_code, namespace_of, plain

CODES = tuple(f"{name}:{word}" for name in Namespace for word in ("a", "b.1", "c-2"))


def words() -> st.SearchStrategy[tuple[Consent, ...]]:
    """Anything that a guest may have said, with what makes no sense among it."""
    topics = [
        topic_of(purpose, name, channel)
        for purpose in Purpose
        for name in ("", *Namespace)
        for channel in ("", "till", "email")
    ]
    one = st.builds(
        Consent,
        purpose=st.sampled_from([*topics, "quiet", "nonsense"]),
        turns=st.integers(0, 4),
        source=st.sampled_from([Source.KIOSK, Source.CONSOLE, "elsewhere"]),
    )
    return st.lists(one, max_size=12).map(tuple)


@pytest.mark.parametrize(
    "code", ["", "coffee", "habit:coffee", "behaviour:", "behaviour:Coffee", "behaviour:a b"]
)
def test_what_is_no_code_is_never_let_out(code: str) -> None:
    yes = tuple(
        Consent(purpose=topic, turns=1, source=Source.KIOSK) for topic in ("offers", "offers:behaviour")
    )
    assert not is_code(code)
    assert covered([code, "behaviour:coffee"], yes) == ("behaviour:coffee",)


def test_a_code_has_so_many_characters_and_no_more() -> None:
    longest = "behaviour:".ljust(CODE_CHARS_MAX, "a")
    assert is_code(longest)
    assert not is_code(longest + "a")


@given(words(), st.sets(st.sampled_from(CODES)), st.sampled_from([*Channel]))
def test_no_code_is_let_out_that_a_consent_does_not_cover(
    said: tuple[Consent, ...], codes: set[str], channel: Channel
) -> None:
    for code in covered(codes, said, (channel,)):
        assert may(said, Purpose.OFFERS, namespace_of(code), channel=channel)
        assert may(said, Purpose.OFFERS)
    assert set(covered(codes, said)) == {code for way in ON_THE_SPOT for code in covered(codes, said, (way,))}


@given(words(), st.sets(st.sampled_from(CODES)), st.sampled_from([*Namespace]))
def test_dropping_a_namespace_changes_nothing_of_the_others(
    said: tuple[Consent, ...], codes: set[str], dropped: Namespace
) -> None:
    no = Consent(purpose=topic_of(Purpose.OFFERS, dropped), turns=6, source=Source.KIOSK)
    before, after = covered(codes, said), covered(codes, (*said, no))
    assert after == tuple(code for code in before if namespace_of(code) != dropped)


def test_a_guest_has_so_many_codes_and_no_more() -> None:
    yes = tuple(
        Consent(purpose=topic, turns=1, source=Source.KIOSK) for topic in ("offers", "offers:interest")
    )
    assert len(covered([f"interest:{number}" for number in range(99)], yes)) == SEGMENTS_MAX


def test_doors_hear_the_operators_words_and_no_code() -> None:
    assert plain(["vip", "behaviour:coffee", "a:b"]) == ("vip", "a:b")
