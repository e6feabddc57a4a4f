"""The rooms that the use cases act through, built once by ``edge.run``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.clock import Clock
from edge.config import Limits
from edge.feed import Feed
from edge.health import Health
from edge.sequencer import Sequencer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.vault import Vault
from hardware.port import Gate, Light

LIMITS = Limits(hold_s_max=20, undo_min_max=15, help_s_max=30, look_up_max=20)
"""The shipped limits (``edge/polso.toml``), for whoever builds a service without a configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Everything a use case may touch; nothing else is looked up anywhere."""

    sequencer: Sequencer
    profiles: Profiles
    journal: Journal
    vault: Vault
    clock: Clock
    feed: Feed
    health: Health
    device: str
    readers: Mapping[str, str]
    """Point of each reader, by the reader's name."""
    gates: Mapping[str, Gate] = field(default_factory=dict)
    """Gate of each point that has one."""
    lights: Mapping[str, Light] = field(default_factory=dict)
    """Light of each point that has one."""
    limits: Limits = LIMITS
