"""Consent: who may do what with whom, in any order of arrival, with any clock, and what doubt means."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.consent import (
    CONSENTS_MAX,
    QUIET,
    TOPICS,
    Channel,
    Consent,
    Namespace,
    Purpose,
    Source,
    is_topic,
    may,
    merged,
    quiet_since,
    said,
    silence,
    topic_of,
)

PRESENCE = Purpose.PRESENCE


def consent(turns: int, purpose: str = PRESENCE, *, source: str = Source.KIOSK, at: int = 0) -> Consent:
    return Consent(purpose=purpose, turns=turns, since_ms=at, source=source)


def consents() -> st.SearchStrategy[Consent]:
    return st.builds(
        Consent,
        purpose=st.sampled_from([*Purpose, "offers:behaviour", "unknown"]),
        turns=st.integers(-1, 4),
        since_ms=st.integers(0, 3),
        source=st.sampled_from([*Source, "", "elsewhere"]),
    )


def test_nothing_said_is_a_no() -> None:
    assert not any(may((), purpose) for purpose in Purpose)


def test_each_purpose_stands_for_itself() -> None:
    given_one = (consent(1, Purpose.OFFERS),)
    assert [may(given_one, purpose) for purpose in Purpose] == [False, True, False]


@pytest.mark.parametrize(
    "doubtful",
    [
        consent(1, source=""),
        consent(1, source="fax"),
        consent(0),
        consent(2),
        consent(-1),
        consent(1, "presence2"),
        consent(1, ""),
    ],
)
def test_what_is_withdrawn_bad_or_unknown_is_a_no(doubtful: Consent) -> None:
    assert not may((doubtful,), PRESENCE)
    assert not doubtful.given


def test_a_namespace_needs_the_purpose_and_its_own_word() -> None:
    own = consent(1, "offers:behaviour")
    assert not may((own,), Purpose.OFFERS, "behaviour")
    assert may((own, consent(1, Purpose.OFFERS)), Purpose.OFFERS, "behaviour")
    assert not may((consent(1, Purpose.OFFERS),), Purpose.OFFERS, "behaviour")


def test_a_withdrawal_stands_against_the_consent_it_took_back_whatever_the_clocks_say() -> None:
    """The kiosk's clock stands at 1970; central's consent is years younger, and comes again later."""
    central = consent(1, source=Source.CONSOLE, at=1_764_000_000_000)
    withdrawn = said([central], consent(0, at=1_000), given=False)
    assert withdrawn is not None
    for order in itertools.permutations([central, withdrawn, central]):
        assert not may(merged(*([one] for one in order)), PRESENCE)


def test_a_consent_given_again_stands_until_it_is_withdrawn_again() -> None:
    standing: tuple[Consent, ...] = ()
    for wanted in (True, False, True, False):
        answer = said(standing, consent(0), given=wanted)
        assert answer is not None
        standing = merged(standing, [answer])
        assert may(standing, PRESENCE) is wanted


@pytest.mark.parametrize(
    ("known", "given_now"), [((), False), ((consent(1),), True), ((consent(2),), False)], ids=str
)
def test_saying_what_holds_already_is_no_new_answer(known: tuple[Consent, ...], given_now: bool) -> None:
    assert said(known, consent(0), given=given_now) is None


def test_an_answer_of_an_unknown_source_is_taken_over_by_a_known_one() -> None:
    answer = said([consent(1, source="fax")], consent(0), given=True)
    assert answer is not None
    assert answer.turns == 3
    assert answer.given
    no = said([consent(1, source="fax")], consent(0), given=False)
    assert no is not None
    assert no.turns == 2


@given(st.lists(st.lists(consents(), max_size=4), max_size=4))
def test_merging_minds_neither_order_nor_repetition(accounts: list[list[Consent]]) -> None:
    once = merged(*accounts)
    assert merged(*reversed(accounts), *accounts) == once
    assert merged(once, *accounts) == once


@given(st.lists(consents(), max_size=6), st.sampled_from([*Purpose, "offers:behaviour"]), st.booleans())
def test_after_an_answer_exactly_that_answer_holds(
    known: list[Consent], purpose: str, given_now: bool
) -> None:
    answer = said(known, consent(0, purpose), given=given_now)
    after = merged(known, [answer] if answer is not None else [])
    assert any(one.purpose == purpose and one.given for one in after) is given_now


def test_no_guest_has_endless_opinions() -> None:
    many = [consent(1, f"offers:{number:03}") for number in range(CONSENTS_MAX * 2)]
    assert len(merged(many)) == CONSENTS_MAX


def test_a_yes_on_the_spot_is_none_to_be_written_to() -> None:
    here = (consent(1, Purpose.OFFERS), consent(1, "offers:interest"))
    for channel in Channel:
        on_the_spot = channel in (Channel.KIOSK, Channel.TILL)
        assert may(here, Purpose.OFFERS, channel=channel) is on_the_spot, channel
        assert may(here, Purpose.OFFERS, "interest", channel=channel) is on_the_spot, channel


def test_a_way_away_from_the_spot_needs_its_own_yes_to_purpose_and_namespace() -> None:
    said_so = [consent(1, Purpose.OFFERS), consent(1, "offers:interest"), consent(1, "offers@email")]
    assert may(said_so, Purpose.OFFERS, channel=Channel.EMAIL)
    assert not may(said_so, Purpose.OFFERS, "interest", channel=Channel.EMAIL)
    said_so.append(consent(1, "offers:interest@email"))
    assert may(said_so, Purpose.OFFERS, "interest", channel=Channel.EMAIL)
    assert not may(said_so, Purpose.OFFERS, "interest", channel=Channel.PHONE)
    assert not may([*said_so, consent(2, Purpose.OFFERS)], Purpose.OFFERS, channel=Channel.EMAIL)


def test_a_till_can_be_closed_while_the_kiosk_stays_open() -> None:
    said_so = (consent(1, Purpose.OFFERS), consent(2, "offers@till"))
    assert may(said_so, Purpose.OFFERS, channel=Channel.KIOSK)
    assert not may(said_so, Purpose.OFFERS, channel=Channel.TILL)


WAYS_OF_NO = [("offers@till", True), ("offers@app", False), ("offers", False)]


@pytest.mark.parametrize(("topic", "silent"), WAYS_OF_NO)
def test_a_first_no_says_something_where_silence_is_none(topic: str, silent: bool) -> None:
    assert silence(topic) is silent
    first = said((), Consent(purpose=topic, turns=0, since_ms=1, source="app"), given=False)
    assert (first is not None) is silent
    assert first is None or not first.given


def test_topics_are_a_closed_list() -> None:
    assert all(is_topic(topic) for topic in (*TOPICS, QUIET, "offers:interest@app"))
    assert not any(is_topic(topic) for topic in ("", "offers:", "offers@", "offers:habits", "offers@fax"))
    assert [topic_of(Purpose.OFFERS, name) for name in Namespace] == [one for one in TOPICS if ":" in one]


def test_quiet_is_since_when_it_was_asked_for_until_it_is_taken_back() -> None:
    assert quiet_since(()) is None
    assert quiet_since([consent(1, at=5)]) is None
    wish = said((), consent(0, QUIET, at=5), given=True)
    assert wish is not None
    assert quiet_since([wish]) == 5
    again = said([wish], consent(0, QUIET, at=90), given=True, anew=True)
    assert again is not None
    assert quiet_since(merged([wish], [again])) == 90
    back = said([wish, again], consent(0, QUIET, at=95), given=False)
    assert back is not None
    assert quiet_since([wish, again, back]) is None
