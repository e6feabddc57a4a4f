"""Tongues: how each of the five languages of guests writes a price, a date and the words around them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from importlib import resources

import msgspec
from babel.dates import format_date, format_skeleton, get_month_names
from babel.numbers import format_currency

from edge.core.money import spelled
from sync.central.offers.bundle_checks import LOCALES

LANGUAGES = LOCALES
LEAP_YEAR = 2_000


class Spoken:
    """One language with a site's currency: what a rendering asks for beside a campaign's own words."""

    def __init__(self, language: str, currency: str) -> None:
        """Speak this language, of amounts in this currency."""
        self.language, self.currency, self._words = language, currency, _words(language)

    def __call__(self, key: str, /, **places: object) -> str:
        """Return a sentence with its places filled in."""
        return self._words[key].format(**places)

    def money(self, minor: int) -> str:
        """Return an amount as the language writes it."""
        whole = Decimal(spelled(minor, self.currency))
        return str(format_currency(whole, self.currency, locale=self.language))

    def date(self, text: str) -> str:
        """Return a date that is given as ISO 8601."""
        return str(format_date(dt.date.fromisoformat(text), "medium", locale=self.language))

    def months(self) -> tuple[str, ...]:
        """Return what the twelve months are called, standing alone."""
        names = get_month_names("wide", context="stand-alone", locale=self.language)
        return tuple(str(names[month]) for month in range(1, 13))

    def day_of_year(self, month: int, day: int) -> str:
        """Return a day of every year as the language writes it; 29 February is one."""
        return str(format_skeleton("MMMMd", dt.date(LEAP_YEAR, month, day), locale=self.language))

    def moment(self, at_ms: int, zone: dt.tzinfo) -> str:
        """Return a moment (UTC milliseconds) by a zone's clock, its day as the language writes it."""
        there = dt.datetime.fromtimestamp(at_ms / 1000, zone)
        return f"{format_date(there, 'medium', locale=self.language)}, {there:%H:%M}"


@cache
def _words(language: str) -> dict[str, str]:
    body = (resources.files(__package__) / "sentences" / f"{language}.json").read_bytes()
    return msgspec.json.decode(body, type=dict[str, str])
