"""Tongue: how this device's screens and paper write an offer's price, date and the words around them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency

from edge.core.money import spelled
from kiosk.texts import Texts


class Spoken:
    """One of the screens' languages with a site's currency, as the common renderings ask for it."""

    def __init__(self, texts: Texts, language: str, currency: str) -> None:
        """Speak this language, of amounts in this currency."""
        self.language, self.currency, self._texts = language, currency, texts

    def __call__(self, key: str, /, **places: object) -> str:
        """Return a sentence with its places filled in."""
        return self._texts.get(self.language, key, **places)

    def money(self, minor: int) -> str:
        """Return an amount as the language writes it."""
        whole = Decimal(spelled(minor, self.currency))
        return str(format_currency(whole, self.currency, locale=self.language))

    def date(self, text: str) -> str:
        """Return a date that is given as ISO 8601."""
        return str(format_date(dt.date.fromisoformat(text), "medium", locale=self.language))
