"""Control groups: who gets nothing so that an effect can be read, the same guest in every channel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from edge.core.offers.bundle import Bundle
from edge.core.offers.offer import Kind, Offer

BUCKETS = 10_000
GLOBAL = ""
"""Name of the control group of all personal offers, among the experiments."""


def bucket_of(salt: str, guest: str) -> int:
    """Return the bucket of a guest: SHA-256 of salt and guest, each with its length before it."""
    told = b"".join(len(part).to_bytes(4, "big") + part for part in (salt.encode(), guest.encode()))
    return int.from_bytes(hashlib.sha256(told).digest(), "big") % BUCKETS


def draw_of(salt: str, exposure: str) -> int:
    """Return the draw of a decision: 64 bits that nobody chose, the same for whoever judges it again."""
    return int.from_bytes(hashlib.sha256(f"{salt}/{exposure}".encode()).digest()[:8], "big")


def buckets(bundle: Bundle, guest: str | None, held: Mapping[str, int]) -> dict[str, int]:
    """Return a guest's bucket in the global group and in each experiment; an unknown visitor has none.

    ``held`` are buckets of a first exposure: they stay, whoever claims a band later.
    """
    if guest is None:
        return {}
    salts = {GLOBAL: bundle.control.salt, **{one.id: one.salt for one in bundle.experiments}}
    return {name: held.get(name, bucket_of(salt, guest)) for name, salt in salts.items()}


def withheld_by(bundle: Bundle, offer: Offer, mine: Mapping[str, int]) -> str | None:
    """Return which control group keeps an offer from a guest (empty: the global one); None: none does."""
    if (
        not offer.public
        and offer.kind is not Kind.SERVICE
        and mine.get(GLOBAL, BUCKETS) < bundle.control.share
    ):
        return GLOBAL
    for one in bundle.experiments:
        if one.id == offer.experiment and mine.get(one.id, BUCKETS) < one.share:
            return one.id
    return None
