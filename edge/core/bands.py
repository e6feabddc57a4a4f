"""A band: who wears it, what state it is in, what it proved at this tap."""

from __future__ import annotations

import enum

import msgspec

BAND_ID_BYTES = 16
"""A BandId is HMAC-SHA256 of the band's UID under the site's key, cut to 128 bits (RFC 2104 section 5)."""


class Trust(enum.IntEnum):
    """What a band proved at this tap, weakest first; the same numbers as ``hardware.port.Trust``."""

    NONE = 0
    UID = 1
    SUN = 2
    LIVE = 3


class BandState(enum.IntEnum):
    """The state of a band, by severity: where devices disagree within one epoch, the highest stands."""

    ACTIVE = 0
    EXPIRED = 1
    LOST = 2
    REPLACED = 3
    REVOKED = 4


FINAL = frozenset({BandState.REPLACED, BandState.REVOKED})


class Read(enum.StrEnum):
    """How well the reader read the band; the same words as ``hardware.port.ReadFault``, and ``ok``."""

    OK = "ok"
    TORN = "torn"
    DEADLINE = "deadline"
    REFUSED_CHIP = "refused_chip"
    NOT_AUTHENTIC = "not_authentic"
    RANDOM_UID = "random_uid"
    LOCKED = "locked"
    GARBAGE = "garbage"


class Presented(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A tap as the rulebook sees it: never a raw UID; ``band`` is None where nothing was read."""

    tap_id: str
    reader: str
    band: bytes | None
    trust: Trust = Trust.NONE
    counter: int | None = None
    read: Read = Read.OK
    medium: str = "nfc"


class Band(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What central last said of one band."""

    id: bytes
    state: BandState = BandState.ACTIVE
    epoch: int = 0
    """Rises at every new link: a state of an older epoch says nothing about the present guest."""
    active: bool = True
    """False until the band is handed out."""
    valid_until_ms: int | None = None
    trust_min: Trust = Trust.UID
    """The least this band must prove, stored when it was linked: a clone that proves less is refused."""
    counter: int = 0
    """The highest tap counter known at central."""


class BandAct(enum.StrEnum):
    """What somebody does to a band's state."""

    LOST = "lost"
    FOUND = "found"
    REPLACE = "replace"
    REVOKE = "revoke"


class Standing(msgspec.Struct, frozen=True):
    """A band's state in one link epoch."""

    epoch: int = 0
    state: BandState = BandState.ACTIVE


def transition(standing: Standing, act: BandAct) -> Standing | None:
    """Return the standing after an act, or None where that is not possible; expiry is computed, no act."""
    match act, standing.state:
        case BandAct.LOST, BandState.ACTIVE | BandState.EXPIRED | BandState.LOST:
            return Standing(standing.epoch, BandState.LOST)
        case BandAct.FOUND, BandState.LOST:
            return Standing(standing.epoch + 1, BandState.ACTIVE)
        case BandAct.REPLACE, BandState.ACTIVE | BandState.LOST | BandState.EXPIRED:
            return Standing(standing.epoch, BandState.REPLACED)
        case BandAct.REVOKE, _:
            return Standing(standing.epoch, BandState.REVOKED)
        case _:
            return None


def merge(*standings: Standing) -> Standing:
    """Return what holds where devices disagree: the newest epoch, and within it the most severe state.

    A replaced and a revoked band come back by no act, so no epoch outranks them: who finds a band while
    somebody else revokes it, and hears of that later, opens nothing with it.
    """
    return max(standings, key=lambda one: (one.state if one.state in FINAL else 0, one.epoch, one.state))


def counter_is_new(counter: int | None, *known: int) -> bool:
    """Return whether a tap counter is above every known one; a band without one has nothing to repeat."""
    return counter is None or counter > max(known)
