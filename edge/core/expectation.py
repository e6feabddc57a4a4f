"""Expectation: when a guest may come, and how little an edge needs of one who is not expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from edge.core.consent import Consent
from edge.core.entitlements import Entitlement, Status, Terms
from edge.core.places import Layout, Point, PointKind
from edge.core.profiles import Profile
from edge.core.retention import DAY_MS
from edge.core.segments import plain

HORIZON_MS = 2 * DAY_MS
"""So long before a right may be used its guest is expected, and so long after a guest was seen."""
LINGER_MS = DAY_MS
"""So long after a right has ended its guest may still be about: who is inside must be known when leaving."""
ENDED = frozenset({Status.CANCELLED, Status.REVOKED, Status.EXCHANGED})
"""Rights that bring nobody any more; who has yet to pay comes all the same."""


class Expected(NamedTuple):
    """Whether a guest is expected now, and at which moment that is to be judged again; None: never."""

    now: bool
    again_ms: int | None


class Asked(NamedTuple):
    """Which personal facts any decision at a site can stand on."""

    height: bool
    age: bool
    tags: bool
    goods: bool
    """There are tills, and goods that not everybody may buy: of who pays, age is asked."""


def judge_expected(rights: Sequence[Entitlement], seen_ms: int, now_ms: int) -> Expected:
    """Say whether a guest may come within two days or is here, last seen at ``seen_ms`` (0: never)."""
    spans = [*_spans(rights)]
    if seen_ms:
        spans.append((seen_ms, seen_ms + HORIZON_MS))
    turns = {turn for span in spans for turn in span if turn is not None and turn > now_ms}
    here = any((start is None or start <= now_ms) and (end is None or now_ms < end) for start, end in spans)
    return Expected(here, min(turns, default=None))


def _spans(rights: Iterable[Entitlement]) -> Iterator[tuple[int | None, int | None]]:
    """Yield from when to when each right makes its guest expected."""
    for right in rights:
        if right.status in ENDED:
            continue
        start, end = right.valid_from_ms, ends_ms(right)
        if right.slot is not None:
            start = max(start or 0, right.slot.start_ms)
        yield (
            None if start is None else start - HORIZON_MS,
            None if end is None else end + LINGER_MS,
        )


def ends_ms(right: Entitlement) -> int | None:
    """Return from when on a right brings nobody any more: 0 for one that was ended, None: it has no end."""
    if right.status in ENDED:
        return 0
    slot = right.slot.end_ms if right.slot is not None else None
    return min((end for end in (right.valid_until_ms, slot) if end is not None), default=None)


def asked_by(layout: Layout | None, rights: Iterable[Entitlement] = ()) -> Asked:
    """Return what decisions at a site can stand on; of a site without layout everything."""
    if layout is None:
        return Asked(height=True, age=True, tags=True, goods=True)
    own = (right.terms for right in rights if right.terms is not None)
    found: list[Point | Terms] = [*layout.points, *(product.terms for product in layout.products), *own]
    cel = " ".join(rule.cel for one in found for rule in one.rules)
    return Asked(
        height=any(one.height_cm_min is not None for one in found),
        age=any(one.age_min is not None for one in found) or "age_band" in cel,
        tags="tags" in cel,
        goods=any(point.kind is PointKind.TILL for point in layout.points),
    )


def fitting(profile: Profile, asked: Asked) -> Profile:
    """Return what an edge needs of a guest who is expected: of the body only what a decision can stand on."""
    return msgspec.structs.replace(
        profile,
        age_band=profile.age_band if asked.age or (asked.goods and profile.payments) else None,
        height_cm=profile.height_cm if asked.height else None,
    )


def least(profile: Profile, asked: Asked) -> Profile:
    """Return what an edge needs of a guest who is not expected: nothing but what a decision can stand on.

    Of consents it is how often they were said: none of them allows anything, but a new word outweighs them.
    """
    return msgspec.structs.replace(
        fitting(profile, asked),
        name="",
        consents=tuple(Consent(purpose=one.purpose, turns=one.turns) for one in profile.consents),
        tags=plain(profile.tags) if asked.tags else (),
    )
