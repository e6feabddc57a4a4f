"""Waiting: who waits for an answer of ours, told to the edges, so that nobody is advertised to meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.consent import Consent
from edge.core.profiles import Profile
from edge.core.waiting import WAITS, concerns
from sync.central.store import Connection


class Reader(Protocol):
    """What a room knows of who waits."""

    def __call__(self, tx: Connection, site: str, guests: Collection[str]) -> Collection[str]:
        """Return those of these guests who wait for an answer, under whichever of their names."""


READERS: list[Reader] = []
"""Rooms that know; each adds itself when it is imported."""


def of(tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]) -> frozenset[str]:
    """Return who waits, of those whom a kiosk may offer something; of the others nothing is even read."""
    asked = [guest for guest, consents in said.items() if concerns(consents)]
    return frozenset(one for read in READERS for one in read(tx, site, asked)) if asked else frozenset()


def told(profile: Profile, waiting: Collection[str]) -> Profile:
    """Return a profile with the word, where its guest waits."""
    if profile.guest not in waiting:
        return profile
    return msgspec.structs.replace(profile, tags=(*profile.tags, WAITS))
