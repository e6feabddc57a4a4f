"""From a path in the configuration to an opened nfcpy driver whose waits are bounded."""

from __future__ import annotations

import errno
import importlib
import os
import termios
from typing import Any

import nfc.clf
import nfc.clf.device
import nfc.clf.pn532
import nfc.clf.transport
import nfc.clf.udp

from hardware.nfc.budget import Budget
from hardware.nfc.culprits import culprits
from hardware.port import DeviceError

_CABLE_S_MIN = 0.05
_CHIP_S_MIN = 0.3
"""nfcpy gives a chip 100 ms to acknowledge; a busy machine that plays one may need longer."""
_SILENCE_S_MAX = 0.25
"""A field answers polls at once, empty or not: silence of this length means that it is gone."""
_ANSWER_S_MIN = 0.06
"""A band on air answers in 5 or 10 ms or not at all; a busy machine that plays one may need longer."""
_SELECT_S_MAX = 0.1
"""A band that is being selected answers at once; nfcpy would wait half a second for one that left."""
_HOST_COMMAND = 0xD4
_CCID_HEAD = 10


class BoundedTTY(nfc.clf.transport.TTY):  # type: ignore[misc]  # nfcpy is untyped
    """A serial line whose reads end with the tap, and whose half frames are errors of the line."""

    def __init__(self, port: str, budget: Budget) -> None:
        """Open the line."""
        self._budget = budget
        super().__init__(port)

    def read(self, timeout: float) -> bytearray:
        """Read one frame; nfcpy takes the length octet of half a frame by its index."""
        try:
            wait_s = max(timeout / 1000, _CHIP_S_MIN)
            return bytearray(super().read(1000 * self._budget.bound(wait_s, _CABLE_S_MIN)))
        except IndexError as error:
            raise OSError(errno.EIO, "half a frame came over the line") from error

    def write(self, frame: bytearray) -> None:
        """Send one frame, counting commands and not acknowledgements."""
        self._budget.commands += len(frame) > 6 and _HOST_COMMAND in frame[5:18]
        super().write(frame)


class BoundedUSB(nfc.clf.transport.USB):  # type: ignore[misc]  # nfcpy is untyped
    """A USB line whose reads end with the tap."""

    def __init__(self, bus: int, address: int, budget: Budget) -> None:
        """Take the device at this place of the bus."""
        self._budget = budget
        super().__init__(bus, address)

    def read(self, timeout: float = 0) -> bytearray:
        """Read one frame."""
        return bytearray(super().read(int(1000 * self._budget.bound(timeout / 1000, _CABLE_S_MIN))))

    def write(self, frame: bytearray, timeout: float = 0) -> None:
        """Send one frame, counting commands: tunnelled ones follow the head of CCID and a pseudo APDU."""
        self._budget.commands += _HOST_COMMAND in (frame[5:6] + frame[_CCID_HEAD + 5 : _CCID_HEAD + 6])
        super().write(frame, timeout)


class FieldLine(nfc.clf.udp.Device):  # type: ignore[misc]  # nfcpy is untyped
    """nfcpy's udp driver that notices when its field is gone."""

    def __init__(self, host: str, port: int, budget: Budget) -> None:
        """Aim at a field."""
        super().__init__(host, port)
        self._vendor_name, self._device_name, self._chipset_name = "Polso", "field", "UDP"
        self._budget = budget
        self._polling = self._sensing = False

    def sense_tta(self, target: Any) -> Any:  # noqa: ANN401 - nfcpy's signature
        """Look for a type A band; a certain one is told by its identifier, not by another's silence."""
        self._sensing = True
        try:
            found = super().sense_tta(nfc.clf.RemoteTarget(target.brty))
        finally:
            self._sensing = False
        wanted = target.sel_req
        return found if found is None or wanted is None or found.sdd_res == wanted else None

    def _send_data(self, brty: str, frame: bytes, addr: tuple[str, int]) -> None:  # tidy: nfcpy's name
        """Send, counting, and remember whether it was the question "is anybody there?"."""
        self._budget.commands += 1
        octets = bytes(frame)
        self._polling = octets in (b"\x26", b"\x52") or (brty.endswith("F") and octets[1:2] == b"\0")
        super()._send_data(brty, frame, addr)

    def _recv_data(self, timeout: float, *brty_list: str) -> Any:  # noqa: ANN401 # tidy: nfcpy's name
        """Receive within the tap's time; a poll that nobody answers means that the cable is out."""
        if not self._polling:
            wanted = min(timeout, _SELECT_S_MAX) if self._sensing else max(timeout, _ANSWER_S_MIN)
            return super()._recv_data(max(0.0, min(wanted, self._budget.left_s())), *brty_list)
        try:
            return super()._recv_data(_SILENCE_S_MAX, *brty_list)
        except nfc.clf.TimeoutError as error:
            raise OSError(errno.ETIMEDOUT, "the field does not answer") from error


