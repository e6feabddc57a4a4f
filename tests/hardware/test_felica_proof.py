"""A FeliCa card proves itself and lets the reader prove itself, or it proves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hardware.nfc import felica
from hardware.port import ReadFault, Trust
from hardware.virtual.bands.felica import FelicaLiteS
from tests.hardware.nfc_bench import FELICA_UID, KEY, OTHER_KEY, a_felica_band, udp_bench

Twist = Callable[[tuple[int, ...], bytes], bytes]


class Card:
    """A virtual card without a radio between."""

    def __init__(self, twist: Twist = lambda blocks, octets: octets) -> None:
        self._band = FelicaLiteS(FELICA_UID, KEY)
        self._twist = twist

    def _say(self, code: int, blocks: tuple[int, ...], octets: bytes = b"") -> bytes:
        listed = b"".join(bytes([0x80, block]) for block in blocks)
        body = bytes([code]) + FELICA_UID + b"\x01\x0b\x00" + bytes([len(blocks)]) + listed + octets
        answer = self._band.answer("212F", bytes([len(body) + 1]) + body)
        assert answer is not None
        return answer[12:]

    def read(self, *blocks: int) -> bytes:
        return self._twist(blocks, self._say(0x06, blocks)[1:])

    def write(self, octets: bytes, *blocks: int) -> None:
        self._say(0x08, blocks, octets)


def test_card_and_reader_with_one_key_believe_each_other() -> None:
    assert felica.authenticate(Card(), KEY)


def test_card_with_another_key_is_not_believed() -> None:
    assert not felica.authenticate(Card(), OTHER_KEY)


@pytest.mark.parametrize("blocks", [(felica.IDENTITY, felica.CODE), (felica.STATE, felica.CODE)])
@pytest.mark.parametrize("place", [0, 15, 16, 23])
def test_one_changed_bit_of_what_the_card_vouches_for_is_noticed(blocks: tuple[int, ...], place: int) -> None:
    def flip(read: tuple[int, ...], octets: bytes) -> bytes:
        if read != blocks:
            return octets
        return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]

    assert not felica.authenticate(Card(flip), KEY)


def test_card_that_did_not_take_the_readers_proof_is_not_believed() -> None:
    """It vouches for its state, and the state says so: a write counter was wrong on the way."""

    def miscount(read: tuple[int, ...], octets: bytes) -> bytes:
        return b"\x07" + octets[1:] if read == (felica.WRITES,) else octets

    assert not felica.authenticate(Card(miscount), KEY)


def test_answer_without_blocks_is_no_proof() -> None:
    assert not felica.authenticate(Card(lambda blocks, octets: b""), KEY)


def test_card_that_refuses_to_be_asked_is_refused() -> None:
    class Proud(FelicaLiteS):
        def _write(self, numbers: list[int], payload: bytes) -> bytes:
            return self._say(0x08, b"\x01\xa8")

    with udp_bench() as bench:
        found = bench.read_of(Proud(FELICA_UID, KEY))

        assert (found.trust, found.fault) == (Trust.NONE, ReadFault.NOT_AUTHENTIC)
        assert bench.read_of(a_felica_band()).trust is Trust.LIVE
