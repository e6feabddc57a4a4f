"""Hearsay: wallets that are stopped by another device's word alone, until central has been asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge.core.events import WALLET_BLOCKED, Acted, Kind, Lane
from edge.service.payments import chest
from edge.store.transaction import Transaction

AHEAD_MAX = 1_000
"""So many times no wallet is blocked or let go beyond what this device knows of: a word above it is a lie."""


class Rumour(NamedTuple):
    """A device's word that central blocked a wallet."""

    wallet: str
    epoch: int
    device: str


def is_news(tx: Transaction, said: Rumour) -> bool:
    """Whether a word says more than is known here, was not refuted, and can be true at all."""
    most = chest.own_block_epoch(tx, said.wallet) + AHEAD_MAX
    return chest.block_epoch(tx, said.wallet) < said.epoch <= most and not is_refuted(tx, said)


def is_refuted(tx: Transaction, said: Rumour) -> bool:
    """Whether central, when it was asked, said nothing of what this device says, or said later."""
    return said.epoch <= chest.heard_of(tx, said.wallet).refuted.get(said.device, 0)


def heed(tx: Transaction, said: Rumour) -> bool:
    """Stop a wallet and give back what lies here; the record names who said so, and is told to nobody."""
    if not is_news(tx, said):
        return False
    before = chest.heard_of(tx, said.wallet)
    chest.keep_heard(tx, said.wallet, chest.Heard(said.epoch, said.device, before.refuted))
    acted = Acted(reason=WALLET_BLOCKED, note=said.device, target=said.wallet, amount=said.epoch)
    tx.append(Kind.URGENT_APPLIED, acted, lane=Lane.PRIORITY)
    chest.stop_leases(tx, said.wallet, said.epoch)
    return True


def unproven(tx: Transaction) -> list[Rumour]:
    """Return which words bind a wallet now."""
    return [Rumour(wallet, one.epoch, one.device) for wallet, one in chest.all_heard(tx) if one.epoch]


def refute(tx: Transaction, told: Sequence[Rumour]) -> None:
    """Let these words count no more, and never again: what central said of those wallets is here by now."""
    for said in told:
        before = chest.heard_of(tx, said.wallet)
        if (before.epoch, before.device) == (said.epoch, said.device):
            refuted = {**before.refuted, said.device: said.epoch}
            chest.keep_heard(tx, said.wallet, chest.Heard(refuted=refuted))
