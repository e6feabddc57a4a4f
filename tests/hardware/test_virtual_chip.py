"""The virtual PN532 keeps the frames of the real one's manual."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.virtual.bands.band import TypeA
from hardware.virtual.chip import Pn532, PtyChip
from hardware.virtual.chip.line import ACK, frame_of, take_command
from hardware.virtual.chip.pn532 import crc_a
from tests.hardware.nfc_bench import a_felica_band, a_live_band, an_ntag213


@pytest.fixture
def chip() -> Pn532:
    return Pn532(lambda seconds: None)


def ask(chip: Pn532, command: str) -> str:
    return chip.execute(bytes.fromhex("D4" + command)).hex()


@given(st.binary(max_size=400), st.binary(max_size=10))
def test_framed_commands_come_out_of_any_line_noise_before_them(body: bytes, noise: bytes) -> None:
    command = b"\xd4\x00" + body
    buffer = bytearray(noise.replace(b"\x00\x00\xff", b"") + b"\x55" + ACK + frame_of(command))

    assert take_command(buffer) == command
    assert not buffer


def test_half_a_frame_is_waited_for() -> None:
    whole = frame_of(b"\xd4\x02")
    buffer = bytearray(whole[:-3])

    assert take_command(buffer) is None
    buffer += whole[-3:]
    assert take_command(buffer) == b"\xd4\x02"


def test_frames_not_meant_for_the_chip_are_passed_over() -> None:
    assert take_command(bytearray(frame_of(b"\xd5\x03\x32"))) is None


def test_check_sum_is_that_of_iso_14443_a() -> None:
    """ISO 14443-3 annex B: 0000h gives A01Eh, 1234h gives 26CFh."""
    assert crc_a(b"\x00\x00") == b"\xa0\x1e"
    assert crc_a(b"\x12\x34") == b"\x26\xcf"


def test_unknown_command_gets_the_error_frame(chip: Pn532) -> None:
    assert ask(chip, "9901") == "7f"
    assert chip.commands == 1


def test_chip_tells_its_firmware_and_echoes_a_line_test(chip: Pn532) -> None:
    assert ask(chip, "02") == "d50332010607"
    assert ask(chip, "0000010203") == "d50100010203"


def test_empty_field_has_no_targets_of_any_technology(chip: Pn532) -> None:
    assert [ask(chip, f"4A01{kind:02x}00FFFF0100") for kind in range(5)] == ["d54b00"] * 5
    assert ask(chip, "066339") == "d50726", "nfcpy looks whether its own question still lies in the queue"


def test_type_a_band_is_listed_and_can_be_asked_for_by_name(chip: Pn532) -> None:
    chip.place(a_live_band())

    listed = "d54b01010344200704de5f1eacc040"
    assert ask(chip, "4A0100") == listed
    chip.execute(bytes.fromhex("D4320102"))
    assert ask(chip, "4A01008804DE5F1EACC040") == listed
    assert ask(chip, "4A01008804DE5F1EACC041") == "d54b00"


def test_ten_octets_are_asked_for_with_two_cascade_tags(chip: Pn532) -> None:
    chip.place(a_live_band(uid="04112233445566778899"))

    assert ask(chip, "4A01008804112288334455" + "66778899") == "d54b0101034420" + "0a04112233445566778899"


def test_felica_band_is_listed_with_its_own_length(chip: Pn532) -> None:
    chip.place(a_felica_band())

    assert ask(chip, "4A010100FFFF0100").startswith("d54b01011401" + "0102030405060708")


def test_band_with_a_wrong_check_octet_is_not_selected(chip: Pn532) -> None:
    class Crooked(TypeA):
        def _cascade(self, frame: bytes) -> bytes | None:
            answer = super()._cascade(frame)
            return answer[:-1] + b"\x00" if answer and len(answer) == 5 else answer

        def command(self, frame: bytes) -> bytes | None:
            return None

    chip.place(Crooked(b"\x01\x02\x03\x04", atqa=b"\x04\x00", sak=0))

    assert ask(chip, "4A0100") == "d54b00"
    assert ask(chip, "066339") != "d50726"


def test_check_sum_is_left_on_where_the_driver_asked_for_it(chip: Pn532) -> None:
    chip.place(an_ntag213())
    ask(chip, "4A0100")
    ask(chip, "08630300")

    version = bytes.fromhex(ask(chip, "4260"))[3:]

    assert version[-2:] == crc_a(version[:-2])


def test_mute_band_costs_the_waiting_time_that_was_set() -> None:
    waits: list[float] = []
    chip = Pn532(waits.append)
    chip.place(a_live_band(fault="mute"))
    ask(chip, "4A0100")
    ask(chip, "32020A0B0A")

    assert ask(chip, "420200A4") == "d54301"
    assert waits == [pytest.approx(0.0512)]


def test_unplugged_line_is_gone_and_replugged_under_the_same_path() -> None:
    line = PtyChip()
    path = Path(line.path.removeprefix("pty:"))
    try:
        line.unplug()
        line.unplug()
        assert not path.exists()
        line.replug()
        line.replug()
        assert path.exists()
    finally:
        line.close()
    assert not path.is_symlink()
