"""Outliers: what stands out in one day of a site, judged from what the journals say of each person."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from types import MappingProxyType

import msgspec

from edge.core.events import Kind

FOLLOW_MS_MAX = 600_000
"""A look-up after which the guest taps, or something is done about them, within this time had its reason."""
TIMES_USUAL = 3
"""More than so many times what is usual among colleagues stands out."""
TIMES_CERTAIN = 3
"""So many times the floor stands out even where all do the same."""


class Figure(enum.StrEnum):
    """What is counted of a person in a day."""

    OVERRIDES = "overrides"
    ANSWERED = "answered"
    """Requests of others that the person approved."""
    PAIRED = "paired"
    """Requests approved for one and the same colleague."""
    SAME_BAND = "same_band"
    """Overrides for one and the same band."""
    REFUSED_ASKS = "refused_asks"
    LOOK_UPS = "look_ups"
    IDLE_LOOK_UPS = "idle_look_ups"
    """Look-ups that nothing followed."""
    EXPORTS = "exports"
    """Tables and guests taken out of central as files."""
    CORRECTIONS = "corrections"
    UNDOS = "undos"
    MOVED = "moved"
    """Guests set to another place by hand."""
    RELINKS = "relinks"
    FOUND = "found"
    """Lost bands that were declared found."""
    ATTEMPTS = "attempts"
    """Tries of what no rule allows: the own band, the own request, an approval that does not hold."""
    REFUSALS = "refusals"
    """Acts refused for want of a role, a second person or a running shift, or beyond a limit or a rule."""
    WRONG_PINS = "wrong_pins"


FLOORS: Mapping[Figure, int] = MappingProxyType(
    {
        Figure.OVERRIDES: 8,
        Figure.ANSWERED: 12,
        Figure.PAIRED: 6,
        Figure.SAME_BAND: 2,
        Figure.REFUSED_ASKS: 3,
        Figure.LOOK_UPS: 40,
        Figure.IDLE_LOOK_UPS: 8,
        Figure.EXPORTS: 3,
        Figure.CORRECTIONS: 3,
        Figure.UNDOS: 6,
        Figure.MOVED: 6,
        Figure.RELINKS: 4,
        Figure.FOUND: 3,
        Figure.ATTEMPTS: 1,
        Figure.REFUSALS: 10,
        Figure.WRONG_PINS: 5,
    }
)
"""Fewer than these a day are no news whoever did them."""
ALWAYS = frozenset({Figure.ATTEMPTS, Figure.SAME_BAND, Figure.PAIRED, Figure.WRONG_PINS, Figure.REFUSED_ASKS})
"""Figures that stand out from their floor on, whatever colleagues do."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One event as far as it says what a person did."""

    at_ms: int
    kind: int
    staff: str = ""
    approver: str = ""
    reason: str = ""
    bands: tuple[str, ...] = ()
    """First eight hex digits of the bands it is about."""
    times: int = 1
    """How often, where one record tells of several."""
    figure: Figure | None = None
    """What it counts as, where no device's event says it but central's own record."""


class Outlier(msgspec.Struct, frozen=True, kw_only=True):
    """One person, what stands out, how often, and what is usual among their colleagues that day."""

    staff: str
    figure: Figure
    count: int
    usual: float
    about: str = ""
    """The colleague or the band, where one repeats."""


SIMPLE: Mapping[int, Figure] = MappingProxyType(
    {
        Kind.COUNT_CORRECTED: Figure.CORRECTIONS,
        Kind.UNDONE: Figure.UNDOS,
        Kind.LOCATION_SET: Figure.MOVED,
        Kind.LINKED: Figure.RELINKS,
        Kind.LOOKED_UP: Figure.LOOK_UPS,
        Kind.APPROVAL_REFUSED: Figure.REFUSED_ASKS,
    }
)
ORDINARY = frozenset({"idle"})
"""Being asked for the PIN again is how dangerous acts begin: journaled, and no news."""
LACKING = frozenset({"role", "second", "limit", "shift_over", "rule", "many"})
"""What anybody may lack once by mistake: only many a day are news."""
FOUND = "found"
MISTYPED = "wrong_pin"

