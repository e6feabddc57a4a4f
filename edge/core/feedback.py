"""Feedback: five faces, at most one reason of a list and, where a guest can type, a few own words."""

from __future__ import annotations

import enum

import msgspec

from edge.core.cards import WORDS as CARD_WORDS
from edge.core.cards import holds_card_number
from edge.core.events import Sealed

FACES = (1, 2, 3, 4, 5)
"""From "very bad" to "very good"; each has a word in every language."""
UNHAPPY_MAX = 2
"""Up to this face somebody is sent, if the guest wants to be spoken to."""
TEXT_CHARS_MAX = 500
"""So much can be typed; who has more to say opens a case."""


class Because(enum.StrEnum):
    """Why somebody says so: the closed list."""

    PRODUCT = "product"
    STAFF = "staff"
    WAITING = "waiting"
    PRICE = "price"
    PLACE = "place"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says, before it is judged."""

    score: int
    because: str = ""
    named: bool = False
    """They let us know who they are, and may be spoken to."""
    text: str = ""


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
    lots: tuple[str, ...] = ()
    """Of each of the articles the lot that was open where it was sold; nothing where none is known of any."""
    call: str = ""
    """The call for help by which somebody was sent to whoever says so: it is one matter with that call."""
    sealed: Sealed | None = None
    """What the guest typed, without names and numbers, for central alone."""


def faults(word: Word) -> str:
    """Return what is wrong with an answer, or nothing."""
    if word.score not in FACES:
        return f"A face is one of {FACES[0]} to {FACES[-1]}, not {word.score}."
    if word.because and word.because not in frozenset(Because):
        return f"A reason is one of {', '.join(Because)}."
    if len(word.text) > TEXT_CHARS_MAX:
        return f"At most {TEXT_CHARS_MAX} characters, please."
    if holds_card_number(word.text):
        return f"{CARD_WORDS} Take it out, please: nothing of it was kept."
    return ""
