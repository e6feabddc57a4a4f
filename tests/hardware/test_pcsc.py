"""Every kind of band over the real pcscd: trust and refusal as over nfcpy, torn, hostile, in time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from hardware.port import DeviceError, Presented, Reader, ReadFault, Trust
from hardware.virtual.bands import Band
from hardware.virtual.bands.hostile import Noisy
from hardware.virtual.bands.ntag424 import Ntag424
from tests.hardware.band_rows import MATRIX
from tests.hardware.nfc_bench import (
    FELICA_UID,
    KEY,
    LIVE_UID,
    PLAIN_UID,
    SUN_UID,
    a_felica_band,
    a_live_band,
    a_sun_band,
    keys,
)
from tests.portions import sample_and_whole

if TYPE_CHECKING:  # both need what a bare machine lacks; there the tests are skipped before their fixtures
    from tests.hardware.pcsc_bench import PcscBench
    from tests.real.pcscd import Daemon

pytestmark = pytest.mark.pcsc

HELD_S_MAX = 0.5
LIVE_APDUS = 4
"""The reader's own FF CA, the selection of the application, and the two steps of the proof."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    from tests.hardware.pcsc_bench import pcscd

    with pcscd() as daemon:
        yield daemon


@pytest.fixture(scope="module")
def shared(daemon: Daemon) -> Iterator[PcscBench]:
    from tests.hardware.pcsc_bench import pcsc_bench

    with pcsc_bench(daemon) as bench:
        yield bench


@pytest.fixture
def bench(shared: PcscBench) -> PcscBench:
    """The shared bench with an honest band on it, so that the next one is a swap and costs no wait."""
    assert shared.read_of(a_live_band()).trust is Trust.LIVE
    return shared


@pytest.mark.parametrize(
    ("name", "band", "trust", "fault", "product"), MATRIX, ids=[row[0] for row in MATRIX]
)
def test_band_is_read_as_what_it_proves(
    bench: PcscBench, name: str, band: Callable[[], Band], trust: Trust, fault: ReadFault | None, product: str
) -> None:
    placed = band()

    found = bench.read_of(placed)

    assert (found.trust, found.fault, found.product) == (trust, fault, product)
    assert found.uid == placed.uid
    assert bool(found.cause) == bool(fault)


def test_live_tap_costs_four_apdus(bench: PcscBench) -> None:
    before = bench.card.apdus

    found = bench.read_of(a_live_band())

    assert found.commands == bench.card.apdus - before == LIVE_APDUS


def test_copied_sun_message_shows_the_counter_it_was_copied_at(bench: PcscBench) -> None:
    honest, copied = a_sun_band(counter=4), a_sun_band(counter=4, fault="replay")

    assert [bench.read_of(honest).counter for _ in range(3)] == [5, 6, 7]
    assert [bench.read_of(copied).counter for _ in range(3)] == [4, 4, 4]


def test_swapped_band_is_noticed_although_the_daemon_saw_nothing(bench: PcscBench) -> None:
    found = bench.read_of(a_live_band())

    assert bench.still_there(found.uid)
    bench.card.place(a_sun_band())
    assert not bench.still_there(found.uid)


def test_chip_in_authentication_delay_is_reported_and_left_alone(bench: PcscBench) -> None:
    band = a_live_band()
    assert isinstance(band, Ntag424)
    band.delay(1)

    assert bench.read_of(band).fault is ReadFault.LOCKED
    assert bench.read_of(band).trust is Trust.LIVE, "one question was asked, not several"


@pytest.mark.parametrize("fault", ["mute", "endless_wait"])
def test_band_that_never_answers_is_cut_at_the_deadline(bench: PcscBench, fault: str) -> None:
    bench.card.place(a_live_band(fault=fault))

    began = time.perf_counter()
    found = bench.read()
    held_s = time.perf_counter() - began

    assert found is not None
    assert (found.fault, found.uid) == (ReadFault.DEADLINE, LIVE_UID)
    assert held_s <= HELD_S_MAX
    assert bench.still_there(LIVE_UID), "it is held as long as it lies there"
    assert bench.read_of(a_live_band()).trust is Trust.LIVE, "the next guest is read"


def test_exchange_without_the_hand_of_its_own_would_outstay_the_tap(bench: PcscBench) -> None:
    """The control: PC/SC's own call waits as long as the band likes."""
    bench.card.place(a_live_band(fault="endless_wait"))

    began = time.perf_counter()
    bench.read(ms=900)

    assert time.perf_counter() - began > HELD_S_MAX, "only the deadline ends it"


class Leaving(Ntag424):
    """Is pulled away by its guest inside its ``at``-th APDU."""

    def __init__(self, at: int, leave: Callable[[], None]) -> None:
        super().__init__(LIVE_UID, {1: KEY})
        self._at, self._leave = at, leave

    def apdu(self, command: bytes) -> bytes:
        self._at -= 1
        if self._at == 0:
            self._leave()
        return super().apdu(command)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_band_removed_inside_an_apdu_is_torn(bench: PcscBench, at: int) -> None:
    bench.card.place(Leaving(at, bench.card.remove))

    found = bench.read()

    assert found is not None
    assert (found.fault, found.trust, found.uid) == (ReadFault.TORN, Trust.NONE, LIVE_UID)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("band", [a_live_band, a_sun_band, a_felica_band])
