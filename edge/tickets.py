"""Tickets: a code that carries its own right, signed by central, for a guest nobody announced here."""

# A picture of a code is as good as the code. So a ticket is for a product with so many uses and no more, is
# valid on the days it names, and a device remembers its uses as long as those of any other right.

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from threading import Lock

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.core.entitlements import Entitlement
from edge.core.profiles import Profile, of_ticket
from edge.errors import PolsoError

PREFIX = b"POLSO1"
"""How a ticket's text begins; RFC 4648's base32 knows no digit 1, so the rest cannot be mistaken for it."""
SERIAL_BYTES = 10
SIGNATURE_BYTES = 64
CODE_BYTES_MAX = 400
TAG = b"polso-ticket 1\0"
"""What is signed begins with this: nothing else that central signs can pass for a ticket."""
KEPT_MAX = 4_096
"""Tickets that a device remembers for who is asked something, confirmed or let in by staff after the scan."""


class Ticket(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a code says: a right to one product, within ``[from_ms, until_ms)``, UTC milliseconds."""

    serial: bytes
    product: str
    from_ms: int
    until_ms: int


class Forged(PolsoError):
    """The code begins as a ticket does and is none of central's."""

    hint = "Send the guest to guest service: the code was changed, cut off, or made by somebody else."


def written(ticket: Ticket, private_key: bytes) -> str:
    """Return a ticket's text: capitals and digits, as a QR code holds them best (ISO/IEC 18004, 7.4.4)."""
    body = msgspec.msgpack.encode(ticket)
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(TAG + body)  # RFC 8032
    return (PREFIX + base64.b32encode(signature + body).rstrip(b"=")).decode()


def is_ticket(code: bytes) -> bool:
    """Say whether a scanned code claims to be a ticket; a scanner's Caps Lock does not matter."""
    return code[: len(PREFIX)].upper() == PREFIX


def read(code: bytes, public_key: bytes) -> Ticket:
    """Return the ticket that a code holds; raises ``Forged`` unless the key's owner wrote exactly this."""
    try:
        if len(code) > CODE_BYTES_MAX:
            raise Forged("This ticket is too long.")
        packed = code[len(PREFIX) :].upper()
        octets = base64.b32decode(packed + b"=" * (-len(packed) % 8))
        signature, body = octets[:SIGNATURE_BYTES], octets[SIGNATURE_BYTES:]
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, TAG + body)
        ticket = msgspec.msgpack.decode(body, type=Ticket)
    except (InvalidSignature, ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise Forged("This ticket is not signed by central.") from error
    if len(ticket.serial) != SERIAL_BYTES:
        raise Forged("This ticket has no number.")
    return ticket


def identifier(ticket: Ticket) -> bytes:
    """Return what a ticket's BandId is made of: its number alone, however its text was scanned."""
    return PREFIX + ticket.serial


def name(ticket: Ticket) -> str:
    """Return the id of a ticket's right, and of the nameless guest who holds it."""
    return f"q{ticket.serial.hex()}"


def right(ticket: Ticket) -> Entitlement:
    """Return the right that a ticket carries."""
    return Entitlement(
        id=name(ticket),
        product=ticket.product,
        valid_from_ms=ticket.from_ms,
        valid_until_ms=ticket.until_ms,
    )


class Tickets:
    """The tickets that were scanned here lately, by BandId; any thread may ask."""

    def __init__(self, public_key: bytes = b"") -> None:
        """Believe what central's key has signed; without one, nothing."""
        self._public_key = public_key
        self._lock = Lock()
        self._kept: OrderedDict[bytes, Ticket] = OrderedDict()

    def read(self, code: bytes) -> Ticket:
        """Return the ticket of a code, or raise ``Forged``."""
        return read(code, self._public_key)

    def keep(self, band: bytes, ticket: Ticket) -> None:
        """Remember a ticket under its BandId; the one unused longest makes place."""
        with self._lock:
            self._kept[band] = ticket
            self._kept.move_to_end(band)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)

    def profile(self, band: bytes) -> Profile | None:
        """Return the profile of a nameless guest who holds nothing but the ticket; None: none lately."""
        with self._lock:
            ticket = self._kept.get(band)
        return None if ticket is None else of_ticket(band, right(ticket))
