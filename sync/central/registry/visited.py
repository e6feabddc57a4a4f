"""Visited: on how many days guests came in, told to the edges of who lets that choose offers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.consent import Consent
from edge.core.profiles import Profile
from edge.core.visits import Visits, allows, as_word
from sync.central.store import Connection


class Reader(Protocol):
    """What a room knows of when guests came in."""

    def __call__(self, tx: Connection, site: str, guests: Collection[str]) -> Mapping[str, Visits]:
        """Return of each of these guests on how many days they came in, under whichever of their names."""


READERS: list[Reader] = []
"""Rooms that know; each adds itself when it is imported."""


def of(tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]) -> dict[str, Visits]:
    """Return it of those who let a kiosk or till choose by it; of the others nothing is even read."""
    asked = [guest for guest, consents in said.items() if allows(consents)]
    return {guest: one for read in READERS for guest, one in read(tx, site, asked).items()} if asked else {}


def told(profile: Profile, known: Mapping[str, Visits]) -> Profile:
    """Return a profile with the word, where it may be known."""
    mine = known.get(profile.guest or "")
    if mine is None:
        return profile
    return msgspec.structs.replace(profile, tags=(*profile.tags, as_word(mine)))