def hint_for(path: str, error: OSError, *, found: list[str]) -> str:
    """Say what a person can do about a reader that does not open; ``found`` are the machine's culprits."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return "let the service read the device: groups plugdev (USB) or dialout (serial)"
    if path.startswith("udp:"):
        return "start the virtual field, or plug it in"
    if path.startswith("usb") and found:
        return "; ".join(found)
    if error.errno == errno.EBUSY:
        return "another program holds it: stop that first"
    if path.startswith("usb"):
        return "plug the reader in; an ACR122U closed by another program needs to be replugged"
    return "check cable and power; a PN532 behind FTDI that crashed needs its power off and on"


def _open_usb(path: str, budget: Budget) -> Any:  # noqa: ANN401 - nfcpy is untyped
    """Open the first USB reader that nfcpy drives and that fits the path."""
    for vendor, product, bus, address in nfc.clf.transport.USB.find(path) or ():
        name = nfc.clf.device.usb_device_map.get((vendor, product))
        if name is not None:
            driver = importlib.import_module(f"nfc.clf.{name}")
            return driver.init(BoundedUSB(bus, address, budget))
    raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def _open_tty(path: str, budget: Budget) -> Any:  # noqa: ANN401 - nfcpy is untyped
    """Open a reader on a serial line: "tty:S0:pn532" is /dev/ttyS0 and the driver of that name."""
    _, port, chip = path.split(":")
    if chip not in nfc.clf.device.tty_driver_list:
        raise ValueError(f"no serial driver {chip!r}")
    return _begin(importlib.import_module(f"nfc.clf.{chip}"), f"/dev/tty{port}", budget)


def _begin(driver: Any, port: str, budget: Budget) -> Any:  # noqa: ANN401 - nfcpy is untyped
    """Start a serial driver, and leave no descriptor behind if it does not start."""
    line = BoundedTTY(port, budget)
    try:
        return driver.init(line)
    except BaseException:
        if line.tty is not None:
            line.tty.close()
        raise


def _open_udp(path: str, budget: Budget) -> Any:  # noqa: ANN401 - nfcpy is untyped
    """Aim at a virtual field, "udp:127.0.0.1:54321", and ask once whether it is there."""
    _, host, port = path.split(":")
    line = FieldLine(host, int(port), budget)
    try:
        line.sense_tta(nfc.clf.RemoteTarget("106A"))
    except nfc.clf.CommunicationError:
        return line
    except OSError:
        line.mute()
        raise
    return line


def open_device(path: str, budget: Budget) -> Any:  # noqa: ANN401 - nfcpy is untyped
    """Open the driver that a path names; raise ``DeviceError`` with a hint where it is not there or not ours.

    Paths: ``usb:072f:2200``, ``tty:S0:pn532``, ``pty:/dev/pts/4`` (a virtual PN532), ``udp:127.0.0.1:54321``.
    """
    budget.begin(None)
    try:
        if path.startswith("pty:"):
            return _begin(nfc.clf.pn532, path.removeprefix("pty:"), budget)
        if path.startswith("udp:"):
            return _open_udp(path, budget)
        return _open_usb(path, budget) if path.startswith("usb") else _open_tty(path, budget)
    except (OSError, termios.error) as error:
        fault = error if isinstance(error, OSError) else OSError(errno.EIO, str(error))
        raise DeviceError(
            f"{path}: {fault.strerror or fault}", hint_for(path, fault, found=culprits())
        ) from error
    except ValueError as error:
        raise DeviceError(
            f"{path}: not a path of a reader", "see the paths in the configuration reference"
        ) from error
