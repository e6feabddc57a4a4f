"""Deals: central fixes once which devices a campaign's caps are dealt among, and says it in every version."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.core.offers import Cap, Counted, Offer, Span
from edge.core.offers.dealing import CAPS_MAX
from edge.core.places import Layout, Point, PointKind, Zone
from edge.errors import Refused
from edge.published import put_together
from sync.central.machines import devices
from sync.central.machines.devices import NewDevice
from sync.central.money import restored
from sync.central.offers import bundles, deals
from sync.central.registry import layout
from sync.central.store import Store
from tests.service.offered import an_offer
from tests.sync.builders import a_site
from tests.sync.test_bundles import SITE, a_draft, live, told

TWICE = Cap(most=0, everywhere=2)
POINTS = {"kiosk": PointKind.KIOSK, "till": PointKind.TILL, "gate": PointKind.GATE}


def capped(*caps: Cap, **changes: Any) -> Offer:
    return an_offer(caps=caps or (TWICE,), **changes)


@pytest.fixture
def park(store: Store) -> Store:
    a_site(store)
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome", currency="EUR"))
        layout.put_thing(tx, SITE, Zone(id="z"))
        for name, kind in POINTS.items():
            layout.put_thing(tx, SITE, Point(id=name, kind=kind, zone="z"))
        layout.publish_layout(tx, SITE)
    return store


def enrolled(store: Store, *points: str, kind: str = "edge") -> str:
    key = b"%-32d" % len(points)
    with store.transaction() as tx:
        new = NewDevice(site=SITE, kind=kind, name="", points=points, public_key=key)
        return devices.add_device(tx, new)[0].id


def among(store: Store, version: int) -> list[tuple[str, ...]]:
    """Among whom the offers of a published version are dealt, as central keeps it and as it signed it."""
    heads, parts, private = told(store)
    with store.transaction() as tx:
        kept = bundles.version_of(tx, SITE, version).draft.bundle
    key = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    assert put_together(heads[str(version % 2)], parts, site=SITE, public_key=key) == kept
    return [one.dealt for one in kept.offers]


def test_a_deal_is_among_the_devices_of_that_moment_and_stays(park: Store) -> None:
    first, second = sorted((enrolled(park, "kiosk"), enrolled(park, "till", "gate")))
    enrolled(park, "gate")
    enrolled(park, "kiosk", kind="display")
    whole = (first, second)
    assert among(park, live(park, a_draft(capped(), an_offer("plain")))) == [whole, ()]
    enrolled(park, "kiosk")
    with park.transaction() as tx:
        devices.revoke(tx, SITE, first)
    assert among(park, live(park, a_draft(capped()))) == [whole]
    assert among(park, live(park, a_draft(an_offer("none", campaign="other")))) == [()]
    assert among(park, live(park, a_draft(capped(dealt=("typed-by-hand",))))) == [whole]


def test_another_campaign_is_another_deal(park: Store) -> None:
    first = enrolled(park, "kiosk")
    live(park, a_draft(capped()))
    second = enrolled(park, "kiosk")
    both = tuple(sorted((first, second)))
    version = live(park, a_draft(capped(), capped(id="b", campaign="later")))
    assert among(park, version) == [(first,), both]


def test_nothing_is_dealt_while_a_central_that_was_put_back_awaits_devices(park: Store) -> None:
    enrolled(park, "kiosk")
    live(park, a_draft(capped()))
    with park.transaction() as tx:
        restored.begin(tx, SITE)
    live(park, a_draft(capped()))  # a deal that is known still holds
    with pytest.raises(Refused, match="cannot be dealt out yet"):
        live(park, a_draft(capped(campaign="later")))


@pytest.mark.parametrize(
    ("offer", "fault"),
    [
        (capped(Cap(most=0, everywhere=21)), "is 1 to 20"),
        (capped(Cap(most=0, everywhere=-1)), "is 1 to 20"),
        (capped(Cap(most=2, everywhere=2)), "stands 0"),
        (capped(Cap(most=0, everywhere=2, span=Span.SESSION)), "shown a session"),
        (capped(Cap(most=0, everywhere=2, screen=True)), "shown a day"),
        (capped(Cap(most=0, everywhere=2, counted=Counted.REDEEMED)), "redeemed a day"),
        (capped(TWICE, Cap(most=3)), "two caps"),
        (capped(public=True), "counted for nobody"),
        (capped(campaign=""), "has 1 to 64 signs"),
    ],
)
def test_a_cap_that_could_not_hold_everywhere_is_refused(park: Store, offer: Offer, fault: str) -> None:
    with pytest.raises(Refused, match=fault), park.transaction() as tx:
        bundles.make(tx, SITE, a_draft(offer), by="olga")


def test_more_caps_than_an_event_can_tell_of_are_refused(park: Store) -> None:
    many = [capped(id=f"o-{number}") for number in range(CAPS_MAX + 1)]
    with pytest.raises(Refused, match=f"at most {CAPS_MAX} caps"), park.transaction() as tx:
        bundles.make(tx, SITE, a_draft(*many), by="olga")
    with park.transaction() as tx:
        assert bundles.make(tx, SITE, a_draft(*many[1:]), by="olga").version == 1


def test_whoever_publishes_is_told_beforehand_among_whom_it_would_be_dealt(park: Store) -> None:
    first = enrolled(park, "kiosk")
    with park.transaction() as tx:
        assert deals.to_come(tx, SITE) == (first,)
        assert deals.known(tx, SITE, "summer") is None
    live(park, a_draft(msgspec.structs.replace(capped(), effect=None, budget=None)))
    with park.transaction() as tx:
        assert deals.known(tx, SITE, "summer") == (first,)
