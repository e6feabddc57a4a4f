"""The demo park's offers: whole, in five languages, of every kind, and sound by central's own checks."""

from __future__ import annotations

from edge.core.offers import Kind
from edge.run.demo.offers import draft, open_offers
from edge.run.demo.park import load
from sync.central.offers import bundle_checks, bundles
from sync.central.offers.bundle_checks import LOCALES
from sync.central.offers.bundles import State
from sync.central.registry import catalogue, layout
from sync.central.store import Store
from tests.sync.builders import a_site


def test_twelve_offers_in_four_campaigns_speak_five_languages() -> None:
    bundle = bundles.read(draft()).bundle
    assert len(bundle.offers) >= 12
    assert len({offer.campaign for offer in bundle.offers}) >= 4
    assert all(set(offer.messages) == set(LOCALES) for offer in bundle.offers)
    wanted = {Kind.NEW, Kind.DISCOUNT, Kind.GIFT, Kind.SAMPLE, Kind.POINTS, Kind.SERVICE}
    assert wanted <= {offer.kind for offer in bundle.offers}
    assert any(offer.rule == "caffe" for offer in bundle.offers), "the usual, again"


def test_they_go_live_once_without_a_fault_or_a_warning(small_store: Store) -> None:
    park = load()
    site = a_site(small_store, park.site.id)
    with small_store.transaction() as tx:
        layout.put_settings(tx, site, park.settings)
        layout.publish_layout(tx, site)
        catalogue.put(tx, site, [*park.groups, *park.articles])
    for _ in range(2):
        with small_store.transaction() as tx:
            open_offers(tx, park)
    with small_store.reading() as tx:
        (live,) = bundles.versions(tx, park.site.id)
        found = bundle_checks.look(tx, park.site.id, live.draft.bundle, totals=live.draft.budgets)
    assert live.state is State.LIVE
    assert found == ((), ())
