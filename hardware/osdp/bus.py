"""One RS-485 line and its doors: a thread of its own keeps the encrypted channels up and brings them back."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import osdp_sys

from hardware.osdp.line import Line
from hardware.osdp.settings import DoorSettings, read_key
from hardware.port import DeviceError

EVENTS_MAX = 32
"""Events of one door that may wait; a further one is dropped: its guest presents the card again."""
COMMANDS_MAX = 32
COMMAND_S_MAX = 1.0
"""A command that could not be given for so long is dropped: nobody waits at that door any more."""

_REFRESH_S = 0.01
_SILENT_S = 1.0
"""A line on which nothing is heard for so long is begun anew; libosdp by itself would take 8 s and more."""
_BEGIN_S = 1.5
"""Before that, who does not obey yet is neither silent nor a stranger: both have to prove their key first."""
_REOPEN_S = 0.25
_NS = 1_000_000_000

# libosdp prints errors of the line to stderr, one a poll; the state says it once.
osdp_sys.set_loglevel(osdp_sys.LOG_CRIT)


@dataclass(frozen=True, slots=True)
class Due:
    """A command and the time from which on it may be given, monotonic ns."""

    at_ns: int
    command: dict[str, Any]


Told = Callable[[float], list[dict[str, Any]]]
"""Commands of a lamp that is to say something for so many seconds."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a lamp is to say until a time, monotonic ns."""

    until_ns: int
    told: Told


class Door:
    """One device on a line, shared by the reader, the gate and the light that it is."""

    def __init__(self, settings: DoorSettings, bus: Bus) -> None:
        """Stand at this address of ``bus``."""
        self.settings = settings
        self.bus = bus
        self.events: queue.Queue[dict[str, Any]] = queue.Queue(EVENTS_MAX)
        self.inputs: queue.Queue[bytes] = queue.Queue(EVENTS_MAX)
        self.secure = threading.Event()
        self.fault: tuple[str, str] | None = None
        self._lock = threading.Lock()
        self._due: list[Due] = []
        self._word: Word | None = None

    def send(self, command: dict[str, Any], *, after_s: float = 0.0) -> None:
        """Give a command, at once or later; raises ``DeviceError`` where the channel is down or full."""
        if not self.secure.is_set():
            raise self.complaint()
        with self._lock:
            if len(self._due) >= COMMANDS_MAX:
                raise DeviceError(f"{self.name}: too many commands wait", "the line is slower than its gate")
            self._due.append(Due(time.monotonic_ns() + int(after_s * _NS), command))
            self._due.sort(key=lambda due: due.at_ns)

    def say(self, told: Told, hold_s: float) -> None:
        """Have a lamp say something for ``hold_s``; the newest word waits for a channel that is not up.

        Raises ``DeviceError`` where it is down and not just begun: what is refused is not said later.
        An opening never waits so (``send``).
        """
        with self._lock:
            up = self.secure.is_set()
            waits = not up and self.begins() and self.fault is None
            self._word = Word(time.monotonic_ns() + int(hold_s * _NS), told) if waits else None
        if up:
            for command in told(hold_s):
                self.send(command)
        elif not waits:
            raise self.complaint()

    def take_due(self, now_ns: int) -> dict[str, Any] | None:
        """Take the next command that is due; those that are stale are dropped."""
        with self._lock:
            while self._due and self._due[0].at_ns <= now_ns:
                due = self._due.pop(0)
                if now_ns - due.at_ns <= COMMAND_S_MAX * _NS:
                    return due.command
        return None

    def came_up(self) -> None:
        """Note that the channel is up; a lamp's word that still stands is said for the rest of its time."""
        with self._lock:
            now_ns, word = time.monotonic_ns(), self._word
            self.secure.set()
            self._word = None
            if word is not None and word.until_ns > now_ns:
                told = word.told((word.until_ns - now_ns) / _NS)
                self._due += [Due(now_ns, command) for command in told]

    def begins(self) -> bool:
        """Say whether the line was begun but now."""
        return time.monotonic_ns() - self.bus.began_ns < _BEGIN_S * _NS

    def went_down(self) -> None:
        """Note that the channel is down; what was to be done over it is not done later."""
        if self.secure.is_set():  # what never obeyed is not begun anew by its silence
            self.bus.began_ns = time.monotonic_ns()
        self.secure.clear()
        with self._lock:
            self._due.clear()

    def complaint(self) -> DeviceError:
        """Say why the channel is down and what to do about it."""
        if self.fault is not None:
            return DeviceError(*self.fault)
        if self.begins():
            return DeviceError(
                f"{self.name} is being reached", "a moment later it obeys; this is not done later"
            )
        if self.settings.address in self.bus.heard:
            hint = "its key is another one: `polso osdp install`, with the reader in install mode"
            return DeviceError(f"{self.name} answers and refuses our key", hint)
        return DeviceError(f"{self.name} does not answer", "check its power, cable, address and baud rate")

    @property
    def name(self) -> str:
        """Name the door by its place."""
        return f"door reader {self.settings.address} on {self.settings.port}"


