"""A frame is read where the octets are one, and nothing that is sent makes the decoder stumble."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.frames import (
    APPLE,
    EDDYSTONE,
    POLSO,
    BandFrame,
    EddystoneEtlm,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    Frame,
    IBeacon,
    band_payload,
    frames,
    of_manufacturer,
    of_service,
    split,
)
from tests.hardware.vectors.beacons import ADVERTS

LEGACY_BYTES_MAX = 31
A_BAND = BandFrame(bytes(range(8)), -61, 200, 2, 5)


@pytest.mark.parametrize(
    ("advert", "expected"), [row[1:] for row in ADVERTS], ids=[row[0] for row in ADVERTS]
)
def test_published_advertisement(advert: str, expected: list[Frame]) -> None:
    assert list(frames(split(bytes.fromhex(advert)))) == expected


def test_band_is_read_as_it_was_written_and_fits_a_legacy_advertisement() -> None:
    payload = band_payload(A_BAND)
    element = bytes([len(payload) + 17, 0x21]) + UUID(POLSO).bytes[::-1] + payload

    assert len(element) <= LEGACY_BYTES_MAX
    assert list(frames(split(element))) == [A_BAND]


def test_band_s_spare_octet_means_nothing_and_an_unknown_version_is_no_band() -> None:
    payload = band_payload(A_BAND)

    assert of_service(POLSO, payload[:-1] + b"\xff") == A_BAND
    assert of_service(POLSO, b"\x11" + payload[1:]) is None
    assert of_service(POLSO, payload[:-1]) is None


def test_band_s_identity_stands_in_no_text() -> None:
    assert "eid" not in repr(A_BAND)


@pytest.mark.parametrize(
    "changed", [b"\x02\x15" + bytes(20), b"\x02\x15" + bytes(22), b"\x02\x14" + bytes(21)]
)
def test_ibeacon_of_another_length_or_type_is_none(changed: bytes) -> None:
    assert isinstance(of_manufacturer(APPLE, b"\x02\x15" + bytes(21)), IBeacon)
    assert of_manufacturer(APPLE, changed) is None
    assert of_manufacturer(APPLE + 1, b"\x02\x15" + bytes(21)) is None


def test_uid_is_heard_at_a_metre_41_db_below_the_transmitter() -> None:
    found = of_service(EDDYSTONE, b"\x00\xe7" + bytes(18))

    assert isinstance(found, EddystoneUid)
    assert (found.power_0m, found.power_1m) == (-25, -66)


@pytest.mark.parametrize(
    "octets", ["10e702", "10e704", "10e70420", "10e7020e", "10e7027f", "10e702" + "61" * 18]
)
def test_url_that_is_empty_too_long_or_of_undefined_octets_is_none(octets: str) -> None:
    assert of_service(EDDYSTONE, bytes.fromhex(octets)) is None


def test_url_s_shortest_form_of_every_ending() -> None:
    assert of_service(EDDYSTONE, b"\x10\x00\x01a\x07") == EddystoneUrl("https://www.a.com", 0)
    assert of_service(EDDYSTONE, b"\x10\x00\x01a\x06b") == EddystoneUrl("https://www.a.gov/b", 0)


def test_telemetry_below_zero_in_seals_and_of_an_unknown_version() -> None:
    cold = of_service(EDDYSTONE, bytes.fromhex("2000" + "0000" + "ff80" + "00000001" + "00000002"))

    assert cold == EddystoneTlm(0, -0.5, 1, 2)
    assert of_service(EDDYSTONE, b"\x20\x01" + bytes(16)) == EddystoneEtlm(bytes(12), bytes(2), bytes(2))
    assert of_service(EDDYSTONE, b"\x20\x02" + bytes(12)) is None


def test_element_list_ends_at_a_length_of_zero_and_at_one_that_runs_past_the_end() -> None:
    beacon = bytes.fromhex(ADVERTS[0][1])

    assert list(frames(split(b"\x00" + beacon))) == []
    assert list(frames(split(beacon[:-1]))) == []
    assert len(list(frames(split(beacon + b"\x00\x00\x07")))) == 1


def test_service_by_its_32_bit_name_is_the_same_service() -> None:
    octets = bytes.fromhex("30e34549445f74657374")

    assert len(list(frames(split(bytes([len(octets) + 5, 0x20]) + b"\xaa\xfe\x00\x00" + octets)))) == 1


@given(
    st.sampled_from([bytes.fromhex(row[1]) for row in ADVERTS] + [band_payload(A_BAND)]),
    st.lists(st.tuples(st.integers(0, 63), st.integers(0, 255)), max_size=6),
    st.integers(0, 64),
)
def test_changed_octets_are_a_frame_or_nothing(
    octets: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    changed = bytearray(octets)
    for place, value in changes:
        changed[place % len(changed)] = value
    for frame in frames(split(bytes(changed[:cut]))):
        assert isinstance(frame, Frame)


@given(st.binary(max_size=64), st.sampled_from([POLSO, EDDYSTONE]), st.integers(0, 2**16 - 1))
def test_any_octets_are_a_frame_or_nothing(octets: bytes, uuid: str, company: int) -> None:
    list(frames(split(octets)))
    of_service(uuid, octets)
    of_manufacturer(company, octets)
