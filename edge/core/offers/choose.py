"""Choosing: from what may be offered to the tiles that are shown, and a reason for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.core import ranking
from edge.core.offers.bundle import Bundle
from edge.core.offers.choice import Choice, Drawn, Exposure, Loser, Tile, Why, exposure_of
from edge.core.offers.context import digest_of
from edge.core.offers.control import GLOBAL
from edge.core.offers.judge import Judge
from edge.core.offers.occasion import Occasion
from edge.core.offers.offer import Kind, Offer
from edge.core.offers.price import priced, reach
from edge.core.offers.stack import Stack, best

TILES = 3
"""Offers that a screen shows at once."""
RANKED_MIN = 2
"""Fewer are not ranked: there is nothing to choose."""


def choose(occasion: Occasion) -> Choice:
    """Choose what somebody is shown: the same occasion gives the same choice, at an edge and at central."""
    judge = Judge(occasion)
    objections = {offer.id: judge.objection(offer) for offer in occasion.offers}
    eligible = [offer for offer in occasion.offers if objections[offer.id] is None]
    standing, beaten = settle(occasion.bundle, by_precedence(occasion, eligible))
    stack, unstacked = _stacked(occasion, standing)
    losers = {
        loser.offer: loser for loser in (*objections.values(), *beaten, *unstacked) if loser is not None
    }
    showing = [offer for offer in standing if offer.id not in losers]
    tiles, drawn = _slots(occasion, judge, showing)
    shown = {tile.offer for tile in tiles}
    losers |= {one.id: Loser(one.id, Why.NO_SLOT) for one in showing if one.id not in shown}
    return Choice(
        exposure=occasion.exposure,
        bundle=occasion.bundle.version,
        context=digest_of(judge.context),
        tiles=tiles,
        losers=tuple(losers[offer.id] for offer in occasion.offers if offer.id in losers),
        stack=stack.offers,
        greedy=stack.greedy,
        draw=occasion.draw,
        drawn=drawn,
        bucket=judge.buckets.get(GLOBAL),
        clock_doubtful=not occasion.moment.trusted,
    )


def by_precedence(occasion: Occasion, offers: Iterable[Offer]) -> list[Offer]:
    """Return offers by who goes first: higher priority, then what a guest gets more by, then smaller id."""
    left = priced(occasion.lines)

    def worth(offer: Offer) -> int:
        return reach(offer, occasion.lines).worth(left) or offer.worth_minor

    return sorted(offers, key=lambda offer: (-offer.priority, -worth(offer), offer.id))


def settle(bundle: Bundle, offers: Sequence[Offer]) -> tuple[list[Offer], list[Loser]]:
    """Take offers in order, unless one that stands excludes it or its group is full; return both sides."""
    limits = {group.id: group.most for group in bundle.groups}
    standing: list[Offer] = []
    beaten = []
    for offer in offers:
        foe = next((one for one in standing if offer.id in one.excludes or one.id in offer.excludes), None)
        kin = [one for one in standing if offer.group and one.group == offer.group]
        if foe is not None:
            beaten.append(Loser(offer.id, Why.EXCLUDED, foe.id))
        elif kin and len(kin) >= limits.get(offer.group, 1):
            beaten.append(Loser(offer.id, Why.GROUP, kin[0].id))
        else:
            standing.append(offer)
    return standing, beaten


def exposures(choice: Choice, occasion: Occasion) -> tuple[Exposure, ...]:
    """Return what is logged of a choice: each tile once it is painted, and each offer that was withheld."""
    withheld = (Tile(offer=offer, position=0) for offer in choice.withheld)
    return tuple(_exposure(choice, occasion, tile) for tile in (*choice.tiles, *withheld))


def _exposure(choice: Choice, occasion: Occasion, tile: Tile) -> Exposure:
    offer = occasion.bundle.offers_by_id[tile.offer]
    name = exposure_of(choice, tile) if tile.position else f"{choice.exposure}.{offer.id}"
    return Exposure(
        id=name,
        offer=offer.id,
        campaign=offer.campaign,
        bundle=choice.bundle,
        guest=occasion.guest,
        point=occasion.point,
        position=tile.position,
        context=choice.context,
        bucket=choice.bucket,
        experiment=offer.experiment,
        propensity=tile.propensity,
        draw=choice.draw,
        drawn=choice.drawn,
    )


def _stacked(occasion: Occasion, standing: Sequence[Offer]) -> tuple[Stack, list[Loser]]:
    """Find what lowers the price of the basket; what could but does not is not shown for it."""
    left = priced(occasion.lines)
    useful = [offer for offer in standing if reach(offer, occasion.lines).worth(left)]
    stack = best(occasion.bundle, occasion.lines, useful)
    told = " ".join(stack.offers)
    return stack, [Loser(offer.id, Why.STACK, told) for offer in useful if offer.id not in stack.offers]


def _slots(
    occasion: Occasion, judge: Judge, showing: Sequence[Offer]
) -> tuple[tuple[Tile, ...], Drawn | None]:
    """Fill the tiles: the last one is kept for something new, a service goes first only by its priority."""
    slots = 1 if occasion.among else TILES
    new = next((offer for offer in showing if offer.kind is Kind.NEW), None)
    services = [offer for offer in showing if offer.kind is Kind.SERVICE]
    others = [offer for offer in showing if offer is not new and offer.kind is not Kind.SERVICE]
    ranked = _ranked(occasion, judge, others)
    order = others if ranked is None else [occasion.bundle.offers_by_id[name] for name in ranked[0].arms]
    highest = max((offer.priority for offer in others), default=0)
    first = [offer for offer in services if offer.priority > highest]
    last = [offer for offer in services if offer.priority <= highest]
    shown = [*first, *order, *last][: slots - (new is not None)] + [offer for offer in (new,) if offer]
    tiles = tuple(
        Tile(
            offer=offer.id,
            position=position,
            reserved=offer is new,
            ranked=ranked is not None and offer in others,
            propensity=ranked[0].propensity if ranked is not None and offer is order[0] else None,
        )
        for position, offer in enumerate(shown, 1)
    )
    return tiles, None if ranked is None else ranked[1]


def _ranked(occasion: Occasion, judge: Judge, others: Sequence[Offer]) -> tuple[ranking.Ranked, Drawn] | None:
    """Ask the model, where there is one, somebody who allows it, and anything to rank."""
    model, standing = occasion.bundle.model, occasion.standing
    if model is None or len(others) < RANKED_MIN or occasion.guest is None or not occasion.ranking:
        return None
    if standing.child or not standing.behaviour:
        return None
    active = ranking.true_of(model.features, judge.facts)
    ranked = ranking.rank(model, [offer.id for offer in others], active, draw=occasion.draw)
    drawn = Drawn(
        candidates=ranked.arms,
        features=ranking.digest_of(model.features, active),
        model=model.version,
        explored=ranked.explored,
    )
    return ranked, drawn
