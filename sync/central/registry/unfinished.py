"""Unfinished: what guests looked for and did not buy, told to the edges where they let a kiosk show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.consent import ON_THE_SPOT, Consent
from edge.core.profiles import Profile
from edge.core.unfinished import KEEP_MS, Unfinished, allows, as_words
from sync.central.registry import catalogue, expected
from sync.central.store import Connection


class Reader(Protocol):
    """What a room knows of what guests looked for and let be used, by what they said; the latest first."""

    def __call__(
        self, tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]
    ) -> Mapping[str, Sequence[Unfinished]]:
        """Read it."""


READERS: list[Reader] = []
"""Rooms that know; each adds itself when it is imported."""


def of(tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]) -> dict[str, tuple[Unfinished, ...]]:
    """Return what of it the edges may know of these guests, by what they said; it is judged again in time.

    The consents come first: of who does not allow it nothing is even read. What is not sold here stays here.
    """
    asked = {guest: consents for guest, consents in said.items() if _is_open(consents)}
    known = [found for read in READERS for found in read(tx, site, asked).items()] if asked else []
    sold = catalogue.catalogue(tx, site).by_id if any(left for _, left in known) else {}
    told = {guest: tuple(one for one in left if one.article in sold) for guest, left in known}
    ends = {guest: min(one.at_ms for one in left) + KEEP_MS for guest, left in told.items() if left}
    expected.judge_by(tx, site, ends)
    return {guest: told[guest] for guest in ends}


def told(profile: Profile, left: Mapping[str, Sequence[Unfinished]]) -> Profile:
    """Return a profile with what its guest left unfinished."""
    mine = left.get(profile.guest or "", ())
    return msgspec.structs.replace(profile, tags=(*profile.tags, *as_words(mine))) if mine else profile


def _is_open(consents: Sequence[Consent]) -> bool:
    return any(allows(consents, channel) for channel in ON_THE_SPOT)
