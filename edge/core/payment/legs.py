"""Legs: who or what pays which part of a basket."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from edge.core.lease import LeaseKind

LEGS_MAX = 16


class Tender(enum.StrEnum):
    """What a leg is paid with."""

    WALLET = "wallet"
    RISK = "risk"
    """On the operator's loss budget, to be charged to the guest's mandate when central is back."""
    VOUCHER = "voucher"
    """Pays like money: a gift, points."""
    DISCOUNT = "discount"
    """Lowers one line: a free drink, a campaign's offer."""
    LIMIT = "limit"
    """Pays nothing: it counts along with another leg, as the day's limit or the risk budget."""
    CASH = "cash"
    CARD = "card"
    """An external terminal: its own business, told by staff."""


PAYING = frozenset({Tender.WALLET, Tender.RISK, Tender.VOUCHER})
"""What money comes from, of a band; a discount only lowers what is due, a limit pays nothing."""


class Leg(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One part of what a basket costs; ``units`` are what it takes off its lease, in the lease's own unit."""

    number: int
    """1 for the first leg of a basket; ``op_id`` and this are its name for ever."""
    tender: Tender
    amount_minor: int
    band: bytes | None = None
    wallet: str = ""
    lease: str = ""
    kind: str = LeaseKind.MONEY
    units: int = 0
    line: int | None = None
    """The line that a discount lowers."""
    voided_minor: int = 0
    voided_units: int = 0
    label: str = ""
    """What receipts call it, where it has a name of its own: an offer's."""

    @property
    def left_minor(self) -> int:
        """What of it stands."""
        return self.amount_minor - self.voided_minor

    @property
    def is_leased(self) -> bool:
        """Whether it comes out of a lease at this device, and goes back there."""
        return bool(self.lease)


def paid_by(legs: Iterable[Leg]) -> dict[bytes, int]:
    """Return what each band has paid by these, in minor units; of cash and cards nobody is known."""
    sums: dict[bytes, int] = {}
    for leg in legs:
        if leg.band and leg.tender in PAYING:
            sums[leg.band] = sums.get(leg.band, 0) + leg.left_minor
    return sums
