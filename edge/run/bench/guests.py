"""Guests from a file: how long central takes to load them, each with a band, its keys and a right."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from edge.clock import wall_ms
from edge.core.entitlements import Product
from edge.core.places import Layout
from edge.run import garbage
from edge.run.bench import town
from edge.run.bench.figures import BenchError, as_json, resident_mb
from edge.run.platform import settings
from sync.central import sites
from sync.central.imports.file import load_file
from sync.central.imports.load import Desk
from sync.central.registry import layout
from sync.central.store import Store

HEADING = "guest,name,uid,chip,product,valid_from,valid_until"
SITE = "bench"
MILLION = 1_000_000


def measure(database: str, guests: int) -> str:
    """Return the figures as JSON; an empty ``database`` is a SQLite file of its own."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        path = Path(made) / "guests.csv"
        _write(path, guests)
        store = Store(database or str(Path(made) / "central.db"), now_ms=wall_ms)
        try:
            _open_site(store)
            garbage.settle()  # as the product does once it is built
            seconds = _load(store, path, guests)
        finally:
            store.close()
    figures: dict[str, float | int | str] = {
        "import_s": seconds,
        "import_1m_s": seconds * MILLION / guests,
        "guests_per_s": guests / seconds,
        "rss_mb": resident_mb(),
        "guests": guests,
        "database": "postgresql" if database else "sqlite",
    }
    return as_json(figures)


def _write(path: Path, guests: int) -> None:
    """Write the file that an operator would bring."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEADING}\n")
        for number in range(guests):
            uid = town.uid(number).hex()
            file.write(f"g{number},Anna,{uid},ntag424,day,2026-06-01,2026-06-02\n")


def _open_site(store: Store) -> None:
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Product(id="day"))


def _load(store: Store, path: Path, guests: int) -> float:
    """Load the file as the console's desk does; seconds."""
    began = time.perf_counter()
    with path.open("rb") as file:
        loaded = load_file(Desk(store, SITE, settings().diversify), file, lambda done, wrong: None)
    seconds = time.perf_counter() - began
    if loaded.done != guests:
        raise BenchError(f"{loaded.wrong} lines were refused, first: {loaded.first_wrong[:1]}.")
    return seconds
