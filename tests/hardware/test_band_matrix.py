"""Every kind of band over every driver of nfcpy that has a virtual counterpart: trust, refusal, and cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from hardware.nfc import sun
from hardware.port import Presented, ReadFault, Trust
from hardware.virtual.bands import Band, build
from hardware.virtual.bands.ntag424 import Ntag424
from tests.hardware.band_rows import MATRIX
from tests.hardware.nfc_bench import (
    BENCHES,
    OTHER_KEY,
    SUN_UID,
    Bench,
    a_felica_band,
    a_live_band,
    a_sun_band,
    pty_bench,
    udp_bench,
)
from tests.portions import sample_and_whole

COMMANDS_MAX = 18
"""Chip commands of one tap: 18 at 16 ms each over a slow cable are 0.3 s."""
LIVE_COMMANDS_MAX = 9
ALL_FRAMES = range(1, 22)
"""The last one lies behind the longest reading, so that the whole band is read."""
SOME_FRAMES = (2, 5, 8, 21)


@pytest.fixture(scope="module", params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as bench:
        yield bench


@pytest.mark.parametrize(
    ("name", "band", "trust", "fault", "product"), MATRIX, ids=[row[0] for row in MATRIX]
)
def test_band_is_read_as_what_it_proves(
    bench: Bench, name: str, band: Callable[[], Band], trust: Trust, fault: ReadFault | None, product: str
) -> None:
    placed = band()

    found = bench.read_of(placed)

    assert (found.trust, found.fault, found.product) == (trust, fault, product)
    assert found.uid == placed.uid
    assert bool(found.cause) == bool(fault)


@pytest.mark.parametrize(
    ("name", "band", "trust", "fault", "product"), MATRIX, ids=[row[0] for row in MATRIX]
)
def test_a_tap_costs_few_chip_commands(
    name: str, band: Callable[[], Band], trust: Trust, fault: ReadFault | None, product: str
) -> None:
    with pty_bench() as bench:
        before = bench.count()

        found = bench.read_of(band())

        assert found.commands == bench.count() - before, "what the tap says is what the chip counted"
        assert found.commands <= (LIVE_COMMANDS_MAX if name == "ntag424 live" else COMMANDS_MAX)


def test_band_that_was_taken_away_is_absent(bench: Bench) -> None:
    found = bench.read_of(a_live_band())

    assert bench.still_there(found.uid)
    bench.place(a_sun_band())
    assert not bench.still_there(found.uid), "another band is not this one"
    bench.remove()
    assert not bench.still_there(found.uid)
    assert bench.read() is None


def test_felica_band_is_asked_for_by_its_own_technology(bench: Bench) -> None:
    found = bench.read_of(a_felica_band())

    assert bench.still_there(found.uid)
    bench.place(a_felica_band(uid="0102030405060709"))
    assert not bench.still_there(found.uid)


def test_copied_sun_message_shows_the_counter_it_was_copied_at(bench: Bench) -> None:
    honest, copied = a_sun_band(counter=4), a_sun_band(counter=4, fault="replay")

    assert [bench.read_of(honest).counter for _ in range(3)] == [5, 6, 7]
    assert [bench.read_of(copied).counter for _ in range(3)] == [4, 4, 4]


def test_chip_in_authentication_delay_is_reported_and_left_alone(bench: Bench) -> None:
    band = a_live_band()
    assert isinstance(band, Ntag424)
    band.delay(1)

    assert bench.read_of(band).fault is ReadFault.LOCKED
    assert bench.read_of(band).trust is Trust.LIVE, "one question was asked, not several"


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("line", "band"),
    [("udp", a_live_band), ("udp", a_sun_band), ("udp", a_felica_band), ("pn532", a_live_band)],
)
@pytest.mark.parametrize("frames", sample_and_whole(SOME_FRAMES, ALL_FRAMES))
def test_band_torn_away_at_any_frame_is_never_read_as_less(
    line: str, band: Callable[..., Band], frames: Iterable[int]
) -> None:
    with BENCHES[line]() as bench:
        _tear(bench, band, frames)


def _tear(bench: Bench, band: Callable[..., Band], frames: Iterable[int]) -> None:
    whole = bench.read_of(band())
    seen: list[Presented] = []

    for frame in frames:
        bench.place(band(fault="torn", fault_at=frame))
        found = bench.read()
        if found is not None:
            seen.append(found)

    assert {one.trust for one in seen} <= {Trust.NONE, whole.trust}
    assert {one.fault for one in seen} <= {None, ReadFault.TORN, ReadFault.GARBAGE, ReadFault.DEADLINE}
    assert seen[-1].trust is whole.trust
    assert any(one.fault is ReadFault.TORN for one in seen)


def test_lost_answers_are_asked_for_again_inside_the_budget(bench: Bench) -> None:
    read = [
        found
        for seed in range(20)
        if (found := _read_of(bench, a_live_band(fault="lossy", fault_at=5, seed=seed))) is not None
    ]

    assert all(found.trust in (Trust.LIVE, Trust.NONE) for found in read)
    assert sum(found.trust is Trust.LIVE for found in read) >= 12


def _read_of(bench: Bench, band: Band) -> Presented | None:
    bench.place(band)
    return bench.read()


def test_band_whose_live_key_is_known_is_not_read_by_sun_instead() -> None:
    """A SUN message is weaker: an attacker would bring that."""
    asked: list[int] = []

    def both_keys(uid: bytes, key_no: int) -> bytes:
        asked.append(key_no)
        return bytes(16)

    with udp_bench(both_keys) as bench:
        found = bench.read_of(
            build({"kind": "ntag424", "uid": SUN_UID.hex(), "keys": {"1": OTHER_KEY.hex()}})
        )

    assert found.fault is ReadFault.NOT_AUTHENTIC
    assert sun.SUN_KEY_NO not in asked
