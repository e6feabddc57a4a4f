"""Caps: how much central may take from a site's guests in an hour, before a gate obeys it no longer."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.bands import BandState
from edge.core.entitlements import Status
from edge.core.places import Layout
from edge.core.profiles import Profile

WINDOW_MS = 3_600_000


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """The local policy: what is above it is not obeyed, whoever signed it."""

    revoked_percent_max: int = 5
    """Bands of the site that may be shut out within an hour, in percent."""
    revoked_min: int = 20
    """So many may be shut out on a small site, too."""


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """So many bands were shut out at a moment of the device's own clock that only rises."""

    at_ms: int
    count: int


def within_hour(taken: Iterable[Taken], now_ms: int) -> tuple[Taken, ...]:
    """Return what still counts."""
    return tuple(one for one in taken if now_ms - one.at_ms < WINDOW_MS)


def allowance(caps: Caps, known: int, taken: Iterable[Taken], *, now_ms: int) -> int:
    """Return how many more of ``known`` bands may be shut out now."""
    most = max(caps.revoked_min, known * caps.revoked_percent_max // 100)
    return max(0, most - sum(one.count for one in within_hour(taken, now_ms)))


def is_welcome(profile: Profile | None, now_ms: int) -> bool:
    """Whether a gate may let this band in now, as far as its own profile says."""
    if profile is None or profile.band.state is not BandState.ACTIVE:
        return False
    return any(
        right.status is Status.VALID
        and (right.valid_from_ms is None or right.valid_from_ms <= now_ms)
        and (right.valid_until_ms is None or now_ms < right.valid_until_ms)
        for right in profile.entitlements
    )


def shuts_out(before: Profile | None, after: Profile | None, *, now_ms: int) -> bool:
    """Whether a change takes from a band what would let it in now; a new guest takes from nobody."""
    return is_welcome(before, now_ms) and not is_welcome(after, now_ms)


def snapshot_shuts_out(lost: int, sampled: int, *, known: int) -> int:
    """Return how many bands a snapshot shuts out, by a sample of those that are welcome now."""
    return lost * known // sampled if sampled else 0


def keeps_points(layout: Layout | None, points: Iterable[str]) -> bool:
    """Whether a layout still knows the points at which this device reads; none at all knows none."""
    return layout is not None and all(point in layout.points_by_id for point in points)
