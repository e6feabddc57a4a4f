"""The scanner: one thread in which bleak listens by all radios of a device (.docs/decisions/0027)."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from bleak import BleakScanner
from bleak.args.bluez import BlueZScannerArgs, OrPattern, OrPatternLike
from bleak.assigned_numbers import AdvertisementDataType
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from hardware.ble.frames import EDDYSTONE, POLSO, Frame, of_manufacturer, of_service
from hardware.ble.watch import Bus
from hardware.port import DeviceState, Sighting, State

LOG = logging.getLogger(__name__)
for talker in ("bleak", "dbus_fast"):  # below this level they write down whatever anybody on air says
    logging.getLogger(talker).setLevel(logging.WARNING)
UNHEARD = -127
"""The level that bleak gives where BlueZ says none: the callback is about something else."""
REMEMBERED_MAX = 4_096
STEP_S_MAX = 5.0
"""Starting or stopping may take so long."""
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
LOOK_S = 1.0
REFERENCE_S_MAX = 10.0
"""Without the reference beacon for so long the scan is begun anew."""
HELD, HELD_TRIES = "InProgress", 2
"""What is said for 10 s, while the kernel goes on with the scan of a bluetoothd that died."""
CYCLE_S_MAX = 30.0
"""And still without it for so long the adapter is switched off and on."""
NOT_MONITORED = "bluetoothd runs without --experimental: beacons that say the same each time are hardly heard"
SILENT = "the reference beacon is not heard: look at its battery; if it sends, at the adapter and its aerial"
FAULTS = (BleakError, OSError, EOFError, TimeoutError)
"""All that bleak, the bus and a time limit say where something is wrong with a radio."""


class Mode(enum.StrEnum):
    """How a radio listens."""

    PRIVACY = "privacy"
    """Only to Polso's bands: what others send never reaches this process. Levels in steps of 8 dB."""
    PRECISE = "precise"
    """To everything, with exact levels; what is not ours is dropped at once."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One radio of a device and what it is told to do."""

    name: str
    adapter: str = "hci0"
    mode: Mode = Mode.PRIVACY
    beacons: bool = False
    """Whether beacons of other makers are ours, too."""
    reference: bytes = b""
    """The id of the beacon that is always heard here; none: only the bus tells that something is wrong."""

    def patterns(self) -> list[OrPatternLike]:
        """Return what bluetoothd lets pass while nobody scans actively, in the order of octets on air."""
        kinds = AdvertisementDataType
        own: list[OrPatternLike] = [OrPattern(0, kinds.SERVICE_DATA_UUID128, UUID(POLSO).bytes[::-1])]
        flags = [OrPattern(0, kinds.FLAGS, bytes([octet])) for octet in (0x06, 0x1A)]
        return [*own, *flags] if self.beacons else own


Scan = Literal["active", "passive"]
Heard = Callable[[BLEDevice, AdvertisementData], None]
Resolve = Callable[[Frame], bytes | None]
"""Says whose frame it is: the id of a band that is expected and consents, or of a beacon of ours."""


