"""Tickets at central: each a nameless guest with one right, known to every device, and to be cancelled."""

from __future__ import annotations

import pytest

from edge import tickets as codes
from edge.core.entitlements import Product, Terms
from edge.core.places import Layout
from edge.errors import Refused, Unknown
from sync.central import feed, sites, tickets
from sync.central.machines.voice import voice
from sync.central.registry import bands, layout, rights
from sync.central.store import Store, func, select
from sync.central.tickets import Wanted
from sync.signing import public_half
from tests.sync.builders import SITE

SINGLE = Wanted("single", "2026-06-30", "2026-07-01")


@pytest.fixture
def park(store: Store) -> Store:
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Product(id="single", terms=Terms(uses_max=1)))
        layout.put_thing(tx, SITE, Product(id="season"))
    return store


def test_a_ticket_says_by_itself_what_central_knows_of_it(park: Store) -> None:
    texts = tickets.issue(park, SITE, SINGLE._replace(number=3))
    with park.reading() as tx:
        before = feed.head(tx, SITE).seq
        known = bands.list_bands(tx, SITE)
        secret = sites.band_key(tx, SITE)
    with park.transaction() as tx:
        key = public_half(voice(tx, SITE).private_key)
    assert len(set(texts)) == len(known) == 3
    assert before >= 3, "every device is told of them"
    for text in texts:
        ticket = codes.read(text.encode(), key)
        band = bands.band_id(secret, codes.identifier(ticket))
        card = next(card for card in known if card.band.id == band)
        assert (card.guest, card.chip) == (codes.name(ticket), tickets.CHIP)
        with park.reading() as tx:
            holder, right = rights.right(tx, SITE, codes.name(ticket))
        assert (holder, right) == (codes.name(ticket), codes.right(ticket))
        assert ticket.until_ms - ticket.from_ms == 2 * 24 * 3_600_000, "both days, by the site's clock"


def test_a_ticket_fits_a_code_and_a_scanner(park: Store) -> None:
    (text,) = tickets.issue(park, SITE, SINGLE)
    assert text.isalnum()
    assert text == text.upper()
    assert len(text) < 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"product": "season"}, Refused),
        ({"product": "nothing"}, Unknown),
        ({"first_day": "2026-07-02"}, Refused),
        ({"first_day": "30.6.2026"}, Refused),
        ({"number": 0}, Refused),
        ({"number": tickets.COUNT_MAX + 1}, Refused),
    ],
)
def test_what_cannot_be_sold_is_said_and_nothing_is_made(
    park: Store, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        tickets.issue(park, SITE, SINGLE._replace(**changes))
    with park.reading() as tx:
        assert tx.execute(select(func.count()).select_from(bands.band_table)).scalar() == 0
