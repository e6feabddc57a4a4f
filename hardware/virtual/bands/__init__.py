"""Virtual bands at frame level, made from a few words of configuration."""

from __future__ import annotations

from hardware.virtual.bands.band import Band
from hardware.virtual.bands.description import Description, build

__all__ = ["Band", "Description", "build"]
