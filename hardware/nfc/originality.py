"""Originality signatures: NXP's word, made over a chip's identifier at the factory, that it made the chip."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve y² = x³ - 3x + b over a prime field (SEC 2), and a point that generates ``order`` points."""

    prime: int
    b: int
    order: int
    base: tuple[int, int]

    @property
    def octets(self) -> int:
        """How many octets a coordinate has."""
        return (self.prime.bit_length() + 7) // 8


SECP128R1 = Curve(
    prime=0xFFFFFFFDFFFFFFFFFFFFFFFFFFFFFFFF,
    b=0xE87579C11079F43DD824993C2CEE5ED3,
    order=0xFFFFFFFE0000000075A30D1B9038A115,
    base=(0x161FF7528B899B2D0C28607CA52C5B86, 0xCF5AC8395BAFEB13C02DA292DDED7A83),
)
SECP192R1 = Curve(
    prime=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFFFFFFFFFF,
    b=0x64210519E59C80E70FA7E9AB72243049FEB8DEECC146B9B1,
    order=0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831,
    base=(
        0x188DA80EB03090F67CBF20EB43A18800F4FF0AFD82FF1012,
        0x07192B95FFC8DA78631011ED6B24CDD573F977A11E794811,
    ),
)
SECP224R1 = Curve(
    prime=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000000000000000000000001,
    b=0xB4050A850C04B3ABF54132565044B0B7D7BFD8BA270B39432355FFB4,
    order=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D,
    base=(
        0xB70E0CBD6BB4BF7F321390B94A03C1D356C21122343280D6115C1D21,
        0xBD376388B5F723FB4C22DFE6CD4375A05A07476444D5819985007E34,
    ),
)
CURVES = {curve.octets: curve for curve in (SECP128R1, SECP192R1, SECP224R1)}

NTAG21X = bytes.fromhex("04494E1A386D3D3CFE3DC10E5DE68A499B1C202DB5B132393E89ED19FE5BE8BC61")
ULTRALIGHT_EV1 = bytes.fromhex("0490933BDCD6E99B4E255E3DA55389A827564E11718E017292FAF23226A96614B8")
NTAG424 = bytes.fromhex(
    "048A9B380AF2EE1B98DC417FECC263F8449C7625CECE82D9B916C992DA209D68422B81EC20B65A66B5102A61596AF337920"
    "0599316A00A1410"
)
PUBLIC_KEYS = {
    "NTAG213": NTAG21X,
    "NTAG215": NTAG21X,
    "NTAG216": NTAG21X,
    "Ultralight EV1": ULTRALIGHT_EV1,
    "NTAG 424 DNA": NTAG424,
}
"""NXP's public keys by product (AN11350, AN12196): they are printed, and prove nothing of one chip."""

_Point = tuple[int, int] | None
"""None is the point at infinity."""


def is_original(public_key: bytes, uid: bytes, signature: bytes) -> bool:
    """Say whether NXP signed this identifier; ECDSA over the identifier itself, no hash (AN12196).

    It raises no trust: whoever copies an identifier copies its signature. No secret passes here, so plain
    arithmetic serves, and no library has to bring a curve that only these chips still use.
    """
    curve = CURVES.get(len(signature) // 2)
    if (
        curve is None
        or len(signature) % 2
        or len(public_key) != 1 + 2 * curve.octets
        or public_key[:1] != b"\x04"
    ):
        return False
    key = _halves(public_key[1:])
    r, s = _halves(signature)
    if not _is_on(curve, key) or not 0 < r < curve.order or not 0 < s < curve.order:
        return False
    inverse = pow(s, -1, curve.order)
    digest = int.from_bytes(uid)
    ours = _times(curve, curve.base, digest * inverse % curve.order)
    found = _sum(curve, ours, _times(curve, key, r * inverse % curve.order))
    return found is not None and found[0] % curve.order == r


def _halves(octets: bytes) -> tuple[int, int]:
    middle = len(octets) // 2
    return int.from_bytes(octets[:middle]), int.from_bytes(octets[middle:])


def _is_on(curve: Curve, point: tuple[int, int]) -> bool:
    x, y = point
    return max(x, y) < curve.prime and (y * y - x * x * x + 3 * x - curve.b) % curve.prime == 0


def _sum(curve: Curve, one: _Point, other: _Point) -> _Point:
    """Add two points of the curve."""
    if one is None or other is None:
        return one or other
    prime = curve.prime
    if one[0] == other[0]:
        if (one[1] + other[1]) % prime == 0:
            return None
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, prime) % prime
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, prime) % prime
    x = (slope * slope - one[0] - other[0]) % prime
    return x, (slope * (one[0] - x) - one[1]) % prime


def _times(curve: Curve, point: _Point, count: int) -> _Point:
    """Add a point to itself ``count`` times, by doubling."""
    total: _Point = None
    while count:
        if count & 1:
            total = _sum(curve, total, point)
        point = _sum(curve, point, point)
        count >>= 1
    return total
