"""``polso tickets``: one text a line, or one picture a ticket."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.clock import wall_ms
from edge.core.entitlements import Product, Terms
from edge.core.places import Layout
from edge.run.cli import main
from edge.tickets import is_ticket
from sync.central import sites
from sync.central.registry import layout
from sync.central.store import Store


@pytest.fixture
def database(tmp_path: Path) -> str:
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    with store.transaction() as tx:
        sites.create_site(tx, "park")
        layout.put_settings(tx, "park", Layout(site="park", version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, "park", Product(id="single", terms=Terms(uses_max=1)))
    store.close()
    return str(tmp_path / "central.db")


def said(database: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["tickets", "park", "--database", database, *words])


def test_three_tickets_are_three_lines_for_today(database: str) -> None:
    done = said(database, "single", "--count", "3")
    assert done.exit_code == 0, done.output
    assert [is_ticket(line.encode()) for line in done.output.splitlines()] == [True] * 3


def test_pictures_go_into_a_folder(database: str, tmp_path: Path) -> None:
    done = said(
        database, "single", "--from", "2026-12-24", "--count", "2", "--pictures", str(tmp_path / "out")
    )
    assert done.exit_code == 0, done.output
    pictures = sorted((tmp_path / "out").iterdir())
    assert [one.name for one in pictures] == ["ticket-00001.svg", "ticket-00002.svg"]
    assert pictures[0].read_text().startswith("<svg")
