"""A time with one place left: the first guest is let in, the second is told when the next one begins."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.decision import Act, Reason, WhatNext
from edge.core.entitlements import Entitlement, Status, Terms
from edge.core.events import Kind, decided_in
from edge.core.slots import Slot
from edge.run.demo.park import load
from sync.central.audit import audit
from sync.central.machines import devices
from sync.central.machines.lanes import event_table
from sync.central.near import slots
from sync.central.registry import profiles, rights
from sync.central.store import Store, select
from tests.journeys.devices import SITE, House
from tests.journeys.park import polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
HOUR_MS, GATE = 3_600_000, "gate-1"


def booked(store: Store, names: tuple[str, ...], time: Slot) -> None:
    """Give guests nothing but a right at this time."""
    pseudonyms = {one.id: one.pseudonym for one in load().guests}
    with store.transaction() as tx:
        for name in names:
            guest = pseudonyms[name]
            before = rights.rights_of(tx, SITE, [guest]).get(guest, ())
            gone = [msgspec.structs.replace(one, status=Status.CANCELLED) for one in before]
            own = Entitlement(
                id=f"timed-{name}", product=time.product, slot=time.time, terms=Terms(points=(GATE,))
            )
            rights.put_rights(tx, SITE, [*gone, own], guest=guest)
            profiles.publish_guests(tx, SITE, [guest])


def decisions(store: Store) -> list[tuple[Reason, WhatNext]]:
    with store.reading() as tx:
        own = event_table.c
        query = select(own.body, own.band).where(own.kind == int(Kind.DECIDED)).order_by(own.seq)
        found = [decided_in(bytes(row.body), row.band) for row in tx.execute(query)]
    return [(one.decision.reason, one.decision.next) for one in found]


def test_the_last_place_is_given_once_and_central_judges_it_the_same(house: House) -> None:
    device, store = house.device, house.central.store
    done = polso("enrol", house.central.url, "--code", house.code(), "--config", str(device.config))
    assert done.returncode == 0, done.stderr
    house.publish()
    start = store.now_ms() // HOUR_MS * HOUR_MS
    now, later = (
        Slot(point=GATE, product="morning", start_ms=start + hours * HOUR_MS, end_ms=start + 2 * HOUR_MS)
        for hours in (0, 4)
    )
    later = msgspec.structs.replace(later, end_ms=later.start_ms + HOUR_MS)
    booked(store, ("giulia", "marco"), now)
    with store.transaction() as tx:
        (who,) = [one.id for one in devices.devices(tx, SITE)]
        limited = msgspec.structs.replace(now, capacity_max=1)
        slots.put(tx, SITE, [limited, msgspec.structs.replace(later, shares={who: 1})])
    device.start()
    until(lambda: device.figure("polso_profiles") > 0, 20)
    assert [device.tap(house.band(name)) for name in ("giulia", "marco")] == ["entered", "slot_full"]
    device.stop()
    device.start()
    assert device.tap(house.band("marco")) == "slot_full", "a restart makes no place"
    until(lambda: device.figure("polso_outbox_events") == 0, 20)
    what = WhatNext(act=Act.CHANGE_TIME, at_ms=later.start_ms)
    assert decisions(store)[1:] == [(Reason.SLOT_FULL, what)] * 2
    judged = audit(store, SITE)
    assert (judged.judged, judged.equal, judged.different) == (3, 3, [])
    until(lambda: _taken(house, who) == {now.key: 1}, 45)


def _taken(house: House, who: str) -> dict[str, int] | None:
    with house.central.store.reading() as tx:
        report = devices.device(tx, SITE, who).report
    return None if report is None else report.taken
