"""Fleet: ten thousand devices at some workers of central, one that was silent for days, and a revocation."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

import msgspec

from edge.clock import wall_ms
from edge.run.bench.figures import as_json, percentile
from edge.run.bench.gatehouse import PRIVATE_KEY
from edge.run.bench.recall import recalled
from edge.run.bench.silence import Hermit, whole
from edge.run.bench.thousands import EACH, Known, chain_of_sites, enter, kept, post_all, sample
from edge.run.bench.workers import workers_at
from sync.central import feed
from sync.central.store import Store
from sync.wire import Cursor

MILLION = 1_000_000
ROOM = 8
"""Feed requests that a worker has room for beside the waiting edges' share."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    database: str
    devices: int
    events: int
    lossy: int
    edges: int
    recalls: int
    workers: int


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part, entered at central before its workers start."""

    crowd: list[Known]
    silent: list[Known]
    edges: list[Known]
    stand: Cursor
    """Where the waiting edges' site stands."""


def measure(sizes: Sizes) -> str:
    """Return the figures as JSON; an empty database is a SQLite file of its own, and one worker."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        chosen = sizes if sizes.database else _alone(sizes, folder)
        cast = _entered(chosen)
        hermits = [
            Hermit(folder / f"edge-{number}", device, events)
            for number, (device, events) in enumerate(
                zip(cast.silent, (chosen.events, chosen.lossy), strict=True)
            )
        ]
        try:
            figures = _figures(chosen, cast, hermits, folder=folder)
        finally:
            for hermit in hermits:
                hermit.close()
    return as_json({**figures, "database": "postgresql" if sizes.database else "sqlite"})


def _alone(sizes: Sizes, folder: Path) -> Sizes:
    return msgspec.structs.replace(sizes, database=str(folder / "central.db"), workers=1)


def _entered(sizes: Sizes) -> Cast:
    store, tag = Store(sizes.database, now_ms=wall_ms), secrets.token_hex(4)
    try:
        edges = enter(store, f"bench-{tag}-edges", sizes.edges)
        with store.reading() as tx:
            stand = feed.head(tx, edges[0].site)
        return Cast(
            crowd=chain_of_sites(store, sizes.devices),
            # Each is its site's only edge: beside others, central tells on each use in the same commit.
            silent=[
                enter(store, f"bench-{tag}-{name}", 1, private_key=PRIVATE_KEY)[0]
                for name in ("long", "short")
            ],
            edges=edges,
            stand=stand,
        )
    finally:
        store.close()


def _figures(
    sizes: Sizes, cast: Cast, hermits: list[Hermit], *, folder: Path
) -> dict[str, float | int | str]:
    events = sample(folder / "sample")
    polls = -(-sizes.edges // sizes.workers) + ROOM
    with workers_at(sizes.database, sizes.workers, polls=polls) as workers:
        urls = [worker.url for worker in workers]
        long, short = hermits
        for hermit in hermits:
            hermit.meet(urls[0])
        caught_up = long.hand_over(sys.maxsize)
        good, losing = short.in_turns()
        took = recalled(workers, cast.edges, cast.stand, times=sizes.recalls)
        crowd = post_all(urls, cast.crowd, events)
    store = Store(sizes.database, now_ms=wall_ms)
    try:
        rows, exact = kept(store, cast.crowd)
        all_whole = all(whole(store, hermit) for hermit in hermits)
    finally:
        store.close()
    return {
        "posts_per_s": crowd.posts / crowd.seconds,
        "post_p50_ms": 1000 * percentile(crowd.latencies_s, 0.5),
        "post_p99_ms": 1000 * percentile(crowd.latencies_s, 0.99),
        "posts": crowd.posts,
        "devices": sizes.devices,
        "rows": rows,
        "duplicates": crowd.duplicates,
        "rows_exact": int(exact == sizes.devices and rows == EACH * sizes.devices and all_whole),
        "catchup_1m_s": caught_up.each_s * MILLION,
        "catchup_events": caught_up.events,
        "catchup_lossy_ratio": losing.each_s / good.each_s,
        "replies_lost": short.lost,
        "revocation_p50_s": percentile(took, 0.5),
        "revocation_p99_s": percentile(took, 0.99),
        "edges": sizes.edges,
        "workers": sizes.workers,
    }
