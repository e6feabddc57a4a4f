"""Forgetting: what is kept of a guest's offers goes with the guest."""

from __future__ import annotations

from typing import Protocol

from edge.core.offers.elsewhere import OFFER_TIMES
from edge.service.offerbook import BOOK, EXPOSURE, all_kept
from edge.service.offering.slots import SLOTS
from edge.service.payments.redeeming import USED, all_used
from edge.store.transaction import Transaction


class Gone(Protocol):
    """Whom to forget."""

    @property
    def guest(self) -> str:
        """The guest's pseudonym."""


def forget_offers(tx: Transaction, gone: Gone) -> int:
    """Delete a guest's book, choices and uses; say how many rows named them."""
    count = int(tx.get(BOOK, gone.guest) is not None)
    tx.delete(BOOK, gone.guest)
    for kind in (OFFER_TIMES, SLOTS):
        count += int(tx.get(kind, gone.guest) is not None)
        tx.delete(kind, gone.guest)
    for kept in all_kept(tx):
        if kept.guest == gone.guest:
            tx.delete(EXPOSURE, kept.choice.exposure)
            count += 1
    for exposure, use in all_used(tx):
        if use.book == gone.guest:
            tx.delete(USED, exposure)
            count += 1
    return count
