"""Blocks: a wallet that nobody pays from, told to every edge before anything else, and let go again."""

from __future__ import annotations

import msgspec

from sync.central.feed import Change, publish
from sync.central.money import leases
from sync.central.registry import members, profiles, wallets
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection
from sync.lending import BLOCK, BlockNotice


def set_block(tx: Connection, site: str, id_: str, *, blocked: bool, reason: str = "") -> Wallet:
    """Block a wallet or let it go; devices stop at once, and give back what they hold of it.

    Call it last in the transaction: publishing takes the site's row lock.
    """
    before = wallets.wallet(tx, site, id_)
    after = wallets.set_block(tx, site, id_, blocked=blocked)
    if after == before:
        return after
    if blocked:
        leases.ask_back_wallet(tx, site, id_, why="blocked")
    tell(tx, site, after, blocked=blocked, reason=reason)
    return after


def tell(tx: Connection, site: str, wallet: Wallet, *, blocked: bool, reason: str = "") -> None:
    """Tell every edge how a wallet stands: the notice at once, and with it the profiles of its members."""
    notice = BlockNotice(wallet=wallet.id, epoch=wallet.block_epoch, blocked=blocked, reason=reason[:64])
    publish_members(tx, site, wallet.id)
    publish(tx, site, [Change(BLOCK, wallet.id, msgspec.msgpack.encode(notice), urgent=True)])


def publish_members(tx: Connection, site: str, wallet: str) -> None:
    """Publish the profiles of everybody who pays from a wallet."""
    profiles.publish_guests(tx, site, [one.guest for one in members.members(tx, site, wallet)])