class Bus:
    """The line at one port; runs while anybody holds it."""

    def __init__(self, port: str) -> None:
        """Know no door yet."""
        self.port = port
        self.heard: set[int] = set()
        self.began_ns = 0
        """When the line was begun, or begun anew: both ends prove their key to each other first."""
        self._doors: weakref.WeakValueDictionary[int, Door] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        self._holders = 0
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def door(self, settings: DoorSettings) -> Door:
        """Return the door at an address, the same for all; ``ValueError`` if told of it otherwise."""
        with self._lock:
            for known in self._doors.values():
                if known.settings.baud != settings.baud:
                    raise ValueError(f"{self.port}: one line has one baud rate, not {settings.baud} too")
            known = self._doors.get(settings.address) or Door(settings, self)
            if known.settings != settings:
                raise ValueError(f"{known.name}: told of twice, with different settings")
            self._doors[settings.address] = known
            self._changed.set()
            return known

    def hold(self) -> None:
        """Start the line, or keep it running."""
        with self._lock:
            self._holders += 1
            if self._thread is None:
                for door in self._doors.values():
                    door.fault = None  # of the last time; this one has not tried yet
                self.began_ns = time.monotonic_ns()
                self._thread = threading.Thread(target=self._run, name=f"osdp {self.port}", daemon=True)
                self._thread.start()

    def release(self) -> None:
        """Let the line go; with its last holder it ends."""
        with self._lock:
            self._holders -= 1
            thread = self._thread if self._holders == 0 else None
            if thread is not None:
                self._thread = None
                self._changed.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2)

    def _held(self) -> bool:
        return self._thread is threading.current_thread()

    def _run(self) -> None:
        """Open the line and run its panel, again and again until nobody holds it."""
        while self._held():
            self._changed.clear()
            doors = list(self._doors.values())
            try:
                line = Line(self.port, doors[0].settings.baud)
            except DeviceError as error:
                for door in doors:
                    door.fault = (str(error), error.hint)
                self._changed.wait(_REOPEN_S)
                continue
            try:
                self._serve(line, doors)
            finally:
                line.close()
                for door in doors:
                    door.went_down()

    def _serve(self, line: Line, doors: list[Door]) -> None:
        """Run one panel until the line fails, falls silent, or another door is told of."""
        served = [door for door in doors if self._has_key(door)]
        if not served:
            self._changed.wait(_REOPEN_S)
            return
        panel = osdp_sys.ControlPanel([_told(door, line) for door in served])
        panel.set_event_callback(lambda place, event: _hear(served[place], event))
        while self._held() and not self._changed.is_set() and line.error is None:
            panel.refresh()
            self.heard = line.heard
            secure = panel.sc_status()
            now_ns = time.monotonic_ns()
            if now_ns - line.heard_ns > _SILENT_S * _NS:
                return
            for place, door in enumerate(served):
                self._settle(panel, place, door, secure=bool(secure >> place & 1))
            time.sleep(_REFRESH_S)

    @staticmethod
    def _has_key(door: Door) -> bool:
        """Say whether a door can be served; why not is its fault."""
        try:
            read_key(door.settings.key_file)
        except DeviceError as error:
            door.fault = (str(error), error.hint)
            return False
        door.fault = None
        return True

    @staticmethod
    def _settle(panel: Any, place: int, door: Door, *, secure: bool) -> None:  # noqa: ANN401 - libosdp is untyped
        """Note a door's state, and give it what is due."""
        if not secure:
            if door.secure.is_set():
                door.went_down()
            return
        if not door.secure.is_set():
            door.came_up()
        while (command := door.take_due(time.monotonic_ns())) is not None:
            panel.submit_command(place, command)


def _told(door: Door, line: Line) -> dict[str, Any]:
    """Describe a door to libosdp. Without the encrypted channel nothing is spoken."""
    return {
        "name": f"door-{door.settings.address}",
        "address": door.settings.address,
        "flags": osdp_sys.FLAG_ENFORCE_SECURE,
        "scbk": read_key(door.settings.key_file),
        "channel": line,
        **dict.fromkeys(("version", "model", "vendor_code", "serial_number", "firmware_version"), 0),
    }


def _hear(door: Door, event: dict[str, Any]) -> int:
    """Queue a card that was presented, or the state of the door's contacts."""
    with contextlib.suppress(queue.Full):
        if event["event"] == osdp_sys.EVENT_CARDREAD:
            door.events.put_nowait(event)
        elif event["event"] == osdp_sys.EVENT_STATUS and event["type"] == osdp_sys.STATUS_REPORT_INPUT:
            door.inputs.put_nowait(bytes(event["report"]))
    return 0


_BUSES: weakref.WeakValueDictionary[str, Bus] = weakref.WeakValueDictionary()
_BUSES_LOCK = threading.Lock()


def door_at(settings: DoorSettings) -> Door:
    """Return the door of these settings: reader, gate and light of one device meet here, on one line."""
    with _BUSES_LOCK:
        bus = _BUSES.get(settings.port)
        if bus is None:
            bus = _BUSES[settings.port] = Bus(settings.port)
        return bus.door(settings)
