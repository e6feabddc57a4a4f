"""Sync: how fast a full journal reaches central over real HTTP, and what an event weighs on the way."""

from __future__ import annotations

import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from edge.clock import wall_ms
from edge.run import garbage
from edge.run.bench.figures import BenchError, as_json
from edge.run.bench.gatehouse import ORDINARY, PRIVATE_KEY, Gatehouse
from edge.run.bench.shop import wallet
from edge.run.platform import Central, settings
from edge.run.waiting import until_stopped
from sync.central.enrolment import Invitation, invite
from sync.central.machines.lanes import event_table
from sync.central.money.policy import Policy, put_policy
from sync.central.registry.wallets import Wallet
from sync.central.registry.wallets import create as create_wallet
from sync.central.sites import create_site
from sync.central.store import Store, bare_copy_per_s
from sync.client import Cable, Drained, Line, Ports, Sender, drain_lane, enrol, proving
from sync.signing import Keys
from sync.wire import EnrolAnswer

PROFILES = 20_000
LANES = 32
STOP_S_MAX = 10
WINDOWS = 5
"""So many pieces of a drain are timed: a neighbour's burst is in one or two of them."""
CASH_MINOR_MAX = 10**12
"""In a shop for measurements nobody has to look at how much cash was taken in."""


class Ready(msgspec.Struct):
    """What central's process says once it answers: where, and the code of one device."""

    url: str
    code: str


def measure(database: str, events: int) -> str:
    """Return the figures as JSON; an empty ``database`` is a SQLite file of its own."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        with central_at(database or str(folder / "central.db")) as ready:
            welcome = enrol(ready.url, ready.code, private_key=PRIVATE_KEY, name="bench")
            drained = _drained(folder, ready.url, welcome, events=events)
    proved = proving.per_event()
    figures: dict[str, float | int | str] = {
        "events_per_s": usual_per_s(drained),
        "bytes_per_event": drained.sent_bytes / drained.events,
        "edge_proof_us": proved.edge_us,
        "central_proof_us": proved.central_us,
        "events": drained.events,
        "database": "postgresql" if database else "sqlite",
    }
    if database:
        figures["bare_copy_per_s"] = _bare_copy(database)
        figures["ratio_copy"] = float(figures["events_per_s"]) / float(figures["bare_copy_per_s"])
    return as_json(figures)


def usual_per_s(drained: Drained) -> float:
    """Return the events a second of the piece in the middle, as bare COPY is judged by its middle pass."""
    rates, since = [], (0, 0.0)
    for events, at_s in drained.pace:
        if events - since[0] >= drained.events // WINDOWS:
            rates.append((events - since[0]) / (at_s - since[1]))
            since = events, at_s
    return statistics.median(rates)


def _drained(folder: Path, url: str, welcome: EnrolAnswer, *, events: int) -> Drained:
    """Fill a journal with real decisions, then hand it over as after a long silence."""
    gatehouse = Gatehouse(folder / "edge", PROFILES, site=welcome.site, device=welcome.device)
    try:
        fill(gatehouse, events)
        # In a long silence the house has put away what its taps left to do; here it would do so meanwhile.
        gatehouse.sequencer.erase_ghosts()
        return hand_over(gatehouse, url, welcome, lane=ORDINARY)
    finally:
        gatehouse.close()


def hand_over(gatehouse: Gatehouse, url: str, welcome: EnrolAnswer, *, lane: int) -> Drained:
    """Send all of a lane that central has not acknowledged."""
    ports = Ports(
        journal=gatehouse.journal,
        books=gatehouse.sequencer,
        profiles=gatehouse.profiles,
        clock=gatehouse.clock,
        describe=lambda report: report,
    )
    sender = Sender(site=welcome.site, device=welcome.device, incarnation=welcome.incarnation)
    keys = Keys(key_id=welcome.key_id, private_key=PRIVATE_KEY, central=welcome.central_key)
    line = Line(url, Cable(), device=welcome.device, keys=keys, clock=gatehouse.clock)
    return drain_lane(sender, line, ports, lane=lane)


def fill(gatehouse: Gatehouse, events: int) -> None:
    """Let a gate decide so many times, in as many lanes as a busy one has."""

    def lane() -> None:
        for _ in range(events // LANES):
            gatehouse.tap()

    threads = [threading.Thread(target=lane) for _ in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _bare_copy(database: str) -> float:
    """Let the same PostgreSQL take the same rows by bare COPY."""
    store = Store(database, now_ms=wall_ms)
    try:
        return bare_copy_per_s(store, event_table)
    finally:
        store.close()


@contextmanager
def central_at(database: str, *, wallets: int = 0) -> Iterator[Ready]:
    """Run central in a process of its own: it must not share our interpreter's lock."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "edge.run.bench.sync", database, str(wallets)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    line = process.stdout.readline() if process.stdout else b""
    try:
        if not line:
            trace = process.stderr.read()[-500:] if process.stderr else b""
            raise BenchError(f"Central did not start: {trace.decode()}")
        yield msgspec.json.decode(line, type=Ready)
    finally:
        process.terminate()
        process.communicate(timeout=STOP_S_MAX)


def serve(database: str, wallets: int) -> None:
    """Be that process until it is told to stop."""
    store = Store(database, now_ms=wall_ms)
    site = f"bench-{secrets.token_hex(4)}"
    with store.transaction() as tx:
        create_site(tx, site)
        put_policy(tx, site, Policy(mint_minor_max=CASH_MINOR_MAX))
        for number in range(wallets):
            create_wallet(tx, site, Wallet(id=wallet(number), currency="EUR"))
        code = invite(tx, Invitation(site=site))
    central = Central(store, settings(), host="127.0.0.1", port=0)
    central.start()
    garbage.settle()  # as the product does once it is built
    told = msgspec.json.encode(Ready(url=central.url, code=code)) + b"\n"
    until_stopped(central.stop, started=lambda: _say(told))


def _say(told: bytes) -> None:
    sys.stdout.buffer.write(told)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
