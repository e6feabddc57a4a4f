"""A statement: what one device knows of a band's state, told at the site's nodes under its signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from edge.core.bands import BAND_ID_BYTES, BandState
from edge.core.events import Acted, Event, Kind
from edge.core.lease import COUNTER_MAX
from sync.packing import UNREADABLE
from sync.site.blocking import SIGNATURE_BYTES
from sync.site.gateway import Pair

STATED = frozenset({Kind.BAND_STATE, Kind.URGENT_APPLIED})
"""What staff here made of a band, and what central did: some gate may hear the site and not central."""
_acted = msgspec.msgpack.Decoder(Acted).decode
_encode = msgspec.msgpack.Encoder().encode


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A band's state in its link epoch as a device knows it; a former release reads ``BandNotice`` in it."""

    band: bytes
    state: BandState
    epoch: int
    device: str
    signature: bytes = b""

    def octets(self, site: str) -> bytes:
        """Return what the device signs: no word of another site, band or state is made of it."""
        return _encode((site, self.band, int(self.state), self.epoch, self.device))

    def key(self, prefix: str) -> str:
        """Return where it stands: each device's words have a place of their own, no lie is in their way."""
        return f"{prefix}{self.band.hex()}/{self.device}"


_decode = msgspec.msgpack.Decoder(Statement).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePorts:
    """What telling of bands needs of the edge."""

    signed: Callable[[Statement], Statement | None]
    """Sign what this device tells; None: it has no key to sign with."""
    bind: Callable[[Sequence[Statement]], bool]
    """Hold bands to what others of the site's devices say of them, durably; False: some of it must wait."""
    recall: Callable[[], None]
    """Let what a device said count no more that is none of the site's any longer."""


def statement_of(event: Event, device: str) -> Statement | None:
    """Return what staff here or central made of a band, unsigned: lost, found, replaced, revoked.

    What others said is none of it: nobody tells on what they did not hear themselves.
    """
    if event.kind not in STATED or event.band is None:
        return None
    acted = _acted(event.body)
    if acted.state is None or (event.kind == Kind.URGENT_APPLIED and acted.note):
        return None
    epoch = acted.amount or 0
    return Statement(band=event.band, state=BandState(acted.state), epoch=epoch, device=device)


def said_anew(known: bytes | None, told: Statement) -> bytes | None:
    """Return what this device's place in the book shall say; None: it says so."""
    said = _encode(told)
    return None if said == known else said


def statements_in(told: Iterable[Pair], prefix: str, *, own: str) -> list[Statement]:
    """Return what others say of bands among keys; what makes no sense is nothing."""
    read = [_read(pair.value) for pair in told if pair.key.startswith(prefix)]
    return [said for said in read if said is not None and said.device != own]


def _read(body: bytes) -> Statement | None:
    try:
        said = _decode(body)
    except UNREADABLE:
        return None
    fits = len(said.band) == BAND_ID_BYTES and len(said.signature) == SIGNATURE_BYTES
    return said if fits and 0 <= said.epoch <= COUNTER_MAX else None
