"""Remarks: what staff write in their own words is sealed under the key of whom it is about."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from edge import remarks
from edge.core.events import Acted, Kind
from edge.core.payment.bodies import RefundAsked, Voided
from edge.core.profiles import Profile, RemarkKey, remark_key_of
from edge.core.shift import CashMoved, ShiftClosed
from edge.service.rooms import Rooms

S = TypeVar("S", Voided, RefundAsked, CashMoved, ShiftClosed)


def remarked(
    rooms: Rooms, acted: Acted, kind: Kind, *, band: bytes | None, about: Profile | None = None
) -> Acted:
    """Return an act of this kind and band with its note sealed: nobody reads it here, at once and for ever.

    ``about`` is whom the words are about, if anybody is known; otherwise they go under the site's own key.
    Where central, of an older version, gave no key at all, they stay as they are.
    """
    key = _key(rooms, about)
    if key is None or not acted.note:
        return acted
    return replace(acted, note="", sealed=remarks.seal(acted.note, key, kind, band=band))


def spoken(rooms: Rooms, body: S, kind: Kind, *, band: bytes | None, about: bytes | None = None) -> S:
    """Return a body of money, whose ``reason`` is text, with that sealed; ``about`` is the payer's band."""
    key = _key(rooms, rooms.profiles.get(about) if about is not None else None)
    if key is None or not body.reason:
        return body
    sealed = remarks.seal(body.reason, key, kind, band=band)
    return replace(body, reason=remarks.written(sealed))


def _key(rooms: Rooms, about: Profile | None) -> RemarkKey | None:
    own = remark_key_of(about) if about is not None else None
    return own or rooms.profiles.remark_key()
