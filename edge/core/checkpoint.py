"""Checkpoints: where both lanes of a journal stood once, and whether a journal can be the same one."""

from __future__ import annotations

import enum
import hmac
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

TAG = "polso checkpoint 1"
"""What a device's key signs here can never be taken for anything else that it signs."""
CHECKPOINT_BYTES_MAX = 2_048


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The last record of a lane: its sequence and its hash; 0 is the chain's start."""

    seq: int
    h: bytes


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The heads of both lanes of one life of a device, signed by its key."""

    site: str
    device: str
    incarnation: int
    boot: str
    hlc: int
    marks: tuple[Mark, Mark]
    """Of the ordinary and of the priority lane."""
    signature: bytes = b""

    @property
    def events(self) -> int:
        """How many records it stands for; a later checkpoint of the same life never has fewer."""
        return sum(mark.seq for mark in self.marks)


class Doubt(enum.StrEnum):
    """Why a journal cannot be the one that a checkpoint was made of."""

    BEHIND = "behind"
    """The journal ends before the checkpoint: it was rolled back, or its tail was cut off."""
    OTHER = "other"
    """Another record stands where the checkpoint saw one: this is another history."""


class Contradiction(msgspec.Struct, frozen=True):
    """One place where checkpoint and journal cannot both be right."""

    lane: int
    seq: int
    """The first record that is missing, or the one that is another."""
    doubt: Doubt


def message(checkpoint: Checkpoint) -> bytes:
    """Return the bytes that are signed: everything but the signature, under the tag of this purpose."""
    return msgspec.msgpack.encode((TAG, replace(checkpoint, signature=b"")))


def encoded(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as it is kept and sent."""
    return msgspec.msgpack.encode(checkpoint)


def decoded(body: bytes) -> Checkpoint | None:
    """Return the checkpoint in these bytes, or None where they are none."""
    if len(body) > CHECKPOINT_BYTES_MAX:
        return None
    try:
        return _DECODE(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def contradictions(
    checkpoint: Checkpoint, heads: Sequence[int], hash_at: Callable[[int, int], bytes | None]
) -> tuple[Contradiction, ...]:
    """Compare a checkpoint with a journal that ends at ``heads``.

    ``hash_at`` returns the hash of a record of a lane, None where that is no longer kept (pruned).
    """
    found = []
    for lane, (mark, head) in enumerate(zip(checkpoint.marks, heads, strict=True)):
        if mark.seq > head:
            found.append(Contradiction(lane, head + 1, Doubt.BEHIND))
            continue
        held = hash_at(lane, mark.seq)
        if held is not None and not hmac.compare_digest(held, mark.h):
            found.append(Contradiction(lane, mark.seq, Doubt.OTHER))
    return tuple(found)


_DECODE = msgspec.msgpack.Decoder(Checkpoint).decode
