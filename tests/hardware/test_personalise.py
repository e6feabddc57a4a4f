"""A band becomes ours at the desk, wherever it is pulled away meanwhile; the chip checks every octet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from hardware.nfc import ntag424, tags
from hardware.nfc.diversify import band_key
from hardware.nfc.messaging import Channel, ChipError, check_sum, code, new_key, padded, unpadded
from hardware.nfc.mirrors import template
from hardware.nfc.ntag424 import Session
from hardware.nfc.personalise import Plan, personalise, recognise, show, verify
from hardware.port import Trust
from hardware.virtual.bands.ntag424 import Ntag424
from tests.hardware.vectors import nxp

UID = bytes.fromhex("04DE5F1EACC040")
URL = "https://polso.example/b"
MASTERS = {1: bytes(range(16)), 2: bytes(range(16, 32))}
PLAN = Plan(URL)


class PulledAway(Exception):
    """The band left the reader."""


def keys(uid: bytes, version: int) -> Mapping[int, bytes] | None:
    master = MASTERS.get(version)
    return None if master is None else {number: band_key(master, uid, number) for number in range(5)}


@dataclass
class Hand:
    """Holds the band to the reader for so many exchanges; then pulls it away, heard or not."""

    band: Ntag424
    exchanges: int | None = None
    heard: bool = False
    """Whether the chip still does what it was asked at the last one, and only its answer is lost."""
    done: int = 0
    sent: list[bytes] = field(default_factory=list)

    def __call__(self, command: bytes) -> bytes:
        self.sent.append(command)
        if self.exchanges is not None and self.done >= self.exchanges:
            if self.heard:
                self.band.apdu(command)
            self.band.reset()
            raise PulledAway
        self.done += 1
        return self.band.apdu(command)


def ours(band: Ntag424, version: int = 1, notes: list[str] | None = None) -> Hand:
    hand = Hand(band)
    personalise(hand, keys, Plan(URL, version), note=(notes if notes is not None else []).append)
    return hand


def tapped(band: Ntag424, known: Mapping[int, bytes]) -> Trust:
    band.reset()
    return tags.prove_type4(band.apdu, UID, lambda uid, number: known.get(number)).trust


def test_a_factory_band_becomes_ours_and_proves_itself_at_a_gate() -> None:
    band, notes = Ntag424.from_factory(UID), list[str]()
    ours(band, notes=notes)
    own = keys(UID, 1)
    assert own is not None
    assert (band.keys, set(band.versions.values())) == (dict(own), {1})
    assert tapped(band, {1: own[1]}) is Trust.LIVE
    assert tapped(band, {2: own[2]}) is Trust.SUN
    assert notes == [
        "link written",
        "mirrors set",
        *(f"key {n}, version 1" for n in (1, 2, 3, 4, 0)),
        "verified",
    ]


def test_nobody_without_key_0_writes_into_a_band_of_ours() -> None:
    band = Ntag424.from_factory(UID)
    ours(band)
    band.reset()
    ntag424.select_application(band.apdu)
    write = b"\x90\x8d\x00\x00\x08\x02" + bytes(3) + b"\x01\x00\x00x\x00"
    assert band.apdu(write) == b"\x91\x9d"
    own = keys(UID, 1)
    assert own is not None
    assert ntag424.authenticate(band.apdu, own[1], 1).outcome is ntag424.Outcome.PROVED
    assert band.apdu(write) == b"\x91\x9d"


def exchanges(make: Callable[[], Ntag424], version: int) -> int:
    return ours(make(), version).done


def a_band_of_version_1() -> Ntag424:
    band = Ntag424.from_factory(UID)
    ours(band)
    return band


@pytest.mark.parametrize("heard", [False, True], ids=["command lost", "answer lost"])
@pytest.mark.parametrize(
    ("make", "version"),
    [(lambda: Ntag424.from_factory(UID), 1), (a_band_of_version_1, 2)],
    ids=["write", "rekey"],
)
def test_pulled_away_at_any_exchange_the_next_call_finishes(
    make: Callable[[], Ntag424], version: int, heard: bool
) -> None:
    count = exchanges(make, version)
    assert count > 20
    for cut in range(count):
        band = make()
        with pytest.raises(PulledAway):
            personalise(Hand(band, cut, heard), keys, Plan(URL, version), note=lambda _: None)
        known = {0: bytes(16)} | {one: k[0] for one, k in ((1, keys(UID, 1)), (2, keys(UID, 2))) if k}
        assert band.keys[0] == known[band.versions[0]], f"key 0 unknown after exchange {cut}"
        ours(band, version)
        wanted = keys(UID, version)
        assert wanted is not None
        assert (band.keys, tapped(band, {1: wanted[1]})) == (dict(wanted), Trust.LIVE), cut


def test_pulled_away_twice_it_is_finished_all_the_same() -> None:
    count = exchanges(lambda: Ntag424.from_factory(UID), 1)
    for first in range(0, count, 5):
        band = Ntag424.from_factory(UID)
        for cut in (first, first // 2 + 3):
            with pytest.raises(PulledAway):
                personalise(Hand(band, cut, heard=True), keys, PLAN, note=lambda _: None)
        ours(band)
        assert set(band.versions.values()) == {1}


def test_what_is_done_is_not_done_again() -> None:
    band, notes = a_band_of_version_1(), list[str]()
    ours(band, notes=notes)
    assert notes == ["verified"]


def test_a_rekeyed_band_refuses_the_old_keys() -> None:
    band, old = a_band_of_version_1(), keys(UID, 1)
    ours(band, 2)
    assert old is not None
    assert tapped(band, {1: old[1]}) is Trust.NONE
    with pytest.raises(ChipError, match="does not know this key"):
        verify(band.apdu, UID, old)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("version", [1, 2])
def test_while_keys_roll_a_gate_takes_old_and_new_ones(version: int, number: int) -> None:
    band, old, new = a_band_of_version_1(), keys(UID, 1), keys(UID, 2)
    assert old is not None
    assert new is not None
    ours(band, version)
    rolling = {number: old[number], number + tags.COMING: new[number]}
    assert tapped(band, rolling) is (Trust.LIVE if number == 1 else Trust.SUN)
    stranger = Ntag424(UID, {one: bytes([9]) * 16 for one in range(5)})
    assert tapped(stranger, rolling) is Trust.NONE


def test_a_band_of_another_site_is_left_as_it_is() -> None:
    band = Ntag424(UID, {number: bytes([9]) * 16 for number in range(5)})
    before = dict(band.keys)
    with pytest.raises(ChipError, match="neither the factory's nor ours"):
        ours(band)
    band.versions = dict.fromkeys(range(5), 7)
    with pytest.raises(ChipError, match="none of ours"):
        ours(band)
    assert band.keys == before


def test_a_version_nobody_made_is_refused_before_anything_is_written() -> None:
    band = Ntag424.from_factory(UID)
    with pytest.raises(ChipError, match="no key version 9"):
        ours(band, 9)
    assert set(band.versions.values()) == {0}


def test_another_chip_is_not_personalised() -> None:
    with pytest.raises(ChipError, match="no NTAG 424 DNA"):
        recognise(lambda command: b"\x6a\x82")


def test_a_factory_band_does_not_verify() -> None:
    own = keys(UID, 1)
    assert own is not None
    with pytest.raises(ChipError, match="factory key"):
        verify(Ntag424.from_factory(UID).apdu, UID, own)


def test_what_lies_on_the_desk_is_shown_without_a_key() -> None:
    band = a_band_of_version_1()
    seen = show(band.apdu)
    assert (seen.uid, seen.product, seen.versions) == (UID, "NTAG 424 DNA", (1,) * 5)
    assert seen.link.startswith(f"{URL}?uid={UID.hex().upper()}&ctr=")
    assert not any(key.hex() in repr(seen) for key in band.keys.values())


def a_channel(band: Ntag424) -> Channel:
    ntag424.select_application(band.apdu)
    proof = ntag424.authenticate(band.apdu, band.keys[0], 0)
    assert proof.session is not None
    return Channel(band.apdu, proof.session)


@pytest.mark.parametrize("octet", range(6, 49, 7))
def test_the_chip_refuses_a_command_of_which_one_bit_was_changed(octet: int) -> None:
    band = Ntag424.from_factory(UID)
    channel = a_channel(band)
    chip = band.apdu

    def tampered(command: bytes) -> bytes:
        at = min(octet, len(command) - 2)
        return chip(command[:at] + bytes([command[at] ^ 4]) + command[at + 1 :])

    channel.apdu = tampered
    with pytest.raises(ChipError):
        channel.tell(0xC4, b"\x01", new_key(bytes(range(16)), 1, old=bytes(16)))
    assert (band.keys[1], band.versions[1]) == (bytes(16), 0)


@pytest.mark.parametrize("octet", range(9))
def test_an_answer_of_which_one_bit_was_changed_is_not_believed(octet: int) -> None:
    band = a_band_of_version_1()
    channel, chip = a_channel(band), band.apdu

    def tampered(command: bytes) -> bytes:
        answer = chip(command)
        return answer[:octet] + bytes([answer[octet] ^ 1]) + answer[octet + 1 :]

    channel.apdu = tampered
    with pytest.raises(ChipError, match="wrong MAC"):
        channel.ask(0x64, b"\x01")


def test_a_command_said_twice_is_refused_for_its_counter() -> None:
    band = a_band_of_version_1()
    channel = a_channel(band)
    assert channel.ask(0x64, b"\x02") == b"\x01"
    channel.counter = 0
    with pytest.raises(ChipError):
        channel.ask(0x64, b"\x02")


def test_a_wrong_old_key_fails_the_check_sum() -> None:
    band = Ntag424.from_factory(UID)
    with pytest.raises(ChipError, match="another key"):
        a_channel(band).tell(0xC4, b"\x01", new_key(bytes(range(16)), 1, old=bytes([1]) * 16))
    assert band.keys[1] == bytes(16)


def test_check_sum_and_body_of_a_new_key_are_those_of_an12196() -> None:
    told = nxp.CHANGE_KEY
    key = bytes.fromhex(told["new"])
    assert check_sum(key).hex().upper() == told["crc"]
    assert new_key(key, 1, old=bytes(16)) == key + b"\x01" + bytes.fromhex(told["crc"])


@pytest.mark.parametrize("size", range(34))
def test_filling_comes_off_as_it_went_on(size: int) -> None:
    octets = bytes(range(size)) if size % 2 else bytes(size)
    assert len(padded(octets)) % 16 == 0
    assert unpadded(padded(octets)) == octets


def test_each_part_of_a_session_changes_the_mac() -> None:
    one = Session(bytes(4), bytes(16), bytes(range(16)))
    other = Session(b"\x01" + bytes(3), bytes(16), bytes(range(16)))
    told = [(one, 1, b"", 0), (one, 2, b"", 0), (one, 1, b"", 1), (one, 1, b"\0", 0), (other, 1, b"", 0)]
    made = {code(session, first, octets, counter=at) for session, first, octets, at in told}
    assert len(made) == 5


def test_the_link_has_its_mirrors_where_the_settings_say() -> None:
    wanted = template("https://a.example/x?site=uid")
    text = wanted.file[wanted.uid_at - 4 :].decode()
    assert text.startswith("uid=00000000000000&ctr=000000&cmac=0000000000000000")
    assert wanted.file[wanted.counter_at - 4 : wanted.counter_at] == b"ctr="
    assert wanted.settings[:6].hex() == "4000e0c1ffe2"
    with pytest.raises(ValueError, match="too long"):
        template("https://a.example/" + "x" * 230)
