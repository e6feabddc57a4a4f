"""A virtual door reader: libosdp's own device side on a pseudo terminal."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import tty
from pathlib import Path
from typing import Any

import osdp_sys

_REFRESH_S = 0.005
_CAPABILITIES = (
    (osdp_sys.CAP_COMMUNICATION_SECURITY, 1, 1),
    (osdp_sys.CAP_CARD_DATA_FORMAT, 1, 1),
    (osdp_sys.CAP_CONTACT_STATUS_MONITORING, 1, 4),
    (osdp_sys.CAP_OUTPUT_CONTROL, 1, 4),
    (osdp_sys.CAP_READER_LED_CONTROL, 1, 1),
    (osdp_sys.CAP_READER_AUDIBLE_OUTPUT, 1, 1),
)
_INPUTS = 4
COMMANDS_KEPT_MAX = 256

osdp_sys.set_loglevel(osdp_sys.LOG_CRIT)


class VirtualDoor:
    """One door reader at the end of a cable, served by one thread; ``path`` stays the same over unplugging.

    ``key`` None is a reader as it comes out of its box, in install mode.
    """

    def __init__(self, key: bytes | None, *, address: int = 0) -> None:
        """Power up and plug the cable in."""
        self._folder = tempfile.TemporaryDirectory(prefix="polso-door-")
        self._link = Path(self._folder.name) / "door"
        self.key, self.address = key, address
        self.commands: list[dict[str, Any]] = []
        """What the panel told it to do, the newest last."""
        self.listens = True
        """False: the wire between adapter and reader is cut; the adapter itself is still there."""
        self.is_secure = False
        """Whether the panel has proved that it knows the key, since this reader was switched on."""
        self._master = self._slave = -1
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._running = threading.Event()
        self._restart = threading.Event()
        self._thread: threading.Thread | None = None
        self.replug()

    @property
    def path(self) -> str:
        """Return the path by which a panel opens the line."""
        return str(self._link)

    def replug(self) -> None:
        """Put the adapter back: another terminal under the same path."""
        if self._thread is not None:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link.symlink_to(os.ttyname(self._slave))
        self._running.set()
        self._thread = threading.Thread(target=self._serve, name="virtual-door", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the adapter: whoever holds the line gets its error."""
        if self._thread is None:
            return
        self._running.clear()
        self._thread.join(timeout=2)
        self._thread = None
        self._link.unlink()
        os.close(self._master)
        os.close(self._slave)

    def close(self) -> None:
        """Unplug for good and leave nothing behind."""
        self.unplug()
        self._folder.cleanup()

    def reset(self, key: bytes | None) -> None:
        """Be switched off and on with another key, or None for install mode."""
        self.key = key
        self._restart.set()

    def present(self, octets: bytes, *, bits: int | None = None) -> None:
        """Hold a card with this number up."""
        event = {
            "event": osdp_sys.EVENT_CARDREAD,
            "reader_no": 0,
            "direction": 0,
            "format": osdp_sys.CARD_FMT_RAW_UNSPECIFIED,
            "length": 8 * len(octets) if bits is None else bits,
            "data": octets,
        }
        with self._lock:
            self._events.append(event)

    def contact(self, place: int, *, closed: bool) -> None:
        """Close or open one of the door's input contacts."""
        report = bytes(closed and index == place for index in range(_INPUTS))
        event = {"event": osdp_sys.EVENT_STATUS, "type": osdp_sys.STATUS_REPORT_INPUT, "report": report}
        with self._lock:
            self._events.append(event)

    # libosdp's channel: it calls these from the thread below

    id = 1

    def read(self, octets_max: int) -> bytes:
        """Return what the panel sent."""
        with contextlib.suppress(OSError):
            octets = os.read(self._master, octets_max)
            return octets if self.listens else b""
        return b""

    def write(self, octets: bytes) -> int:
        """Answer the panel."""
        with contextlib.suppress(OSError):
            return os.write(self._master, octets) if self.listens else len(octets)
        return -1

    def flush(self) -> None:
        """There is nothing to throw away: what was sent is read at once."""

    def _device(self) -> Any:  # noqa: ANN401 - libosdp is untyped
        """Power the device up with the key it has."""
        flags = osdp_sys.FLAG_INSTALL_MODE if self.key is None else osdp_sys.FLAG_ENFORCE_SECURE
        told = {"name": "door", "address": self.address, "flags": flags, "scbk": self.key, "channel": self}
        numbers = ("version", "model", "vendor_code", "serial_number", "firmware_version")
        names = ("function_code", "compliance_level", "num_items")
        able = [dict(zip(names, one, strict=True)) for one in _CAPABILITIES]
        device = osdp_sys.PeripheralDevice(told | dict.fromkeys(numbers, 1), capabilities=able)
        device.set_command_callback(self._obey)
        return device

    def _obey(self, command: dict[str, Any]) -> tuple[int, None]:
        """Do what the panel says; a new key holds from the next power-up on."""
        self.commands.append(command)
        del self.commands[:-COMMANDS_KEPT_MAX]
        if command["command"] == osdp_sys.CMD_KEYSET:
            self.key = bytes(command["data"])
        return 0, None

    def _serve(self) -> None:
        """Answer the panel until the cable is pulled."""
        device, self.is_secure = self._device(), False
        while self._running.is_set():
            if self._restart.is_set():
                self._restart.clear()
                device = self._device()
            with self._lock:
                events, self._events = self._events, []
            for event in events:
                device.submit_event(event)
            device.refresh()
            self.is_secure = bool(device.is_sc_active())
            time.sleep(_REFRESH_S)
