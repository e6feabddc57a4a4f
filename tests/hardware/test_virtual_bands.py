"""Virtual bands are what nfcpy's own tag classes expect of real ones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import ndef
import nfc
import nfc.clf
import nfc.tag
import pytest

from hardware.nfc import ntag424
from hardware.nfc.diversify import band_key
from hardware.port import Trust
from hardware.virtual.bands import Band, Description, build
from hardware.virtual.bands.band import is_poll
from hardware.virtual.bands.ntag424 import Ntag424
from hardware.virtual.field import Field
from tests.hardware.nfc_bench import KEY, a_classic, a_felica_band, a_live_band, an_ntag213, udp_bench

TARGETS = (nfc.clf.RemoteTarget("106A"), nfc.clf.RemoteTarget("212F"))


class Stock:
    """nfcpy as it comes, over a field."""

    def __init__(self) -> None:
        self.field = Field()
        self.frontend = nfc.ContactlessFrontend(self.field.path)

    def tag(self, band: Band) -> nfc.tag.Tag:
        self.field.place(band)
        return nfc.tag.activate(self.frontend, self.frontend.sense(*TARGETS))


@pytest.fixture
def stock() -> Iterator[Stock]:
    stock = Stock()
    yield stock
    stock.frontend.close()
    stock.field.close()


def link_of(tag: nfc.tag.Tag) -> str:
    return str(tag.ndef.records[0].iri)


@pytest.mark.parametrize(("kind", "product"), [("ntag213", "NXP NTAG213"), ("ntag216", "NXP NTAG216")])
def test_ntag21x_is_recognised_and_shows_its_link(stock: Stock, kind: str, product: str) -> None:
    tag = stock.tag(build({"kind": kind, "uid": "04112233445566", "url": "https://polso.example/x?a=1&b=2"}))

    assert tag.product == product
    assert link_of(tag) == "https://polso.example/x?a=1&b=2"


def test_ntag21x_password_opens_what_it_guards(stock: Stock) -> None:
    tag = stock.tag(an_ntag213(password="11223344AABB"))

    assert tag.ndef is None
    assert not tag.authenticate(b"\x11\x22\x33\x45\xaa\xbb")
    tag = stock.tag(an_ntag213(password="11223344AABB"))
    assert tag.authenticate(b"\x11\x22\x33\x44\xaa\xbb")
    assert link_of(tag) == "https://polso.example/b"


def test_ntag21x_is_written_and_read_again(stock: Stock) -> None:
    band = an_ntag213()
    tag = stock.tag(band)

    tag.ndef.records = [ndef.UriRecord("https://polso.example/new")]

    assert link_of(stock.tag(band)) == "https://polso.example/new"
    assert tag.signature == bytes(32)


def test_ntag424_link_is_that_of_an12196_at_counter_61(stock: Stock) -> None:
    tag = stock.tag(build({"kind": "ntag424", "uid": "04DE5F1EACC040", "counter": 60}))

    assert link_of(tag) == "https://polso.example/b?uid=04DE5F1EACC040&ctr=00003D&cmac=94EED9EE65337086"


def test_ntag424_counts_its_presentations_and_keeps_the_count(stock: Stock) -> None:
    band = build({"kind": "ntag424", "uid": "04DE5F1EACC040"})

    counters = [link_of(stock.tag(band)).split("ctr=")[1][:6] for _ in range(3)]

    assert counters == ["000001", "000002", "000003"]


def test_ntag424_tells_its_version_and_answers_unknown_commands_with_a_status(stock: Stock) -> None:
    tag = stock.tag(a_live_band())

    def says(command: str) -> str:
        return bytes(tag.transceive(bytearray.fromhex(command)))[-2:].hex()

    assert says("0084000008") == "6d00"
    assert says("00B0000010") == "6982"
    assert says("00A4000C02E104") == "6a82"
    assert says("00A4040007D276000085010100") == "9000"
    assert says("9071000002090000") == "9140"
    assert says("90AF000000") == "911c"
    assert [says("9060000000"), says("90AF000000"), says("90AF000000")] == ["91af", "91af", "9100"]
    assert says("907100000200" + "00" + "00") == "91af"
    assert says("90AF00000401020304" + "00") == "917e"
    assert says("00") == "6700"


def test_felica_lite_s_authenticates_both_ways_with_its_card_key_only(stock: Stock) -> None:
    tag = stock.tag(a_felica_band())

    assert tag.authenticate(KEY)
    assert not tag.authenticate(bytes(16))
    assert link_of(tag) == "https://polso.example/b"


def test_felica_lite_s_is_written_and_read_again(stock: Stock) -> None:
    tag = stock.tag(a_felica_band())

    tag.write_without_mac(bytearray(range(16)), 5)

    assert bytes(tag.read_without_mac(5)) == bytes(range(16))
    with pytest.raises(nfc.tag.TagCommandError):
        tag.read_without_mac(0x7F)
    with pytest.raises(nfc.tag.TagCommandError):
        tag.write_without_mac(bytearray(16), 0x82)


@pytest.mark.parametrize("uid", ["01020304", "04112233445566", "04112233445566778899"])
def test_identifiers_of_every_length_are_selected(uid: str) -> None:
    with udp_bench() as bench:
        found = bench.read_of(build({"kind": "ntag424", "uid": uid}))

        assert (found.uid, found.trust) == (bytes.fromhex(uid), Trust.UID)
        assert bench.still_there(found.uid)


def test_classic_looks_like_a_type_2_tag_to_nfcpy(stock: Stock) -> None:
    """The trap that the look at the SAK closes."""
    assert stock.tag(a_classic()).type == "Type2Tag"


def test_empty_field_is_noticed_at_once_and_a_mute_band_stays_mute() -> None:
    field = Field()
    try:
        assert field.answer(b"106A 26") == b"106A"
        assert field.answer(b"212F 0600ffff0100") == b"212F"
        assert field.answer(b"106A 3000") is None
        assert field.answer(b"nonsense") is None
        assert field.answer(b"106A zz") is None
    finally:
        field.close()


def test_question_for_anybody_is_told_from_other_frames() -> None:
    assert is_poll("106A", b"\x26")
    assert not is_poll("106A", b"\x26\x00")
    assert not is_poll("106A", b"\xe0\x80")
    assert not is_poll("999X", b"\x26")


def test_masters_give_bands_the_keys_a_vault_would_derive() -> None:
    band = build({"kind": "ntag424", "uid": "04112233445566", "master": "11" * 16, "keys": {"2": "22" * 16}})

    assert isinstance(band, Ntag424)
    assert band.keys[1] == band_key(b"\x11" * 16, bytes.fromhex("04112233445566"), 1)
    assert band.keys[2] == b"\x22" * 16


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "ntag999", "uid": "04112233445566"},
        {"kind": "ntag424", "uid": "0411"},
        {"kind": "ntag424", "uid": "04112233445566", "keys": {"1": "00"}},
        {"kind": "ntag424", "uid": "04112233445566", "keys": {"7": "00" * 16}},
        {"kind": "felica_lite_s", "uid": "04112233445566"},
        {"kind": "ntag213", "uid": "04112233445566", "message": "00" * 200},
        {"kind": "ntag213", "uid": "04112233445566", "colour": "blue"},
    ],
)
def test_wrong_description_is_refused(told: dict[str, object]) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)):
        build(told)


def test_description_shows_no_key_and_no_identifier() -> None:
    told = Description(kind="ntag424", uid="04112233445566", keys={"1": KEY.hex()}, name="Anna")

    assert "Anna" in repr(told)
    assert KEY.hex() not in repr(told)
    assert "04112233445566" not in repr(told)


def test_chained_blocks_carry_long_commands_and_answers() -> None:
    band = Ntag424(bytes(7), {1: KEY}, message=b"\xd1\x01" + bytes(range(200)))

    def says(frame: str) -> bytes:
        answer = band.answer("106A", bytes.fromhex(frame))
        assert answer is not None
        return answer

    for frame in ("26", "9320", "93708800000088", "9520", "95700000000000"):
        says(frame)
    assert says("E050") == bytes.fromhex("067777710280")
    assert says("12" + "00A40400") == b"\xa2"
    assert says("12" + "00A40400") == b"\xa2", "a repeated block is answered again, not taken twice"
    assert says("03" + "07D276000085010100") == b"\x03" + ntag424.OK
    assert says("B3") == b"\x03" + ntag424.OK, "what was not heard is said again"
    says("02" + "00A4000C02E104")
    first = says("03" + "00B0000000")
    assert first[0] == 0x13
    parts = [first[1:]]
    number = 0
    while parts and (block := says(f"A{2 | number}"))[0] & 0x10:
        parts.append(block[1:])
        number ^= 1
    assert b"".join([*parts, block[1:]])[2:204] == b"\xd1\x01" + bytes(range(200))
    assert says("C2") == b"\xc2"
    assert band.answer("106A", b"\x02\x00") is None
