"""Rights: which kind of device may call which route; whatever has no row here is refused."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from sync.routes import BOX, CLAIMS, EVENTS, FEED, LEASES, REPORT, ROLL, SNAPSHOT


class DeviceKind(enum.StrEnum):
    """What a device is for; an operator fixes it before the device exists."""

    EDGE = "edge"
    """Stands at its points, decides, and journals what it decided."""
    HANDHELD = "handheld"
    """Is carried about, decides, and journals what it decided."""
    DISPLAY = "display"
    """Shows what the feed tells; it decides nothing and so has no history."""
    MONITOR = "monitor"
    """Says how it is, and learns nothing of guests."""


_ALL = frozenset(DeviceKind)
_DECIDES = frozenset({DeviceKind.EDGE, DeviceKind.HANDHELD})
_READS = _DECIDES | {DeviceKind.DISPLAY}

RIGHTS: Mapping[tuple[str, str], frozenset[DeviceKind]] = {
    ("POST", EVENTS): _DECIDES,
    ("POST", REPORT): _ALL,
    ("POST", ROLL): _ALL,
    ("POST", BOX): _DECIDES,
    ("POST", LEASES): _DECIDES,
    ("POST", CLAIMS): _DECIDES,
    ("GET", FEED): _READS,
    ("GET", SNAPSHOT): _READS,
}


def may_call(kind: str, method: str, path: str) -> bool:
    """Whether a device of this kind may call a route; a kind or a route that nobody knows may not."""
    return kind in RIGHTS.get((method, path), frozenset())
