"""The virtual card answers as a reader and its band would, to a peer that plays vpcd."""

from __future__ import annotations

import contextlib
import queue
import socket
import time
from collections.abc import Iterator

import pytest

from hardware.virtual.bands.isodep import Type4
from hardware.virtual.card import Coupler, VirtualCard
from hardware.virtual.card.blocks import BandSilent, Blocks, Selected, read_ats
from tests.hardware.nfc_bench import (
    FELICA_UID,
    LIVE_UID,
    a_classic,
    a_felica_band,
    a_live_band,
    an_ntag213,
)

GET_UID = bytes.fromhex("FFCA000000")
SELECT = bytes.fromhex("00A4040007D276000085010100")


class Vpcd:
    """The daemon's end: takes connections as they come, and asks."""

    def __init__(self) -> None:
        self._lines: queue.Queue[socket.socket] = queue.Queue()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._opened: list[socket.socket] = []
        self.up = True

    def dial(self) -> socket.socket:
        if not self.up:
            raise ConnectionRefusedError
        return socket.create_connection(self._server.getsockname())

    def accept(self) -> socket.socket:
        self._server.settimeout(3)
        line, _ = self._server.accept()
        line.settimeout(3)
        self._opened.append(line)
        return line

    def close(self) -> None:
        for line in (self._server, *self._opened):
            line.close()


def ask(line: socket.socket, message: bytes) -> bytes:
    """Send a message and return its answer, empty where the card hangs up."""
    line.sendall(len(message).to_bytes(2) + message)
    head = line.recv(2)
    return line.recv(int.from_bytes(head)) if head else b""


def tell(line: socket.socket, message: bytes) -> None:
    line.sendall(len(message).to_bytes(2) + message)


@pytest.fixture
def vpcd() -> Iterator[Vpcd]:
    vpcd = Vpcd()
    yield vpcd
    vpcd.close()


@pytest.fixture
def card(vpcd: Vpcd) -> Iterator[VirtualCard]:
    card = VirtualCard(vpcd.dial)
    yield card
    vpcd.up = False
    card.close()


def test_band_is_announced_by_its_atr_and_answers(card: VirtualCard, vpcd: Vpcd) -> None:
    card.place(a_live_band())
    line = vpcd.accept()

    tell(line, b"\x01")
    assert ask(line, b"\x04").hex() == "3b8180018080"
    assert ask(line, GET_UID) == LIVE_UID + b"\x90\x00"
    assert ask(line, SELECT) == b"\x90\x00"
    assert card.apdus == 2


def test_band_taken_away_hangs_up_and_stays_away_for_half_a_second(card: VirtualCard, vpcd: Vpcd) -> None:
    card.place(a_live_band())
    line = vpcd.accept()
    card.remove()
    began = time.monotonic()
    assert line.recv(1) == b""

    card.place(a_live_band())
    vpcd.accept()

    assert time.monotonic() - began >= 0.4, "pcscd must have had the time to look"


def test_band_that_falls_silent_ends_the_session_and_comes_back(card: VirtualCard, vpcd: Vpcd) -> None:
    card.place(a_live_band(fault="torn", fault_at=7))
    line = vpcd.accept()
    assert ask(line, SELECT) == b"\x90\x00"
    assert ask(line, SELECT) == b"", "a reader says nothing for a band that is gone"

    card.place(a_live_band())
    assert ask(vpcd.accept(), SELECT) == b"\x90\x00"


def test_power_off_makes_the_next_power_on_a_new_presentation(card: VirtualCard, vpcd: Vpcd) -> None:
    card.place(a_live_band())
    line = vpcd.accept()
    assert ask(line, SELECT) == b"\x90\x00"
    tell(line, b"\x00")
    tell(line, b"\x01")
    assert ask(line, bytes.fromhex("9071000002010000"))[-2:] != b"\x91\xaf", "the selection is gone"
    tell(line, b"\x02")
    assert ask(line, SELECT) == b"\x90\x00"


