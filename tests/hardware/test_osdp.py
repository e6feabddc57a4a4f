"""A door reader over libosdp, panel and device at both ends of one line: encrypted or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hardware import osdp
from hardware.osdp.cards import CARD_OCTETS_MAX, TEXT, card_of
from hardware.osdp.settings import WORTHLESS_KEYS, door_settings, read_key
from hardware.port import (
    DeviceError,
    DeviceState,
    Medium,
    Reader,
    ReadFault,
    State,
    Tap,
    Trust,
)
from tests.hardware.ear import Ear, House
from tests.hardware.osdp_bench import CARD, KEY, OTHER_KEY, WAIT_S, a_key_file, no_keys
from tests.hardware.reader_contract import ReaderContract, Subject
from tests.portions import sample_and_whole

if TYPE_CHECKING:  # needs what a bare machine lacks; there the tests are skipped before their fixtures
    from hardware.virtual.door import VirtualDoor

libosdp = pytest.mark.real("libosdp")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def supervise(ear: Ear) -> Iterator[House]:
    house = House(ear)
    yield house
    house.stop()


@libosdp
class TestContract(ReaderContract):
    @pytest.fixture
    def subject(self, door: VirtualDoor, key_file: Path) -> Iterator[Subject]:
        reader = osdp.build("door", {"port": door.path, "key_file": str(key_file)}, no_keys)
        absent = osdp.build(
            "nobody", {"port": f"{door.path}-is-not-here", "key_file": str(key_file)}, no_keys
        )
        yield Subject(
            reader,
            CARD,
            Trust.UID,
            present=lambda: door.present(CARD),
            unplug=door.unplug,
            replug=door.replug,
            stays=False,
            absent=absent,
        )
        reader.close()


@libosdp
def test_card_number_is_an_identifier_and_no_proof(door_reader: Reader, door: VirtualDoor) -> None:
    door_reader.open()
    door.present(CARD, bits=26)

    began = time.monotonic()
    found = door_reader.read(time.monotonic_ns() + 1_000_000_000)

    assert found is not None
    assert (found.uid, found.trust, found.medium, found.product) == (CARD, Trust.UID, Medium.OSDP, "osdp")
    print(f"osdp: card to reader {1000 * (time.monotonic() - began):.0f} ms")


@libosdp
def test_padding_behind_the_last_bit_is_no_part_of_a_number(door_reader: Reader, door: VirtualDoor) -> None:
    door_reader.open()
    door.present(bytes.fromhex("123456BF"), bits=26)

    found = door_reader.read(time.monotonic_ns() + 1_000_000_000)

    assert found is not None
    assert found.uid == bytes.fromhex("12345680")


@libosdp
def test_cards_in_a_row_come_out_in_order(door_reader: Reader, door: VirtualDoor) -> None:
    door_reader.open()
    cards = [bytes([number]) * 4 for number in range(1, 6)]
    for card in cards:
        door.present(card)

    seen: list[bytes] = []
    for _ in cards:
        found = door_reader.read(time.monotonic_ns() + 2_000_000_000)
        seen += [found.uid] if found else []

    assert seen == cards


@pytest.mark.parametrize(
    ("data", "bits"), [(b"", 0), (b"\x12", 26), (b"\x12\x34\x56\x80", 0)], ids=["none", "short", "no bits"]
)
def test_card_without_a_number_is_a_bad_read(data: bytes, bits: int) -> None:
    found = card_of({"format": 1, "length": bits, "data": data})

    assert (found.fault, found.trust) == (ReadFault.GARBAGE, Trust.NONE)


def test_card_in_letters_is_taken_as_it_is_up_to_a_length() -> None:
    text = b"A" * CARD_OCTETS_MAX

    assert card_of({"format": TEXT, "length": 4, "data": text}).uid == text
    assert card_of({"format": TEXT, "length": 4, "data": text + b"A"}).fault is ReadFault.GARBAGE


@libosdp
def test_format_of_letters_is_libosdps_own() -> None:
    import osdp_sys

    assert osdp_sys.CARD_FMT_ASCII == TEXT


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For who knows that no channel will come up."""
    from hardware.osdp import bus, reader

    monkeypatch.setattr(reader, "OPEN_S_MAX", 0.6)
    monkeypatch.setattr(bus, "_BEGIN_S", 0.5)


@libosdp
@pytest.mark.usefixtures("impatient")
def test_reader_with_another_key_is_refused_and_says_so(settings: dict[str, Any], door: VirtualDoor) -> None:
    door.reset(OTHER_KEY)
    reader = osdp.build("door", settings, no_keys)

    with pytest.raises(DeviceError, match="refuses our key") as told:
        reader.open()
    door.present(CARD)
    with pytest.raises(DeviceError):
        reader.read(time.monotonic_ns() + 100_000_000)

    assert "polso osdp install" in told.value.hint
    assert not door.commands, "nothing was said to it"


