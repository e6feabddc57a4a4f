"""A reader of codes on paper and screens: a keyboard-wedge scanner, grabbed so that no page gets its keys."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from typing import Protocol

from hardware.port import DeviceError, KeyLookup, Medium, Presented, Reader, ReadFault, Trust

CODE_CHARS_MAX = 512
"""A longer code is not one of ours; the rest of it is dropped up to its Enter."""

DEBOUNCE_MS = 2000
"""A scanner cannot see that a code was taken away: the same code counts again only after this long."""

KEY_DOWN = 1
ENTER = frozenset((28, 96))
SHIFT = frozenset((42, 54))
_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
_KEYS: dict[int, tuple[str, str]] = {
    first + offset: pair
    for first, plain, shifted in _ROWS
    for offset, pair in enumerate(zip(plain, shifted, strict=True))
}
"""Linux key code to its character without and with Shift (input-event-codes.h, US layout)."""


class Decoder:
    """Turns key events into codes: characters up to an Enter."""

    def __init__(self) -> None:
        """Begin with nothing typed."""
        self._typed: list[str] = []
        self._shifted: set[int] = set()
        self._too_long = False

    def feed(self, code: int, value: int) -> str | None:
        """Take one key event (``value`` 1 down, 0 up, 2 repeat); return a code when Enter ends it, else None.

        A code over the limit is returned empty: it was seen, and it is not one of ours.
        """
        if code in SHIFT:
            (self._shifted.add if value else self._shifted.discard)(code)
            return None
        if value != KEY_DOWN:
            return None
        if code in ENTER:
            return self._take()
        pair = _KEYS.get(code)
        if pair is not None and len(self._typed) < CODE_CHARS_MAX:
            self._typed.append(pair[1] if self._shifted else pair[0])
        elif pair is not None:
            self._too_long = True
        return None

    def _take(self) -> str | None:
        text, seen = "" if self._too_long else "".join(self._typed), bool(self._typed)
        self._typed.clear()
        self._too_long = False
        return text if seen else None


class KeySource(Protocol):
    """Where key events come from: evdev, or a recording."""

    def open(self) -> None:
        """Take the device for ourselves alone; raises ``DeviceError`` or ``OSError``."""

    def events(self, deadline_ns: int) -> list[tuple[int, int]]:
        """Return the (key code, value) pairs that came, waiting for the first one until ``deadline_ns``."""

    def close(self) -> None:
        """Give the device back."""


class EvdevSource:
    """A real scanner at ``/dev/input/...`` through the kernel's event device."""

    def __init__(self, path: str) -> None:
        """Remember where the scanner is."""
        self._path = path
        self._device: object | None = None

    def open(self) -> None:
        """Open and grab the device (EVIOCGRAB)."""
        try:
            import evdev
        except ImportError as cause:
            raise DeviceError("evdev is not installed", hint="pip install 'polso[qr]'") from cause
        try:
            device = evdev.InputDevice(self._path)
            device.grab()
        except OSError as cause:
            raise DeviceError(
                f"scanner {self._path}: {cause}",
                hint="plug it in, name it under /dev/input/by-id/, put the service in group input",
            ) from cause
        self._device = device

    def events(self, deadline_ns: int) -> list[tuple[int, int]]:
        """Read what is there, waiting at most until the deadline."""
        import evdev

        device = self._device
        if not isinstance(device, evdev.InputDevice):
            raise DeviceError("scanner is not open")
        ready, _, _ = select.select([device.fd], [], [], max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9))
        if not ready:
            return []
        return [(event.code, event.value) for event in device.read() if event.type == evdev.ecodes.EV_KEY]

    def close(self) -> None:
        """Ungrab and close; a scanner already pulled out is closed all the same."""
        device, self._device = self._device, None
        if device is not None:
            device.close()  # type: ignore[attr-defined] # evdev is imported late and untyped


class QrReader:
    """One scanner as a ``port.Reader``: a code is an identifier that proves nothing more than itself."""

    def __init__(self, source: KeySource, debounce_ms: int = DEBOUNCE_MS) -> None:
        """Read codes from ``source``."""
        self._source = source
        self._decoder = Decoder()
        self._waiting: list[str] = []
        self._debounce_ns = debounce_ms * 1_000_000
        self._seen: tuple[bytes, int] = (b"", 0)

    def open(self) -> None:
        """Grab the scanner."""
        self._source.open()

    def read(self, deadline_ns: int) -> Presented | None:
        """Return the next scanned code; None when none was completed by the deadline."""
        self._pump(deadline_ns)
        if not self._waiting:
            return None
        code = self._waiting.pop(0).encode()
        self._seen = (code, time.monotonic_ns())
        if not code:
            return Presented(b"", medium=Medium.QR, product="code", fault=ReadFault.GARBAGE, cause="too long")
        return Presented(code, Trust.UID, Medium.QR, product="code")

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Say whether the same code was scanned so lately that it counts as still being held up."""
        self._pump(time.monotonic_ns())
        if self._waiting and self._waiting[0].encode() != uid:
            return False
        code, at_ns = self._seen
        return uid == code and time.monotonic_ns() - at_ns < self._debounce_ns

    def close(self) -> None:
        """Give the scanner back."""
        self._source.close()

    def _pump(self, deadline_ns: int) -> None:
        if self._waiting:
            return
        for code, value in self._source.events(deadline_ns):
            text = self._decoder.feed(code, value)
            if text is not None:
                self._waiting.append(text)


def build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> Reader:
    """Make the scanner of the configuration: ``path = "/dev/input/by-id/..."``; needs ``polso[qr]``."""
    path = settings.get("path")
    if not isinstance(path, str):
        raise DeviceError(
            f"reader {name}: setting 'path' is missing", hint='give path = "/dev/input/by-id/..-event-kbd"'
        )
    return QrReader(EvdevSource(path), int(settings.get("debounce_ms", DEBOUNCE_MS)))
