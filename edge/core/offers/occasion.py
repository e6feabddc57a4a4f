"""An occasion: everything that one choice of offers stands on, so that central can choose again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.core.basket import Line
from edge.core.consent import Channel, Consent, Namespace, Purpose, may
from edge.core.facts import Moment, Rule
from edge.core.offers.bundle import Bundle
from edge.core.offers.context import AboutHistory, Context
from edge.core.offers.offer import Counted, Offer, Span

ADULT_YEARS = 16
"""Who may be younger gets no marketing."""


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a guest allows here and now, asked of ``edge.core.consent``; without a word it is nothing."""

    offers: bool = False
    namespaces: tuple[str, ...] = ()
    """Of segments: ``demographic``, ``interest``, ``behaviour``."""
    child: bool = False
    quiet: bool = False
    """No offers today."""
    cared: bool = False
    """They wait for an answer of ours."""

    @property
    def behaviour(self) -> bool:
        """Whether what the guest did may choose and rank offers."""
        return self.offers and "behaviour" in self.namespaces

    @property
    def declared(self) -> bool:
        """Whether what the guest declared of themselves may choose; of a child nothing does."""
        return self.offers and not self.child and "demographic" in self.namespaces


def standing_by(said: Sequence[Consent], channel: Channel, *, child: bool, quiet: bool) -> Standing:
    """Return what a guest allows by one way, as all their consents stand."""
    return Standing(
        offers=may(said, Purpose.OFFERS, channel=channel),
        namespaces=tuple(name for name in Namespace if may(said, Purpose.OFFERS, name, channel=channel)),
        child=child,
        quiet=quiet,
    )


def is_young(age_band: str) -> bool:
    """Say whether an age class, as ``6-11``, holds people who get no marketing; of none nobody knows."""
    youngest = age_band.partition("-")[0]
    return youngest.isdigit() and int(youngest) < ADULT_YEARS


class Count(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How often an offer was shown or redeemed over a span; a cap holds for both places together."""

    offer: str
    counted: Counted = Counted.SHOWN
    span: Span = Span.DAY
    here: int = 0
    elsewhere: int = 0
    """What other devices have told of."""
    screen: bool = False
    """On this screen, to whomever."""
    allowed: int | None = None
    """How many this device may count by itself, as they were dealt: holds where no other can be asked."""


def history_of(counts: Iterable[Count], bundle: Bundle) -> AboutHistory:
    """Return what a rule may ask of what a guest was offered before: codes of offers that are in force."""
    told = {
        f"{one.counted}:{one.offer}"
        for one in counts
        if one.offer in bundle.offers_by_id and not one.screen and one.here + one.elsewhere
    }
    return AboutHistory(codes=tuple(sorted(told)))


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """One question for offers, whole."""

    exposure: str
    """Id of the decision, made here before it is asked."""
    draw: int
    """For exploring; see ``draw_of``."""
    bundle: Bundle
    context: Context
    moment: Moment
    timezone: dt.tzinfo
    site: str
    point: str
    zones: tuple[str, ...] = ()
    """Where this is, innermost first."""
    guest: str | None = None
    standing: Standing = Standing()
    watched: bool = True
    """Others can see the screen."""
    rules: Mapping[str, Rule] = {}
    """The bundle's, compiled, by id."""
    counts: tuple[Count, ...] = ()
    slices: Mapping[str, int] = {}
    """What this device may still spend of each budget."""
    points_left: int = 0
    """The guest's, as far as they are leased here."""
    lines: tuple[Line, ...] = ()
    """What lies on the till."""
    held_buckets: Mapping[str, int] = {}
    ranking: bool = True
    """False: the guard took it off, priority alone decides."""
    among: tuple[str, ...] = ()
    """Only these offers, for one place alone, as a receipt has; empty: all of them, for a screen."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What is chosen from."""
        return tuple(one for one in self.bundle.offers if not self.among or one.id in self.among)
