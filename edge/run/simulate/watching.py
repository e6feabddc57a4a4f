"""Watching: what becomes durable at a device is read once, for promises and for counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge.core.bands import BandState, Standing, merge
from edge.core.events import DECISIONS, Acted, Decided, Event, Kind, Lane, decided_in
from edge.core.payment import Payment
from edge.run.simulate.records import entry_in, part_taken

_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
_ACTED = msgspec.msgpack.Decoder(Acted).decode
_STATED = frozenset({Kind.URGENT_APPLIED, Kind.BAND_STATE})
"""Records that say how a band stands from here on."""


class Green(NamedTuple):
    """A right that opened a gate."""

    device: int
    seq: int
    book: int = 0
    """Which of the site's books had this use for just this tap; 0: none, it was decided alone."""


class Told(NamedTuple):
    """Records of one device that have just become durable, and what was known there."""

    number: int
    events: Sequence[Event]
    now_ms: int
    known: tuple[int, ...]
    """Up to where central held each device's ordinary lane when this one last had all that it could tell."""
    book: int
    """The site's book; 0: there is none."""


class Watch:
    """All that was seen; ``rights`` are those that open once."""

    def __init__(self, rights: frozenset[str]) -> None:
        """Begin with nothing seen."""
        self.seen: Counter[str] = Counter()
        self.greens: dict[str, list[Green]] = {}
        self.until_ms: dict[tuple[int, str], int] = {}
        """Until when each lease may be spent at most."""
        self.overdue: list[str] = []
        self.heard_too_late: list[str] = []
        self.shut_out: list[str] = []
        """Bands that opened something where it was known that they must not."""
        self.turned_back: list[str] = []
        """Records that are not later than those before them."""
        self._rights = rights
        self._stands: dict[tuple[int, bytes], Standing] = {}
        self._newest: dict[bytes, int] = {}
        self._hlc: dict[int, int] = {}

    def take(self, told: Told) -> None:
        """Take note of what has become durable, in its own order of time."""
        events = sorted(told.events, key=lambda one: one.hlc)
        if events and events[0].hlc <= self._hlc.get(told.number, 0):
            self.turned_back.append(f"device {told.number}: #{events[0].seq} is not later than before")
        for event in events:
            self._hlc[told.number] = max(event.hlc, self._hlc.get(told.number, 0))
            self._one(told, event)

    def forget(self, number: int, lanes: tuple[list[Event], list[Event]]) -> None:
        """Take back what a device no longer has: nobody but its lost disk knew of it."""
        heads, kept = [len(lane) for lane in lanes], sorted((*lanes[0], *lanes[1]), key=lambda one: one.hlc)
        for opened in self.greens.values():
            opened[:] = [one for one in opened if one.device != number or one.seq <= heads[Lane.ORDINARY]]
        for key in [one for one in self.until_ms if one[0] == number]:
            del self.until_ms[key]  # nobody can say how old the copy is
        for at in [one for one in self._stands if one[0] == number]:
            del self._stands[at]
        for event in kept:
            if event.kind in _STATED and event.band is not None:
                self._stated(number, event.band, _ACTED(event.body))
        self._hlc[number] = kept[-1].hlc if kept else 0

    def _one(self, told: Told, event: Event) -> None:
        if event.kind in DECISIONS:
            self._decided(told, event, decided_in(event.body, event.band))
        elif event.kind in _STATED and event.band is not None:
            state = self._stated(told.number, event.band, _ACTED(event.body))
            self.seen[f"band {state.name.lower()}"] += 1
        elif event.kind == Kind.PAID:
            self._paid(told, event, _PAYMENT(event.body))
        elif event.kind == Kind.LEASE_TAKEN:
            grant = part_taken(event)
            self.until_ms[told.number, grant.lease] = told.now_ms + grant.ttl_s * 1_000
            self.seen["part taken"] += 1
        else:
            self.seen[f"record {Kind(event.kind).name.lower()}"] += 1

    def _decided(self, told: Told, event: Event, decided: Decided) -> None:
        said, opens = decided.decision, entry_in(event) is not None
        reasons = {said.reason, *said.notes, *(failure.reason for failure in said.failures)}
        self.seen.update(f"reason {reason}" for reason in reasons)
        if opens and event.band is not None:
            here = self._stands.get((told.number, event.band), Standing())
            if here.state is not BandState.ACTIVE and here.epoch >= self._newest.get(event.band, 0):
                state = here.state.name.lower()
                self.shut_out.append(f"device {told.number}: a {state} band opened at #{event.seq}")
        if opens and said.entitlement in self._rights:
            self._opened(told, event, decided)

    def _opened(self, told: Told, event: Event, decided: Decided) -> None:
        """Note where a right opened, and where it must not have."""
        right, known = decided.decision.entitlement or "", told.known
        before = self.greens.setdefault(right, [])
        for green in before:
            if green.device != told.number and known and known[green.device] >= green.seq:
                self.heard_too_late.append(f"{right} at device {told.number}, which knew of {green}")
        before.append(Green(told.number, event.seq, told.book if decided.agreed else 0))

    def _stated(self, number: int, band: bytes, said: Acted) -> BandState:
        told = Standing(said.amount or 0, BandState(said.state or 0))
        self._stands[number, band] = merge(self._stands.get((number, band), Standing()), told)
        self._newest[band] = max(self._newest.get(band, 0), told.epoch)
        return told.state

    def _paid(self, told: Told, event: Event, payment: Payment) -> None:
        """Note each payment out of a lease whose time is over."""
        self.seen[f"reason {payment.reason}"] += 1
        for lease in {leg.lease for leg in payment.legs if leg.lease}:
            if told.now_ms > self.until_ms.get((told.number, lease), told.now_ms):
                self.overdue.append(f"device {told.number} #{event.seq} paid out of {lease}")
