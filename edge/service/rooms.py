"""The rooms that the use cases act through, built once by ``edge.run``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge.clock import Clock
from edge.config import Limits, Retention, shipped
from edge.core.claimed import Became
from edge.core.presence import Receiver
from edge.core.site import Site
from edge.feed import Feed
from edge.health import Health
from edge.sequencer import Sequencer
from edge.service.repeats import Repeats
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.tickets import Tickets
from edge.vault import Vault
from hardware.port import Gate, Light, Printer


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
    printers: Mapping[str, Printer] = field(default_factory=dict)
    """Receipt printer of each till that has one; the drawer hangs on it."""
    receivers: Mapping[str, Receiver] = field(default_factory=dict)
    """Radios that hear bands, by name."""
    limits: Limits = field(default_factory=lambda: shipped().limits)
    retention: Retention = field(default_factory=lambda: shipped().retention)
    tickets: Tickets = field(default_factory=Tickets)
    """Codes that carry their own right; none is believed without central's key."""
    repeats: Repeats = field(default_factory=Repeats)
    """How often staff were refused the same again."""
    dismissed: Callable[[], bool] = lambda: False
    """Whether central has revoked this device."""
    incarnation: int = 1
    """Which life of this device it is: leases of another one are none of ours."""
    boot: str = ""
    """Which run of the machine: a clock that only rises says nothing about times of another."""
    own_page: Callable[[str, int], str] | None = None
    """Where a guest opens their own page, from their pseudonym and the moment; None: there is no central."""
    claims: Callable[[bytes, str, str], Became] | None = None
    """What becomes of a code that was typed beside a band at a point; None: there is no central."""
    central_key: bytes = b""
    """By which central signs bundles of offers; empty: none is believed."""
    coupon_key: bytes = b""
    """With which this device signs coupons (Ed25519, 32 bytes); empty: it gives none."""
    current: Callable[[], bool] = lambda: True
    """Whether the journal is proven to be the newest of this device: no money moves before."""
    site: Site | None = None
    """The site's other devices, asked before a right counts; None: nobody is, as ever."""
