"""NXP's signatures are told from others, bit by bit; they say who made a chip and nothing of who wears it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA224

from hardware.nfc import originality
from hardware.nfc.originality import is_original
from tests.hardware.vectors import nxp

octets = bytes.fromhex


@pytest.mark.parametrize(("key", "uid", "signature", "valid"), nxp.ORIGINALITY)
def test_published_signatures_are_judged_rightly(key: str, uid: str, signature: str, valid: bool) -> None:
    assert is_original(octets(key), octets(uid), octets(signature)) is valid


GOOD = [(key, uid, signature) for key, uid, signature, valid in nxp.ORIGINALITY if valid]


@pytest.mark.parametrize(("key", "uid", "signature"), GOOD)
def test_no_changed_bit_passes(key: str, uid: str, signature: str) -> None:
    for place in range(0, 8 * len(octets(uid)), 3):
        changed = bytearray(octets(uid))
        changed[place // 8] ^= 1 << place % 8
        assert not is_original(octets(key), bytes(changed), octets(signature))
    for place in range(0, 8 * len(octets(signature)), 17):
        changed = bytearray(octets(signature))
        changed[place // 8] ^= 1 << place % 8
        assert not is_original(octets(key), octets(uid), bytes(changed))


@pytest.mark.parametrize("size", [0, 1, 31, 33, 48, 56, 200])
def test_a_signature_of_another_size_is_none(size: int) -> None:
    assert not is_original(originality.NTAG21X, bytes(7), b"\x01" * size)


@pytest.mark.parametrize(
    "spoilt", [bytes(32), b"\xff" * 32, bytes(16) + b"\x01" * 16, b"\x01" * 16 + bytes(16)]
)
def test_numbers_outside_the_curve_are_none(spoilt: bytes) -> None:
    assert not is_original(originality.NTAG21X, bytes(7), spoilt)
    assert not is_original(b"\x04" + spoilt, bytes(7), octets(GOOD[0][2]))
    assert not is_original(b"\x02" + spoilt, bytes(7), octets(GOOD[0][2]))


@pytest.mark.parametrize("curve", [ec.SECP224R1(), ec.SECP192R1()], ids=lambda curve: curve.name)
def test_another_library_signs_and_we_agree(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    numbers = key.public_key().public_numbers()
    size = (curve.key_size + 7) // 8
    public = b"\x04" + numbers.x.to_bytes(size) + numbers.y.to_bytes(size)
    for number in range(4):
        digest = bytes([number]) * 28
        r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA224()))))
        # A digest longer than the order is cut to its length (FIPS 186-4, 6.4); a chip's identifier never is.
        shown = digest[:size]
        assert is_original(public, shown, r.to_bytes(size) + s.to_bytes(size))
        assert not is_original(public, bytes([9]) + shown[1:], r.to_bytes(size) + s.to_bytes(size))
