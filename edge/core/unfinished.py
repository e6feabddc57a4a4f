"""Unfinished: what a guest looked for or left in a basket, as words of a profile and for seven days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from edge.core.consent import Channel, Consent, Namespace, Purpose, may

LOOKED = "looked:"
BASKET = "basket:"
MARKS = (LOOKED, BASKET)
"""How the words begin; they are no codes of a segment, and no rule of a door or an offer sees them."""
UNFINISHED_MAX = 6
"""Articles of one guest: as many as a screen shows."""
KEEP_MS = 7 * 86_400_000
"""So long after it was looked for an article is spoken of, whether central can be asked or not."""


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """One article that a guest looked for and did not order or buy since."""

    article: str
    at_ms: int
    """When they did, in UTC milliseconds; a profile has it to the second."""
    basket: bool = False
    """It lies in their open basket."""


def allows(said: Sequence[Consent], channel: Channel) -> bool:
    """Say whether a guest lets what they looked for be shown by a way."""
    return may(said, Purpose.OFFERS, Namespace.INTEREST, channel=channel)


def as_words(found: Iterable[Unfinished]) -> tuple[str, ...]:
    """Return it as it stands among the words of a profile."""
    return tuple(f"{BASKET if one.basket else LOOKED}{one.at_ms // 1_000}:{one.article}" for one in found)


def read_words(tags: Iterable[str], now_ms: int) -> tuple[Unfinished, ...]:
    """Return what of it is not too old, in its order; a word that says no time is none."""
    found: list[Unfinished] = []
    for tag in tags:
        if not tag.startswith(MARKS):
            continue
        mark, at_s, article = tag.split(":", 2) if tag.count(":") > 1 else (tag, "", "")
        if not at_s.isdecimal() or not article:
            continue
        at_ms = int(at_s) * 1_000
        if now_ms - at_ms < KEEP_MS:
            found.append(Unfinished(article=article, at_ms=at_ms, basket=f"{mark}:" == BASKET))
    return tuple(found)
