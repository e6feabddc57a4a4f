"""What a guest allows by one way, who is too young for marketing, and what a moment is for rules."""

from __future__ import annotations

import datetime as dt

import pytest

from edge.core.consent import Channel, Consent
from edge.core.entitlements import Party
from edge.core.offers import (
    AboutNow,
    Bundle,
    Count,
    Counted,
    Kind,
    Offer,
    Span,
    Standing,
    about_now,
    history_of,
    is_young,
    standing_by,
)


def yes(*topics: str) -> tuple[Consent, ...]:
    return tuple(Consent(purpose=topic, turns=1, source="app") for topic in topics)


def test_a_way_away_from_the_spot_needs_a_yes_of_its_own_to_each_part() -> None:
    said = yes("offers", "offers:interest", "offers:behaviour", "offers@app", "offers:interest@app")
    at_hand = standing_by(said, Channel.KIOSK, child=False, quiet=True)
    assert at_hand == Standing(offers=True, namespaces=("interest", "behaviour"), quiet=True)
    away = standing_by(said, Channel.APP, child=True, quiet=False)
    assert away == Standing(offers=True, namespaces=("interest",), child=True)
    assert standing_by(said, Channel.EMAIL, child=False, quiet=False) == Standing()


@pytest.mark.parametrize(
    ("band", "young"),
    [("8-11", True), ("15-17", True), ("16-17", False), ("30-39", False), ("", False), ("x", False)],
)
def test_who_may_be_younger_than_sixteen_is_young(band: str, young: bool) -> None:
    assert is_young(band) is young


def test_who_came_as_a_child_is_one_whatever_their_age() -> None:
    assert Party(id="p", size=2, role="child").child
    assert not Party(id="p", size=2).child


def test_a_moment_is_a_minute_a_weekday_and_a_season() -> None:
    assert about_now(dt.datetime(2026, 2, 28, 23, 59, tzinfo=dt.UTC)) == AboutNow(
        minute=1_439, weekday=5, season="winter"
    )
    assert about_now(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)).season == "spring"
    assert about_now(dt.datetime(2026, 3, 1, tzinfo=dt.UTC), 45).to_closing_min == 45


def test_a_history_is_codes_of_what_became_of_offers_that_are_in_force() -> None:
    offers = tuple(Offer(id=one, kind=Kind.DISCOUNT, campaign="c") for one in ("mug", "cup", "tea"))
    counts = (
        Count(offer="mug", here=1),
        Count(offer="mug", span=Span.WEEK, here=1, elsewhere=2),
        Count(offer="cup", counted=Counted.REDEEMED, elsewhere=1),
        Count(offer="tea"),
        Count(offer="tea", here=9, screen=True),
        Count(offer="over", here=3),
    )
    assert history_of(counts, Bundle(version=1, offers=offers)).codes == ("redeemed:cup", "shown:mug")
    assert history_of((), Bundle(version=1)).codes == ()
