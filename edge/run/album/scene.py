"""A scene: one page in one state, as what it is told and what is done to it."""

from __future__ import annotations

from typing import Any

import msgspec

NOON_MS = 1_767_265_200_000
"""1 January 2026, 12:00 in Rome: what every clock shows in a picture."""
HOUR_MS = 3_600_000
TALL, WIDE = (1080, 1920), (1920, 1080)
GATE, TILL, GUEST, PHONE, DESK = (1280, 800), (1366, 768), (1024, 600), (390, 844), (1366, 900)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What the camera needs to know; ``name`` is the picture's file name without its ending."""

    name: str
    path: str
    size: tuple[int, int]
    heard: tuple[tuple[str, Any], ...] = ()
    """Events and their bodies, as the stream would tell them; none: the page needs no stream."""
    steps: tuple[str, ...] = ()
    """Scripts that do what a person would do."""
    seen: str = ""
    """What must stand in the page before it is taken, as a CSS selector."""
    who: str = ""
    """Who is signed in: a colleague, or ``console``."""
