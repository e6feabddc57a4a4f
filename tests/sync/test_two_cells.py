"""Two cells, each a PostgreSQL server: sites are led to theirs, and one that falls hurts no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from edge.clock import wall_ms
from sync.central.app import create_app
from sync.central.console import operators
from sync.central.console.guard import SESSION_COOKIE
from sync.central.settings import Settings
from sync.central.store import Store, metadata, select
from sync.signing import named_key
from tests.sync.console.desk import PASSWORD, Browser, an_operator
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.test_cells import FIRST

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
CELLS = (("lake", "park"), ("wood",))
"""Which sites live in the first cell, and which in the second."""


class Router(Flask):
    """One name before all cells: it looks at nothing but whose site a request is of."""

    def __init__(self, cells: list[Store], settings: Settings) -> None:
        super().__init__("router", static_folder=None)
        self.cells = [create_app(store, settings) for store in cells]
        self.of = {site: number for number, sites in enumerate(CELLS) for site in sites}
        self.by_hand = 0
        """Where what names no site is led: an enrolment's code was given out by a cell that people know."""

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        number = self.of.get(self.site(environ), self.by_hand)
        return self.cells[number].wsgi_app(environ, start_response)

    @staticmethod
    def site(environ: Any) -> str:
        """A page of the console says it in its path, a device in the name of its key."""
        path = environ["PATH_INFO"].split("/")
        if path[1:3] == ["console", "sites"]:
            return str(path[3])
        signed = environ.get("HTTP_SIGNATURE_INPUT")
        return named_key({"Signature-Input": signed}).partition(".")[0] if signed else ""


@pytest.fixture(scope="module")
def second_server() -> Iterator[str]:
    """Another PostgreSQL beside the session's."""
    from tests.real.postgres import running_server  # not everybody has it

    with running_server() as url:
        yield url


@pytest.fixture
def cells(emptied_postgres_url: str, second_server: str) -> Iterator[list[Store]]:
    """Two cells' databases."""
    stores = [Store(url, now_ms=wall_ms) for url in (emptied_postgres_url, second_server)]
    yield stores
    for store in stores:
        store.close()


def test_sites_live_in_their_cell_alone_and_go_on_when_the_other_falls(
    cells: list[Store], second_server: str, tmp_path: Path
) -> None:
    from tests.real.postgres import switched_off  # as above

    routers: list[Router] = []

    def built(settings: Settings) -> Flask:
        routers.append(Router(cells, settings))
        return routers[0]

    with served(cells[0], app=built) as url, ExitStack() as stack:
        router, edges = routers[0], dict[str, Edge]()
        for number, sites in enumerate(CELLS):
            router.by_hand = number
            for site in sites:
                made = Edge(tmp_path / site, url, a_welcome(url, cells[number], site))
                edges[site] = stack.enter_context(running(made))
        written(edges.values())
        consoles = [a_console(router, cell) for cell in cells]
        assert [console("lake") for console in consoles] == [200, 303], "a session is of its own cell"
        assert [console("wood") for console in consoles] == [303, 200]
        with switched_off(second_server):
            written([edges["lake"], edges["park"]])
            assert consoles[0]("park") == 200
            edges["wood"].write(5)
            until(lambda: tried(edges["wood"]).client.health().alarm)
            assert consoles[1]("wood") == 503
            assert not edges["wood"].drained(), "acknowledged by nobody"
        until(lambda: tried(edges["wood"]).drained())
        assert [kept(cell) for cell in cells] == [{"lake": 10, "park": 10}, {"wood": 10}]
        # The control: led astray a device is unknown, and nothing of its site comes into being there.
        router.of["lake"] = 1
        edges["lake"].write(1)
        until(lambda: tried(edges["lake"]).client.health().alarm)
    assert [spoken_of(cell) for cell in cells] == [set(sites) for sites in CELLS]


def tried(edge: Edge) -> Edge:
    """The edge, told not to rest now."""
    edge.client.kick()
    return edge


def written(edges: Iterable[Edge]) -> None:
    for edge in edges:
        edge.write(5)
    for edge in edges:
        until(edge.drained)


def a_console(router: Router, cell: Store) -> Any:
    """Somebody who signed in at one cell: asks for the page of a site, and returns the status."""
    an_operator(cell)
    browser = Browser(router.test_client())
    browser.client.set_cookie(SESSION_COOKIE, operators.sign_in(cell, "olga", PASSWORD))
    return lambda site: browser.get(f"/console/sites/{site}/devices").status_code


def kept(cell: Store) -> dict[str, int]:
    """How many ordinary events a cell holds of each site, each number once."""
    own = metadata.tables["event"].c
    with cell.reading() as tx:
        rows = tx.execute(
            select(own.site_id, own.seq).where(own.lane == 0).order_by(own.site_id, own.seq)
        ).all()
    found: dict[str, list[int]] = {}
    for site, seq in rows:
        found.setdefault(site, []).append(seq)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in found.values())
    return {site: len(numbers) for site, numbers in found.items()}


def spoken_of(cell: Store) -> set[str]:
    """Every site that any row of any table of a cell is of."""
    found = set[str]()
    with cell.reading() as tx:
        for table in metadata.tables.values():
            if FIRST in table.c:
                found |= {row[0] for row in tx.execute(select(table.c[FIRST]).distinct()) if row[0]}
    return found
