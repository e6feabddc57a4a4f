"""A site with one guest who wears a band, a gate on paper that tells of both, and the diary made from it."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.bands import Band, Presented, Trust
from edge.core.decision import Act, Decision, Outcome, Reason, WhatNext
from edge.core.events import Decided, Kind
from edge.core.places import Layout, Point, PointKind, Zone
from sync.central import intake
from sync.central.journey import diary
from sync.central.journey.diarist import Diarist
from sync.central.journey.entry import Entry
from sync.central.registry import bands, consents, guests, layout
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from sync.wire import Ack
from tests.sync.builders import NOW_MS, SITE, a_device, a_journal

GUEST, BAND = "g1", bytes([1]) * 16
NOBODYS = bytes([7]) * 16
OWNER = f"g:{GUEST}"


def a_passage(**said: Any) -> Decided:
    decision = Decision(
        outcome=said.get("outcome", Outcome.GRANTED),
        reason=said.get("reason", Reason.ENTERED),
        next=WhatNext(act=Act.SEE_STAFF),
        point="gate",
        direction="in",
        guest=said.get("guest", GUEST),
        entitlement="e-1",
    )
    tap = Presented(tap_id="t", reader="r", band=None, trust=Trust.SUN)
    return Decided(decision=decision, presented=tap, now_ms=NOW_MS)


class Book:
    """What happened, told to central by a device, and what the diary says of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.device, _ = a_device(store)
        self.paper = a_journal(self.device)
        with store.transaction() as tx:
            layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
            layout.put_thing(tx, SITE, Zone(id="park"))
            for id, kind in (("gate", PointKind.GATE), ("kiosk", PointKind.KIOSK), ("bar", PointKind.TILL)):
                layout.put_thing(tx, SITE, Point(id=id, kind=kind, zone="park"))
            layout.publish_layout(tx, SITE)
            guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia")])
            for id, guest in ((BAND, GUEST), (NOBODYS, None)):
                bands.put_band(tx, SITE, BandCard(band=Band(id=id), guest=guest))
        self.diarist = Diarist(store)

    def writes(self, kind: Kind, body: msgspec.Struct, **columns: Any) -> None:
        """The device journals something; nobody hears of it yet."""
        told = {"band": BAND} | columns
        self.paper.append(told.pop("lane", 0), msgspec.msgpack.encode(body), kind=int(kind), **told)

    def sends(self, lane: int = 0, *, first: int = 1) -> Ack:
        """The device sends all that it has, and the diarist looks."""
        taken = intake.take(
            self.store, self.device, self.paper.batch(first, len(self.paper.lanes[lane]), lane)
        )
        assert isinstance(taken, Ack), taken
        assert taken.quarantined == ()
        self.diarist.look()
        return taken

    def tells(self, kind: Kind, body: msgspec.Struct, **columns: Any) -> None:
        """Both at once."""
        lane = columns.get("lane", 0)
        self.writes(kind, body, **columns)
        self.sends(lane, first=len(self.paper.lanes[lane]))

    def allows(self, *topics: str, given: bool = True) -> None:
        """The guest says so at a desk."""
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            for topic in topics:
                consents.set_here(tx, SITE, GUEST, purpose=topic, given=given)

    def entries(self, owner: str = OWNER) -> tuple[Entry, ...]:
        """The diary, the newest first."""
        with self.store.reading() as tx:
            return diary.of_guest(tx, SITE, owner)

    def says(self, owner: str = OWNER) -> list[tuple[str, int]]:
        """What it says but for consents, the oldest first, and how much each counts."""
        told = [(one.what.value, one.weight) for one in self.entries(owner) if one.source != diary.BY_CENTRAL]
        return told[::-1]
