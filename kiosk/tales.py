"""Guided stories as the demo page hears them: which there are, and each step once it happened."""

from __future__ import annotations

import enum

import msgspec

from edge.core.decision import Reason


class Tale(enum.StrEnum):
    """Guided stories; each has its line ``demo.tale.<value>`` in every language."""

    PARK_DAY = "park_day"
    COFFEE = "coffee"
    WATER_BED = "water_bed"
    LOST_BAND = "lost_band"
    NEAR = "near"
    FEEDBACK = "feedback"
    CONSENT = "consent"
    OFFLINE = "offline"
    WRONG_PRICE = "wrong_price"
    HELP = "help"


class Scene(enum.StrEnum):
    """What can happen in a guided story; each has its sentence ``demo.scene.<value>``."""

    ALLOWED = "allowed"
    ANSWERED = "answered"
    ASKED = "asked"
    BOOKED = "booked"
    CALLED = "called"
    CAME = "came"
    CHANGED = "changed"
    CHARGED = "charged"
    CLOSED = "closed"
    CUT = "cut"
    DIARY = "diary"
    GIVEN = "given"
    GONE = "gone"
    HAD = "had"
    HANDED = "handed"
    HELD = "held"
    LATE = "late"
    LINKED = "linked"
    LOOKED_FOR = "looked_for"
    LOST = "lost"
    NOTICED = "noticed"
    OFFERED = "offered"
    PAID = "paid"
    PRICED = "priced"
    PUBLISHED = "published"
    RATED = "rated"
    READY = "ready"
    RESTORED = "restored"
    SET_ASIDE = "set_aside"
    STALE = "stale"
    TAKEN = "taken"
    WAITING = "waiting"
    WEARS = "wears"
    WITHDREW = "withdrew"


class DemoScene(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a guided story, told once it has happened."""

    scene: Scene
    who: str = ""
    """First name of who did it, or whom it happened to."""
    where: str = ""
    """The point, by its id."""
    what: str = ""
    names: dict[str, str] = {}
    """What it was about, by language."""
    reason: Reason | None = None
    """What the band was answered."""
    minor: int | None = None
    count: int = 0
    at_ms: int | None = None


class DemoTale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guided story as far as it is told; event ``tale`` on topic ``demo`` at each step."""

    tale: Tale
    scenes: tuple[DemoScene, ...] = ()
    over: bool = False
    failed: str = ""
    """Where the park did not follow, and what to do; empty: it did."""
