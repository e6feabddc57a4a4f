"""The site's word: what a device asks of those beside it, what an answer means, and what it may do alone."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Protocol

import msgspec

from edge.core.entitlements import Use

UNSETTLED = "unsettled"
"""Under which kind a device keeps, by right, what the site has not heard of or shall forget."""
Name = tuple[str, int]
"""A right and the number of one of its uses: what only one tap of a whole site can have."""


class Said(enum.StrEnum):
    """What came of asking for uses."""

    MINE = "mine"
    LOST = "lost"
    """Another tap has one of them."""
    UNREACHABLE = "unreachable"
    """Nobody answered in time: whether they are ours will only be known later."""


class SiteMode(enum.StrEnum):
    """What staff are told of the other devices."""

    NONE = ""
    """This device shares no book with others."""
    AGREED = "agreed"
    ALONE = "alone"
    """They do not answer: one use too many per right and device is possible, and no more."""


class Answer(msgspec.Struct, frozen=True):
    """What the site says, with the uses of these rights that it knows."""

    said: Said
    uses: tuple[Use, ...] = ()


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Which book of the site a device knew last (empty: none), and the highest revision that it saw of it."""

    book: str = ""
    revision: int = 0


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """A use of this device's that the site has yet to hear of, or (``keep`` False) to give free again."""

    use: Use
    keep: bool


class Lack(msgspec.Struct, frozen=True, array_like=True):
    """What a basket lacks of a wallet here: a hint to whoever holds some, without any money in it."""

    wallet: str
    unit: str
    minor: int
    device: str = ""
    incarnation: int = 0


class Passed(msgspec.Struct, frozen=True, array_like=True):
    """A part of a lease on its way: where it is offered, and what its giver says of it."""

    key: str
    revision: int
    """Of the key as it was wanted: only then is the offer put there."""
    book: str
    """The name of the site's book: what another one says of it counts for nothing."""
    part: str = ""
    passing: bytes = b""
    signature: bytes = b""
    passed_ms: int = 0
    boot: str = ""


class Site(Protocol):
    """The devices of a site as one of them sees the others."""

    def in_touch(self) -> bool:
        """Whether they answer at present; asked for no longer than a variable takes to read."""

    def claim(self, uses: tuple[Use, ...], wait_ms: int) -> Answer:
        """Ask for all of these uses or none; return after at most ``wait_ms``. Never in the sequencer."""

    def borrow(self, lack: Lack, wait_ms: int) -> bool:
        """Have others pass on what is lacking; True: some of it lies here now. Never in the sequencer."""

    def nudge(self) -> None:
        """Say that something has become pending."""

    def give_back(self, uses: tuple[Use, ...]) -> None:
        """Free uses whose tap came to nothing, some time later; returns at once."""

    def forget(self, rights: frozenset[str], bands: frozenset[bytes]) -> None:
        """Take what names these rights and bands out of the book, some time later; returns at once."""


def name_of(use: Use) -> Name:
    """Return what only one tap of the site can have."""
    return use.entitlement, use.ordinal


def is_same(one: Use, other: Use) -> bool:
    """Whether both are the same use by the same tap of the same device, whatever became of it."""
    return (one.entitlement, one.ordinal, one.device, one.tap_id) == (
        other.entitlement, other.ordinal, other.device, other.tap_id,
    )  # fmt: skip


def missing(wanted: Iterable[Use], had: Iterable[Use]) -> tuple[Use, ...]:
    """Return the uses that are wanted and neither claimed by this tap nor its own from before."""
    ours = {(use.entitlement, use.ordinal, use.device, use.tap_id) for use in had}
    return tuple(use for use in wanted if (use.entitlement, use.ordinal, use.device, use.tap_id) not in ours)


def meaning(wanted: tuple[Use, ...], found: Iterable[Use]) -> Answer:
    """Return what it means that the site holds these uses after they were asked for.

    What is not there may still be on its way: that is no leave to ask again, for it would meet itself.
    """
    there = {name_of(use): use for use in found}
    holders = [there.get(name_of(use)) for use in wanted]
    uses = tuple(there.values())
    if any(
        holder is not None and not is_same(holder, use) for holder, use in zip(holders, wanted, strict=True)
    ):
        return Answer(Said.LOST, uses)
    return Answer(Said.UNREACHABLE if None in holders else Said.MINE, uses)


def others(uses: Iterable[Use], device: str) -> tuple[Use, ...]:
    """Return what other devices used; one's own is known better here, or not decided yet."""
    return tuple(use for use in uses if use.device != device)
