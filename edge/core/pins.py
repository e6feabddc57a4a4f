"""PINs: how one is keyed with the site's secret before it is hashed, and how often a guest may be wrong."""

from __future__ import annotations

import hashlib
import hmac
from itertools import pairwise

import msgspec
from msgspec.structs import replace

YEAR_DIGITS = 4
GUEST_TRIES_MAX = 3
"""Wrong PINs of a guest in a row before only staff can help."""
GUEST_PIN_DIGITS_MIN = 4
GUEST_PIN_DIGITS_MAX = 8
OFTEN = frozenset({"2580", "0852", "1379", "1397", "1478", "3698", "7410", "9630", "1122", "1004", "4711"})
"""Keys in a line or at the corners of the pad, and what lists of stolen PINs begin with."""


def keyed_pin(site_key: bytes, staff: str, pin: str) -> bytes:
    """Return what is hashed (argon2id) in place of a PIN: without the site's key no PIN can be tried."""
    name = staff.encode()
    return hmac.digest(site_key, b"polso staff pin 1" + len(name).to_bytes(2) + name + pin.encode(), "sha256")


def keyed_guest_pin(site_key: bytes, wallet: str, pin: str) -> bytes:
    """Return what is hashed in place of a guest's PIN: bound to the wallet, worth nothing elsewhere."""
    name = wallet.encode()
    return hmac.digest(site_key, b"polso guest pin 1" + len(name).to_bytes(2) + name + pin.encode(), "sha256")


def is_guest_pin(pin: str) -> bool:
    """Say whether this can be a guest's PIN at all: the pad has digits only."""
    return GUEST_PIN_DIGITS_MIN <= len(pin) <= GUEST_PIN_DIGITS_MAX and pin.isascii() and pin.isdigit()


class GuestTries(msgspec.Struct, frozen=True, array_like=True):
    """How often a band's PIN was wrong since it was last right."""

    of: bytes = b""
    """Digest of the PIN's verifier: a new PIN begins a new count."""
    wrong: int = 0

    @property
    def left(self) -> int:
        """How many tries there are."""
        return max(0, GUEST_TRIES_MAX - self.wrong)


def tries_now(kept: GuestTries, pin_hash: str) -> GuestTries:
    """Return the count that holds for this verifier."""
    of = hashlib.blake2b(pin_hash.encode(), digest_size=8).digest()
    return kept if kept.of == of else GuestTries(of)


def one_more_try(tries: GuestTries) -> GuestTries:
    """Return the count with this attempt taken as wrong, until it proves right."""
    return replace(tries, wrong=tries.wrong + 1)


def is_guessed_first(pin: str) -> bool:
    """Say whether a PIN is one of those that anybody tries first: runs, repeats, years, keys in a line.

    Five tries come before each pause, so that what is tried first is what decides.
    """
    steps = {(int(later) - int(former)) % 10 for former, later in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        return True
    half = len(pin) // 2
    if len({pin[:half], pin[half:]}) == 1:
        return True
    return pin in OFTEN or (len(pin) == YEAR_DIGITS and pin.startswith(("19", "20")))
