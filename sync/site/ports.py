"""Ports: what a member of a site needs of its device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.core.entitlements import Use
from edge.core.events import Event
from edge.core.places import Layout
from edge.core.site import Mark, Pending
from sync.client.passages import Seen, Used
from sync.site.blocking import BlockPorts
from sync.site.purse import PursePorts
from sync.site.statement import StatePorts
from sync.site.witness import WitnessPorts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a member needs of the edge, without importing any of its rooms."""

    device: str
    learn: Callable[[list[Used], list[Seen]], None]
    """Keep what other devices used and saw, durably."""
    states: StatePorts
    """Hold bands to what staff at other devices, or central, made of them, and tell those of it."""
    blocks: BlockPorts
    """Stop wallets that central blocked, as others heard it, and tell them of those."""
    waiting: Callable[[], tuple[Pending, ...]]
    """What the site has not heard of, or shall forget."""
    settle: Callable[[Sequence[Pending]], None]
    """Forget what it has heard now."""
    decided: Callable[[int], Event | None]
    """Return an ordinary record by its number."""
    strays: Callable[[Sequence[Use]], Sequence[Use]]
    """Return those of this device's own uses that its store knows nothing of."""
    layout: Callable[[], Layout | None]
    now_ms: Callable[[], int]
    is_sure: Callable[[], bool]
    """Whether central has told the time and nothing contradicts it: nothing is dropped by another clock."""
    purse: PursePorts
    mark: Callable[[], Mark] = Mark
    """Return which book this device knew last, and how far it was."""
    remember: Callable[[Mark], None] = lambda mark: None
    """Keep that, durably."""
    went_back: Callable[[], None] = lambda: None
    """Tell staff, durably, that the book is an older copy of itself."""
    witness: WitnessPorts | None = None
