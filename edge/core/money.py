"""Money is a whole number of minor units of one currency."""

from __future__ import annotations

import msgspec


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount: ``minor`` whole minor units (cents) of ``currency`` (ISO 4217 code, three capitals)."""

    minor: int
    currency: str
