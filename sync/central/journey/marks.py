"""Marks: a place in a diary as a part of an address, from which the next page goes on."""

from __future__ import annotations

from sync.central.journey.diary import Mark

DIGITS_MAX = 18


def marked(mark: Mark) -> str:
    """Return a place as text."""
    hlc, source, id_ = mark
    return f"{hlc}!{id_}!{source}"


def mark_in(text: str) -> Mark | None:
    """Return the place that a text names; None for the beginning, and for what is no place."""
    hlc, _, rest = text.partition("!")
    id_, _, source = rest.partition("!")
    good = hlc.isascii() and hlc.isdigit() and len(hlc) <= DIGITS_MAX and rest.isprintable()
    return (int(hlc), source, id_) if good else None
