"""Visits: on how many days a guest came in, as a word of a profile and beside what a device knows itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge.core.consent import ON_THE_SPOT, Channel, Consent, Namespace, Purpose, may

VISITS = "visits:"
"""How the word begins; it is no code of a segment, and no rule of a door sees it."""
WINDOW_DAYS = 365
"""So far back days are counted, as the rhythm of visits is (``sync.central.analysis.visits``)."""


class Visits(NamedTuple):
    """On how many local days somebody came in, and the last of them, as a proleptic ordinal; 0: on none."""

    days: int = 0
    last: int = 0

    def within_a_year(self, today: int) -> Visits:
        """Return the same as long as any of its days counts: a word lies at a device for long."""
        return self if self.last > today - WINDOW_DAYS else Visits()

    def with_day(self, day: int | None) -> Visits:
        """Return the same with a day on which they came in as far as is known here; one is counted once."""
        return self if day is None or day <= self.last else Visits(self.days + 1, day)

    def is_first(self, today: int) -> bool:
        """Say whether they came in today, and on no day before."""
        return self.days == 1 and self.last == today


def allows(said: Sequence[Consent], channels: Iterable[Channel] = ON_THE_SPOT) -> bool:
    """Say whether a guest lets what they did before choose offers by any of these ways."""
    return any(may(said, Purpose.OFFERS, Namespace.BEHAVIOUR, channel=channel) for channel in channels)


def as_word(known: Visits) -> str:
    """Return it as it stands among the words of a profile."""
    return f"{VISITS}{known.days}:{known.last}"


def read_word(tags: Iterable[str]) -> Visits | None:
    """Return what the words of a profile say of it; None where none does, or it makes no sense."""
    for tag in tags:
        days, _, last = tag.removeprefix(VISITS).partition(":")
        if tag.startswith(VISITS) and days.isdecimal() and last.isdecimal():
            return Visits(int(days), int(last))
    return None
