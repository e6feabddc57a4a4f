"""Climbs: what guests lack to their next tier, told to the edges of who lets what they did here be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.calendar import DAY_MS, day_bounds, day_of
from edge.core.children import is_child
from edge.core.climb import Climb, as_word
from edge.core.consent import Consent
from edge.core.profiles import Profile
from edge.core.visits import allows
from sync.central.registry import expected
from sync.central.registry.guests import Guest
from sync.central.registry.localday import turn_of
from sync.central.store import Connection, now_of


class Reader(Protocol):
    """What a room knows of how far guests are from a tier."""

    def __call__(self, tx: Connection, site: str, tiers: Mapping[str, str]) -> Mapping[str, Climb]:
        """Return it of these guests, by the tier of each; nothing of who has none above."""


READERS: list[Reader] = []
"""Rooms that know; each adds itself when it is imported."""


def of(
    tx: Connection, site: str, said: Mapping[str, Sequence[Consent]], *, known: Mapping[str, Guest]
) -> dict[str, Climb]:
    """Return it of those who let what they did here be used; of the others nothing is even read.

    It is told anew once it is no longer good.
    """
    tiers = {one: known[one].tier for one, consents in said.items() if one in known and allows(consents)}
    found = {one: mine for read in READERS for one, mine in read(tx, site, tiers).items()} if tiers else {}
    if found:
        turn, now_ms = turn_of(tx, site), now_of(tx)
        today, ends_ms = day_of(*turn, now_ms), day_bounds(*turn, now_ms)[1]
        left = {one: max(0, mine.until_day - today) for one, mine in found.items()}
        expected.judge_by(tx, site, {one: ends_ms + days * DAY_MS for one, days in left.items()})
    return found


def told(profile: Profile, known: Mapping[str, Climb]) -> Profile:
    """Return a profile with the word, where it may be known; of a child nothing is told."""
    mine = known.get(profile.guest or "")
    if mine is None or is_child(profile):
        return profile
    return msgspec.structs.replace(profile, tags=(*profile.tags, as_word(mine)))
