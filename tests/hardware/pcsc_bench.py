"""A bench on which a virtual band lies on a reader of the real pcscd."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hardware.nfc.budget import READ_MS_MAX
from hardware.nfc.pcsc.reader import PcscReader
from hardware.port import KeyLookup, Presented
from hardware.virtual.bands import Band
from hardware.virtual.card import VirtualCard
from tests.hardware.nfc_bench import keys
from tests.real.pcscd import Daemon

READER = "Virtual PCD 00 00"
ANNOUNCED_S_MAX = 3.0
"""pcscd looks for cards of readers without interrupts 2.5 times a second."""


@dataclass
class PcscBench:
    """A daemon, what lies on its first reader, and our driver."""

    daemon: Daemon
    card: VirtualCard
    reader: PcscReader

    def read(self, ms: int = READ_MS_MAX) -> Presented | None:
        return self.reader.read(time.monotonic_ns() + ms * 1_000_000)

    def read_of(self, band: Band) -> Presented:
        """Lay a band down and look until it is seen."""
        self.card.place(band)
        return self.read_until_found()

    def read_until_found(self) -> Presented:
        until = time.monotonic() + ANNOUNCED_S_MAX
        while time.monotonic() < until:
            found = self.read()
            if found is not None and found.uid:
                return found
        raise AssertionError("the band was never announced")

    def still_there(self, uid: bytes) -> bool:
        return self.reader.still_there(uid, time.monotonic_ns() + READ_MS_MAX * 1_000_000)

    def until_gone(self) -> None:
        """Take the band away and wait until pcscd says so."""
        self.card.remove()
        until = time.monotonic() + ANNOUNCED_S_MAX
        while self.read(ms=30) is not None:
            assert time.monotonic() < until, "the band never went"


@contextmanager
def pcscd() -> Iterator[Daemon]:
    """A running daemon, to which this process's libpcsclite is pointed."""
    daemon = Daemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


@contextmanager
def pcsc_bench(daemon: Daemon, keys: KeyLookup = keys) -> Iterator[PcscBench]:
    card = VirtualCard(daemon.dial)
    reader = PcscReader(READER, keys)
    reader.open()
    try:
        yield PcscBench(daemon, card, reader)
    finally:
        reader.close()
        card.close()
