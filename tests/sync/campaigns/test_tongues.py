"""Words around a campaign's own: the same at central as a kiosk says them, in each language."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from sync.central.tongues import LANGUAGES, Spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_central_says_a_price_and_a_date_in_the_words_of_the_kiosk(language: str) -> None:
    kiosk = json.loads((resources.files("kiosk") / "texts" / f"{language}.json").read_bytes())
    own = json.loads((resources.files("sync.central") / "sentences" / f"{language}.json").read_bytes())
    shared = [key for key in own if not key.startswith("letter.")]
    assert len(shared) == 8
    assert {key: own[key] for key in shared} == {key: kiosk[key] for key in shared}
    assert own["letter.away"]


def test_each_language_writes_amounts_and_dates_its_own_way() -> None:
    it, en = Spoken("it", "EUR"), Spoken("en", "JPY")
    assert it.money(123450) == "1.234,50\u00a0€"
    assert en.money(150) == "¥150"
    assert it.date("2026-08-31") == "31 ago 2026"
