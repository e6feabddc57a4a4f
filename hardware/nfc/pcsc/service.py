"""Talking with pcscd: its return codes become the port's errors, each with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from smartcard import scard

from hardware.nfc.pcsc.lost import BandLost
from hardware.port import DeviceError

_MASK = 0xFFFFFFFF
_START = "start the daemon: systemctl enable --now pcscd.socket (Debian: apt-get install pcscd)"
_REPLUG = "plug the reader in, or take its cable out and put it back"
_HINTS = {
    0x8010001D: _START,
    0x8010001E: _START,
    0x80100013: _START,
    0x80100003: _START,
    0x80100009: _REPLUG,
    0x80100017: _REPLUG,
    0x8010002E: _REPLUG,
    0x8010000B: "another program holds the reader: stop it (gpg-agent's scdaemon and browsers do this)",
    0x8010006A: "let the service's account use pcscd: copy polso-pcsc.rules to /etc/polkit-1/rules.d/",
}
"""No service, stopped, line to it broken, handles of a daemon that is gone; reader unknown, gone, none at
all; sharing violation; refused by the access rules (SCARD_E_* and SCARD_W_* of PC/SC part 5)."""
_NO_READERS = 0x8010002E

GONE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE


def fault_of(code: int, what: str) -> Exception:
    """Make the error that a return code means: the daemon's or the reader's own, else the band's."""
    known = code & _MASK
    words = f"{what}: {str(scard.SCardGetErrorMessage(code)).strip().rstrip('.')}"
    return DeviceError(words, _HINTS[known]) if known in _HINTS else BandLost(words)


def _must(code: int, what: str) -> None:
    """Raise what a return code of the daemon means; whatever it is, no band is to blame."""
    if code == scard.SCARD_S_SUCCESS:
        return
    fault = fault_of(code, what)
    raise fault if isinstance(fault, DeviceError) else DeviceError(str(fault), _REPLUG)


class Look(NamedTuple):
    """One look at a reader: whether a card is there, and how many have come or gone."""

    present: bool
    mute: bool
    event: int


@dataclass(slots=True)
class Context:
    """One line to the daemon."""

    handle: Any

    @classmethod
    def open(cls) -> Context:
        """Connect to the daemon."""
        code, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        _must(code, "pcscd")
        return cls(handle)

    def close(self) -> None:
        """Let the daemon go; a dead one has let us go already."""
        scard.SCardReleaseContext(self.handle)

    def readers(self) -> list[str]:
        """List the readers by name; none is an empty list."""
        code, names = scard.SCardListReaders(self.handle, [])
        if code & _MASK == _NO_READERS:
            return []
        _must(code, "pcscd")
        return list(names)

    def look(self, reader: str, *, known: int, wait_ms: int) -> tuple[Look, int]:
        """Wait until a reader's state is another than ``known`` (0: not known); return it and its code."""
        code, states = scard.SCardGetStatusChange(self.handle, wait_ms, [(reader, known)])
        if code & _MASK == 0x8010000A:  # SCARD_E_TIMEOUT: nothing changed
            return _look_of(known), known
        _must(code, f"reader {reader}")
        told = int(states[0][1])
        if told & GONE:
            raise DeviceError(f"reader {reader} is gone", _REPLUG)
        return _look_of(told), told


def _look_of(state: int) -> Look:
    """Take a state apart: flags below, the count of events in the upper half."""
    return Look(bool(state & scard.SCARD_STATE_PRESENT), bool(state & scard.SCARD_STATE_MUTE), state >> 16)


def reader_names() -> list[str]:
    """List what pcscd has; raises ``DeviceError`` with a hint where it does not answer."""
    context = Context.open()
    try:
        return context.readers()
    finally:
        context.close()
