"""PINs: how one is keyed with the site's secret before it is hashed, and how often a guest may be wrong."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
from msgspec.structs import replace

YEAR_DIGITS = 4
TRIES_MAX = 5
"""Wrong PINs of a member of staff in a row before a pause."""
PAUSE_S_MIN = 300
PAUSE_S_MAX = 3_600
"""The pause doubles with each further round, up to an hour: a longer one would lock the staff out."""
WRONG_KEPT_MAX = 40
"""Wrong tries remembered of one PIN at one device: eight rounds; the fifth brings the longest pause."""
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


class Tried(msgspec.Struct, frozen=True, array_like=True):
    """When a PIN was wrong at one device, and when it was last right there after that; UTC milliseconds."""

    wrong_ms: tuple[int, ...] = ()
    right_ms: int = 0
    of: bytes = b""
    """Digest of the PIN's verifier, where a new PIN begins a new count."""


def verifier_of(pin_hash: str) -> bytes:
    """Return by what a count knows the PIN that it is of."""
    return hashlib.blake2b(pin_hash.encode(), digest_size=8).digest()


def one_wrong(tried: Tried, at_ms: int) -> Tried:
    """Return it with this attempt taken as wrong; the oldest go by whole rounds, so pauses keep step."""
    wrong = (*tried.wrong_ms, at_ms)
    return replace(tried, wrong_ms=wrong[TRIES_MAX:] if len(wrong) > WRONG_KEPT_MAX else wrong)


def proved(tried: Tried, at_ms: int) -> Tried:
    """Return it after a right PIN: what was wrong before counts no more."""
    return replace(
        tried,
        wrong_ms=tuple(one for one in tried.wrong_ms if one > at_ms),
        right_ms=max(at_ms, tried.right_ms),
    )


def still_wrong(tried: Iterable[Tried], of: bytes = b"") -> tuple[int, ...]:
    """Return when a PIN was wrong since it was last right, on whichever device; the same in any order.

    A device's own order is told by its totals, not by its clock: while that stands still, what is wrong after
    what was right has the same time, and counts.
    """
    known = tuple(tried)
    wrong: list[int] = []
    for place, one in enumerate(known):
        others_right_ms = max((other.right_ms for at, other in enumerate(known) if at != place), default=0)
        wrong += [ms for ms in one.wrong_ms if one.of == of and ms > others_right_ms]
    return tuple(sorted(wrong))


class GuestTries(msgspec.Struct, frozen=True):
    """How often a band's PIN was wrong since it was last right, over all devices that are known of."""

    wrong: int = 0
    late: bool = False
    """It was locked before this try, which is not looked at."""

    @property
    def left(self) -> int:
        """How many tries there are before only staff can help."""
        return max(0, GUEST_TRIES_MAX - self.wrong)


def paused_until_ms(wrong_ms: Sequence[int]) -> int:
    """Return until when no PIN is looked at: each round of wrong ones begins a longer pause; 0: none."""
    ends = enumerate(wrong_ms[TRIES_MAX - 1 :: TRIES_MAX], 1)
    return max((at_ms + pause_s(rounds) * 1_000 for rounds, at_ms in ends), default=0)


def pause_s(rounds: int) -> int:
    """Return how long nothing is tried after this many full rounds of wrong PINs."""
    return min(PAUSE_S_MAX, PAUSE_S_MIN << min(rounds - 1, 16))


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
