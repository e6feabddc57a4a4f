"""Birthday: a code that a guest's own is today or was this week, as a word of a profile for one day alone."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from edge.core.consent import ON_THE_SPOT, Channel, Consent, Namespace, Purpose, may

BIRTHDAY = "birthday:"
"""How the word begins; it is no code of a segment, and no rule of a door sees it."""


class Near(enum.StrEnum):
    """How near a birthday is; of any other day nobody but central knows anything."""

    TODAY = "today"
    WEEK = "week"
    """On one of the seven days before this one; which of them is not said."""


def allows(said: Sequence[Consent], channels: Iterable[Channel] = ON_THE_SPOT) -> bool:
    """Say whether a guest lets what they declared of themselves choose offers by any of these ways."""
    return any(may(said, Purpose.OFFERS, Namespace.DEMOGRAPHIC, channel=channel) for channel in channels)


def as_word(near: Near, day: int) -> str:
    """Return it as it stands among the words of a profile; it is good on that local day, an ordinal, alone.

    A word that were good for the whole week would say by its end which day the birthday is.
    """
    return f"{BIRTHDAY}{near}:{day}"


def is_told(tags: Iterable[str]) -> bool:
    """Say whether the words of a profile say anything of it, good still or not."""
    return any(tag.startswith(BIRTHDAY) for tag in tags)


def read_word(tags: Iterable[str], today: int) -> Near | None:
    """Return what the words of a profile say of it for this local day; None where none does."""
    known = frozenset(tags)
    return next((near for near in Near if as_word(near, today) in known), None)
