"""A card's name inside its ATR decides how it is spoken to, and whether it is refused."""

from __future__ import annotations

import pytest

from hardware.nfc.pcsc import build
from hardware.nfc.pcsc.names import Kind, Named, card_named


def storage(standard: int, name: int) -> bytes:
    return bytes.fromhex("3B8F8001804F0CA000000306") + bytes([standard]) + name.to_bytes(2) + bytes(5)


@pytest.mark.parametrize(
    ("name", "sak"),
    [
        (0x0001, 0x08),
        (0x0002, 0x18),
        (0x0026, 0x09),
        (0x0036, 0x08),
        (0x0037, 0x18),
        (0xFF28, 0x28),
        (0xFF88, 0x88),
    ],
)
def test_every_name_of_a_crypto1_card_is_a_classic(name: int, sak: int) -> None:
    assert card_named(storage(0x03, name)) == Named(Kind.CLASSIC, sak)


@pytest.mark.parametrize(
    ("standard", "name", "kind"),
    [
        (0x03, 0x0003, Kind.TYPE2),
        (0x03, 0x003A, Kind.TYPE2),
        (0x11, 0x003B, Kind.FELICA),
        (0x03, 0xF012, Kind.FELICA),
        (0x0B, 0x0014, Kind.OTHER),
        (0x03, 0xFF20, Kind.OTHER),
    ],
)
def test_other_memory_cards_are_told_apart(standard: int, name: int, kind: Kind) -> None:
    assert card_named(storage(standard, name)) == Named(kind)


@pytest.mark.parametrize(
    "atr",
    [
        bytes.fromhex("3B8180018080"),
        bytes.fromhex("3B8F8001804F0CA00000030603"),
        b"",
        bytes.fromhex("3B8F8001804F0CA000000307030001000000006A"),
    ],
)
def test_atr_without_a_card_name_is_one_that_takes_apdus(atr: bytes) -> None:
    assert card_named(atr) == Named(Kind.APDU)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({}, "reader"), ({"reader": " "}, "reader"), ({"reader": 7}, "reader"), ({"path": "usb"}, "'path'")],
)
def test_wrong_setting_is_named(settings: dict[str, str | int | bool], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        build("gate", settings, lambda uid, key_no: None)