class Scanner:
    """All radios of a device; ``start`` returns at once, sightings and states come from its own thread."""

    def __init__(
        self,
        receivers: Sequence[Receiver],
        resolve: Resolve,
        *,
        hear: Callable[[Sighting], None],
        tell: Callable[[DeviceState], None],
    ) -> None:
        """Listen by ``receivers``; ``hear`` and ``tell`` must not block."""
        self._ears = [_Ear(one, resolve, hear=hear, tell=tell) for one in receivers]
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._listen()), name="bluetooth", daemon=True
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up, self._stopping = threading.Event(), asyncio.Event()

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._up.wait(STEP_S_MAX)

    def stop(self, within_s: float = 4 * STEP_S_MAX) -> None:
        """Stop listening; a bus that does not answer is left alone by then. Harmless if repeated."""
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # it is over already
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=within_s)

    def overhear(self, maker: int, said: Sequence[tuple[str, bytes]], rssi: int) -> None:
        """Have the first radio hear these by address, at bleak's door: to measure more than a bus carries."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ears[0].overhear, maker, said, rssi)

    def _wake(self, adapter: str) -> None:
        for ear in self._ears:
            ear.wake(adapter)

    async def _listen(self) -> None:
        self._loop, bus = asyncio.get_running_loop(), Bus(self._wake)
        self._up.set()
        tasks = [asyncio.create_task(ear.keep(bus)) for ear in self._ears]
        tasks.append(asyncio.create_task(bus.keep()))
        await self._stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for ear in self._ears:
            await ear.end()
        await bus.close()


class _Ear:
    """One radio: kept listening whatever becomes of bluetoothd, the adapter and the bus."""

    def __init__(
        self,
        receiver: Receiver,
        resolve: Resolve,
        *,
        hear: Callable[[Sighting], None],
        tell: Callable[[DeviceState], None],
    ) -> None:
        self._is, self._resolve, self._hear, self._tell = receiver, resolve, hear, tell
        self._last: OrderedDict[tuple[str, int | str], bytes] = OrderedDict()
        self._scanners: list[BleakScanner] = []
        self._wrong = asyncio.Event()
        self._begun_s = self._reference_s = self._helped_s = time.monotonic()
        """When the scan began, the reference beacon was last heard, and the adapter was last helped."""
        self._remedy = ""
        """What to do about it where this radio hears worse than it was asked to."""

    def wake(self, adapter: str) -> None:
        """Something became of this adapter, or of them all: begin anew."""
        if adapter in ("", self._is.adapter):
            self._wrong.set()

    def overhear(self, maker: int, said: Sequence[tuple[str, bytes]], rssi: int) -> None:
        """Hear advertisements of one maker's as if bleak had told of them."""
        for address, octets in said:
            told = AdvertisementData(None, {maker: octets}, {}, [], None, rssi, ())
            self._heard(BLEDevice(address, None, None), told)

    async def keep(self, bus: Bus) -> None:
        """Listen until cancelled."""
        failed = 0
        while True:
            self._wrong.clear()
            held = False
            try:
                if await bus.is_off(self._is.adapter):
                    raise ConnectionError(f"{self._is.adapter} is switched off")
                await self._begin()
                failed = 0
                await self._until_wrong()
                self._say(State.OPENING, "the radio is begun anew")
            except FAULTS as fault:
                failed += 1
                held = HELD in str(fault)
                self._say(
                    State.LOST,
                    f"{str(fault) or type(fault).__name__}: see that bluetoothd runs and the adapter is on",
                )
            except Exception as fault:  # whatever a library comes up with: a radio is tried again, for ever
                failed += 1
                LOG.exception("radio %s", self._is.name)
                self._say(State.LOST, f"{type(fault).__name__}: it is tried again; the log says more")
            await self.end()
            if self._is.reference and self._silent_s(since_s=self._helped_s) > CYCLE_S_MAX:
                self._helped_s = time.monotonic()
                await bus.cycle(self._is.adapter)
            elif held and failed == HELD_TRIES:
                await bus.cycle(self._is.adapter)
            await self._pause(failed)

    async def end(self) -> None:
        """Stop both scanners; whatever they say to it, they are over."""
        scanners, self._scanners = self._scanners, []
        for scanner in reversed(scanners):
            try:
                await asyncio.wait_for(scanner.stop(), STEP_S_MAX)
            except FAULTS as fault:
                LOG.info("radio %s: %s on stopping", self._is.name, str(fault) or type(fault).__name__)

    async def _begin(self) -> None:
        self._say(State.OPENING, "")
        monitored, precise = True, self._is.mode is Mode.PRECISE
        try:
            # Each scanner of an adapter hears all that any of them brings: one of the two listens.
            await self._start(
                "passive", {"or_patterns": self._is.patterns()}, _unheard if precise else self._heard
            )
        except BleakError as fault:
            if "--experimental" not in str(fault):
                raise
            monitored = False
        if precise or not monitored:
            await self._start("active", {"filters": {"RSSI": UNHEARD, "DuplicateData": True}}, self._heard)
        self._begun_s = time.monotonic()
        self._remedy = "" if monitored else NOT_MONITORED
        deaf = self._is.reference and self._silent_s() > REFERENCE_S_MAX
        self._say_well(SILENT if deaf else self._remedy)

    async def _start(self, mode: Scan, args: BlueZScannerArgs, heard: Heard) -> None:
        args["adapter"] = self._is.adapter
        scanner = BleakScanner(heard, scanning_mode=mode, bluez=args)
        self._scanners.append(scanner)
        await asyncio.wait_for(scanner.start(), STEP_S_MAX)

    async def _until_wrong(self) -> None:
        """Wait until the bus or the silence of the reference beacon says so."""
        while not self._wrong.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wrong.wait(), LOOK_S)
            if self._is.reference and self._silent_s(since_s=self._begun_s) > REFERENCE_S_MAX:
                return

    def _silent_s(self, since_s: float = 0.0) -> float:
        """Return how long the reference beacon is silent, but not since before ``since_s``."""
        return time.monotonic() - max(self._reference_s, since_s)

    async def _pause(self, failed: int) -> None:
        """Wait before the next try, or until the bus says that something changed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wrong.wait(), BACK_OFF_S[min(failed, len(BACK_OFF_S) - 1)])

    def _heard(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Hear, as bleak's callback, all that BlueZ knows of a device, because some of it changed."""
        if advertisement.rssi == UNHEARD:
            return
        said: list[tuple[int | str, bytes]] = [*advertisement.service_data.items()]
        if self._is.beacons:
            said += advertisement.manufacturer_data.items()
        else:
            said = [one for one in said if one[0] == POLSO]
        ours = [(key, octets) for key, octets in said if key in (POLSO, EDDYSTONE) or isinstance(key, int)]
        changed = [(key, octets) for key, octets in ours if self._last.get((device.address, key)) != octets]
        for key, octets in changed or ours[:1]:
            self._sight(device.address, key, octets, rssi=advertisement.rssi)

    def _sight(self, address: str, key: int | str, octets: bytes, *, rssi: int) -> None:
        frame = of_service(key, octets) if isinstance(key, str) else of_manufacturer(key, octets)
        whose = None if frame is None else self._resolve(frame)
        if frame is None or whose is None:
            return
        self._last[address, key] = octets
        self._last.move_to_end((address, key))
        while len(self._last) > REMEMBERED_MAX:
            self._last.popitem(last=False)
        if whose == self._is.reference:
            silent_s, self._reference_s = self._silent_s(), time.monotonic()
            if silent_s > REFERENCE_S_MAX:
                self._say_well(self._remedy)
            return
        self._hear(
            Sighting(self._is.name, time.monotonic_ns(), rssi, getattr(frame, "power_1m", None), whose)
        )

    def _say_well(self, remedy: str) -> None:
        self._say(State.DEGRADED if remedy else State.IDLE, remedy)

    def _say(self, state: State, reason: str) -> None:
        self._tell(DeviceState(self._is.name, state, reason, time.monotonic_ns()))


def _unheard(device: BLEDevice, advertisement: AdvertisementData) -> None:
    """What a scanner that is there for the controller's sake does with what it hears."""
