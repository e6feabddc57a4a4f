"""What becomes of a claim is a closed list of both ends, and its code is long enough to stand alone."""

from __future__ import annotations

import json

import pytest

from edge.core.claimed import CODE_DIGITS, Became
from tests.tidy.source import ROOT

TRIES_AN_HOUR = 20
"""Of one kiosk, whatever band lies on it (decision 66)."""
LANGUAGES = ("it", "en", "fr", "de", "es")


@pytest.mark.parametrize("became", Became)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guest_is_told_each_end_of_a_claim_in_their_language(became: Became, language: str) -> None:
    texts = json.loads((ROOT / "kiosk" / "texts" / f"{language}.json").read_text("utf-8"))

    assert texts[f"kiosk.claim_{became.value}"]


def test_a_year_of_guesses_at_a_kiosk_finds_a_given_code_less_than_once_in_five_hundred() -> None:
    assert TRIES_AN_HOUR * 24 * 365 / 10**CODE_DIGITS < 1 / 500
