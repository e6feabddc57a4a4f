"""Codes from a keyboard-wedge scanner, typed by recorded key events."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.port import DeviceError, Medium, ReadFault, Trust
from hardware.qr import _KEYS, CODE_CHARS_MAX, Decoder, QrReader, build
from tests.hardware.reader_contract import ReaderContract, Subject

SHIFT_LEFT, ENTER = 42, 28
BY_CHARACTER = {char: (code, shifted) for code, pair in _KEYS.items() for shifted, char in enumerate(pair)}


def typed(text: str) -> list[tuple[int, int]]:
    events: list[tuple[int, int]] = []
    for char in text:
        code, shifted = BY_CHARACTER[char]
        press = [(code, 1), (code, 0)]
        events += [(SHIFT_LEFT, 1), *press, (SHIFT_LEFT, 0)] if shifted else press
    return [*events, (ENTER, 1), (ENTER, 0)]


class Recording:
    """A source that hands out recorded events in given portions."""

    def __init__(self, *portions: list[tuple[int, int]]) -> None:
        self.portions = list(portions)
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def events(self, deadline_ns: int) -> list[tuple[int, int]]:
        return self.portions.pop(0) if self.portions else []

    def close(self) -> None:
        self.is_open = False


def soon() -> int:
    return time.monotonic_ns() + 10_000_000


@given(st.text(alphabet=sorted(BY_CHARACTER), min_size=1, max_size=80))
def test_every_printable_code_comes_out_as_it_went_in(text: str) -> None:
    decoder = Decoder()
    codes = [code for event in typed(text) if (code := decoder.feed(*event)) is not None]
    assert codes == [text]


@given(st.lists(st.tuples(st.integers(0, 767), st.integers(0, 2)), max_size=300))
def test_no_key_event_ever_raises_or_exceeds_the_limit(events: list[tuple[int, int]]) -> None:
    decoder = Decoder()
    codes = [code for event in events if (code := decoder.feed(*event)) is not None]
    assert all(len(code) <= CODE_CHARS_MAX for code in codes)


def test_code_is_read_with_the_trust_of_a_copy() -> None:
    reader = QrReader(Recording(typed("https://polso.example/t/Ab1?x=2")))
    presented = reader.read(soon())
    assert presented is not None
    assert presented.uid == b"https://polso.example/t/Ab1?x=2"
    assert (presented.trust, presented.medium, presented.fault) == (Trust.UID, Medium.QR, None)


def test_half_a_code_is_no_code_until_its_enter_came() -> None:
    events = typed("AB12")
    reader = QrReader(Recording(events[:5], events[5:]))
    assert reader.read(soon()) is None
    presented = reader.read(soon())
    assert presented is not None
    assert presented.uid == b"AB12"


def test_two_codes_in_one_portion_are_two_taps_in_order() -> None:
    reader = QrReader(Recording(typed("one") + typed("two")))
    codes = [presented.uid for _ in range(2) if (presented := reader.read(soon()))]
    assert codes == [b"one", b"two"]


def test_endless_code_is_refused_and_the_next_one_is_read() -> None:
    reader = QrReader(Recording(typed("x" * (CODE_CHARS_MAX + 50)) + typed("ok")))
    first, second = reader.read(soon()), reader.read(soon())
    assert first is not None
    assert second is not None
    assert (first.uid, first.trust, first.fault) == (b"", Trust.NONE, ReadFault.GARBAGE)
    assert second.uid == b"ok"


def test_same_code_counts_as_still_there_until_the_debounce_is_over() -> None:
    reader = QrReader(Recording(typed("one")), debounce_ms=40)
    reader.read(soon())
    assert reader.still_there(b"one", soon())
    assert not reader.still_there(b"two", soon())
    time.sleep(0.05)  # the debounce is the thing under test: it can only be waited for
    assert not reader.still_there(b"one", soon())


def test_another_code_is_seen_while_the_first_still_counts_as_held() -> None:
    reader = QrReader(Recording(typed("one"), typed("two")))
    reader.read(soon())
    assert not reader.still_there(b"one", soon())
    second = reader.read(soon())
    assert second is not None
    assert second.uid == b"two"


class TestScannerHoldsTheContract(ReaderContract):
    @pytest.fixture
    def subject(self) -> Subject:
        recording = Recording()
        return Subject(
            QrReader(recording),
            b"ab12",
            Trust.UID,
            present=lambda: recording.portions.append(typed("ab12")),
            stays=False,
            absent=build("door", {"path": "/dev/input/by-id/none"}, lambda uid, key_no: None),
        )


def test_repeated_keys_and_lone_enters_type_nothing() -> None:
    decoder = Decoder()
    assert decoder.feed(ENTER, 1) is None
    assert [decoder.feed(2, value) for value in (1, 2, 2, 0)] == [None] * 4
    assert decoder.feed(ENTER, 1) == "1"


def test_scanner_without_a_path_is_named_with_what_to_do() -> None:
    with pytest.raises(DeviceError, match="path") as error:
        build("door", {}, lambda uid, key_no: None)
    assert "/dev/input/by-id" in error.value.hint
