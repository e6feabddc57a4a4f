"""Wanted: whether this central can analyse at all, and what to do where it cannot."""

from __future__ import annotations

from importlib.util import find_spec

from edge.errors import ConfigError


def installed() -> bool:
    """Whether the extra is here, without importing any of it: that takes a second and 100 MB."""
    return find_spec("ibis") is not None and find_spec("duckdb") is not None


def insist() -> None:
    """Raise what a person can do about it where the extra is not here."""
    if not installed():
        raise ConfigError("The analysis is not installed here.", hint="pip install 'polso[central,analysis]'")
