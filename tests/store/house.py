"""A store, its sequencer and the acts that tests hand in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.clock import Clock
from edge.core.bands import BAND_ID_BYTES
from edge.core.entitlements import Use
from edge.core.events import Acted, Kind
from edge.core.held import Change, Held, Location
from edge.sequencer import Sequencer, Transaction
from edge.store.batch import Ledger
from edge.store.cells import CLEAR, Cells
from edge.store.database import open_writer
from edge.store.migrations import STATE_VERSION, migrate
from edge.store.records import Owner
from edge.store.state import Store

OWNER = Owner("park", "edge-1", b"k" * 32)
NOON_MS = 1_784_109_600_000
Act = Callable[[Transaction], int]


def a_band(number: int = 1) -> bytes:
    """BandId of the n-th band, spread over the whole range of keys."""
    return (number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big") + number.to_bytes(
        BAND_ID_BYTES - 8, "big"
    )


class Hands:
    """Both hands of a test's clock: they move only when told."""

    def __init__(self, wall_ms: int = NOON_MS) -> None:
        self.wall_ms = wall_ms
        self.mono_ms = 1_000

    def pass_ms(self, ms: int) -> None:
        """Let time pass, as it does."""
        self.wall_ms += ms
        self.mono_ms += ms

    def clock(self) -> Clock:
        """The clock with these hands."""
        return Clock(wall=lambda: self.wall_ms, monotonic=lambda: self.mono_ms)


@contextmanager
def a_sequencer(
    folder: Path, *, owner: Owner = OWNER, clock: Clock | None = None, vault: Cells = CLEAR
) -> Iterator[Sequencer]:
    """A started sequencer over a folder, stopped at the end."""
    store = Store(folder)
    store.seal_by(vault)
    sequencer = Sequencer(
        store, clock or Clock(), site=owner.site, device=owner.device, public_key=owner.public_key
    )
    sequencer.start()
    try:
        yield sequencer
    finally:
        sequencer.stop()


@contextmanager
def a_ledger(path: Path, clock: Clock | None = None, *, cells: Cells = CLEAR) -> Iterator[Ledger]:
    """A ledger without thread or lock, for what only batches show."""
    connection = open_writer(path)
    try:
        migrate(connection, "state", STATE_VERSION)
        yield Ledger(connection, OWNER, clock or Clock(), cells=cells)
    finally:
        connection.close()


def a_record(note: str = "", lane: int = 0) -> Act:
    """An act that appends one record."""
    return lambda tx: tx.append(Kind.LOOKED_UP, Acted(note=note), lane=lane)


def a_passage(tap_id: str, *, right: str = "ticket-1", band: bytes | None = None, uses_max: int = 1) -> Act:
    """An act that passes a band once per use of its right: its journal number, or 0 where it is used up.

    The same tap is answered the same again.
    """
    who = band or a_band()

    def act(tx: Transaction) -> int:
        known = tx.answer(tap_id)
        if known is not None:
            return int.from_bytes(known, "big")
        held = tx.held(who, [right])
        granted = len(held.uses) < uses_max
        seq = tx.append(Kind.DECIDED, Acted(tap_id=tap_id, reason="entered" if granted else "used"), band=who)
        if granted:
            tx.apply(who, _passed(tx, right, tap_id, ordinal=len(held.uses) + 1), seq)
        answered = seq if granted else 0
        tx.keep_answer(tap_id, answered.to_bytes(8, "big"))
        return answered

    return act


def _passed(tx: Transaction, right: str, tap_id: str, *, ordinal: int) -> Change:
    now = tx.now.now_ms
    place = Location(zone="park", since_ms=now, point="north", device=OWNER.device)
    use = Use(
        entitlement=right, ordinal=ordinal, scan_ms=now, device=OWNER.device, point="north", tap_id=tap_id
    )
    return Change(held=Held(location=place), uses=(use,), zone_deltas=(("park", 1),))
