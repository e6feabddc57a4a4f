"""A desk with a reader, over nfcpy's own driver and a virtual chip, and central's real database beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from edge.clock import wall_ms
from edge.run.cli import main
from edge.run.platform import Central
from hardware.virtual.field import Field
from sync.central.console import operators
from sync.central.console.desks import open_desk
from sync.central.registry import bands, guests
from sync.central.registry.guests import Guest
from sync.central.sites import create_site
from sync.central.store import Store

UID = bytes.fromhex("04DE5F1EACC040")
WORD = "a-long-password"


class Table:
    """A desk: a reader's field, central's database, and the commands that somebody types."""

    def __init__(self, field: Field, database: Path) -> None:
        self.field, self.database = field, database

    def says(self, verb: str, *more: str, word: str = WORD) -> Result:
        known = ["--site", "park", "--central-database", str(self.database), "--operator", "olga"]
        desk = [] if verb == "show" else [*known, "--password", word]
        return CliRunner().invoke(main, ["band", verb, "--reader", self.field.path, *desk, *more])

    def store(self) -> Store:
        return Store(str(self.database), now_ms=wall_ms)

    def card(self) -> bands.BandCard:
        store = self.store()
        try:
            with store.reading() as tx:
                [card] = bands.list_bands(tx, "park")
                return card
        finally:
            store.close()


@contextmanager
def a_table(tmp_path: Path) -> Iterator[Table]:
    """A desk at a site with one guest and one operator."""
    database = tmp_path / "central.db"
    store = Store(str(database), now_ms=wall_ms)
    with store.transaction() as tx:
        create_site(tx, "park")
        guests.put_guests(tx, "park", [Guest(id="g1", name="Ada")])
        operators.let_in(tx, "olga", WORD)
    store.close()
    field = Field()
    yield Table(field, database)
    field.close()


def a_token(central: Central, name: str = "olga") -> str:
    with central.store.transaction() as tx:
        return open_desk(tx, "park", name)


def from_afar(desk: Table, central: Central, verb: str, *more: str, token: str) -> Result:
    known = ["--reader", desk.field.path, "--central", central.url, "--token", token]
    return CliRunner().invoke(main, ["band", verb, *known, *more])


def the_card(central: Central) -> bands.BandCard:
    with central.store.reading() as tx:
        [card] = bands.list_bands(tx, "park")
        return card
