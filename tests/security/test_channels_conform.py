"""Threat 14, hostile bytes: whatever a channel sends is answered as the channels' own document says."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.catalogue import Article
from edge.core.consent import Consent, Namespace
from edge.core.delivery import Delivery
from edge.core.orders import Stock
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.analysis.listed import GUESTS_MIN
from sync.central.care import cases
from sync.central.channels import caring, ordering
from sync.central.channels.routes import DOCUMENT, ROUTES
from sync.central.near import reserving, slots, stock
from sync.central.people import aliases, claiming
from sync.central.people.aliases import Claim, Kind, Proof, named
from sync.central.registry import catalogue, consents, guests, segments
from sync.central.registry.guests import Guest
from sync.central.store import Store
from sync.routes import Route
from sync.signing import Keys, Signer
from tests.sync.builders import PRIVATE_KEY, SITE, Clockwork
from tests.sync.caller import URL
from tests.sync.channels.test_channels import APP, INTEREST_HERE, NOON
from tests.sync.channels.test_offering import Stand, an_offer
from tests.sync.channels.test_reservations import TEN_MS, a_time, moment
from tests.sync.journey.book import GUEST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
SEED = int(os.environ.get("POLSO_SCHEMA_SEED") or random.SystemRandom().randrange(2**32))
MAIL = named(Kind.EMAIL, "giulia@park.example")
OWN = named(Kind.LOYALTY, "4711", channel=APP.id)
DAY = dt.date(2040, 12, 5)
CLAIM = "k-1"
SEGMENT = "interest:boats"
CASE = caring.Opening(id="c-1", subject="order", text="Where is it?")
SENT = ("letter", "claim_code")
"""What goes to an address is told to who sends it."""
SIGNED, STRANGE = 30, 6
"""Cases of each kind, well-formed and broken, a route."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stand]:
    clock = Clockwork()
    store = Store(str(tmp_path / "central.db"), now_ms=clock, seals=Vault(bytes(32), new_ring()))
    shop = Stand(store, clock, msgspec.structs.replace(APP, namespaces=frozenset(Namespace)))
    shop.says_of(("offers", "offers:demographic"))
    with store.transaction() as tx:
        aliases.prove(tx, SITE, Claim(OWN, GUEST), proof=Proof.CHANNEL, by=APP.id)
        aliases.prove(tx, SITE, Claim(MAIL, GUEST), proof=Proof.CODE, by="mail")
        claiming.begin(tx, SITE, op=f"channel/{APP.id}/{CLAIM}", guest=GUEST, channel=APP.id)
        slots.put(tx, SITE, [a_time(places=SIGNED + 1)])
        reserving.reserve(tx, SITE, reserving.Wanted("b-1", GUEST, "ride", TEN_MS), channel=APP.id)
        catalogue.put(tx, SITE, [Article(id="bed", delivery=Delivery(first=DAY, last=DAY))])
        stock.put(tx, SITE, [Stock(article="bed", store="bar", device="till", on_hand=999, at_ms=clock.ms)])
        line = ordering.Line(article="bed")
        ordering.place(tx, APP, ordering.Placing(id="o-1", guest=GUEST, store="bar", lines=(line,)))
        caring.begin(tx, APP, CASE)
        people = [f"p-{number}" for number in range(GUESTS_MIN)]
        guests.put_guests(tx, SITE, [Guest(id=one) for one in people])
        for one in people:
            segments.put(tx, SITE, one, codes=[SEGMENT])
            words = [
                Consent(purpose=topic, turns=1, since_ms=clock.ms, source="app") for topic in INTEREST_HERE
            ]
            consents.stand(tx, SITE, one, words=words)
    shop.publishes(an_offer("for-all", public=True))
    yield shop
    store.close()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_channel_is_answered_as_its_document_says(shop: Stand, route: Route) -> None:
    from tests.security.conforming import Signing, Trial, always

    print(f"replay with POLSO_SCHEMA_SEED={SEED}")
    signer = Signer(Keys(key_id=APP.key_id, private_key=PRIVATE_KEY), shop.clock, dialled=URL)
    trial = Trial(SEED)
    app = Signing(shop.http.application, signer)
    operation = trial.document(DOCUMENT, app)[route.path][route.method]
    own = {"kind": always(OWN.kind.value), "value": always(OWN.value)}
    known = own | {
        "guest": always(GUEST),
        "subject": always(GUEST),
        "topic": always("offers"),
        "at": always(NOON),
        "point": always("ride"),
        "article": always("bed"),
        "start": always(moment(TEN_MS)),
        "near": always("kiosk"),
        "store": always("bar"),
        "lines": always([{"article": "bed"}]),
        "until": always(moment(TEN_MS)),
        "order": always("o-1"),
        "reservation": always("b-1"),
        "campaign": always("summer"),
        "segment": always(SEGMENT),
        "format": always("csv"),
        "purpose": always("offers"),
        "exposure": always(shop.shows("for-all")),
        "month": always(2),
        "day": always(29),
        "claim": always(claiming.id_of(f"channel/{APP.id}/{CLAIM}")),
        "case": always(cases.id_of(f"channel/{APP.id}/{CASE.id}")),
    }
    told = trial.run(operation, examples=SIGNED, known=known)
    assert told[403 if route.name in SENT else 200], "an app sends no letters"
    assert 401 not in told


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_strangers_are_answered_so_too_and_are_told_nothing(shop: Stand, route: Route) -> None:
    from tests.security.conforming import Trial

    trial = Trial(SEED)
    app = shop.http.application
    operation = trial.document(DOCUMENT, app)[route.path][route.method]
    assert set(trial.run(operation, examples=STRANGE)) <= {400, 401}
