"""A band's link to its wallet: what central says of it, and what this device remembers of it."""

from __future__ import annotations

import enum

import msgspec
from msgspec.structs import replace

from edge.core.lease import Limits
from edge.core.vouchers import Voucher

AHEAD_DAYS_MAX = 4
"""Sums of a day so far ahead are from a clock that ran on; of a later one, from one that was never set."""


class MandateState(enum.StrEnum):
    """How the wallet's stored credential stands, as far as an edge must know; its token stays at central."""

    NONE = "none"
    ACTIVE = "active"
    EXPIRED = "expired"
    DECLINED = "declined"
    """The provider refused a charge: that is owed, and paid at the next tap."""


class MandateNote(enum.StrEnum):
    """Why a guest should hear of their stored credential: for staff; guests are told whom to see."""

    NONE = ""
    GUEST_NEEDED = "guest_needed"
    """The provider wants to see the guest before it charges again."""
    EXPIRES_SOON = "expires_soon"
    """Its last month is near or over: said in private, never where others stand by."""
    ENDED = "ended"
    """The provider will never charge it again."""


class CategoryLimit(msgspec.Struct, frozen=True, array_like=True):
    """What a band may spend on goods of one category per local day; 0: nothing."""

    category: str
    day_minor_max: int


class WalletLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which wallet a band pays from, and within which limits; never how much is in it."""

    id: str
    currency: str
    blocked: bool = False
    block_epoch: int = 0
    no_charge: bool = False
    """A child's band: it opens doors and pays nothing."""
    head: bool = False
    """Whoever wears it sees all the wallet's bands, changes their limits and closes one."""
    limits: Limits = Limits()
    """Of this band, beside those of its leases."""
    categories: tuple[CategoryLimit, ...] = ()
    day_leased: bool = False
    """Its daily limit holds across devices cut off: it pays only out of a ``day:`` lease of that day."""
    pin_hash: str = ""
    """Argon2id of the keyed PIN, in its own text form; empty: no PIN."""
    mandate: MandateState = MandateState.NONE
    note: MandateNote = MandateNote.NONE
    vouchers: tuple[Voucher, ...] = ()
    """What its vouchers are good for; how many there are, their leases say."""


class Tally(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a band has spent at this device on a local day, and its taps since the last PIN."""

    day: int = 0
    """Proleptic ordinal of the local day that the sums are of."""
    minor: int = 0
    categories: tuple[tuple[str, int], ...] = ()
    taps_since_pin: int = 0

    def on(self, first: int, last: int) -> Tally:
        """Return the tally on a day that is one of these: a new one begins at nothing, the taps go on.

        Of several days, which a clock that jumped leaves open, and of one that has not come yet, which such a
        clock has named, the sums stay: a wrong clock opens no second day's limit.
        """
        if first <= self.day <= last + AHEAD_DAYS_MAX:
            return replace(self, day=min(self.day, last))
        return Tally(day=last, taps_since_pin=self.taps_since_pin)

    def spent_on(self, category: str) -> int:
        """Return what went into a category."""
        return dict(self.categories).get(category, 0)
