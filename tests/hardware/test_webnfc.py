"""A staff phone as reader: links read by its browser, judged as any SUN message."""

from __future__ import annotations

import json
import time

import pytest

from hardware.nfc import sun
from hardware.port import DeviceError, Medium, ReadFault, Trust
from hardware.registry import build
from hardware.webnfc import WAITING_MAX, PhoneBusy, WebNfcReader
from tests.hardware.reader_contract import ReaderContract, Subject

UID = bytes.fromhex("04A1B2C3D4E501")
KEY = bytes(range(16))


def link(counter: int, key: bytes = KEY, uid: bytes = UID) -> str:
    claim = sun.Claim(uid, counter, b"")
    code = sun.mac(key, claim, b"").hex().upper()
    return f"https://polso.example/b?uid={uid.hex().upper()}&ctr={counter:06X}&cmac={code}"


def keys(uid: bytes, key_no: int) -> bytes | None:
    return KEY if uid == UID and key_no == sun.SUN_KEY_NO else None


def soon() -> int:
    return time.monotonic_ns() + 50_000_000


def heard(read: object) -> WebNfcReader:
    reader = WebNfcReader(keys)
    reader.hear(json.dumps(read).encode())
    return reader


def test_true_link_is_sun_with_its_counter() -> None:
    presented = heard({"url": link(7), "serial": "04:a1:b2:c3:d4:e5:01"}).read(soon())
    assert presented is not None
    assert (presented.uid, presented.trust, presented.counter) == (UID, Trust.SUN, 7)
    assert (presented.medium, presented.fault) == (Medium.WEB, None)


def test_link_made_by_another_key_is_refused_and_no_lower_trust() -> None:
    presented = heard({"url": link(7, key=bytes(16))}).read(soon())
    assert presented is not None
    assert (presented.trust, presented.fault) == (Trust.NONE, ReadFault.NOT_AUTHENTIC)


def test_link_of_another_band_than_the_one_held_is_refused() -> None:
    presented = heard({"url": link(7), "serial": "04:00:00:00:00:00:00"}).read(soon())
    assert presented is not None
    assert presented.fault is ReadFault.NOT_AUTHENTIC


def test_bare_serial_number_is_a_copy_at_best() -> None:
    presented = heard({"serial": "04:a1:b2:c3:d4:e5:01"}).read(soon())
    assert presented is not None
    assert (presented.uid, presented.trust) == (UID, Trust.UID)


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b'{"serial": "zz"}', b'{"url": 3}', b"{}", b"\xff"])
def test_garbage_from_a_phone_is_a_bad_read(octets: bytes) -> None:
    reader = WebNfcReader(keys)
    reader.hear(octets)
    presented = reader.read(soon())
    assert presented is not None
    assert (presented.trust, presented.fault) == (Trust.NONE, ReadFault.GARBAGE)


def test_quiet_phone_is_an_empty_field() -> None:
    assert WebNfcReader(keys).read(time.monotonic_ns()) is None


def test_phone_that_floods_is_told_so() -> None:
    reader = WebNfcReader(keys)
    for _ in range(WAITING_MAX):
        reader.hear(b"{}")
    with pytest.raises(PhoneBusy):
        reader.hear(b"{}")
    reader.close()
    assert reader.read(time.monotonic_ns()) is None


def test_registry_builds_it_and_names_settings_it_does_not_take() -> None:
    assert isinstance(build("webnfc", "phone-1", {}, keys=keys), WebNfcReader)
    with pytest.raises(DeviceError, match="path"):
        build("webnfc", "phone-1", {"path": "x"}, keys=keys)


class TestPhoneHoldsTheContract(ReaderContract):
    @pytest.fixture
    def subject(self) -> Subject:
        reader = WebNfcReader(keys)
        return Subject(
            reader,
            UID,
            Trust.SUN,
            present=lambda: reader.hear(json.dumps({"url": link(7)}).encode()),
            stays=False,
        )