@pytest.mark.parametrize("frames", sample_and_whole((8, 14, 16, 60), (*range(1, 24), 60)))
def test_band_torn_away_at_any_frame_is_never_read_as_less(
    bench: PcscBench, band: Callable[..., Band], frames: Iterable[int]
) -> None:
    whole = bench.read_of(band())
    seen: list[Presented] = []

    for frame in frames:
        bench.card.place(band(fault="torn", fault_at=frame))
        found = bench.read()
        if found is not None:
            seen.append(found)

    assert {one.trust for one in seen} <= {Trust.NONE, whole.trust}
    assert {one.fault for one in seen} <= {None, ReadFault.TORN, ReadFault.DEADLINE}
    assert bench.read_of(band()).trust is whole.trust


class NoisyAnswers(Ntag424):
    """Keeps the block protocol and breaks everything above it, seeded."""

    def __init__(self, dice: random.Random, uid: bytes, keys: dict[int, bytes]) -> None:
        super().__init__(uid, keys)
        self._dice = dice
        self.noise = 0

    def apdu(self, command: bytes) -> bytes:
        answer, way = super().apdu(command), self._dice.randrange(5)
        if self._dice.randrange(3) == 0:
            return answer
        self.noise += 1
        place = self._dice.randrange(len(answer))
        return (
            self._dice.randbytes(self._dice.randrange(1, 258)),
            answer[: place or 1],
            answer + self._dice.randbytes(3),
            answer[:place] + bytes([answer[place] ^ 1 << self._dice.randrange(8)]) + answer[place + 1 :],
            answer[-2:],
        )[way]


class Counted(Noisy):
    """Counts the frames that were noise."""

    noise = 0

    def twist(self, brty: str, frame: bytes, answer: bytes | None) -> bytes | None:
        twisted = super().twist(brty, frame, answer)
        self.noise += twisted is not answer
        return twisted


@pytest.mark.timeout(300)
@pytest.mark.parametrize("answers_min", sample_and_whole(100, 3_000))
def test_noisy_answers_bring_no_exception_and_no_trust_that_was_not_proved(
    bench: PcscBench, answers_min: int
) -> None:
    heard, seed = 0, 0
    while heard < answers_min:
        seed += 1
        dice = random.Random(seed)  # noqa: S311 - to be replayed
        bands: tuple[NoisyAnswers | Counted, ...] = (
            NoisyAnswers(dice, LIVE_UID, {1: KEY}),
            NoisyAnswers(dice, SUN_UID, {2: KEY, 3: KEY}),
            NoisyAnswers(dice, PLAIN_UID, {}),
            Counted(a_felica_band(), seed=seed, at=60),
        )
        band = bands[seed % len(bands)]
        bench.card.place(band)

        found = bench.read()

        assert found is not None, f"replay: seed={seed}"
        assert (found.fault is None) is (found.trust is not Trust.NONE), f"replay: seed={seed}"
        if band.uid in (LIVE_UID, FELICA_UID):
            assert found.trust in (Trust.NONE, Trust.LIVE), (
                f"never less than it should be; replay: seed={seed}"
            )
        heard += band.noise
    print(f"pcsc: {heard} hostile answers in {seed} presentations")


def test_band_that_cannot_be_selected_is_not_even_announced(bench: PcscBench) -> None:
    bench.until_gone()
    for cut in (1, 2):
        bench.card.place(a_live_band(fault="short_select", fault_at=cut))
        assert bench.read() is None

    assert bench.read_of(a_live_band()).trust is Trust.LIVE


def test_reader_that_hands_no_felica_frame_on_refuses_the_card_whose_key_is_known(bench: PcscBench) -> None:
    """Its identifier alone would be as good here as the card."""
    bench.card.hands_on_felica = False
    try:
        found, unknown = bench.read_of(a_felica_band()), bench.read_of(a_felica_band(uid="0102030405060709"))
    finally:
        bench.card.hands_on_felica = True

    assert (found.trust, found.fault) == (Trust.NONE, ReadFault.NOT_AUTHENTIC)
    assert "hands no FeliCa proof on" in found.cause
    assert (unknown.trust, unknown.product) == (Trust.UID, "FeliCa")


def test_vault_that_fails_is_the_devices_fault_and_not_the_bands(daemon: Daemon, bench: PcscBench) -> None:
    from hardware.nfc.pcsc.reader import PcscReader
    from tests.hardware.pcsc_bench import READER

    def broken(uid: bytes, key_no: int) -> bytes | None:
        raise KeyError("the vault is closed")

    bench.reader.close()
    reader: Reader = PcscReader(READER, broken)
    reader.open()
    with pytest.raises(DeviceError, match="keys cannot be looked up"):
        reader.read(time.monotonic_ns() + 400_000_000)
    reader.close()
    bench.reader.open()


def test_reader_that_another_program_holds_says_so(daemon: Daemon, bench: PcscBench) -> None:
    from hardware.nfc.pcsc.reader import PcscReader
    from tests.hardware.pcsc_bench import READER

    other: Reader = PcscReader(READER, keys)
    other.open()
    with pytest.raises(DeviceError) as told:
        other.read(time.monotonic_ns() + 400_000_000)
    other.close()

    assert "another program holds the reader" in told.value.hint
