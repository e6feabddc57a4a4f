"""The console's sentences, in English and Italian."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import msgspec

LANGUAGES = ("en", "it")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Words:
    """One language's sentences; a missing one shows its key, which the tests forbid."""

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        """Speak this language."""
        self.language, self._sentences = language, sentences

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a sentence with its places filled in."""
        sentence = self._sentences.get(key, key)
        return PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), sentence)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self._sentences


@cache
def words(language: str) -> Words:
    """Return the sentences of a language that the console speaks."""
    body = (resources.files(__package__) / "sentences" / f"{language}.json").read_bytes()
    return Words(language, msgspec.json.decode(body, type=dict[str, str]))


def choose(wanted: Iterable[str]) -> str:
    """Return the first wanted language that the console speaks, else English."""
    codes = (language.partition("-")[0].lower() for language in wanted)
    return next((code for code in codes if code in LANGUAGES), LANGUAGES[0])
