"""The promise of a delivery: one sentence for each language, of the day that it is said on."""

from __future__ import annotations

import datetime as dt

import pytest

from edge.core.catalogue import LANGUAGES, Article, Catalogue, faults_of
from edge.core.delivery import MONTHS, Delivery, fault_of, said

TODAY = dt.date(2030, 11, 29)
FIRST, LAST, OVER = dt.date(2030, 12, 1), dt.date(2030, 12, 5), dt.date(2030, 12, 6)


def a_delivery(first: dt.date = FIRST, last: dt.date = LAST, before: dt.date | None = None) -> Delivery:
    return Delivery(first=first, last=last, instead_of=before)


def test_every_language_says_between_which_days() -> None:
    assert said(a_delivery(), TODAY) == {
        "it": "Consegna: 1 dicembre \N{EN DASH} 5 dicembre.",
        "en": "Delivery: 1 December to 5 December.",
        "fr": "Livraison : 1er décembre \N{EN DASH} 5 décembre.",
        "de": "Lieferung: 1. Dezember bis 5. Dezember.",
        "es": "Entrega: 1 de diciembre \N{EN DASH} 5 de diciembre.",
    }


@pytest.mark.parametrize(
    ("delivery", "today", "sentence"),
    [
        (a_delivery(LAST), LAST, "5 December."),
        (a_delivery(before=FIRST), TODAY, "1 December to 5 December. It is late: it was due by 1 December."),
        (a_delivery(), OVER, "the day is not known yet. It is late: it was due by 5 December."),
    ],
)
def test_a_single_day_a_delay_and_a_promise_that_is_over(
    delivery: Delivery, today: dt.date, sentence: str
) -> None:
    assert said(delivery, today)["en"] == f"Delivery: {sentence}"


def test_what_is_not_sent_is_not_spoken_of() -> None:
    assert said(None, TODAY) == {}


def test_every_language_of_names_is_spoken_and_has_twelve_months() -> None:
    assert set(MONTHS) == set(LANGUAGES)
    assert {len(months) for months in MONTHS.values()} == {12}
    for month in range(1, 13):
        day = dt.date(2030, month, 2)
        assert len(set(said(a_delivery(day, day), day).values())) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("delivery", "why"),
    [
        (a_delivery(), ""),
        (a_delivery(before=FIRST), ""),
        (a_delivery(LAST, FIRST), "its last day comes before the first"),
        (a_delivery(before=LAST), "it is not later than what was promised before"),
    ],
)
def test_a_promise_that_cannot_be_is_a_fault_of_the_catalogue(delivery: Delivery, why: str) -> None:
    assert fault_of(delivery) == why
    told = Catalogue(articles=(Article(id="bed", delivery=delivery),))
    assert faults_of(told) == ((f"bed has a delivery that cannot be: {why}",) if why else ())
