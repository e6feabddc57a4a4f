"""The sentences of a guest's own page, in the five languages that guests are greeted in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import msgspec

from sync.central.console.words import Words

LANGUAGES = ("en", "it", "de", "fr", "es")


@cache
def words(language: str) -> Words:
    """Return the sentences of a language."""
    body = (resources.files(__package__) / "sentences" / f"{language}.json").read_bytes()
    return Words(language, msgspec.json.decode(body, type=dict[str, str]))


def choose(wanted: Iterable[str]) -> str:
    """Return the first wanted language that guests are spoken to in, else English."""
    codes = (language.partition("-")[0].lower() for language in wanted)
    return next((code for code in codes if code in LANGUAGES), LANGUAGES[0])
