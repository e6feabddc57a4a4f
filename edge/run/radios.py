"""Radios: the ears of `polso run`; what they hear prepares, and whatever becomes of them no gate waits."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge.core.consent import Purpose
from edge.core.presence import Heard
from edge.core.presence import Receiver as Place
from edge.receivers import Radio
from edge.service import Service
from edge.vault import Vault
from edge.views import RadioCounts
from hardware.ble.beacons import octets_of, said_by
from hardware.ble.frames import BandFrame, EddystoneEid, Frame
from hardware.port import DeviceState, Sighting, State

LOG = logging.getLogger("polso.radios")
SIGHTINGS_MAX = 1_000
"""Sightings that wait to be told: a second of a full house."""
STOP_S_MAX = 1.0

Whose = Callable[[bytes], bytes | None]
"""Says whose it is, as the BandId of a guest who is expected here and allows to be noticed, or nobody's."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Where what is heard goes: who may be noticed, and who is told."""

    whose: Whose = lambda identity: None
    """Of the 8 octets by which a band goes just now; asked in the radios' own thread, it must not wait."""
    worn: Whose = lambda beacon: None
    """Of the octets of a beacon of another make (``hardware.ble.beacons``)."""
    hear: Callable[[Heard], None] = lambda heard: None
    """Told of each sighting, in order, in a thread of its own."""
    tell: Callable[[DeviceState], None] = lambda state: None


class Radios:
    """All radios of a device: ``start`` returns at once and never raises, ``stop`` within two seconds."""

    def __init__(self, radios: Sequence[Radio], ears: Ears) -> None:
        """Listen by ``radios``; nothing is touched before ``start``."""
        self._radios, self._ears = tuple(radios), ears
        self._families = tuple({octets_of(one) for radio in radios for one in radio.beacons})
        self._references = {octets_of(radio.reference) for radio in radios if radio.reference}
        self._waiting: queue.Queue[Sighting | None] = queue.Queue(maxsize=SIGHTINGS_MAX)
        self._heard = self._dropped = 0
        self._thread = threading.Thread(target=self._pass_on, name="sightings", daemon=True)
        self._stop: Callable[[float], None] = lambda within_s: None

    def start(self) -> None:
        """Begin to listen; a machine that cannot says so as the state of each radio."""
        if not self._radios:
            return
        self._thread.start()
        try:
            self._listen()
        except (ImportError, OSError, RuntimeError) as error:
            LOG.warning("no radio listens: %s", error)
            for radio in self._radios:
                reason = f"{error}: see `polso check`"
                self._ears.tell(DeviceState(radio.name, State.LOST, reason, time.monotonic_ns()))

    def stop(self) -> None:
        """Stop listening and tell what was heard until now; harmless if repeated."""
        self._stop(STOP_S_MAX)
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):  # whoever is told does not come back: left alone
                self._waiting.put(None, timeout=STOP_S_MAX)
            self._thread.join(timeout=STOP_S_MAX)

    def counts(self) -> RadioCounts:
        """Return how much was heard of ours, and how much of it nobody had time for."""
        return RadioCounts(heard=self._heard, dropped=self._dropped)

    def _listen(self) -> None:
        from hardware.ble.scanner import Mode, Receiver, Scanner

        receivers = [
            Receiver(
                radio.name,
                radio.adapter,
                Mode(radio.listens),
                beacons=radio.other_makes,
                reference=octets_of(radio.reference) if radio.reference else b"",
            )
            for radio in self._radios
        ]
        scanner = Scanner(receivers, self._resolve, hear=self._take, tell=self._ears.tell)
        self._stop = scanner.stop
        scanner.start()

    # In the radios' own thread

    def _resolve(self, frame: Frame) -> bytes | None:
        """Say whose frame it is; what is nobody's ends here, before anything keeps or counts it."""
        said = said_by(frame)
        if said in self._references:
            return said
        try:
            if isinstance(frame, BandFrame | EddystoneEid):  # another maker's band, where one is registered
                return self._ears.whose(frame.eid)
            return self._ears.worn(said) if said and said.startswith(self._families) else None
        except Exception as error:  # the radio's thread goes on; an error's own words might name somebody
            LOG.warning("what a radio hears cannot be told apart: %s", type(error).__name__)
            return None

    def _take(self, sighting: Sighting) -> None:
        try:
            self._waiting.put_nowait(sighting)
        except queue.Full:
            self._dropped += 1
        else:
            self._heard += 1

    # In the thread that tells

    def _pass_on(self) -> None:
        while (sighting := self._waiting.get()) is not None:
            try:
                self._ears.hear(_heard(sighting))
            except Exception as error:  # the next one is told; an error's own words might name somebody
                LOG.warning("a sighting was not taken: %s", type(error).__name__)


def receivers(radios: Iterable[Radio]) -> dict[str, Place]:
    """Return the radios by name as presence sees them."""
    return {
        radio.name: Place(
            name=radio.name,
            area=radio.area or "",
            point=radio.point or "",
            ref_1m_dbm=radio.ref1m_dbm,
            coarse=radio.listens == "privacy",
        )
        for radio in radios
    }


def worn_by(vault: Vault, service: Service) -> Whose:
    """Return who says whose a beacon of another make is: its address stands for a band's number."""

    def worn(beacon: bytes) -> bytes | None:
        band = vault.band_id(beacon)
        return band if service.may_use(band, Purpose.PRESENCE) else None

    return worn


def _heard(sighting: Sighting) -> Heard:
    at_ms = sighting.at_ns // 1_000_000
    return Heard(sighting.id, sighting.receiver, at_ms, sighting.rssi, sighting.power_1m)
