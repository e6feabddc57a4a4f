"""The chain: every way in which a journal can be broken is named with its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.events import Break, Event, Fault, Kind, chain_start, chain_step, hlc_tick, verify_chain

START = chain_start("site-1", "edge-1", 0, public_key=b"key")


def a_chain(length: int, start: bytes = START, lane: int = 0) -> list[Event]:
    events: list[Event] = []
    previous, hlc = start, 0
    for seq in range(1, length + 1):
        hlc = hlc_tick(hlc, 1_000)
        bare = Event(
            lane=lane, seq=seq, hlc=hlc, offset_ms=0, uncertainty_ms=0, kind=Kind.STARTED, schema=1,
            band=None, body=b"%d" % seq, h=b"",
        )  # fmt: skip
        previous = chain_step(previous, bare)
        events.append(replace(bare, h=previous))
    return events


def changed(place: int, **changes: object) -> Callable[[list[Event]], list[Event]]:
    return lambda chain: [*chain[:place], replace(chain[place], **changes), *chain[place + 1 :]]


@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_a_true_chain_holds(length: int) -> None:
    assert verify_chain(a_chain(length), 0, START) is None


def test_a_true_chain_holds_from_any_of_its_records() -> None:
    chain = a_chain(9)
    assert verify_chain(chain[4:], 0, chain[3].h, after=4) is None


BREAKS: dict[str, tuple[Callable[[list[Event]], list[Event]], int, Fault]] = {
    "a changed body": (changed(2, body=b"x"), 3, Fault.HASH),
    "a changed kind": (changed(2, kind=2), 3, Fault.HASH),
    "a changed band": (changed(2, band=b"x" * 16), 3, Fault.HASH),
    "a changed hash": (changed(4, h=bytes(32)), 5, Fault.HASH),
    "a record taken out": (lambda chain: chain[:2] + chain[3:], 3, Fault.GAP),
    "the first record taken out": (lambda chain: chain[1:], 1, Fault.GAP),
    "a record twice": (lambda chain: chain[:3] + chain[2:], 4, Fault.REPEATED),
    "a record of the other lane": (changed(1, lane=1), 2, Fault.LANE),
    "time that stands still": (lambda chain: changed(3, hlc=chain[2].hlc)(chain), 4, Fault.TIME),
}


@pytest.mark.parametrize(("broken", "seq", "fault"), BREAKS.values(), ids=BREAKS.keys())
def test_a_broken_chain_is_named_where_it_breaks(
    broken: Callable[[list[Event]], list[Event]], seq: int, fault: Fault
) -> None:
    assert verify_chain(broken(a_chain(5)), 0, START) == Break(0, seq, fault)


@pytest.mark.parametrize(
    "owner",
    [
        ("site-2", "edge-1", 0, b"key"),
        ("site-1", "edge-2", 0, b"key"),
        ("site-1", "edge-1", 1, b"key"),
        ("site-1", "edge-1", 0, b"other"),
    ],
)
def test_a_chain_fits_no_other_owner(owner: tuple[str, str, int, bytes]) -> None:
    assert verify_chain(a_chain(3), 0, chain_start(*owner[:3], public_key=owner[3])) == Break(
        0, 1, Fault.HASH
    )


@given(st.integers(0, 2**63), st.integers(0, 2**47))
def test_logical_time_always_rises_and_never_falls_behind_the_wall(last: int, wall_ms: int) -> None:
    tick = hlc_tick(last, wall_ms)
    assert tick > last
    assert tick >= wall_ms << 16


def test_kinds_keep_their_numbers() -> None:
    numbers = [kind.value for kind in Kind]
    assert numbers == sorted(set(numbers)), "a new kind takes a number that was never another's"
    assert numbers[:25] == list(range(1, 26))
    assert (Kind.SCREEN_SET, Kind.APPROVAL_ASKED, Kind.ATTEMPT_REFUSED) == (23, 28, 32)
