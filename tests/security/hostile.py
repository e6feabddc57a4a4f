"""A park whose central can be made to lie, and one edge that knows its guests."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request

from edge.clock import wall_ms
from edge.config import parse
from edge.core.caps import is_welcome
from edge.core.decision import Outcome
from edge.core.events import Lane
from edge.keys.memory import MemoryKey
from edge.keys.ring import new_ring
from edge.run import identity
from edge.run.app import Edge, Own
from edge.run.demo.park import load
from edge.run.demo.seed import seed
from edge.run.enrol import enrol_in
from edge.vault import Vault
from hardware.port import Medium, Tap, Trust
from sync.central.app import create_app
from sync.central.enrolment import Invitation, invite
from sync.central.feed import item_table
from sync.central.registry.layout import publish_layout
from sync.central.store import Store, select
from tests.sync.ends import served, until

SITE, GATE = "aurora", "gate-1"
PULLED = ("/feed", "/report")
"""What the edge's pulling thread asks: it asks the next when it has taken the answer before."""
Trick = Callable[["Park", Response], Response]


@dataclass
class Park:
    """A park whose central can be made to lie, and one edge that knows its guests."""

    store: Store
    edge: Edge
    trick: list[Trick] = field(default_factory=list)
    asked: int = 0
    since_s: float = 0
    kept: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    welcome: list[bytes] = field(default_factory=list)
    """Bands that a gate let in before anybody lied."""
    guests: Iterator[str] = field(default_factory=lambda: iter(()))

    def opens(self) -> bool:
        """Whether the gate opens for a guest who has not been in yet and has a valid right."""
        uid = bytes.fromhex(next(self.guests))
        tap = Tap(
            reader="remote",
            seq=1,
            tap_id=secrets.token_hex(8),
            uid=uid,
            trust=Trust.SUN,
            at_ns=time.monotonic_ns(),
            medium=Medium.NFC,
            product="",
            counter=next(COUNTERS),
        )
        return self.edge.service.present(tap, GATE).outcome is Outcome.GRANTED

    def asks_again(self, times: int = 3) -> None:
        """Wait until the edge's pulling thread was answered so often to what it asked from now on.

        With the first of them all is taken that was on its way before; what others ask says nothing of that,
        nor does an answer to a line that was pulled long ago.
        """
        self.since_s = time.monotonic()
        self.asked, end = 0, self.since_s + 20
        while self.asked < times:
            assert time.monotonic() < end, "the edge asks nothing any more"
            self.edge.own.cable.pull()  # it waits for news no longer
            self.edge.own.cable.plug()
            self.kick()
            heard = self.asked
            with suppress(AssertionError):
                until(lambda heard=heard: self.asked > heard, 1)

    def kick(self) -> None:
        assert self.edge.sync is not None
        self.edge.sync.kick()

    def has_told(self) -> bool:
        """Whether central has confirmed all that this edge decided: no answer to that is on its way."""
        return self.edge.journal.acked(Lane.ORDINARY) == self.edge.journal.head(Lane.ORDINARY).seq

    def alarm(self) -> str:
        assert self.edge.sync is not None
        return self.edge.sync.health().alarm


COUNTERS = itertools.count(1_000)


def lied(park: Park, app: Flask) -> Flask:
    """Central's app, whose answers to devices pass through the present trick after they were signed."""

    def begin() -> None:
        g.began_s = time.monotonic()

    def change(reply: Response) -> Response:
        if not request.path.startswith("/v1/") or reply.is_streamed:
            return reply
        park.asked += request.path.endswith(PULLED) and g.began_s >= park.since_s
        park.kept.append((reply.data, dict(reply.headers)))
        for trick in park.trick:
            reply = trick(park, reply)
        return reply

    app.before_request(begin)
    app.after_request(change)
    return app


@contextmanager
def a_park(folder: Path) -> Iterator[Park]:
    """Open it in a folder of its own, its edge already knowing everybody."""
    store = Store(str(folder / "central.db"), now_ms=wall_ms)
    told = load()
    seed(store, told)
    made = Park(store, None)  # type: ignore[arg-type]  # enrolled below
    ring = new_ring()
    with served(store, app=lambda known: lied(made, create_app(store, known))) as url:
        with store.transaction() as tx:
            code = invite(tx, Invitation(site=SITE, points=(GATE,)))
        source = MemoryKey(ring)
        enrol_in(folder / "kept", url, code, source=source)
        vault = Vault.load(folder / "kept", ring)
        who = identity.load(folder / "kept", vault)
        with store.transaction() as tx:
            publish_layout(tx, SITE, [who.device])
        text = (
            f'store = {{ folder = "{folder / "kept"}" }}\nscreens = {{ port = 0 }}\n'
            f'[[readers]]\nname = "phone"\ndriver = "webnfc"\npoint = "{GATE}"\n'
        )
        made.edge = Edge(parse(text, "the test"), Own(vault=vault, identity=who))
        made.edge.start()
        until(lambda: made.edge.profiles.count() > 500, 30)
        everybody = (bytes.fromhex(key) for key, _ in profiles_of(store))
        made.welcome = [one for one in everybody if is_welcome(made.edge.profiles.get(one), wall_ms())]
        valid = [one for one in told.visitors if any(r.product == "giornata" for r in one.rights)]
        made.guests = iter([one.chip.uid for one in valid if _is_valid_now(one)])
        yield made
        made.edge.stop()
    store.close()


def _is_valid_now(wearer: Any) -> bool:
    first = wearer.rights[0]
    return str(first.status) == "valid" and (
        first.valid_h is None or first.valid_h[0] <= 0 < first.valid_h[1]
    )


def profiles_of(store: Store) -> list[tuple[str, bytes]]:
    own = item_table.c
    wanted = select(own.key, own.body).where(
        own.site_id == SITE, own.kind == "profile", own.body.is_not(None)
    )
    with store.reading() as tx:
        return [(row.key, bytes(row.body)) for row in tx.execute(wanted)]
