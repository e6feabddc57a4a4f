"""Saying: amounts and moments on a guest's own page, as the guest's language writes them."""

from __future__ import annotations

from sync.central.console.ask import Ask
from sync.central.tongues import Spoken


def amount(ask: Ask, minor: int | None, currency: str) -> str:
    """Return an amount in minor units as the guest's language writes it; nothing for none."""
    return "" if minor is None else Spoken(ask.words.language, currency).money(minor)


def day(ask: Ask, text: str) -> str:
    """Return a day that is given as ISO 8601 in the guest's language."""
    return Spoken(ask.words.language, "").date(text)


def months(ask: Ask) -> tuple[str, ...]:
    """Return what the twelve months are called."""
    return Spoken(ask.words.language, "").months()


def day_of_year(ask: Ask, month: int, day: int) -> str:
    """Return a day of every year."""
    return Spoken(ask.words.language, "").day_of_year(month, day)


def moment(ask: Ask, at_ms: int | None) -> str:
    """Return a moment (UTC milliseconds) by the site's clock, in the guest's language; nothing for none."""
    return Spoken(ask.words.language, "").moment(at_ms, ask.zone) if at_ms else ""
