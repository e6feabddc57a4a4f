"""Delivery: when an article that is sent arrives, in the one sentence that every channel says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Between which days whoever orders it now has it, both included."""

    first: dt.date
    last: dt.date
    instead_of: dt.date | None = None
    """The last day that was promised before: it comes later than that."""


MONTHS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "it": ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
               "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
        "en": ("January", "February", "March", "April", "May", "June",
               "July", "August", "September", "October", "November", "December"),
        "fr": ("janvier", "février", "mars", "avril", "mai", "juin",
               "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
        "de": ("Januar", "Februar", "März", "April", "Mai", "Juni",
               "Juli", "August", "September", "Oktober", "November", "Dezember"),
        "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio",
               "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    }
)  # fmt: skip
"""As CLDR has them, within a sentence."""
DAY: Mapping[str, str] = MappingProxyType(
    {"it": "{day} {month}", "en": "{day} {month}", "fr": "{day} {month}", "de": "{day}. {month}",
     "es": "{day} de {month}"}
)  # fmt: skip
ON: Mapping[str, str] = MappingProxyType(
    {
        "it": "Consegna: {last}.",
        "en": "Delivery: {last}.",
        "fr": "Livraison : {last}.",
        "de": "Lieferung: {last}.",
        "es": "Entrega: {last}.",
    }
)
BETWEEN: Mapping[str, str] = MappingProxyType(
    {
        "it": "Consegna: {first} \N{EN DASH} {last}.",
        "en": "Delivery: {first} to {last}.",
        "fr": "Livraison : {first} \N{EN DASH} {last}.",
        "de": "Lieferung: {first} bis {last}.",
        "es": "Entrega: {first} \N{EN DASH} {last}.",
    }
)
LATE: Mapping[str, str] = MappingProxyType(
    {
        "it": "In ritardo sulla data promessa: {before}.",
        "en": "It is late: it was due by {before}.",
        "fr": "En retard sur la date promise : {before}.",
        "de": "Verspätung: Sie war bis {before} zugesagt.",
        "es": "Retraso: estaba prevista para el {before}.",
    }
)
OPEN: Mapping[str, str] = MappingProxyType(
    {
        "it": "Consegna: data non ancora nota.",
        "en": "Delivery: the day is not known yet.",
        "fr": "Livraison : date pas encore connue.",
        "de": "Lieferung: Der Tag ist noch nicht bekannt.",
        "es": "Entrega: fecha aún desconocida.",
    }
)
"""What was promised is over, and nobody has said anything new."""


def fault_of(delivery: Delivery) -> str:
    """Return what is wrong with a promise, or nothing."""
    if delivery.last < delivery.first:
        return "its last day comes before the first"
    if delivery.instead_of is not None and delivery.instead_of >= delivery.last:
        return "it is not later than what was promised before"
    return ""


def said(delivery: Delivery | None, today: dt.date) -> dict[str, str]:
    """Return the sentence by language; a promise whose last day is over is none any more.

    Of what is not sent nothing is said.
    """
    if delivery is None:
        return {}
    return {language: _sentence(delivery, today, language) for language in MONTHS}


def _sentence(delivery: Delivery, today: dt.date, language: str) -> str:
    over, before = today > delivery.last, delivery.instead_of
    form = OPEN if over else ON if delivery.first == delivery.last else BETWEEN
    told = form[language].format(first=_day(delivery.first, language), last=_day(delivery.last, language))
    missed = delivery.last if over else before
    return told if missed is None else f"{told} {LATE[language].format(before=_day(missed, language))}"


def _day(day: dt.date, language: str) -> str:
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return DAY[language].format(day=number, month=MONTHS[language][day.month - 1])
