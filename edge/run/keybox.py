"""The verbs of the key: made once, rolled whenever somebody may have seen it."""

from __future__ import annotations

from pathlib import Path

from edge import config as configuration
from edge.run import unlocking


def make(path: Path | None) -> str:
    """Make the key where the configuration says, and say what it is worth."""
    config = configuration.load(path)
    source = unlocking.source_of(config)
    unlocking.make(Path(config.store.folder), source)
    return f"The key is made. Source {source.name}: {source.worth}."


def roll(path: Path | None) -> str:
    """Seal everything with a new key, and say which one holds now."""
    config = configuration.load(path)
    version = unlocking.roll(Path(config.store.folder), unlocking.source_of(config))
    return f"Everything is sealed with key {version}; the one before opens nothing any more."
