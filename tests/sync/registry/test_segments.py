"""Segments at central: stored with the guest, published as far as consents go, and gone with the guest."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.consent import Consent, Namespace, Purpose, Source, may, merged, topic_of
from edge.core.profiles import Profile, ProfileItem
from edge.core.segments import namespace_of
from edge.core.visits import Visits, as_word
from edge.errors import Refused
from sync.central.export import told_of
from sync.central.feed import item_table
from sync.central.privacy import erasure
from sync.central.registry import bands, consents, guests, profiles, segments
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from tests.sync.builders import a_site

SITE, BAND, GUEST = "park", b"b" * 16, "g-1"
CODES = ("behaviour:coffee", "behaviour:weekly", "demographic:family", "interest:water-bed")


@pytest.fixture
def park(store: Store) -> Store:
    a_site(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia", tags=("vip",))])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest=GUEST)])
        assert segments.put(tx, SITE, GUEST, codes=CODES)
        profiles.publish_guests(tx, SITE, [GUEST])
    return store


def published(store: Store) -> Profile:
    with store.reading() as tx:
        body = tx.execute(select(item_table.c.body).where(item_table.c.kind == "profile")).scalar_one()
    return msgspec.msgpack.decode(bytes(body), type=ProfileItem).profile


def test_without_a_consent_no_code_leaves_central(park: Store) -> None:
    assert published(park).tags == ("vip",)


def test_every_mix_of_words_lets_out_just_what_it_covers(park: Store) -> None:
    """All 3 ** 4 mixes of yes, no and nothing said, each as it then stands in the feed."""
    topics = (Purpose.OFFERS, *(topic_of(Purpose.OFFERS, name) for name in Namespace))
    for turns in itertools.product((0, 1, 2), repeat=len(topics)):
        told = [
            Consent(purpose=topic, turns=turn, since_ms=1, source=Source.KIOSK)
            for topic, turn in zip(topics, turns, strict=True)
            if turn
        ]
        with park.transaction() as tx:
            consents.forget(tx, SITE, [GUEST])
            consents.take(tx, SITE, GUEST, told=told)
            profiles.publish_guests(tx, SITE, [GUEST])
        there, allowed = published(park), merged(told)
        wanted = {code for code in CODES if may(allowed, Purpose.OFFERS, namespace_of(code))}
        came = {as_word(Visits())} if may(allowed, Purpose.OFFERS, Namespace.BEHAVIOUR) else set()
        assert set(there.tags) == {"vip", *wanted, *came}, turns


def test_codes_survive_a_new_import_of_their_guest_and_show_in_the_export(park: Store) -> None:
    with park.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia R.")])
        assert not segments.put(tx, SITE, GUEST, codes=CODES), "nothing new"
    with park.reading() as tx:
        told = told_of(tx, SITE, GUEST)
    assert told.segments == CODES
    assert told.bands[0].at_edges.tags == (), "the export says what edges are told, too"


def test_what_is_no_code_is_refused(park: Store) -> None:
    with park.transaction() as tx, pytest.raises(Refused, match="no segment"):
        segments.put(tx, SITE, GUEST, codes=("coffee",))
    many = [f"interest:{number}" for number in range(99)]
    with park.transaction() as tx, pytest.raises(Refused, match="at most"):
        segments.put(tx, SITE, GUEST, codes=many)


def test_an_erased_guest_leaves_no_code(park: Store) -> None:
    with park.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    with park.reading() as tx:
        assert segments.segments_of(tx, SITE, [GUEST]) == {}
