"""A choice: the tiles that somebody gets, and for every other offer why not."""

from __future__ import annotations

import enum

import msgspec


class Why(enum.StrEnum):
    """Why an offer is not shown, in the order in which that is judged; each has a text in every language."""

    CHILD = "child"
    """A child's band gets no marketing."""
    NO_CONSENT = "no_consent"
    """It is personal, and the guest did not allow that."""
    QUIET = "quiet"
    """The guest asked for no offers today."""
    CARED = "cared"
    """A case of this guest is open: whoever waits for our answer is not advertised to."""
    SENSITIVE = "sensitive"
    """Others see this screen."""
    NOT_NOW = "not_now"
    OTHER_SITE = "other_site"
    OTHER_POINT = "other_point"
    OTHER_ZONE = "other_zone"
    NO_RULE = "no_rule"
    """The bundle lacks its rule."""
    MISSING_FIELD = "missing_field"
    """Its rule asks for what is not known; the detail names it."""
    RULE_FAILED = "rule_failed"
    """Its rule ran into an error."""
    RULE_SAYS_NO = "rule_says_no"
    OUT_OF_STOCK = "out_of_stock"
    """The detail names the article."""
    NO_BUDGET = "no_budget"
    """Nothing is left of this device's slice."""
    FEW_POINTS = "few_points"
    """The guest has fewer points to spend here than it takes."""
    CAP = "cap"
    """Shown or redeemed as often as it may be."""
    NO_SHARE = "no_share"
    """Its cap holds everywhere, and none of the times that are left are this device's."""
    CONTROL = "control"
    """The guest is among those who get nothing, so that the effect can be read."""
    EXCLUDED = "excluded"
    """The detail names the offer that it cannot stand beside."""
    GROUP = "group"
    """The detail names an offer of its group that goes first."""
    STACK = "stack"
    """The detail names what the guest gets more by."""
    NO_SLOT = "no_slot"
    """Every tile is taken by one that ranks before it."""


LATE = frozenset({Why.EXCLUDED, Why.GROUP, Why.STACK, Why.NO_SLOT})
"""Lost after the control group was asked: whoever is kept out would have met them as well."""


class Loser(msgspec.Struct, frozen=True, array_like=True):
    """An offer that is not shown, and the first reason why."""

    offer: str
    why: Why
    detail: str = ""
    """The field, article, cap or offer that decided it."""


class Tile(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One offer on a screen."""

    offer: str
    position: int
    """From 1."""
    reserved: bool = False
    """It stands where a new thing is kept a place."""
    ranked: bool = False
    """Its place comes from the model, not from priority alone."""
    propensity: tuple[int, int] | None = None
    """How likely this very offer was to be here, as so many of so many: exact, for the first ranked alone."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the ranking came about: without it nothing can be learned later."""

    candidates: tuple[str, ...]
    """All that could have been the first ranked tile, best first."""
    features: str
    """Digest of the features that were 1."""
    model: int
    explored: bool = False


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody is shown, and why: given the same bundle and context, central finds the same."""

    exposure: str
    """Id of the decision; a tile's is this with its position (``exposure_of``)."""
    bundle: int
    """Version of the bundle."""
    context: str
    """Digest of the context that the rules were asked with."""
    tiles: tuple[Tile, ...] = ()
    losers: tuple[Loser, ...] = ()
    stack: tuple[str, ...] = ()
    """Offers that lower the price of the basket, in the order in which they do."""
    greedy: bool = False
    """The best combination was looked for longer than allowed, and a good one taken."""
    draw: int = 0
    drawn: Drawn | None = None
    """None: in order of priority."""
    bucket: int | None = None
    """The guest's among 10,000; None: nobody who is known."""
    clock_doubtful: bool = False
    """The time was not trusted: periods were judged by the last time that was."""

    @property
    def winner(self) -> str:
        """The offer of the first tile; empty: nothing is shown, which is an answer."""
        return self.tiles[0].offer if self.tiles else ""

    @property
    def withheld(self) -> tuple[str, ...]:
        """What the guest would have been offered, were it not for the control group."""
        return tuple(loser.offer for loser in self.losers if loser.why is Why.CONTROL)


class Exposure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tile in front of somebody, or withheld from a control group: what lift is read from."""

    id: str
    offer: str
    campaign: str
    bundle: int
    guest: str | None = None
    point: str = ""
    position: int = 0
    """0: withheld."""
    context: str = ""
    bucket: int | None = None
    experiment: str = ""
    propensity: tuple[int, int] | None = None
    draw: int = 0
    drawn: Drawn | None = None

    @property
    def withheld(self) -> bool:
        """Whether it was not shown at all."""
        return self.position == 0


def exposure_of(choice: Choice, tile: Tile) -> str:
    """Return the id of one tile of a choice."""
    return f"{choice.exposure}.{tile.position}"
