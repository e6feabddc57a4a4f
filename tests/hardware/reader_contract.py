"""What every driver's reader promises: one list, which each driver's tests run by inheriting it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from hardware.port import DeviceError, Presented, Reader, Trust

DEADLINE_MS = 400
GRACE_MS = 150
"""A busy machine may be late by this much; a driver that ignores its deadline is late by more."""


@dataclass
class Subject:
    """One driver on a bench.

    ``present`` holds a certain identity up to the reader, ``withdraw`` takes it away, and ``uid`` and
    ``trust`` are what must come out. ``unplug`` and ``replug`` do what a person does to a cable; a reader
    without a cable (a phone that posts) leaves them None. ``stays`` is False where a presentation is a
    moment and not a state (a scanned code). ``absent`` is a reader of the same kind without a device.
    """

    reader: Reader
    uid: bytes
    trust: Trust
    present: Callable[[], object]
    withdraw: Callable[[], object] = lambda: None
    unplug: Callable[[], object] | None = None
    replug: Callable[[], object] | None = None
    stays: bool = True
    absent: Reader | None = None
    opened: bool = field(default=False, init=False)

    def open(self) -> Subject:
        """Open the reader."""
        self.reader.open()
        self.opened = True
        return self

    def read(self) -> Presented | None:
        """Look once, and hold the reader to its deadline."""
        began = time.monotonic()
        found = self.reader.read(time.monotonic_ns() + DEADLINE_MS * 1_000_000)
        assert 1000 * (time.monotonic() - began) < DEADLINE_MS + GRACE_MS, "read returns by its deadline"
        return found

    def read_until_found(self) -> Presented:
        """Look as a supervisor does, until something is there."""
        for _ in range(20):
            found = self.read()
            if found is not None:
                return found
        raise AssertionError("what was held up was never seen")

    def still_there(self, uid: bytes) -> bool:
        """Ask for one identity, and hold the reader to its deadline."""
        began = time.monotonic()
        there = self.reader.still_there(uid, time.monotonic_ns() + DEADLINE_MS * 1_000_000)
        assert 1000 * (time.monotonic() - began) < DEADLINE_MS + GRACE_MS, (
            "still_there returns by its deadline"
        )
        return there


class ReaderContract:
    """Inherit this as ``TestSomething`` and give a fixture ``subject`` that yields a ``Subject``, closed."""

    def test_empty_field_is_none(self, subject: Subject) -> None:
        assert subject.open().read() is None

    def test_what_is_held_up_is_reported_with_its_trust(self, subject: Subject) -> None:
        subject.open()
        subject.present()

        found = subject.read_until_found()

        assert (found.uid, found.trust, found.fault) == (subject.uid, subject.trust, None)

    def test_identity_never_shows_in_a_repr(self, subject: Subject) -> None:
        subject.open()
        subject.present()

        found = subject.read_until_found()

        assert subject.uid.hex() not in repr(found).lower()
        assert str(subject.uid) not in repr(found)

    def test_identity_is_still_there_until_it_is_withdrawn(self, subject: Subject) -> None:
        subject.open()
        subject.present()
        uid = subject.read_until_found().uid

        assert subject.still_there(uid)
        assert not subject.still_there(bytes(reversed(uid)))
        subject.withdraw()
        if subject.stays:
            assert not subject.still_there(uid)
            assert subject.read() is None

    def test_reader_may_be_closed_at_any_time_and_again(self, subject: Subject) -> None:
        subject.reader.close()
        subject.open()
        subject.reader.close()
        subject.reader.close()

    def test_reader_opens_again_after_it_was_closed(self, subject: Subject) -> None:
        for _ in range(3):
            subject.open()
            subject.reader.close()
        subject.open()
        subject.present()

        assert subject.read_until_found().uid == subject.uid

    def test_opening_an_open_reader_leaves_it_working(self, subject: Subject) -> None:
        subject.open().open()
        subject.present()

        assert subject.read_until_found().uid == subject.uid

    def test_device_that_is_not_there_is_an_error_with_a_hint(self, subject: Subject) -> None:
        if subject.absent is None:
            return
        with pytest.raises(DeviceError) as told:
            subject.absent.open()

        assert told.value.hint
        subject.absent.close()

    def test_pulled_cable_is_the_devices_error_and_heals(self, subject: Subject) -> None:
        if subject.unplug is None or subject.replug is None:
            return
        subject.open()
        subject.unplug()

        with pytest.raises((DeviceError, OSError)):
            subject.read()
        subject.reader.close()
        with pytest.raises(DeviceError):
            subject.reader.open()
        subject.replug()

        subject.open()
        subject.present()
        assert subject.read_until_found().uid == subject.uid
