"""PINs of guests: counted before they are looked at, checked outside the sequencer, never kept."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from edge.core.events import Kind, Lane
from edge.core.payment.bodies import PinTried
from edge.core.pins import GuestTries, is_guest_pin, one_more_try, tries_now
from edge.core.profiles import Profile
from edge.core.wallet import WalletLink
from edge.service.rooms import Rooms
from edge.staff.pins import pin_matches
from edge.store.transaction import Transaction

TRIES = "guest_pin"
HASHES_MAX = 2
"""PINs that are checked at once: each takes a tenth of a second and 19 MiB on purpose."""
_DECODE = msgspec.msgpack.Decoder(GuestTries).decode


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
    """Return how often this band's PIN was wrong, as far as it still counts."""
    body = tx.get(TRIES, profile.band.id.hex())
    kept = GuestTries() if body is None else _DECODE(body)
    return tries_now(kept, profile.wallet.pin_hash if profile.wallet is not None else "")


def count_try(tx: Transaction, profile: Profile) -> GuestTries:
    """Take one more try as wrong, until it proves right; a lock counts no further."""
    before = tries_of(tx, profile)
    if not before.left:
        return before
    after = one_more_try(before)
    tx.put(TRIES, profile.band.id.hex(), msgspec.msgpack.encode(after))
    return after


def forgive(tx: Transaction, profile: Profile) -> None:
    """Begin to count anew: the PIN was right."""
    tx.delete(TRIES, profile.band.id.hex())


def note_wrong(tx: Transaction, profile: Profile, tries: GuestTries, *, op_id: str, point: str) -> int:
    """Journal a wrong PIN, and whether it was the third; the digits are nowhere."""
    wallet = profile.wallet.id if profile.wallet is not None else ""
    body = PinTried(op_id=op_id, wallet=wallet, wrong=tries.wrong, locked=not tries.left, point=point)
    return tx.append(Kind.PIN_TRIED, body, band=profile.band.id, lane=Lane.PRIORITY)


Check = Callable[[WalletLink, str], bool]