@libosdp
@pytest.mark.usefixtures("impatient")
def test_reader_in_install_mode_gets_nothing_from_a_configuration(
    settings: dict[str, Any], door: VirtualDoor
) -> None:
    """Whoever resets a reader on the wall to the key that everybody knows has gained nothing."""
    door.reset(None)
    reader = osdp.build("door", settings, no_keys)

    with pytest.raises(DeviceError):
        reader.open()

    assert door.key is None, "no key of ours went over an open line"
    assert not door.commands


@libosdp
def test_install_gives_a_new_reader_a_key_of_its_own(door: VirtualDoor, tmp_path: Path) -> None:
    from hardware.osdp.install import install

    door.reset(None)
    path = tmp_path / "new.key"
    told = door_settings("door", {"port": door.path, "key_file": str(path)})

    install(told, wait_s=3)

    assert door.key == read_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    door.reset(door.key)
    reader = osdp.build("door", {"port": door.path, "key_file": str(path)}, no_keys)
    reader.open()
    reader.close()
    install(told)


@libosdp
def test_install_on_a_reader_that_has_a_key_changes_nothing(door: VirtualDoor, tmp_path: Path) -> None:
    from hardware.osdp.install import install

    told = door_settings("door", {"port": door.path, "key_file": str(tmp_path / "new.key")})

    with pytest.raises(DeviceError, match="takes no key") as refused:
        install(told, wait_s=0.4)

    assert door.key == KEY
    assert "install mode" in refused.value.hint


@libosdp
@pytest.mark.timeout(40)
@pytest.mark.parametrize("cut", ["adapter", "wire"])
def test_cut_line_is_lost_and_comes_back(
    supervise: House, ear: Ear, door_reader: Reader, door: VirtualDoor, cut: str
) -> None:
    supervise(door_reader)
    ear.next(DeviceState, state=State.IDLE)

    began = time.monotonic()
    if cut == "adapter":
        door.unplug()
    else:
        door.listens = False
    lost = ear.next(DeviceState, state=State.LOST)
    noticed_s, began = time.monotonic() - began, time.monotonic()
    door.replug()
    door.listens = True
    ear.next(DeviceState, state=State.IDLE)
    back_s = time.monotonic() - began
    door.present(CARD)

    assert ear.next(Tap).uid == CARD
    assert lost.reason
    print(f"osdp, {cut} cut: noticed after {noticed_s:.1f} s, back {back_s:.1f} s after it was mended")
    assert noticed_s < 2.5
    assert back_s < WAIT_S


@libosdp
@pytest.mark.timeout(120)
@pytest.mark.parametrize("cycles", sample_and_whole(3, 50))
def test_adapter_that_comes_and_goes_leaks_nothing(
    door_reader: Reader, door: VirtualDoor, cycles: int
) -> None:
    door_reader.open()
    descriptors, threads = _descriptors(), threading.active_count()

    for _ in range(cycles):
        door.unplug()
        with pytest.raises(DeviceError):
            _read_for_ever(door_reader)
        door_reader.close()
        door.replug()
        door_reader.open()

    assert _descriptors() <= descriptors
    assert threading.active_count() <= threads


def _read_for_ever(reader: Reader) -> None:
    while True:
        reader.read(time.monotonic_ns() + 100_000_000)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"port": ""}, '"port" is missing'),
        ({"key_file": ""}, '"key_file" is missing'),
        ({"address": 127}, "0 to 126"),
        ({"address": True}, "0 to 126"),
        ({"baud": 1200}, "9600"),
        ({"install": True}, "no setting 'install'"),
        ({"secure": False}, "no setting 'secure'"),
        ({"key": KEY.hex()}, "no setting 'key'"),
    ],
)
def test_wrong_setting_is_named_and_none_opens_the_channel(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        osdp.build("door", {"port": "/dev/ttyUSB0", "key_file": "/k"} | changes, no_keys)


@pytest.mark.parametrize("key", [*(key.hex() for key in WORTHLESS_KEYS), "", "00", "no hex", "ab" * 17])
def test_key_that_protects_nothing_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(DeviceError) as told:
        read_key(a_key_file(tmp_path / "k", key))

    assert "polso osdp install" in told.value.hint


def test_key_that_others_may_read_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="others may read it"):
        read_key(a_key_file(tmp_path / "k", KEY.hex(), mode=0o644))
    with pytest.raises(DeviceError, match="No such file"):
        read_key(tmp_path / "nowhere")
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    with pytest.raises(DeviceError, match="hexadecimal"):
        read_key(tmp_path / "b")
