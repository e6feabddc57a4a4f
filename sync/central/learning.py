"""Learning: what shown offers came to, at kiosks and in channels, teaches the model, as a draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from edge.core.events import Kind
from edge.core.feedback import UNHAPPY_MAX, FeedbackGiven
from edge.core.offers import Choice, exposure_of, facts_of
from edge.core.offers.asked import Exposed, occasion_of
from edge.core.offers.judge import Judge
from edge.core.offers.said import Told
from edge.core.payment import Tender
from edge.core.ranking import Model, Watch, better_fixed, learned, true_of, watched
from edge.errors import Refused
from sync.central.accounting import ops
from sync.central.analysis.persons import persons
from sync.central.channels import exposures
from sync.central.channels.exposures import Outcome
from sync.central.journey.diary import returned
from sync.central.journey.figures import GUESTS
from sync.central.machines.lanes import event_table
from sync.central.money.basket import Op
from sync.central.offers import bundles
from sync.central.offers.bundles import Version
from sync.central.registry import layout
from sync.central.store import Connection, and_, select

LESSONS_MAX = 200_000
"""Events of one kind that are read at once: the newest of more."""


class Lesson(msgspec.Struct, frozen=True):
    """A draft with what was learned, and which offer alone would have done better than ranking did."""

    draft: Version
    choices: int
    better: str | None


def learn(tx: Connection, site: str, version: int, *, by: str) -> Lesson:
    """Make a draft of a version's offers with a model that learned from what its first tiles came to.

    Where the guard objects, the draft has no model: priority orders, until somebody gives it one again.
    """
    known = bundles.version_of(tx, site, version)
    model, watch = known.draft.bundle.model, Watch()
    if model is None:
        raise Refused(
            f"Version {version} has no model.", hint="Give its bundle one with the features to learn by."
        )
    outcomes = list(exposures.outcomes(tx, site))
    shown = {one.exposure for one in outcomes} | {one.exposure for one in _told(tx, site, Kind.OFFER_SHOWN)}
    kept = _kept(tx, site) | _kept_in_channels(tx, site, outcomes)
    zone = ZoneInfo(layout.layout(tx, site).timezone)
    for told in _chosen(tx, site):
        first = _first(told.choice)
        if told.asked.bundle != version or first is None or first[0] not in shown:
            continue
        exposure, offer, odds = first
        facts = facts_of(Judge(occasion_of(told.asked, known.draft.bundle, {}, timezone=zone)).context)
        active = true_of(model.features, facts)
        model = learned(model, offer, active, reward=float(exposure in kept))
        watch = watched(watch, offer, odds, reward=int(exposure in kept))
    better = better_fixed(watch)
    bundle = replace(known.draft.bundle, model=None if better else _next(model))
    return Lesson(bundles.make(tx, site, replace(known.draft, bundle=bundle), by=by), watch.choices, better)


def _chosen(tx: Connection, site: str) -> Iterator[Exposed]:
    """Yield the newest choices of kiosks, then those of channels, in an order that anybody reads them in."""
    for body in _bodies(tx, site, Kind.OFFERS_EXPOSED):
        yield msgspec.msgpack.decode(body, type=Exposed)
    yield from (one.exposed for one in exposures.newest(tx, site, most=LESSONS_MAX))


def _kept_in_channels(tx: Connection, site: str, outcomes: Sequence[Outcome]) -> set[str]:
    """Return what channels redeemed and no diary of its guest's, under any name, tells to have come back."""
    sold = [one for one in outcomes if one.redeemed_ms is not None]
    whose = persons(tx, site)
    people = whose.guests(whose.among(one.guest for one in sold))
    told = returned(tx, site, [f"{GUESTS}{guest}" for guest in people])
    back = {(whose.of(owner.removeprefix(GUESTS)), ref) for owner, ref in told}
    return {one.exposure for one in sold if (whose.of(one.guest), one.ref) not in back}


def _next(model: Model) -> Model:
    return replace(model, version=model.version + 1)


def _first(choice: Choice) -> tuple[str, str, tuple[int, int]] | None:
    """Return the one tile of a choice that teaches: whose odds are known."""
    tile = next((tile for tile in choice.tiles if tile.propensity is not None), None)
    if tile is None or tile.propensity is None:
        return None
    return exposure_of(choice, tile), tile.offer, tile.propensity


def _kept(tx: Connection, site: str) -> set[str]:
    """Return what was redeemed, is the guest's still and made nobody unhappy; of unknown sales, too."""
    back = {(one.exposure, one.op_id) for one in _told(tx, site, Kind.OFFER_RETURNED)}
    sold = [one for one in _told(tx, site, Kind.OFFER_REDEEMED) if (one.exposure, one.op_id) not in back]
    gone = {sale.id for sale in ops.read(tx, site, (one.op_id for one in sold)) if _came_back(sale)}
    gone |= _unhappy(tx, site)
    return {one.exposure for one in sold if one.op_id not in gone}


def _unhappy(tx: Connection, site: str) -> set[str]:
    """Return the sales of which their guests said, under their own name, that they were bad."""
    told = (
        msgspec.msgpack.decode(body, type=FeedbackGiven) for body in _bodies(tx, site, Kind.FEEDBACK_GIVEN)
    )
    return {one.about for one in told if one.about and one.score <= UNHAPPY_MAX}


def _came_back(sale: Op) -> bool:
    """Whether nothing of a sale, or nothing of what offers lowered in it, stands: refunded line by line, too.

    An event does not name the part of a bill that its offer paid: of two in one basket both have to be back.
    """
    lowered = [leg for leg in sale.legs if leg.tender is Tender.DISCOUNT and leg.label]
    nothing_left = bool(sale.captured_minor) and sale.left_minor <= 0
    return nothing_left or (bool(lowered) and not any(leg.left_minor for leg in lowered))


def _told(tx: Connection, site: str, kind: Kind) -> list[Told]:
    return [msgspec.msgpack.decode(body, type=Told) for body in _bodies(tx, site, kind)]


def _bodies(tx: Connection, site: str, kind: Kind) -> list[bytes]:
    """Return the bodies of the newest events of a kind, in an order that is the same for whoever reads."""
    own = event_table.c
    query = select(own.body).where(and_(own.site_id == site, own.kind == int(kind)))
    rows = tx.execute(
        query.order_by(own.device_id.desc(), own.lane.desc(), own.seq.desc()).limit(LESSONS_MAX)
    )
    return [bytes(row.body) for row in rows][::-1]
