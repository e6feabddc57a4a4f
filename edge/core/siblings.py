"""Siblings: the site's other devices, as central tells each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.places import Layout, Point, PointKind

SIBLING = "sibling"
"""The kind of the feed's items, keyed by the device."""


class Sibling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device in force: where it stands, and by which key (Ed25519) what it hands to others is known."""

    id: str
    points: tuple[str, ...]
    public_key: bytes


class TillThere(NamedTuple):
    """A till, and the device that keeps it."""

    device: str
    point: Point


def tills_there(layout: Layout | None, siblings: Iterable[Sibling], *, own: str) -> tuple[TillThere, ...]:
    """Return the tills that other devices keep, by point; one that may stand anywhere is left out."""
    if layout is None:
        return ()
    there = [
        TillThere(one.id, layout.points_by_id[name])
        for one in siblings
        for name in one.points
        if one.id != own and name in layout.points_by_id
    ]
    tills = (one for one in there if one.point.kind is PointKind.TILL)
    return tuple(sorted(tills, key=lambda one: (one.point.id, one.device)))
