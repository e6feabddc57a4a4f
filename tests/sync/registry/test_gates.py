"""Which devices of a site people pass at: only they need places, and only they are beside each other."""

from __future__ import annotations

from edge.core.places import Layout, Point, PointKind, Zone
from sync.central.registry import layout
from sync.central.store import Store
from tests.sync.builders import SITE, a_device


def test_places_are_split_over_the_devices_at_which_people_pass(small_store: Store) -> None:
    gate, till, anywhere = (
        a_device(small_store, points=points)[0].id for points in (("gate",), ("till", "lobby"), ())
    )
    points = (
        Point(id="gate", kind=PointKind.GATE, zone="park", to_zone="park"),
        Point(id="till", kind=PointKind.TILL, zone="park"),
        Point(id="lobby", kind=PointKind.DOOR, zone="park", to_zone="park"),
    )
    with small_store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        for thing in (Zone(id="park", capacity_max=10), *points):
            layout.put_thing(tx, SITE, thing)
        layout.publish_layout(tx, SITE, [gate, till, anywhere])
        told = layout.published(tx, SITE)
    assert told is not None
    assert set(told.gates) == {gate, anywhere}
    assert {lease.device: lease.places for lease in told.place_leases} == {gate: 5, anywhere: 5}
