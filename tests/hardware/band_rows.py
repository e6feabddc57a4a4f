"""Each kind of band, and what every reader must make of it: trust, fault and product."""

from __future__ import annotations

from collections.abc import Callable

from hardware.port import ReadFault, Trust
from hardware.virtual.bands import Band
from hardware.virtual.bands.band import MifareClassic
from tests.hardware.nfc_bench import (
    LIVE_UID,
    OTHER_KEY,
    PLAIN_UID,
    a_classic,
    a_felica_band,
    a_live_band,
    a_sun_band,
    an_ntag213,
)

MATRIX: list[tuple[str, Callable[[], Band], Trust, ReadFault | None, str]] = [
    ("ntag424 live", a_live_band, Trust.LIVE, None, "NTAG 424 DNA"),
    ("ntag424 sun", a_sun_band, Trust.SUN, None, "NTAG 424 DNA"),
    ("ntag424 sun encrypted", lambda: a_sun_band(encrypted=True), Trust.SUN, None, "NTAG 424 DNA"),
    ("ntag424 unknown", lambda: a_live_band(uid=PLAIN_UID.hex()), Trust.UID, None, "NTAG 424 DNA"),
    ("felica", a_felica_band, Trust.LIVE, None, "FeliCa Lite-S"),
    ("felica unknown", lambda: a_felica_band(uid="0102030405060709"), Trust.UID, None, "FeliCa Lite-S"),
    ("ntag213", an_ntag213, Trust.UID, None, "NTAG213"),
    ("ntag216", lambda: an_ntag213(kind="ntag216"), Trust.UID, None, "NTAG216"),
    ("ntag213 garbage", lambda: an_ntag213(message="ff" * 40), Trust.UID, None, "NTAG213"),
    ("classic", a_classic, Trust.NONE, ReadFault.REFUSED_CHIP, "MIFARE Classic"),
    (
        "classic 4k",
        lambda: MifareClassic(bytes(7), sak=0x18),
        Trust.NONE,
        ReadFault.REFUSED_CHIP,
        "MIFARE Classic",
    ),
    (
        "classic phone",
        lambda: MifareClassic(bytes(7), sak=0x28),
        Trust.NONE,
        ReadFault.REFUSED_CHIP,
        "MIFARE Classic",
    ),
    (
        "clone",
        lambda: a_live_band(keys={"1": OTHER_KEY.hex()}),
        Trust.NONE,
        ReadFault.NOT_AUTHENTIC,
        "NTAG 424 DNA",
    ),
    (
        "clone on memory chip",
        lambda: an_ntag213(uid=LIVE_UID.hex()),
        Trust.NONE,
        ReadFault.NOT_AUTHENTIC,
        "",
    ),
    (
        "sun of other key",
        lambda: a_sun_band(keys={"2": OTHER_KEY.hex()}),
        Trust.NONE,
        ReadFault.NOT_AUTHENTIC,
        "NTAG 424 DNA",
    ),
    ("sun garbage", lambda: a_sun_band(message="ff" * 40), Trust.NONE, ReadFault.GARBAGE, "NTAG 424 DNA"),
    ("sun empty", lambda: a_sun_band(message=""), Trust.NONE, ReadFault.GARBAGE, "NTAG 424 DNA"),
    (
        "felica of other key",
        lambda: a_felica_band(keys={"1": OTHER_KEY.hex()}),
        Trust.NONE,
        ReadFault.NOT_AUTHENTIC,
        "FeliCa Lite-S",
    ),
    ("random uid", lambda: a_live_band(uid="08112233"), Trust.NONE, ReadFault.RANDOM_UID, ""),
]
