"""A site's own settings: its time zone, its day, its languages and names."""

from __future__ import annotations

import zoneinfo
from typing import Any

import msgspec

from edge.errors import Refused
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Form, Moved
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import LANGUAGES, Field, Kind, Mistyped
from sync.central.registry import layout

DAY_MINUTES = 1_440
FIELDS = (
    Field(name="timezone", required=True, chars_max=64),
    Field(name="currency", required=True, chars_max=3),
    Field(name="languages", kind=Kind.MANY, choices=[(code, code) for code in LANGUAGES]),
    Field(name="day_starts_min", kind=Kind.NUMBER, high=DAY_MINUTES - 1),
    Field(name="reset_min", kind=Kind.NUMBER, high=DAY_MINUTES - 1),
    Field(name="names", kind=Kind.NAMES),
)


def known_zone(name: str) -> str:
    """Return the name of a time zone that there is, or raise."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Mistyped("timezone", "wrong.timezone") from None
    return name


def _form(ask: Ask) -> Form:
    now = ask.layout
    values = {
        "timezone": now.timezone,
        "currency": now.currency,
        "languages": list(now.languages),
        "day_starts_min": now.day_starts_min,
        "reset_min": "" if now.reset_min is None else now.reset_min,
        "names": now.names,
    }
    return Form(name="settings", fields=FIELDS, values=values, back=f"{ask.home}/places")


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    before = msgspec.structs.replace(ask.layout, zones=(), points=(), products=())
    currency = said["currency"].upper()
    if not (currency.isascii() and currency.isalpha() and len(currency) == 3):
        raise Mistyped("currency", "wrong.currency")
    if not said["languages"]:
        raise Refused("A site speaks one language at the least.")
    after = msgspec.structs.replace(
        before,
        timezone=known_zone(said["timezone"]),
        currency=currency,
        languages=said["languages"],
        day_starts_min=said["day_starts_min"] or 0,
        reset_min=said["reset_min"],
        names=said["names"],
    )
    with ask.changing() as tx:
        if layout.has_settings(tx, ask.site):
            after = msgspec.structs.replace(after, version=layout.layout(tx, ask.site).version)
        layout.put_settings(tx, ask.site, after)
        ask.record(tx, "settings_changed", ask.site, before=short(before), after=short(after))
    return Moved(f"{ask.home}/places", "to_publish")


SETTINGS = Desk(_form, _save)
