"""Consents at central: taken up from devices, given at the console, published, kept by an import."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.consent import Consent, Consented, Source
from edge.core.events import Kind
from edge.core.profiles import ProfileItem
from edge.errors import Refused
from sync.central.echoes.uptake import Heeded, take_up
from sync.central.feed import item_table
from sync.central.registry import bands, consents, guests, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from tests.sync.builders import a_site

SITE, BAND = "park", b"b" * 16
WITHDRAWN = Consent(purpose="offers", turns=2, since_ms=1_000, source=Source.KIOSK)


@pytest.fixture
def park(store: Store) -> Store:
    a_site(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-1", name="Giulia")])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest="g-1")])
        profiles.publish_guests(tx, SITE, ["g-1"])
    return store


def published(store: Store) -> dict[str, bool]:
    with store.reading() as tx:
        body = tx.execute(select(item_table.c.body).where(item_table.c.kind == "profile")).scalar_one()
    item = msgspec.msgpack.decode(bytes(body), type=ProfileItem)
    return {one.purpose: one.given for one in item.profile.consents}


def set_here(store: Store, *, given: bool) -> None:
    with store.transaction() as tx:
        assert consents.set_here(tx, SITE, "g-1", purpose="offers", given=given)
        profiles.publish_guests(tx, SITE, ["g-1"])


def tell(store: Store, consent: Consent, guest: str = "g-1") -> None:
    body = msgspec.msgpack.encode(Consented(guest=guest, consent=consent, point="kiosk"))
    with store.transaction() as tx:
        take_up(tx, SITE, [Heeded(int(Kind.CONSENT_SET), body, 0)], device="edge-1")


def test_a_word_at_the_console_travels_with_the_profile(park: Store) -> None:
    set_here(park, given=True)
    assert published(park) == {"offers": True}
    set_here(park, given=False)
    assert published(park) == {"offers": False}


def test_a_withdrawal_at_a_device_is_taken_up_and_published(park: Store) -> None:
    set_here(park, given=True)
    tell(park, WITHDRAWN)
    assert published(park) == {"offers": False}
    tell(park, msgspec.structs.replace(WITHDRAWN, turns=1))
    assert published(park) == {"offers": False}, "an older word that arrives later changes nothing"
    set_here(park, given=True)
    assert published(park) == {"offers": True}


def test_a_word_of_nobody_or_of_a_later_version_changes_nothing(park: Store) -> None:
    tell(park, WITHDRAWN, guest="erased")
    for odd in ({"purpose": "x" * 65}, {"turns": -1}, {"turns": 2**40}, {"source": "\0"}, {"since_ms": -1}):
        tell(park, msgspec.structs.replace(WITHDRAWN, **odd))
    with park.reading() as tx:
        assert consents.consents_of(tx, SITE, ["g-1", "erased"]) == {}


def test_an_import_of_the_same_guest_leaves_what_was_said(park: Store) -> None:
    set_here(park, given=True)
    with park.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-1", name="Giulia", tier="gold")])
        profiles.publish_guests(tx, SITE, ["g-1"])
    assert published(park) == {"offers": True}


def test_a_purpose_that_nobody_knows_is_refused(park: Store) -> None:
    with park.transaction() as tx, pytest.raises(Refused, match="no purpose"):
        consents.set_here(tx, SITE, "g-1", purpose="everything", given=True)
