"""A finding: one thing that was looked at, how it stands, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How much a finding matters."""

    OK = "ok"
    LOOK = "look"
    """Works, and something should be known or mended."""
    BAD = "bad"
    """A gate will not work like this."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it stands, and what to do unless it is ``ok``."""

    level: Level
    what: str
    act: str = ""
