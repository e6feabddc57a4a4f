"""Addresses of beacons: as people write them, as frames say them, and what is none."""

from __future__ import annotations

from uuid import UUID

import pytest

from hardware.ble.beacons import is_whole, octets_of, said_by
from hardware.ble.frames import AltBeacon, BandFrame, EddystoneEid, EddystoneUid, EddystoneUrl, Frame, IBeacon

OWN = UUID("11111111-2222-3333-4444-555555555555")


TEN, SIXTEEN, TWENTY = (bytes(range(count)) for count in (10, 16, 20))


@pytest.mark.parametrize(
    ("frame", "whole", "family"),
    [
        (IBeacon(OWN, 258, 65535, -59), f"ibeacon:{OWN}/258/65535", f"ibeacon:{OWN}"),
        (AltBeacon(0x118, TWENTY, -59, 0), f"altbeacon:{TWENTY.hex()}", f"altbeacon:{SIXTEEN.hex()}"),
        (
            EddystoneUid(TEN, bytes(6), -18),
            f"eddystone:{TEN.hex()}/{bytes(6).hex()}",
            f"eddystone:{TEN.hex()}",
        ),
    ],
)
def test_frame_says_the_address_that_is_written_on_its_beacon(frame: Frame, whole: str, family: str) -> None:
    assert said_by(frame) == octets_of(whole) == octets_of(whole.upper())
    assert said_by(frame).startswith(octets_of(family))
    assert (is_whole(octets_of(whole)), is_whole(octets_of(family))) == (True, False)


def test_band_says_its_identity_and_what_names_nobody_says_nothing() -> None:
    assert said_by(BandFrame(bytes(7) + b"\xa1", -60, 0, 3)) == octets_of("polso:00000000000000a1")
    assert said_by(EddystoneUrl("https://example.com", -18)) == b""
    assert said_by(EddystoneEid(bytes(8), -18)) == b""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ibeacon:",
        f"ibeacon:{OWN}/1",
        f"ibeacon:{OWN}/65536/1",
        f"beacon:{OWN}",
        "altbeacon:00",
        "polso:00",
    ],
)
def test_what_is_no_address_is_refused_with_itself(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|65535"):
        octets_of(text)
