"""Central can be cut into cells by site: keys begin with the site, and what a device asks for names it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, event

from edge.clock import wall_ms
from sync.central.feed import Change, publish
from sync.central.machines.voice import voice
from sync.central.reports import take as take_report
from sync.central.store import Store, metadata
from sync.central.telling.pages import Asked, read_page
from sync.central.telling.snapshot import Vouch, stream
from sync.packing import Packer
from sync.wire import Cursor, DeviceReport
from tests.sync.builders import SITE
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.test_echo import Gate
from tests.sync.test_passages import a_park, enters

FIRST = "site_id"
REFERENCE = {
    "operator": "People who work for the operator, not for a site; every cell has all of them.",
    "operator_factor": "As the operators themselves.",
    "operator_recovery": "As the operators themselves.",
    "operator_session": "As the operators themselves.",
    "operator_try": "Of who signs in nobody knows yet whether there is such an operator.",
    "provider_read": "How far the provider's book was read: one row for each provider.",
    "schema_step": "Which shape the tables of this very database have.",
    "act": "What operators did, of which some belongs to no site; numbered in the order it was done in.",
}
"""Small tables that every cell has for itself, and why they begin with something else."""
BY_SECRET = {
    "desk_token": "A desk shows nothing but its token.",
    "enrolment": "A device that is new shows nothing but its code, which lives for a quarter of an hour.",
    "guest_door": "A guest shows nothing but the word of a link.",
}
"""Tables that are entered by a secret before anybody knows the site: what is routed by hand among cells."""
NAMED = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+\"?(\w+)\"?")
WHOLE_ROWS = re.compile(r"INSERT INTO \"?\w+\"? VALUES \(\?")
"""Rows as their table has them, of which the first column is the site."""


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    importlib.import_module("sync.central.app")  # the last room: every table is known
    return dict(metadata.tables)


def test_each_table_of_a_sites_data_begins_its_key_with_the_site(tables: dict[str, Table]) -> None:
    others = {name for name, table in tables.items() if [*table.primary_key.columns.keys(), ""][0] != FIRST}
    assert others == {*REFERENCE, *BY_SECRET}
    assert len(tables) - len(others) > 70, "the control: almost all are of a site"
    for name in tables.keys() - others:
        assert not tables[name].c[FIRST].nullable, name


def test_no_foreign_key_leaves_its_site(tables: dict[str, Table]) -> None:
    keys = [key for table in tables.values() for key in table.foreign_key_constraints]
    assert keys, "the control: there is one within a site"
    for key in keys:
        pairs = {(one.parent.name, one.column.name) for one in key.elements}
        assert (FIRST, FIRST) in pairs, key


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("SELECT h FROM event WHERE seq = ?", True),
        ("SELECT site_id, h FROM event WHERE seq = ?", True),
        ("DELETE FROM nonce WHERE at_ms < ?", True),
        ("INSERT INTO lane_end (device_id) VALUES (?)", True),
        ("SELECT h FROM event WHERE event.site_id = ? AND seq = ?", False),
        ("INSERT INTO lane_end (site_id, device_id) VALUES (?, ?) ON CONFLICT DO NOTHING", False),
        ("INSERT INTO event VALUES (?, ?)", False),
        ("SELECT name FROM operator", False),
    ],
)
def test_a_statement_that_asks_all_sites_is_seen(tables: dict[str, Table], said: str, *, wrong: bool) -> None:
    assert bool(siteless(said, tables)) is wrong


def siteless(said: str, tables: dict[str, Table]) -> list[str]:
    """The tables of sites that a statement speaks of without naming a site in what it asks or writes."""
    of_sites = tables.keys() - REFERENCE.keys() - BY_SECRET.keys()
    spoken = [name for name in NAMED.findall(said) if name in of_sites]
    if said.startswith("INSERT"):
        named = WHOLE_ROWS.match(said) or FIRST in said.partition(")")[0]
    else:
        named = FIRST in said.partition(" WHERE ")[2]
    return [] if named else spoken


@contextmanager
def heard() -> Iterator[set[str]]:
    """Every statement that any store is asked meanwhile."""
    said: set[str] = set()

    def hear(*asked: object) -> None:
        said.add(" ".join(str(asked[2]).split()))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.timeout(30)
def test_no_statement_of_intake_or_feed_asks_all_sites(
    tables: dict[str, Table], empty_central: Path, tmp_path: Path
) -> None:
    """A gate's entries on paper, and a device that sends, reports, fetches the site and waits for news."""
    path = tmp_path / "central.db"
    path.write_bytes(empty_central.read_bytes())
    store = Store(str(path), now_ms=wall_ms)
    north, south = Gate(store), Gate(store)
    a_park(store)
    with served(store) as url:
        welcome = a_welcome(url, store, SITE)
        with heard() as said:
            enters(north)
            enters(south, tap="again", at_ms=60_000)
            with store.transaction() as tx:
                publish(tx, SITE, [Change("device", "news", b"\x80")])
                own = voice(tx, SITE)
            with running(Edge(tmp_path / "edge", url, welcome)) as edge:
                edge.write(3)
                until(lambda: edge.drained() and edge.profiles.cursor().seq, 10)
                at = edge.profiles.cursor()
            read_page(store, Asked(site=SITE, cursor=Cursor(epoch=at.epoch, seq=at.seq)))
            take_report(store, north.device, DeviceReport(device=north.device.id, boot="b"))
            assert list(stream(store, SITE, Packer(), vouch=Vouch(own, "")))
    store.close()
    assert len(said) > 30, "the control: much was asked"
    assert {one: found for one in said if (found := siteless(one, tables))} == {}
