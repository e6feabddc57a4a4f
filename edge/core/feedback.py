"""Feedback: five faces and at most one reason of a list; no text, so that nothing slips in that must not."""

from __future__ import annotations

import enum

import msgspec

FACES = (1, 2, 3, 4, 5)
"""From "very bad" to "very good"; each has a word in every language."""
UNHAPPY_MAX = 2
"""Up to this face somebody is sent, if the guest wants to be spoken to."""


class Because(enum.StrEnum):
    """Why somebody says so: the closed list."""

    PRODUCT = "product"
    STAFF = "staff"
    WAITING = "waiting"
    PRICE = "price"
    PLACE = "place"


class FeedbackGiven(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of FEEDBACK_GIVEN."""

    score: int
    point: str
    about: str = ""
    """The purchase it is about (its op id), or ``visit``; empty: the purchase would say whose word it is."""
    because: str = ""
    guest: str = ""
    """Empty: the guest did not want to be known."""
    articles: tuple[str, ...] = ()
    """What was bought, so that a product's own makers can read it."""


def faults(score: int, because: str) -> str:
    """Return what is wrong with an answer, or nothing."""
    if score not in FACES:
        return f"A face is one of {FACES[0]} to {FACES[-1]}, not {score}."
    if because and because not in frozenset(Because):
        return f"A reason is one of {', '.join(Because)}."
    return ""
