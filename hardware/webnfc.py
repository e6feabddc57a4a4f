"""A phone as reader: what its browser read off a band, checked here as any other band's message."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping

import msgspec

from hardware.nfc import sun
from hardware.port import KeyLookup, Medium, Presented, Reader, ReadFault, Trust

WAITING_MAX = 16
"""Reads of one phone that may wait; a further one is refused, and the phone tries again."""

SECOND_NS = 1_000_000_000
HELD_NS = SECOND_NS // 2
"""A phone cannot see a band leave: the same band counts as held for this long after its last read."""


class Read(msgspec.Struct, frozen=True):
    """What the page sends: the band's link and its serial number as a browser writes it (``04:a1:...``)."""

    url: str = ""
    serial: str = ""


class PhoneBusy(Exception):
    """The phone sent faster than its reads could be judged."""


class WebNfcReader:
    """One phone as a ``port.Reader``: fed by ``hear`` from its page, read by its supervisor."""

    def __init__(self, keys: KeyLookup) -> None:
        """Check what is heard with the bands' own keys."""
        self._keys = keys
        self._heard: queue.Queue[bytes] = queue.Queue(WAITING_MAX)
        self._last: tuple[bytes, int] = (b"", 0)

    def hear(self, octets: bytes) -> None:
        """Take the JSON of one read, from any thread; raises ``PhoneBusy`` when too many wait."""
        try:
            self._heard.put_nowait(octets)
        except queue.Full as cause:
            raise PhoneBusy("this phone reads faster than its bands can be judged") from cause

    def open(self) -> None:
        """Nothing is to be opened: the phone comes to us."""

    def read(self, deadline_ns: int) -> Presented | None:
        """Return the next read of the phone, checked; None when it read nothing by the deadline."""
        try:
            octets = self._heard.get(timeout=max(0.0, (deadline_ns - time.monotonic_ns()) / SECOND_NS))
        except queue.Empty:
            return None
        presented = _judge(octets, self._keys)
        self._last = (presented.uid, time.monotonic_ns())
        return presented

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Say whether this band was read so lately that it may still be held to the phone."""
        last, at_ns = self._last
        return uid == last and time.monotonic_ns() - at_ns < HELD_NS

    def close(self) -> None:
        """Forget what was not read: its phone will be told by its own time-out."""
        while not self._heard.empty():
            self._heard.get_nowait()


def _judge(octets: bytes, keys: KeyLookup) -> Presented:
    try:
        read = msgspec.json.decode(octets, type=Read)
        serial = bytes.fromhex(read.serial.replace(":", ""))
    except (msgspec.MsgspecError, ValueError) as error:
        return Presented(
            b"", medium=Medium.WEB, product="phone", fault=ReadFault.GARBAGE, cause=type(error).__name__
        )
    if not read.url:
        trust, fault = (Trust.UID, None) if serial else (Trust.NONE, ReadFault.GARBAGE)
        return Presented(serial, trust, Medium.WEB, "phone", fault=fault, cause="no link on the band")
    checked = sun.check(read.url, keys, seen_uid=serial or None)
    return Presented(
        checked.uid,
        checked.trust,
        Medium.WEB,
        "NTAG 424 DNA" if checked.counter is not None else "phone",
        counter=checked.counter,
        fault=checked.fault,
        cause=checked.cause,
    )


def build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> Reader:
    """Make the reader that stands for one enrolled phone; it has no settings of its own."""
    if settings:
        raise ValueError(f"reader {name} takes no settings, found {', '.join(sorted(settings))}")
    return WebNfcReader(keys)
