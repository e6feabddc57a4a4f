"""What a till sells while it dies: paid by money, by a free drink, by gift credit, or by all three."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.basket import Line
from edge.core.lease import Grant, Lease
from edge.core.vouchers import Voucher, VoucherUse
from tests.service.purses import SOUP, a_grant

BEER = Line(item="beer", name="Birra", quantity=1, price_minor=450, tax_permille=220)
CAKE = Line(item="cake", name="Torta", quantity=1, price_minor=400, tax_permille=100)
VOUCHERS = (
    Voucher(kind="free_drink", items=("beer",), percent=100),
    Voucher(kind="gift:x", items=("cake",), use=VoucherUse.TENDER, unit_minor=1),
)
"""Each for its own thing, so that a basket of all three takes of all three leases."""


class Ware(NamedTuple):
    """One thing of a basket, the lease that pays it, and how much of that lease one sale takes."""

    line: Line
    kind: str
    unit: str
    takes: int

    @property
    def lease(self) -> str:
        """The name of the lease."""
        return f"lease-{self.kind}"

    @property
    def slice(self) -> int:
        """What central sets aside more before each sale: not enough for two."""
        return self.takes * 5 // 3

    def grant(self, total: int, *, serial: int = 1) -> Grant:
        """So much of it, set aside for this device."""
        return a_grant(total, lease=self.lease, kind=self.kind, unit=self.unit, serial=serial)

    def sold(self, lease: Lease | None) -> int:
        """How many sales a lease has paid; -1: no whole number of them, or nothing that adds up."""
        spent = 0 if lease is None else lease.counters.spent
        return spent // self.takes if spent % self.takes == 0 else -1


BY_MONEY = Ware(SOUP, "money", "EUR", SOUP.price_minor)
BY_DRINK = Ware(BEER, "free_drink", "piece", 1)
BY_GIFT = Ware(CAKE, "gift:x", "unit", CAKE.price_minor)
EVERY = (BY_MONEY, BY_DRINK, BY_GIFT)
Wares = tuple[Ware, ...]
BASKETS: dict[str, Wares] = {
    "money": (BY_MONEY,),
    "drink": (BY_DRINK,),
    "gift": (BY_GIFT,),
    "all three": EVERY,
}
"""What one sale is of, by the name that a test asks for."""
