"""Checks of a bundle before anybody sees it: texts that fit, rules that compile, names that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edge.core.offers import Bundle, Cap, Offer, Unit, faults_of
from edge.core.offers.dealing import CAPS_MAX, DEALT, EVERYWHERE_MAX, caps_dealt
from edge.errors import Refused
from edge.rules import RuleRefused, compile_offer_rule
from sync.central.money import budgets
from sync.central.offers import deals
from sync.central.registry.catalogue import catalogue
from sync.central.store import Connection

LOCALES = ("it", "en", "de", "fr", "es")
"""The languages that screens speak; an offer is shown in the guest's, else the screen's, else Italian."""
OFFERS_MAX = 200
RULES_MAX = 200
ID_CHARS_MAX = 40
POINTS_MAX = 100_000
"""What one offer brings at most."""
POINTS_AFTER_DAYS_MAX = 365
POINT_MINOR_MAX = 10_000


class Found(NamedTuple):
    """What is wrong with a bundle, and what somebody should know of before it goes live."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]


def look(tx: Connection, site: str, bundle: Bundle, *, totals: Mapping[str, int]) -> Found:
    """Return everything that is to be said of a bundle, each with its place."""
    goods = catalogue(tx, site).articles
    articles = {one.id for one in goods}
    warnings = [f"{offer.id}: no words in {lang}" for offer in bundle.offers for lang in _lacking(offer)]
    warnings += [
        f"{offer.id}: article {name} is not in the catalogue"
        for offer in bundle.offers
        for name in _articles(offer)
        if name not in articles
    ]
    names = [offer.id for offer, _ in caps_dealt(bundle)]
    if names and not deals.to_come(tx, site):
        warnings.append(f"{names[0]}: no device stands where it could be shown, so nobody would see it")
    return Found(
        (
            *_shape(bundle),
            *_rules(bundle),
            *_texts(bundle),
            *_money(bundle, totals),
            *_points(bundle),
            *_caps(bundle),
        ),
        tuple(warnings),
    )


def demand_sound(tx: Connection, site: str, bundle: Bundle, *, totals: Mapping[str, int]) -> None:
    """Refuse a bundle with any fault and name the first; warnings stop nothing."""
    for kind, units in totals.items():
        budgets.check(kind, units)
    faults = look(tx, site, bundle, totals=totals).faults
    if faults:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        raise Refused(f"{faults[0]}{more}.", hint="Nothing was kept: mend it at that place.")


def _shape(bundle: Bundle) -> Iterator[str]:
    if len(bundle.offers) > OFFERS_MAX or len(bundle.rules) > RULES_MAX:
        yield f"a bundle has at most {OFFERS_MAX} offers and {RULES_MAX} rules"
    names = [offer.id for offer in bundle.offers]
    yield from (
        f"{name[:ID_CHARS_MAX]}: two offers have this id" for name in {*names} if names.count(name) > 1
    )
    rules, groups = {one.id for one in bundle.rules}, {one.id for one in bundle.groups}
    stacks, trials = {one.id for one in bundle.categories}, {one.id for one in bundle.experiments}
    for offer in bundle.offers:
        if not 0 < len(offer.id) <= ID_CHARS_MAX or not offer.id.isprintable():
            yield f"{offer.id[:ID_CHARS_MAX]!r}: an id has 1 to {ID_CHARS_MAX} signs"
        for what, name, known in (
            ("rule", offer.rule, rules),
            ("group", offer.group, groups),
            ("category", offer.stack, stacks),
            ("experiment", offer.experiment, trials),
        ):
            if name and name not in known:
                yield f"{offer.id}: there is no {what} {name}"


def _rules(bundle: Bundle) -> Iterator[str]:
    for rule in bundle.rules:
        try:
            compile_offer_rule(rule.cel)
        except RuleRefused as refused:
            yield f"rule {rule.id}: {str(refused).rstrip('.')}"


def _texts(bundle: Bundle) -> Iterator[str]:
    for offer in bundle.offers:
        if not offer.messages:
            yield f"{offer.id}: it says nothing in any language"
        for language, message in offer.messages.items():
            if language not in LOCALES:
                yield f"{offer.id}: no screen speaks {language[:8]!r}"
            for name in faults_of(message):
                yield f"{offer.id}, {language}: the {name} is missing or too long"


def _money(bundle: Bundle, totals: Mapping[str, int]) -> Iterator[str]:
    for offer in bundle.offers:
        budget = offer.budget
        if budget is None:
            if (offer.effect is not None or offer.gives) and not offer.points_spent:
                yield f"{offer.id}: what costs something needs a budget"
            continue
        try:
            budgets.check(budget.id)
        except Refused as refused:
            yield f"{offer.id}: {str(refused).rstrip('.')}"
        if (budget.unit is Unit.MONEY) is not budgets.is_money(budget.id):
            yield f"{offer.id}: budget {budget.id} is counted otherwise"
        if budget.each < 1:
            yield f"{offer.id}: one redemption takes at least 1 of its budget"
        if budget.id not in totals:
            yield f"{offer.id}: nothing says what {budget.id} may cost in all"


def _points(bundle: Bundle) -> Iterator[str]:
    if not 1 <= bundle.point_minor <= POINT_MINOR_MAX:
        yield f"a point pays 1 to {POINT_MINOR_MAX} minor units"
    for offer in bundle.offers:
        if not 0 <= offer.points_earned <= POINTS_MAX:
            yield f"{offer.id}: an offer brings at most {POINTS_MAX} points"
        if not 0 <= offer.points_after_days <= POINTS_AFTER_DAYS_MAX:
            yield f"{offer.id}: points wait for {POINTS_AFTER_DAYS_MAX} days at most"


def _caps(bundle: Bundle) -> Iterator[str]:
    if len(list(caps_dealt(bundle))) > CAPS_MAX:
        yield f"a bundle has at most {CAPS_MAX} caps that hold everywhere"
    for offer, cap in caps_dealt(bundle):
        if not 1 <= cap.everywhere <= EVERYWHERE_MAX:
            yield f"{offer.id}: a cap that holds everywhere is 1 to {EVERYWHERE_MAX}"
        if cap.most:
            yield f"{offer.id}: beside a cap that holds everywhere stands 0, so that no older device shows it"
        if cap.screen or (cap.counted, cap.span) not in DEALT:
            yield f"{offer.id}: of what is {cap.counted} a {cap.span} no cap can hold everywhere"
        if len([one for one in offer.caps if _kind(one) == _kind(cap)]) > 1:
            yield f"{offer.id}: two caps are of what is {cap.counted} a {cap.span}"
        if offer.public:
            yield f"{offer.id}: what anybody is shown is counted for nobody; no cap of it holds everywhere"
        if not 0 < len(offer.campaign) <= deals.CAMPAIGN_CHARS_MAX:
            yield f"{offer.id}: the name of its campaign has 1 to {deals.CAMPAIGN_CHARS_MAX} signs"


def _kind(cap: Cap) -> tuple[str, str, bool]:
    return cap.counted, cap.span, cap.screen


def _lacking(offer: Offer) -> list[str]:
    return [language for language in LOCALES if language not in offer.messages]


def _articles(offer: Offer) -> set[str]:
    named = {*offer.needs, *(offer.effect.articles if offer.effect is not None else ())}
    return named | ({offer.gives} if offer.gives else set())
