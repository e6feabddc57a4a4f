"""A whole day of a park, small: every promise held, its figures counted otherwise, and what breaks them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import edge.run.simulate.day.people
import edge.run.simulate.day.plan
import edge.run.simulate.device
from edge.core.decision import Reason
from edge.core.events import Decided, Kind
from edge.core.payment import Voided
from edge.run.cli import main
from edge.run.simulate.day.figures import made
from edge.run.simulate.day.found import Found, read
from edge.run.simulate.day.html import in_html
from edge.run.simulate.day.page import Page, in_text
from edge.run.simulate.day.plan import Ticket, What, stops
from edge.run.simulate.day.play import Day
from edge.run.simulate.day.run import run_day
from edge.run.simulate.quiet import quiet

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
VISITORS, FEW, SEED = 100, 16, 3


class Played(msgspec.Struct):
    """A day that is over, as it was read at first, central's file, and how many bands were to be lost."""

    day: Day
    found: Found
    page: Page
    file: sqlite3.Connection
    lost: int


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("day")
    with quiet(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge.run.simulate.day.people, "VOIDED_SHARE", 0.2)  # in so small a day there were none
        patch.setattr(edge.run.simulate.day.plan, "LOST_SHARE", 0.05)  # the same
        day = Day(folder, count=VISITORS, seed=SEED)
        day.play()
        found = read(day)
        lost = sum(stop.what is What.LOSE for stop in stops(day.known, SEED))
    file = sqlite3.connect(folder / "central.db", isolation_level=None)
    yield Played(day, found, made(day, found), file, lost)
    file.close()
    day.close()


def test_every_promise_of_the_day_holds(played: Played) -> None:
    broken = [one for one in played.page.promises if not one.held]
    assert not broken
    assert len(played.page.promises) == 10


def test_what_happened_is_what_people_meant_to_do(played: Played) -> None:
    """Counted on paper, from the plan alone: no code of the product says how many these must be."""
    day, reasons = played.day, played.day.told.reasons
    holders = {ticket: sum(one.ticket is ticket for one in day.known) for ticket in Ticket}
    tries = sum(stop.what is What.LOUNGE for stop in stops(day.known, SEED))
    assert reasons[Reason.UNPAID] == holders[Ticket.UNPAID]
    assert reasons[Reason.BAND_UNKNOWN] == holders[Ticket.NONE]
    assert reasons[Reason.WRONG_PRODUCT] == tries
    assert reasons[Reason.ENTERED] == holders[Ticket.GOOD] + played.found.walked.elsewhere
    assert day.told.faults["killed"] == 3
    assert sum(one.shown for one in played.found.offers) > 0, "nobody saw the offer whose choice is judged"
    assert len(day.told.revoked) == played.lost > 0
    assert reasons[Reason.BAND_REVOKED] > 0, "none that was found was tried where its loss was known"


def test_what_went_wrong_is_told_with_who_was_answered_and_when_all_was_well(played: Played) -> None:
    told = played.day.told
    killed = [one for one in told.befell if one.ready_ms is not None]
    dark = [one for one in told.befell if one.told_after_ms is not None and one.ready_ms is None]
    assert (len(told.befell), len(killed), len(dark)) == (7, 3, 2)
    assert all(not one.behind and 0 < (one.told_after_ms or 0) < 310_000 for one in dark)
    assert all(one.until_ms is not None for one in told.befell)
    assert sum(told.halves.values()) == told.taps == sum(told.at.values())
    html = in_html(played.page)
    assert "both ends were even" in html
    assert "As a table" in html


def test_whoever_could_pay_is_counted_by_the_guests_own_book(played: Played) -> None:
    told = played.day.told
    assert sum(told.served.values()) == told.tills["approved"]
    assert told.served["connected"] <= told.funded["connected"]
    assert told.reasons["lease_frozen"] == 0, "a machine that was not switched off proves its own journal"


def test_a_day_goes_on_where_nobody_may_take_back_any_more(tmp_path: Path) -> None:
    """A long day's voids are more than one person may do in a shift."""
    strict = msgspec.structs.replace(edge.run.simulate.device.LIMITS, voids_shift_max=0)
    with quiet(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge.run.simulate.device, "LIMITS", strict)
        patch.setattr(edge.run.simulate.day.people, "VOIDED_SHARE", 1.0)
        day = Day(tmp_path, count=FEW, seed=SEED)
        day.play()
        page = made(day, read(day))
        day.close()
    assert page.held
    assert day.told.limited == len(day.told.sales) > 0
    assert "no person may oftener in a shift" in in_text(page)


def test_tills_that_turn_away_who_could_pay_break_a_promise(played: Played) -> None:
    told = played.day.told
    before = told.funded.copy(), told.served.copy()
    try:
        told.funded["connected"], told.served["connected"] = 1_000, 989
        broken = [one.words for one in made(played.day, played.found).promises if not one.held]
    finally:
        told.funded, told.served = before
    assert [words[:15] for words in broken] == ["Whoever can pay"]


