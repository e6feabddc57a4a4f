"""Blocking: a wallet that central blocked, told at the site's nodes by whoever heard it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from edge.core.events import WALLET_BLOCKED, Acted, Event, Kind
from edge.core.lease import COUNTER_MAX
from sync.packing import UNREADABLE
from sync.site.gateway import Pair

WALLET_CHARS_MAX = 64
SIGNATURE_BYTES = 64
AHEAD_MS = 300_000
"""So far clocks may stand apart that central has told the time: no block is heard later than that."""
_acted = msgspec.msgpack.Decoder(Acted).decode
_encode = msgspec.msgpack.Encoder().encode


class Block(msgspec.Struct, frozen=True, array_like=True):
    """What a device heard central say of a wallet: it is blocked, under which epoch, and when it heard so."""

    wallet: str
    epoch: int
    heard_ms: int
    device: str
    signature: bytes = b""

    def octets(self, site: str) -> bytes:
        """Return what the device signs: no block of another site, wallet or epoch is made of it."""
        return _encode((site, self.wallet, self.epoch, self.heard_ms, self.device))


_decode = msgspec.msgpack.Decoder(Block).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPorts:
    """What telling of blocked wallets needs of the edge."""

    signed: Callable[[Block], Block | None]
    """Sign what this device tells; None: it has no key to sign with."""
    is_said: Callable[[Block], bool]
    """Whether the device that it names, one of the site's, said exactly this, unrefuted by central."""
    stop: Callable[[Sequence[Block]], bool]
    """Stop these wallets here, durably; False: some of them must wait."""


def block_of(event: Event, device: str) -> Block | None:
    """Return which block a record says that central made, unsigned; None: it says nothing of any wallet."""
    if event.kind != Kind.URGENT_APPLIED or event.band is not None:
        return None
    said = _acted(event.body)
    if said.reason != WALLET_BLOCKED or said.target is None or said.amount is None or said.note:
        return None  # what others said is told by those
    return Block(said.target, said.amount, event.hlc >> 16, device)


def blocked(known: bytes | None, told: Block, *, is_said: Callable[[Block], bool]) -> bytes | None:
    """Return what the book shall say of a wallet once this is known too; None: what it says.

    What nobody of the site said stands in no one's way, however new it says to be.
    """
    before = None if known is None else _read(known)
    if before is None or before.epoch < told.epoch or before.wallet != told.wallet:
        return _encode(told)
    return None if before == told or is_said(before) else _encode(told)


def blocks_in(told: Iterable[Pair], prefix: str, *, own: str) -> list[Block]:
    """Return what others say of wallets among keys; what makes no sense is nothing."""
    there = [(pair.key.removeprefix(prefix), pair.value) for pair in told if pair.key.startswith(prefix)]
    read = [(wallet, _read(value)) for wallet, value in there]
    return [
        block
        for wallet, block in read
        if block is not None and block.wallet == wallet and block.device != own
    ]


def was_heard_before(pair: Pair, ms: int, *, now_ms: int) -> bool:
    """Whether a block was heard before a moment, or what is said makes no sense: nobody hears tomorrow."""
    block = _read(pair.value)
    return block is None or not ms <= block.heard_ms <= now_ms + AHEAD_MS


def _read(body: bytes) -> Block | None:
    try:
        block = _decode(body)
    except UNREADABLE:
        return None
    fits = 0 < len(block.wallet) <= WALLET_CHARS_MAX and len(block.signature) == SIGNATURE_BYTES
    return block if fits and 0 < block.epoch <= COUNTER_MAX else None
