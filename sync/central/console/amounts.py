"""Amounts: how people write money in a form, and how it stands there again."""

from __future__ import annotations

from edge.core.money import minor_in, spelled
from sync.central.console.fields import Mistyped

CHARS_MAX = 20


def meant(field: str, text: str, currency: str) -> int | None:
    """Return what was typed in minor units, nothing for an empty field; raise ``Mistyped`` for no amount."""
    if not text:
        return None
    minor = minor_in(text, currency)
    if minor is None or minor < 0:
        raise Mistyped(field, "wrong.amount")
    return minor


def shown(minor: int | None, currency: str) -> str:
    """Return an amount as its field shows it; nothing for none."""
    return "" if minor is None else spelled(minor, currency)


def worded(minor: int, currency: str) -> str:
    """Return an amount as a page tells it: with its unit, for a bare figure could be pieces."""
    return f"{spelled(minor, currency)} {currency}"


def told(**values: int | str | bool | None) -> str:
    """Return what was chosen in few words for the record: what is not set is not said."""
    return " ".join(f"{name}={value}" for name, value in values.items() if value not in (None, "", False))
