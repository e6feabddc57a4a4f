"""Told: what visitors heard and saw, counted by the story itself; the product's sums are held against it."""

from __future__ import annotations

from collections import Counter

import msgspec

PERMILLE_99 = 990


class Sale(msgspec.Struct):
    """One payment that a visitor saw go through."""

    number: int
    minor: int
    back: bool = False
    """Staff took it back."""


class Timed(msgspec.Struct):
    """How long answers took on this machine's clock, in milliseconds, from tap to durable answer."""

    ms: list[float] = []

    def at(self, permille: int) -> float:
        """Return the time within which so many of a thousand came; of none it is none."""
        ordered = sorted(self.ms)
        return ordered[min(len(ordered) - 1, len(ordered) * permille // 1_000)] if ordered else 0.0


class Befell(msgspec.Struct):
    """One thing that went wrong: until when, who was answered meanwhile, and how long all took to be well."""

    words: str
    from_ms: int
    edges: tuple[int, ...]
    taps: int
    """Bands held to readers of these edges: before it, and in the end while it lasted."""
    until_ms: int | None = None
    behind: set[int] = set()
    """Edges of it that central has not heard of since."""
    told_after_ms: int | None = None
    """So long after its end, in the day's time, central had all and they had all of central's."""
    ready_ms: float | None = None
    """So long the machine took to answer again, on this machine's clock."""


class Told(msgspec.Struct):
    """Everything that the people of the day know by themselves."""

    taps: int = 0
    """Bands held to readers, the same one held again among them."""
    again: int = 0
    """What was done once more: a reader says a tap twice, or the machine died of it."""
    reasons: Counter[str] = msgspec.field(default_factory=Counter)
    """What was answered at gates, doors and exits, by reason; each tap once."""
    tills: Counter[str] = msgspec.field(default_factory=Counter)
    """What came of baskets, by state and reason."""
    sales: dict[str, Sale] = {}
    limited: int = 0
    """Sales that were not taken back: nobody may do that more often in a shift."""
    opened: dict[int, list[int]] = {}
    """By visitor, the edges that let them in."""
    inside: set[int] = set()
    offered: set[int] = set()
    """Who saw the offer."""
    looked: int = 0
    revoked: dict[int, int] = {}
    """Whose band was revoked, and when."""
    dark: Counter[str] = msgspec.field(default_factory=Counter)
    """The same as ``tills`` while there was no way to central."""
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    contradictions: list[str] = []
    befell: list[Befell] = []
    at: Counter[int] = msgspec.field(default_factory=Counter)
    """Bands held to readers, by edge."""
    halves: Counter[tuple[str, int]] = msgspec.field(default_factory=Counter)
    """The same by what stands there, ``gates`` or ``tills``, and by the half hour of the day."""
    funded: Counter[str] = msgspec.field(default_factory=Counter)
    """Baskets whose wallet held enough by the guests' own book: ``connected`` or ``dark``."""
    served: Counter[str] = msgspec.field(default_factory=Counter)
    """Those of them that were paid."""
    gates: Timed = msgspec.field(default_factory=Timed)
    payments: Timed = msgspec.field(default_factory=Timed)

    def spent(self) -> Counter[int]:
        """Return what each visitor paid and did not get back."""
        found: Counter[int] = Counter()
        for sale in self.sales.values():
            found[sale.number] += 0 if sale.back else sale.minor
        return found
