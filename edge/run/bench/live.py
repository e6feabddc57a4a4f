"""Live: how soon offers that are published at the console are what devices show, and a sitting with them."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.offers import Bundle, Kind, Message, Offer
from edge.run.bench import sitting
from edge.run.bench.figures import BenchError, percentile
from edge.run.bench.office import KIOSK, Desk, Park, settled
from edge.run.bench.outpost import Outpost, once
from edge.run.bench.sync import central_at
from sync.central.console.operators import Role
from sync.central.offers.bundles import Draft

VERSIONS = 20
EDGES = 2
AUTHOR, EDITOR = "author", "editor"
"""Two people stand for what is published."""


class Desks(NamedTuple):
    """Both of them, signed in."""

    author: Desk
    editor: Desk


def measure() -> dict[str, float | int]:
    """Return how long after the publishing each online edge shows it, and how long guests sit at one."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        database = str(folder / "central.db")
        people = {AUTHOR: Role.OPERATOR, EDITOR: Role.OPERATOR}
        park = settled(database, devices=EDGES, people=people, crowd=sitting.GUESTS)
        with central_at(database) as central:
            took, sat = _at(folder, central.url, park)
    return sat | {
        "versions": VERSIONS,
        "online_edges": EDGES,
        "publish_to_live_p99_s": round(percentile(took, 0.99), 3),
    }


def _at(folder: Path, url: str, park: Park) -> tuple[list[float], dict[str, float | int]]:
    desks = Desks(*(Desk(url, name, park.word) for name in (AUTHOR, EDITOR)))
    edges: list[Outpost] = []
    try:
        for number, code in enumerate(park.codes):
            edges.append(Outpost(folder / f"edge-{number}", url, code))
        for one in edges:
            _open(one)
        took = [second for number in range(1, VERSIONS + 1) for second in _published(desks, edges, number)]
        return took, sitting.measure(edges[0], park.worn)
    finally:
        for one in edges:
            one.close()


def _open(edge: Outpost) -> None:
    """Wait until a device knows the park."""
    once(lambda: edge.says() == "entered", "a device knows the park")


def _published(desks: Desks, edges: list[Outpost], version: int) -> list[float]:
    """Publish one version; return how long each edge took to show it."""
    draft = msgspec.json.encode(Draft(bundle=Bundle(version=0, offers=(_offer(version),)))).decode()
    desks.author.post("/offers/new", bundle=draft)
    desks.editor.post(f"/offers/{version}/review")
    began, seen = time.monotonic(), list[float]()
    lookers = [
        threading.Thread(target=lambda edge: seen.append(_shown(edge, version)), args=(one,)) for one in edges
    ]
    for looker in lookers:
        looker.start()
    desks.author.post(f"/offers/{version}/publish")
    for looker in lookers:
        looker.join()
    # Who never showed it is in no list of times: fewer than there are edges end the measurement.
    if len(seen) != len(edges):
        raise BenchError(f"Version {version} did not come to every edge.")
    return [at - began for at in seen]


def _shown(edge: Outpost, version: int) -> float:
    """Return when a screen of this edge offers what this version promises, and nothing else."""

    def shows() -> bool:
        view = edge.service.offers.offers_for(None, KIOSK)
        return [(view.bundle, tile.points_earned) for tile in view.tiles] == [(version, version)]

    return once(shows, f"offers of version {version}")


def _offer(version: int) -> Offer:
    """Return one offer for everybody that is worth a point more in each version."""
    words = Message(name="Soup", headline=f"Soup {version}", body="Points for a soup.", call="Take it")
    return Offer(
        id="soup",
        kind=Kind.POINTS,
        campaign="summer",
        public=True,
        messages={"en": words, "it": words},
        points_earned=version,
    )
