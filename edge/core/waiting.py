"""Waiting: a word of a profile that says that its guest waits for an answer of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.core.consent import ON_THE_SPOT, Consent, Purpose, may

WAITS = "care:waits"
"""No code of a segment, and no rule of a door or an offer sees it: offers alone ask whether it is there."""


def waits(tags: Iterable[str]) -> bool:
    """Say whether a guest has a case with us that is not solved."""
    return WAITS in tags


def concerns(said: Sequence[Consent]) -> bool:
    """Say whether an edge needs the word of a guest at all: of who allows no offers it chooses none."""
    return any(may(said, Purpose.OFFERS, channel=channel) for channel in ON_THE_SPOT)
