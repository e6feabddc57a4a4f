"""Offers of the demo park: one bundle as an operator would load it, looked through and published by two."""

from __future__ import annotations

from importlib import resources

from edge.core.consent import TOPICS
from edge.run.demo.park import Park
from sync.central.offers import bundles
from sync.central.registry import consents, profiles, segments
from sync.central.store import Connection

MADE_BY, LOOKED_BY = "Demo marketing", "Demo shop"
FANS = {"marco": ("behaviour:coffee", "behaviour:returning"), "anna": ("behaviour:returning",)}
"""Guests of the tray who allow offers chosen for them, and what they belong to."""


def open_offers(tx: Connection, park: Park) -> None:
    """Publish the park's offers once, and note who allows more than what anybody sees."""
    site = park.site.id
    if bundles.versions(tx, site):
        return
    fans = {one.pseudonym: FANS[one.id] for one in park.guests if one.id in FANS}
    for guest, codes in fans.items():
        segments.put(tx, site, guest, codes=codes)
        for topic in TOPICS:
            if topic.startswith("offers"):
                consents.set_here(tx, site, guest, purpose=topic, given=True)
    profiles.publish_guests(tx, site, fans)
    made = bundles.make(tx, site, bundles.read(draft()), by=MADE_BY)
    bundles.review(tx, site, made.version, by=LOOKED_BY)
    bundles.go_live(tx, site, made.version, by=MADE_BY)


def draft() -> str:
    """Return the park's offers as the console takes them."""
    return resources.files("edge.run.demo").joinpath("offers.json").read_text(encoding="utf-8")
