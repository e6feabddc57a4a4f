"""A full disk at a till: no commit, no green; the reserve lets it close and report, the basket goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.errors import StoreError
from edge.payviews import BasketState
from edge.store.folder import Folder
from edge.store.journal import Journal
from hardware.port import Signal
from tests.faults.disks import Filler, a_small_disk, take_what_is_given_back, until
from tests.faults.seller import MONEY, PRICE, op_of, sell
from tests.service.house import House, an_edge
from tests.service.purses import TILL, a_grant, a_guest, granted, left, payments

pytestmark = [pytest.mark.timeout(60), pytest.mark.real("disks")]
FREE_BYTES = 150_000
SALES_MAX = 2_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    with a_small_disk(tmp_path / "disk") as folder:
        yield folder


def greens(house: House) -> int:
    """How often the till's light has said yes."""
    return sum(1 for signal, _ in house.light.shown if signal is Signal.ALLOW)


def tried(house: House) -> bool:
    """Let the time pass after which the store tries again; say whether it writes."""
    house.hands.forward(s=1)
    return house.sequencer.writable()[0]


def sell_until_refused(house: House) -> int:
    """Sell until nothing can be recorded; return which basket was not sold."""
    for number in range(1, SALES_MAX):
        before = greens(house)
        view = None
        with suppress(StoreError):
            view = sell(house, number)
        if view is None or view.state is not BasketState.APPROVED:
            assert greens(house) == before, "a green without a record"
            assert view is None or view.reason is Reason.STORE_UNAVAILABLE
            return number
    raise AssertionError("the disk never filled")


def sold_by(folder: Path) -> int:
    """How many sales a stock driver finds in an intact file."""
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute("SELECT count(*) FROM journal WHERE lane = 1 AND kind = 50").fetchone()
    return int(found[0])


def test_a_full_disk_gives_no_green_and_the_same_basket_is_sold_once_when_there_is_room(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = Filler(disk)
    with an_edge(disk) as house:
        a_guest(house)
        granted(house, a_grant(MONEY))
        filler.leave(FREE_BYTES)
        take_what_is_given_back(monkeypatch, filler)
        failed = sell_until_refused(house)
        assert failed > 1
        assert "disk is full" in house.sequencer.writable()[1]
        assert greens(house) == failed - 1
        monkeypatch.undo()
        filler.go()
        until(lambda: tried(house))
        assert sell(house, failed).state is BasketState.APPROVED
        assert house.service.basket(TILL).op_id == op_of(failed)
        sold = [one.op_id for one in payments(house) if one.state is not None]
        assert sold == [op_of(number) for number in range(1, failed + 1)]
        assert left(house) == MONEY - failed * PRICE


@pytest.mark.parametrize("reserve", [True, False])
def test_only_the_reserve_lets_a_full_till_write_why_it_closed_beside_all_sales_to_report(
    disk: Path, monkeypatch: pytest.MonkeyPatch, reserve: bool
) -> None:
    """With its control: the reserve is not given back, and nothing more can be written."""
    filler = Filler(disk)
    with an_edge(disk) as house:
        a_guest(house)
        granted(house, a_grant(MONEY))
        filler.leave(FREE_BYTES)
        take_what_is_given_back(monkeypatch, filler)
        if not reserve:
            monkeypatch.setattr(Folder, "free_reserve", lambda self: None)
        failed = sell_until_refused(house)
        told = [event.seq for event in house.journal.events(1)]
        assert told == list(range(1, len(told) + 1)), "what is to be reported can be read"
        said = [event.kind for event in house.journal.events(0) if event.kind == Kind.STORE_FAILED]
    assert len(said) == reserve
    assert sold_by(disk) == failed - 1
    with closing(Journal(disk)) as journal:
        assert journal.verify().whole
