"""Seen: what the kiosk in town chose for those who stood before it, by the engine of every day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

from edge.core.calendar import instant
from edge.core.facts import Moment
from edge.core.offers import AboutGuest, AboutPoint, AboutSite, Bundle, Context, Occasion, Standing, choose
from edge.core.offers.asked import Exposed, asked_of
from edge.core.offers.control import draw_of
from edge.run.demo.history.deeds import TOWN, Past
from edge.run.demo.history.stands import Stand
from edge.run.demo.history.trials import TAKEN_OF_100
from sync.central.campaigns import life
from sync.central.channels.exposures import Brought, Kept
from sync.central.offers import bundles
from sync.central.store import Connection

CHANNEL = "town"
EXPOSURE_BYTES = 8
SALE_MS, PLENTY = 5 * 60_000, 10**6
"""How long after it was shown something is bought, and what lay there of each budget."""


def seen(tx: Connection, where: tuple[str, dt.tzinfo], block: Iterable[Past]) -> Iterator[Brought]:
    """Yield each choice with what became of it; none where the site has none of the campaigns."""
    site, _ = where
    over = life.published(tx, site, next(iter(TAKEN_OF_100)))
    if over is None:
        return
    bundle = bundles.version_of(tx, site, over.version).draft.bundle
    for past in block:
        languages = {one.id: one.language for one in past.family.people}
        for stand in past.stands:
            occasion = _occasion(stand, bundle, where, language=languages[stand.guest])
            exposed = Exposed(asked=asked_of(occasion), choice=choose(occasion))
            at_ms = occasion.moment.now_ms + SALE_MS
            redeemed = {campaign: (at_ms, ref) for campaign, ref in stand.took}
            yield Brought(Kept(CHANNEL, stand.guest, exposed), redeemed)


def _occasion(stand: Stand, bundle: Bundle, where: tuple[str, dt.tzinfo], *, language: str) -> Occasion:
    site, zone = where
    named = hashlib.blake2b(f"{stand.guest}/{stand.day}".encode(), digest_size=EXPOSURE_BYTES).hexdigest()
    exposure = f"c{named}"
    return Occasion(
        exposure=exposure,
        draw=draw_of(bundle.control.salt, exposure),
        bundle=bundle,
        rules={},
        context=Context(
            guest=AboutGuest(language=language),
            site=AboutSite(id=site),
            point=AboutPoint(id=TOWN, kind="kiosk", zone=""),
        ),
        moment=Moment(now_ms=instant(zone, stand.day, stand.minute)),
        timezone=zone,
        site=site,
        point=TOWN,
        guest=stand.guest,
        standing=Standing(offers=True),
        slices={one.budget.id: PLENTY for one in bundle.offers if one.budget is not None},
    )
