"""Features: which of a model's names are true of a context, each as a one among zeros."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from edge.core.facts import Fact

PARTS = (("night", 300), ("morning", 720), ("midday", 900), ("afternoon", 1_080), ("evening", 1_440))
"""Parts of the day by the local minute at which each ends."""
LISTED = {"guest.segments": "segment", "visit.zones": "zone"}
SINGLE = (("guest", "tier"), ("site", "weather"), ("now", "season"), ("point", "zone"))
ALWAYS = "always"
AND = "&"


def true_of(features: tuple[str, ...], facts: Mapping[str, Fact]) -> tuple[int, ...]:
    """Return the places of the features that hold, in order; ``a&b`` holds where both do."""
    words = _words(facts)
    return tuple(place for place, name in enumerate(features) if words.issuperset(name.split(AND)))


def digest_of(features: tuple[str, ...], active: tuple[int, ...]) -> str:
    """Return 16 hex digits of the names that hold."""
    told = "\n".join(features[place] for place in active)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def part_of(minute: int) -> str:
    """Return the part of the day of a local minute."""
    return next(name for name, ends in (*PARTS, ("night", minute + 1)) if minute < ends)


def _words(facts: Mapping[str, Fact]) -> set[str]:
    words = {ALWAYS}
    for field, name in LISTED.items():
        listed = facts.get(field)
        words.update(f"{name}:{one}" for one in (listed if isinstance(listed, list) else ()))
    words |= {f"{name}:{facts[f'{part}.{name}']}" for part, name in SINGLE if facts.get(f"{part}.{name}")}
    minute = facts.get("now.minute")
    return words | {f"part:{part_of(minute)}"} if isinstance(minute, int) else words