def test_daemon_that_is_not_there_yet_is_dialled_again(card: VirtualCard, vpcd: Vpcd) -> None:
    vpcd.up = False
    card.place(a_live_band())
    vpcd.up = True

    assert ask(vpcd.accept(), GET_UID)


@pytest.mark.parametrize(
    ("band", "atr"),
    [
        (a_classic, "3b8f8001804f0ca000000306030001000000006a"),
        (an_ntag213, "3b8f8001804f0ca0000003060300030000000068"),
        (a_felica_band, "3b8f8001804f0ca00000030611003b0000000042"),
    ],
)
def test_band_without_apdus_is_named_as_the_standard_says(band: object, atr: str) -> None:
    assert callable(band)
    coupler = Coupler(band())

    assert (coupler.power() or b"").hex() == atr
    assert coupler.transmit(SELECT) == b"\x6a\x81"


def test_pages_and_frames_go_through_the_readers_own_commands() -> None:
    memory, felica = Coupler(an_ntag213()), Coupler(a_felica_band())
    memory.power()
    felica.power()

    assert memory.transmit(bytes.fromhex("FFB0000304"))[:3] == b"\xe1\x10\x12"
    assert memory.transmit(bytes.fromhex("FFB000F010")) == b"\x63\x00"
    assert memory.transmit(bytes.fromhex("FFD6000404AABBCCDD")) == b"\x6a\x81"
    poll = bytes.fromhex("FF00000006060088B40000")
    assert felica.transmit(poll)[2:10] == FELICA_UID
    assert felica.transmit(bytes.fromhex("FF00000003030000")) == b"\x63\x00"


class Echo(Type4):
    """Sends a command back."""

    def apdu(self, command: bytes) -> bytes:
        return command + b"\x90\x00"


@pytest.mark.parametrize("octets", [1, 125, 126, 250, 260])
def test_long_commands_and_answers_are_cut_into_blocks(octets: int) -> None:
    coupler = Coupler(Echo(LIVE_UID))
    coupler.power()
    command = bytes(octets % 256 for octets in range(octets))

    assert coupler.transmit(command) == command + b"\x90\x00"


def test_answer_that_was_lost_is_asked_for_again() -> None:
    band, lost = Echo(LIVE_UID), [True]

    def ask(frame: bytes) -> bytes | None:
        answer = band.answer("106A", frame)
        return None if frame[0] in (0x02, 0x03) and lost.pop() else answer

    coupler = Coupler(band)
    coupler.power()
    blocks = Blocks(ask, lambda seconds: False, Selected(64, 0.0, b""))

    assert blocks.exchange(b"\x00\x01\x02\x03") == b"\x00\x01\x02\x03\x90\x00"


@pytest.mark.parametrize("answers", [[b""], [b"\xa2"], [b"\x03\x90\x00"], [None, None, None]])
def test_answer_against_the_protocol_is_silence(answers: list[bytes | None]) -> None:
    blocks = Blocks(lambda frame: answers.pop(0), lambda seconds: False, Selected(64, 0.0, b""))

    with pytest.raises(BandSilent):
        blocks.exchange(b"\x00")


def test_wish_for_time_ends_when_the_band_is_taken_away() -> None:
    wishes = [False, False, True]
    blocks = Blocks(lambda frame: b"\xf2\x01", lambda seconds: wishes.pop(0), Selected(64, 0.0, b""))

    with pytest.raises(BandSilent, match="taken away"):
        blocks.exchange(b"\x00")


@pytest.mark.parametrize("ats", ["", "01", "0677", "0578807002", "037850"])
def test_answer_to_select_that_does_not_hold_is_none(ats: str) -> None:
    with contextlib.suppress(ValueError):
        found = read_ats(bytes.fromhex(ats))
        assert found is None or ats == "0578807002"