def test_records_and_money_are_what_the_files_themselves_say(played: Played) -> None:
    """Counted by SQL over central's file and the edges' files, past every room of the product."""
    central = dict(played.file.execute("SELECT device_id, COUNT(*) FROM event GROUP BY 1").fetchall())
    edges = {}
    for device in played.day.devices:
        with sqlite3.connect(device.folder / "state.db") as journal:
            [(edges[device.id],)] = journal.execute("SELECT COUNT(*) FROM journal").fetchall()
    assert central == edges
    assert sum(edges.values()) == sum(one.here for one in played.found.walked.ends)
    [(paid_in,)] = played.file.execute(
        "SELECT -SUM(minor) FROM ledger_entry WHERE account = 'bank'"
    ).fetchall()
    [(sold,)] = played.file.execute(
        "SELECT SUM(minor) FROM ledger_entry WHERE currency = 'EUR' AND account <> 'bank'"
        " AND account NOT LIKE 'wallet:%' AND account NOT LIKE 'lease:%'"
    ).fetchall()
    assert paid_in == played.found.money.funded == sum(one.minor for one in played.day.known)
    assert sold == played.found.money.spent > 0
    assert played.found.judged.judged > VISITORS


def test_a_seed_is_the_same_page_in_every_process() -> None:
    tell = (
        "from edge.run.simulate.day.run import run_day; from edge.run.simulate.day.page import in_text;"
        f"print(in_text(run_day({FEW}, 5), timed=False))"
    )
    told = subprocess.run(
        [sys.executable, "-c", tell],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert told.rstrip() == in_text(run_day(FEW, 5), timed=False)
    assert f"{FEW} visitors" in told


def test_the_verb_tells_the_page_and_writes_it_for_a_browser(tmp_path: Path) -> None:
    file = tmp_path / "day.html"
    told = CliRunner().invoke(main, ["simulate", "--day", "--visitors", "10", "--page", str(file)])
    assert told.exit_code == 0, told.output
    assert told.output.rstrip().endswith("10 of 10 promises held")
    html = file.read_text(encoding="utf-8")
    assert "10 of 10 promises held" in html
    assert "://" not in html.replace("data:font", ""), "it needs nothing else"


def test_a_broken_promise_is_told_as_one(played: Played) -> None:
    first, *others = played.page.promises
    page = msgspec.structs.replace(
        played.page, promises=(msgspec.structs.replace(first, held=False, words="<never>"), *others)
    )
    assert "BROKEN   <never>" in in_text(page)
    html = in_html(page)
    assert '<li class="broken"><b>broken</b><span>&lt;never&gt;</span>' in html
    assert 'class="verdict broken">9 of 10' in html


def test_what_was_taken_back_is_judged_again_as_well(played: Played) -> None:
    back = sum(sale.back for sale in played.day.told.sales.values())
    again = played.found.judged.kinds["payment_voided"]
    assert again.equal == again.judged >= back > 0


@contextmanager
def forged(played: Played, statement: str, *values: object) -> Iterator[list[str]]:
    """Change central's file by hand, and put it back; yields the promises that are seen to be broken."""
    before = sqlite3.connect(":memory:")
    played.file.backup(before)
    try:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in played.file.execute(query).fetchall():
            played.file.execute(f"DROP TRIGGER {name}")  # whoever forges a ledger takes its guards away first
        assert played.file.execute(statement, values).rowcount == 1
        with quiet():
            page = made(played.day, read(played.day))
        yield [one.words for one in page.promises if not one.held]
    finally:
        before.backup(played.file)
        before.close()


def test_a_record_lost_at_central_is_seen(played: Played) -> None:
    device = played.day.devices[0].id
    query = "SELECT MAX(seq) FROM event WHERE device_id = ? AND lane = 0"
    [(last,)] = played.file.execute(query, (device,)).fetchall()
    change = "DELETE FROM event WHERE device_id = ? AND lane = 0 AND seq = ?"
    with forged(played, change, device, last) as broken:
        assert any("Every record" in one for one in broken)


def test_a_cent_that_moved_by_itself_is_seen(played: Played) -> None:
    query = "SELECT key, line FROM ledger_entry WHERE account LIKE 'wallet:%' LIMIT 1"
    [place] = played.file.execute(query).fetchall()
    change = "UPDATE ledger_entry SET minor = minor + 1 WHERE key = ? AND line = ?"
    with forged(played, change, *place) as broken:
        assert any("to the cent" in words for words in broken)
        assert any("ledger" in words for words in broken)


def test_a_decision_that_was_changed_is_seen(played: Played) -> None:
    device = played.day.devices[0].id
    query = "SELECT seq, body FROM event WHERE kind = ? AND device_id = ? ORDER BY seq LIMIT 1"
    [(seq, raw)] = played.file.execute(query, (int(Kind.DECIDED), device)).fetchall()
    told = msgspec.msgpack.decode(raw, type=Decided)
    said = msgspec.structs.replace(told.decision, reason=Reason.EXITED)
    body = msgspec.msgpack.encode(msgspec.structs.replace(told, decision=said))
    change = "UPDATE event SET body = ? WHERE device_id = ? AND lane = 0 AND seq = ?"
    with forged(played, change, body, device, seq) as broken:
        assert any("judges every decision" in words for words in broken)


def test_a_void_that_gave_back_more_is_seen(played: Played) -> None:
    query = "SELECT device_id, lane, seq, body FROM event WHERE kind = ? LIMIT 1"
    [(*place, raw)] = played.file.execute(query, (int(Kind.PAYMENT_VOIDED),)).fetchall()
    told = msgspec.msgpack.decode(raw, type=Voided)
    first, *others = told.legs
    more = msgspec.structs.replace(first, amount_minor=first.amount_minor + 100)
    body = msgspec.msgpack.encode(msgspec.structs.replace(told, legs=(more, *others)))
    change = "UPDATE event SET body = ? WHERE device_id = ? AND lane = ? AND seq = ?"
    with forged(played, change, body, *place) as broken:
        assert any("judges every decision" in words for words in broken)
