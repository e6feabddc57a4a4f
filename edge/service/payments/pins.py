"""PINs of guests: counted before they are looked at, checked outside the sequencer, never kept."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from edge.core.elsewhere import Limited
from edge.core.events import Acted, Kind, Lane
from edge.core.payment.bodies import PinTried
from edge.core.pins import (
    GuestTries,
    Tried,
    is_guest_pin,
    one_wrong,
    proved,
    still_wrong,
    verifier_of,
)
from edge.core.profiles import Profile
from edge.core.wallet import WalletLink
from edge.service.rooms import Rooms
from edge.staff.pins import pin_matches
from edge.store.elsewhere import tried_elsewhere
from edge.store.transaction import Transaction

TRIES = "guest_tried"
HASHES_MAX = 2
"""PINs that are checked at once: each takes a tenth of a second and 19 MiB on purpose."""
_DECODE = msgspec.msgpack.Decoder(Tried).decode


class GuestPins:
    """Checks a band's PIN against the verifier that came with its profile."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms
        self._few = threading.BoundedSemaphore(HASHES_MAX)

    def matches(self, link: WalletLink, digits: str) -> bool:
        """Say whether these digits are the PIN; slow, and therefore never inside a transaction."""
        if not is_guest_pin(digits):
            return False
        with self._few:
            return pin_matches(link.pin_hash, self._rooms.vault.keyed_guest_pin(link.id, digits))


def tries_of(tx: Transaction, profile: Profile) -> GuestTries:
    """Return how often this band's PIN was wrong, here and on devices that central told of."""
    own = _own(tx, profile)
    there = tried_elsewhere(tx, Limited.GUEST_PIN, profile.band.id.hex())
    return GuestTries(len(still_wrong((own, *there), own.of)))


def count_try(tx: Transaction, profile: Profile) -> GuestTries:
    """Take one more try as wrong, until it proves right; a lock counts no further."""
    before = tries_of(tx, profile)
    if not before.left:
        return GuestTries(before.wrong, late=True)
    after = one_wrong(_own(tx, profile), tx.now.now_ms)
    tx.put(TRIES, profile.band.id.hex(), msgspec.msgpack.encode(after))
    return GuestTries(before.wrong + 1)


def forgive(tx: Transaction, profile: Profile) -> None:
    """Begin to count anew, here and everywhere: the PIN was right."""
    if tries_of(tx, profile).wrong == 1:  # this very try, which nobody else has heard of
        tx.delete(TRIES, profile.band.id.hex())
        return
    tx.append(Kind.PIN_PROVED, Acted(), band=profile.band.id, lane=Lane.PRIORITY)
    after = proved(_own(tx, profile), tx.now.now_ms)
    tx.put(TRIES, profile.band.id.hex(), msgspec.msgpack.encode(after))


def _own(tx: Transaction, profile: Profile) -> Tried:
    """Return what this device saw of the PIN that holds now."""
    of = verifier_of(profile.wallet.pin_hash if profile.wallet is not None else "")
    body = tx.get(TRIES, profile.band.id.hex())
    kept = Tried() if body is None else _DECODE(body)
    return kept if kept.of == of else Tried(right_ms=kept.right_ms, of=of)


def note_wrong(tx: Transaction, profile: Profile, tries: GuestTries, *, op_id: str, point: str) -> int:
    """Journal a wrong PIN, and whether it was the third; the digits are nowhere."""
    link = profile.wallet
    body = PinTried(
        op_id=op_id,
        wallet=link.id if link is not None else "",
        wrong=tries.wrong,
        locked=not tries.left,
        point=point,
        of=verifier_of(link.pin_hash if link is not None else ""),
    )
    return tx.append(Kind.PIN_TRIED, body, band=profile.band.id, lane=Lane.PRIORITY)


Check = Callable[[WalletLink, str], bool]
