"""One request as a view sees it: who asks, for which site, in which language, and the doors to the store."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from flask import Request

from edge.core.places import Layout
from edge.errors import NotAllowed, Unknown
from sync.central import alarms, sites
from sync.central.care import cases
from sync.central.care.case import Step, Told
from sync.central.console import acts
from sync.central.console.acts import Act
from sync.central.console.operators import Operator
from sync.central.console.words import Words
from sync.central.imports.desk import Imports
from sync.central.machines import devices
from sync.central.registry import layout
from sync.central.registry.turn import take_turn
from sync.central.settings import Settings
from sync.central.store import Connection, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What stands behind the console."""

    store: Store
    settings: Settings
    imports: Imports
    may: Callable[[Operator | None, str, str], bool]
    """Whether somebody is let in at an address of the console, asked with this method."""


@dataclass(kw_only=True)
class Ask:
    """One request, let in by the guard."""

    rooms: Rooms
    request: Request
    """The request itself, not flask's stand-in for it: a file is written after the view has ended."""
    path: Mapping[str, str]
    words: Words
    who: Operator | None
    session: str = ""
    renewed: bool = False
    """Whether the session goes on under another token than it came with, which the browser must be given."""

    def renew(self, session: str) -> None:
        """Go on under another token."""
        self.session, self.renewed = session, True

    @property
    def name(self) -> str:
        """The name of who asks, by whose word something is done; raises ``NotAllowed`` where nobody does."""
        if self.who is None:
            raise NotAllowed("Nobody is signed in.")
        return self.who.name

    @property
    def store(self) -> Store:
        """Central's database."""
        return self.rooms.store

    @property
    def site(self) -> str:
        """The site that the address names."""
        return self.path.get("site", "")

    @property
    def home(self) -> str:
        """The address of that site."""
        return f"/console/sites/{self.site}"

    @property
    def case(self) -> str:
        """The case from whose page somebody came to do this; empty: from none."""
        named = self.arg("case")
        fits = named.isascii() and named.isalnum() and self.may(f"{self.home}/care/{named}")
        return named if fits else ""

    def back_to(self, address: str) -> str:
        """Return where to go on after something was done: to its case, if there is one."""
        return f"{self.home}/care/{self.case}" if self.case else address

    @property
    def acts(self) -> bool:
        """Whether a form was sent, which is no look."""
        return self.request.method == "POST"

    def may(self, address: str, method: str = "GET") -> bool:
        """Say whether whoever asks is let in at an address: what is not is not offered."""
        return self.rooms.may(self.who, address, method)

    def arg(self, name: str) -> str:
        """Return one part of the query."""
        return self.request.args.get(name, "")[:200]

    @property
    def file(self) -> str:
        """The table of this page that is asked for as a file; empty: the page itself is."""
        return "" if self.acts else self.arg("file")

    def file_of(self, table: str) -> str:
        """Return where one table of this page is a file, as it stands here."""
        asked = {name: value for name, value in self.request.args.items() if name not in ("said", "file")}
        return f"{self.request.path}?{urlencode({**asked, 'file': table})}"

    def typed(self, name: str) -> str:
        """Return one field of the form that was sent."""
        return self.request.form.get(name, "").strip()[:400]

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Begin a transaction in which the site is changed by nobody else."""
        with self.store.transaction() as tx:
            if self.site:
                take_turn(tx, self.site)
            yield tx

    def record(self, tx: Connection, what: str, target: str, *, before: str = "", after: str = "") -> None:
        """Record what is being done and by whom."""
        who = self.who.name if self.who else ""
        acts.record(tx, Act(site=self.site, who=who, what=what, target=target, before=before, after=after))
        if self.case:
            self._link(tx, what, target)

    def _link(self, tx: Connection, what: str, target: str) -> None:
        """Write an act into the case that it is for; where that cannot be, nothing is done."""
        number = cases.must_find(tx, self.site, self.case).steps + 1
        told = Told(
            op=f"{what}/{number}",
            step=Step.ACTED,
            at_ms=self.store.now_ms(),
            who=self.who.name if self.who else "",
            word=what,
            ref=target,
        )
        cases.tell(tx, self.site, self.case, told=told)

    @cached_property
    def layout(self) -> Layout:
        """The site's places and products as they stand, published or not."""
        with self.store.reading() as tx:
            if not sites.has_site(tx, self.site):
                raise Unknown(f"There is no site {self.site}.")
            if not layout.has_settings(tx, self.site):
                return Layout(site=self.site, version=0, timezone="UTC")
            return layout.layout(tx, self.site)

    @cached_property
    def alarms_open(self) -> int:
        """How many alarms of the site nobody has looked at: shown on each of its pages."""
        with self.store.reading() as tx:
            return alarms.count_open(tx, self.site)

    @cached_property
    def zone(self) -> dt.tzinfo:
        """The site's time zone; UTC beside any site, and where none of the machine's bears its name."""
        if not self.site:
            return dt.UTC
        try:
            return zoneinfo.ZoneInfo(self.layout.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return dt.UTC

    @property
    def today(self) -> dt.date:
        """The day at the site."""
        return dt.datetime.fromtimestamp(self.store.now_ms() / 1000, self.zone).date()

    def devices_in_force(self, tx: Connection) -> list[str]:
        """Return the ids of the site's devices that are not revoked."""
        return [one.id for one in devices.devices(tx, self.site) if one.state == devices.ACTIVE]

    def time(self, at_ms: int | None) -> str:
        """Return a moment in the site's own time, for people."""
        if not at_ms:
            return ""
        return dt.datetime.fromtimestamp(at_ms / 1000, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def ago(self, at_ms: int) -> str:
        """Return how long ago a moment is, in the largest unit that fits."""
        seconds = max(0, (self.store.now_ms() - at_ms) // 1000)
        for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
            if seconds >= size:
                return self.words(f"ago.{unit}", count=seconds // size)
        return self.words("ago.s", count=seconds)