Counts = dict[str, Counter[tuple[Figure, str]]]


def judge_outliers(happened: Iterable[Happened]) -> tuple[Outlier, ...]:
    """Return what stands out of one day, the largest excess first; the same facts give the same list."""
    counts = count(tuple(happened))
    found = []
    for staff, own in counts.items():
        for (figure, about), n in own.items():
            others = [
                their[figure, about] if not about else 0 for who, their in counts.items() if who != staff
            ]
            usual = float(median(others)) if others else 0.0
            if stands_out(figure, n, usual):
                found.append(Outlier(staff=staff, figure=figure, count=n, usual=usual, about=about))
    return tuple(sorted(found, key=lambda one: (-one.count / FLOORS[one.figure], one.staff, one.figure)))


def stands_out(figure: Figure, n: int, usual: float) -> bool:
    """Say whether so many of a figure stand out beside what is usual."""
    floor = FLOORS[figure]
    if n < floor:
        return False
    return figure in ALWAYS or n > TIMES_USUAL * usual or n >= TIMES_CERTAIN * floor


def count(happened: tuple[Happened, ...]) -> Counts:
    """Return per person how often each figure happened; whoever did anything at all is a colleague."""
    counts: Counts = {}
    follows = _times_by_band(happened)
    for one in happened:
        if one.staff:
            own = counts.setdefault(one.staff, Counter())
            own.update({what: one.times * n for what, n in Counter(_figures(one, follows)).items()})
        if one.approver:
            counts.setdefault(one.approver, Counter()).update(_answered(one))
    return counts


def _figures(one: Happened, follows: Mapping[str, list[int]]) -> list[tuple[Figure, str]]:
    """Return what an event counts for the person who did or asked it."""
    figures: list[tuple[Figure, str]] = []
    if one.figure is not None:
        figures.append((one.figure, ""))
    if one.kind in SIMPLE:
        figures.append((SIMPLE[one.kind], ""))
    if one.kind == Kind.ATTEMPT_REFUSED and one.reason not in ORDINARY:
        figures.append((Figure.REFUSALS if one.reason in LACKING else Figure.ATTEMPTS, ""))
    if one.kind == Kind.LOOKED_UP and not _followed(one, follows):
        figures.append((Figure.IDLE_LOOK_UPS, ""))
    if one.kind == Kind.BAND_STATE and one.reason == FOUND:
        figures.append((Figure.FOUND, ""))
    if one.kind == Kind.SIGN_IN_REFUSED and one.reason == MISTYPED:
        figures.append((Figure.WRONG_PINS, ""))
    if one.kind == Kind.OVERRIDDEN:
        figures += [(Figure.OVERRIDES, ""), *((Figure.SAME_BAND, band) for band in one.bands)]
    return figures


def _answered(one: Happened) -> list[tuple[Figure, str]]:
    """Return what an event counts for the second person, or for a supervisor who let pass alone."""
    if one.kind == Kind.APPROVAL_GIVEN:
        return [(Figure.ANSWERED, ""), (Figure.PAIRED, one.staff)]
    if one.kind == Kind.OVERRIDDEN and not one.staff:
        return [(Figure.OVERRIDES, ""), *((Figure.SAME_BAND, band) for band in one.bands)]
    return []


def _times_by_band(happened: tuple[Happened, ...]) -> dict[str, list[int]]:
    times: dict[str, list[int]] = {}
    for one in happened:
        if one.kind != Kind.LOOKED_UP:
            for band in one.bands:
                times.setdefault(band, []).append(one.at_ms)
    return times


def _followed(look: Happened, follows: Mapping[str, list[int]]) -> bool:
    return any(
        0 <= at_ms - look.at_ms <= FOLLOW_MS_MAX for band in look.bands for at_ms in follows.get(band, ())
    )
