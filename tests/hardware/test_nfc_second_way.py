"""The cryptography of bands computed a second way, and refused with every bit turned."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from hardware.nfc import aes, diversify, felica, ntag424, sun
from hardware.nfc.lrp import Lrp
from hardware.port import ReadFault, Trust
from hardware.virtual.bands.ntag424 import Mirror, Ntag424

UID = bytes.fromhex("04DE5F1EACC040")
KEY = bytes(range(16))


def enciphered(key: bytes, block: bytes) -> int:
    chain = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block, the standard's own
    return int.from_bytes(chain.update(block) + chain.finalize())


def doubled(number: int) -> int:
    """Multiply by x in GF(2^128), as NIST SP 800-38B writes it."""
    number <<= 1
    return number ^ (1 << 128 | 0x87) if number >> 128 else number


def half(master: bytes, constant: int, message: bytes) -> bytes:
    """AN10922's branch by whole numbers: two blocks, always, the second with K1 or K2."""
    first = doubled(enciphered(master, bytes(16)))
    octets = bytes([constant]) + message
    subkey = first if len(octets) == 32 else doubled(first)
    octets = octets if len(octets) == 32 else (octets + b"\x80").ljust(32, b"\0")
    state = enciphered(master, octets[:16])
    return enciphered(master, (state ^ int.from_bytes(octets[16:]) ^ subkey).to_bytes(16)).to_bytes(16)


@pytest.mark.parametrize("size", range(1, 32))
def test_band_keys_for_identities_of_every_length(size: int) -> None:
    chance = random.Random(size)  # noqa: S311 - numbers that anybody may know
    message = chance.randbytes(size)
    short, middle, long = (chance.randbytes(octets) for octets in (16, 24, 32))
    assert diversify.diversified(short, message) == half(short, 0x01, message)
    left, right = half(middle, 0x11, message), half(middle, 0x12, message)
    joint = bytes(a ^ b for a, b in zip(left[8:], right[:8], strict=True))
    assert diversify.diversified(middle, message) == left[:8] + joint + right[8:]
    assert diversify.diversified(long, message) == half(long, 0x41, message) + half(long, 0x42, message)
    assert diversify.diversified_all(short, [message] * 3) == [half(short, 0x01, message)] * 3


@pytest.mark.parametrize("size", range(16, 32))
def test_long_identities_agree_with_the_standards_cmac(size: int) -> None:
    code = CMAC(algorithms.AES(KEY))
    code.update(b"\x01" + bytes(range(size)))
    assert diversify.diversified(KEY, bytes(range(size))) == code.finalize()


def test_a_truncated_mac_is_every_second_octet() -> None:
    assert aes.truncated(bytes(range(16))) == bytes([1, 3, 5, 7, 9, 11, 13, 15])


def test_session_keys_follow_the_data_sheets_vectors_of_octets() -> None:
    chance = random.Random(7)  # noqa: S311 - numbers that anybody may know
    a, b = chance.randbytes(16), chance.randbytes(16)
    mixed = (int.from_bytes(a[2:8]) ^ int.from_bytes(b[:6])).to_bytes(6)
    tail = a[:2] + mixed + b[6:] + a[8:]
    wanted = []
    for label in ("A55A00010080", "5AA500010080"):
        code = CMAC(algorithms.AES(KEY))
        code.update(bytes.fromhex(label) + tail)
        wanted.append(code.finalize())
    assert ntag424.session_keys(KEY, a, b) == tuple(wanted)


def checked(link: str, layout: sun.Layout | None = None) -> sun.Checked:
    return sun.check(link, lambda uid, number: KEY, layout=layout)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("counter", [1, 255, 256, 65_535, 0xFFFFFF])
def test_every_bit_of_a_link_counts(encrypted: bool, counter: int) -> None:
    """Whoever turns one bit of identifier, counter or MAC has another message, and no key for it."""
    layout = sun.Layout(meta_key=KEY)
    band = Ntag424(UID, {2: KEY, 3: KEY}, mirror=Mirror(encrypted=encrypted), counter=counter)
    link = band.link()
    assert (checked(link, layout).trust, checked(link, layout).counter) == (Trust.SUN, counter)
    start = link.index("?")
    for at in range(start, len(link)):
        if link[at] not in "0123456789ABCDEF" or not _is_value(link, at):
            continue
        for bit in range(4):
            turned = f"{int(link[at], 16) ^ 1 << bit:X}"
            found = checked(link[:at] + turned + link[at + 1 :], layout)
            assert found.trust is Trust.NONE, (at, bit)
            assert found.fault in (ReadFault.NOT_AUTHENTIC, ReadFault.GARBAGE)


def _is_value(link: str, at: int) -> bool:
    return link.rfind("=", 0, at) > max(link.rfind("&", 0, at), link.rfind("?", 0, at))


@pytest.mark.parametrize("over", list(sun.MacOver))
@pytest.mark.parametrize("lrp", [False, True])
def test_what_the_mac_covers_is_what_the_layout_says(over: sun.MacOver, lrp: bool) -> None:
    """Round trips for nothing, the file, and the file with the name; a MAC over less is refused."""
    layout = sun.Layout(mac_over=over, lrp=lrp)
    claim, file = sun.Claim(UID, 300, b""), bytes(range(32)).hex().upper()
    covered = {"nothing": b"", "file": file.encode(), "file_and_name": f"{file}&cmac=".encode()}
    for name, octets in covered.items():
        code = sun.mac(KEY, claim, octets, lrp=lrp).hex()
        link = f"https://p.example/?uid={UID.hex()}&ctr=00012C&enc={file}&cmac={code}"
        assert (checked(link, layout).trust is Trust.SUN) == (name == over.value)


@pytest.mark.parametrize("size", range(0, 50, 7))
def test_lrp_tells_messages_apart_and_opens_what_it_closed(size: int) -> None:
    one, message = Lrp(KEY), bytes(range(size))
    assert one.cmac(message) == Lrp(KEY).cmac(message)
    assert (
        len(
            {
                one.cmac(message),
                one.cmac(message + b"\0"),
                Lrp(KEY, 1).cmac(message),
                Lrp(UID + bytes(9)).cmac(message),
            }
        )
        == 4
    )


@pytest.mark.parametrize("octet", range(16))
def test_every_octet_of_a_felica_block_counts(octet: int) -> None:
    block = bytearray(range(16))
    before = felica.mac(bytes(block), KEY, bytes(8))
    block[octet] ^= 1
    assert felica.mac(bytes(block), KEY, bytes(8)) != before
