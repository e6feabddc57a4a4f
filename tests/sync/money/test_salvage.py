"""A till's disk dies with sales that nobody was told of: its second disk settles them, once, and unforged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import apsw
import msgspec
import pytest
from click.testing import CliRunner

from edge.clock import wall_ms
from edge.core.checkpoint import decoded, encoded
from edge.core.money import tax_within
from edge.errors import Refused, Unknown
from edge.payviews import BasketState
from edge.run import second
from edge.run.cli import main
from edge.store.checkpoints import Notary
from edge.store.journal import Journal
from edge.unsent import framed, path_of, pieces
from sync.central.machines import devices
from sync.central.money import placed
from sync.central.money.ledger import trial_balance
from sync.central.salvaging import NoSales, NotTheirs, in_words, salvage
from sync.central.store import Store
from sync.client import Ports
from tests.sync.ends import served, until
from tests.sync.money.shop import SITE, SOUP, UID, Shop, a_guest, a_site, enrolled, worth

pytestmark = pytest.mark.timeout(40)
FUNDS = 20_000


@dataclass(kw_only=True)
class Careful(Shop):
    """A shop with a second disk."""

    stick: Path

    def ports(self, notary: Notary) -> Ports:
        there = second.place(str(self.stick), notary, self.journal)
        assert there is not None
        self.second, self.notary = there, notary
        self.sequencer.after_commit(there.committed)
        there.start()
        return super().ports(notary)

    def stop(self) -> None:
        super().stop()
        self.second.stop()

    @property
    def sales(self) -> Path:
        """What its second disk holds."""
        return path_of(self.stick, self.welcome.device)

    def copied(self) -> bool:
        """Whether all sales of its journal are there too."""
        held = list(pieces(self.sales)) if self.sales.exists() else []
        return bool(held) and held[-1].last == self.journal.head(1).seq


@pytest.fixture
def store(empty_central: Path, tmp_path: Path) -> Iterator[Store]:
    """Central's store, by the clock that devices have."""
    opened = Store(str(shutil.copy(empty_central, tmp_path)), now_ms=wall_ms)
    yield opened
    opened.close()


@pytest.fixture
def till(store: Store, tmp_path: Path) -> Iterator[Careful]:
    """A till that was lent a guest's money, sold twice online and three times without internet."""
    a_site(store)
    a_guest(store, minor=FUNDS)
    stick = tmp_path / "stick"
    stick.mkdir()
    with served(store) as url, ExitStack() as stack:
        own = enrolled(store, url)
        shop = Careful(folder=tmp_path / "till", url=url, welcome=own, stick=stick, attesting=True)
        shop.start()
        stack.callback(shop.stop)
        until(lambda: shop.profiles.get(shop.vault.band_id(UID)) is not None)
        shop.service.present(shop.tap("r-till"))
        until(shop.ready)
        for number in range(2):
            assert shop.sells(f"op-online-{number}").state is BasketState.APPROVED
        shop.client.kick()
        until(shop.drained)
        shop.cable.pull()
        for number in range(3):
            assert shop.sells(f"op-offline-{number}").state is BasketState.APPROVED
            until(shop.copied)
        yield shop


def sold(store: Store, till: Careful) -> int:
    """What stands in the books for the till, without tax, in soups."""
    soup = SOUP.price_minor
    return worth(store, f"sales:{till.welcome.device}") // (soup - tax_within(soup, SOUP.tax_permille))


def rewritten(till: Careful, **changed: object) -> Path:
    """A copy of the file whose first piece was changed."""
    first, *rest = pieces(till.sales)
    forged = till.stick / "forged"
    forged.write_bytes(b"".join(map(framed, (msgspec.structs.replace(first, **changed), *rest))))
    return forged


def test_a_dead_disk_takes_no_sale_along_and_what_stays_in_doubt_is_said(store: Store, till: Careful) -> None:
    kept = Path(shutil.copy(till.sales, till.stick / "kept"))
    till.stop()
    shutil.rmtree(till.folder)
    assert sold(store, till) == 2
    done = salvage(store, kept)
    assert (sold(store, till), done.aside, done.revoked) == (5, 0, False)
    assert done.records > 0
    with store.reading() as tx:
        (lease,) = [one for one in placed.of_device(tx, SITE, till.welcome.device) if one.living]
        assert lease.placed.counters.spent == 5 * SOUP.price_minor
        assert done.doubtful == (("EUR", lease.placed.counters.spendable),)
        assert sum(trial_balance(tx, SITE).values()) == 0
    assert "in doubt: the most that can be lost" in in_words(done)
    again = salvage(store, kept)
    assert (again.records, again.known, sold(store, till)) == (0, done.records + done.known, 5)


def test_what_central_holds_leaves_the_second_disk(store: Store, till: Careful) -> None:
    assert till.sales.stat().st_size > 0
    till.cable.plug()
    till.client.kick()
    until(till.drained)
    until(lambda: till.sales.stat().st_size == 0)
    with pytest.raises(NoSales):
        salvage(store, till.sales)
    assert sold(store, till) == 5


def test_a_disk_that_fills_up_in_the_midst_of_a_piece_is_written_anew_once_there_is_room(
    till: Careful, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = framed
    with monkeypatch.context() as full:
        full.setattr("edge.store.salvage.framed", lambda piece: _torn(whole(piece), till.sales))
        assert till.sells("op-full-1").state is BasketState.APPROVED, "no till waits for it"
        until(lambda: till.second.cause)
    assert till.sells("op-room-1").state is BasketState.APPROVED
    until(till.copied)
    assert not till.second.cause
    assert next(pieces(till.sales)).first == till.journal.acked(1) + 1


def _torn(frame: bytes, sales: Path) -> bytes:
    with sales.open("ab") as file:
        file.write(frame[:9])
    raise OSError(28, "No space left on device")


def test_a_power_cut_tears_the_last_piece_and_the_others_are_read(store: Store, till: Careful) -> None:
    whole = list(pieces(till.sales))
    torn = till.stick / "torn"
    torn.write_bytes(till.sales.read_bytes()[:-7])
    assert list(pieces(torn)) == whole[:-1]
    salvage(store, torn)
    assert sold(store, till) == 4, "all but the last"


@pytest.mark.parametrize("what", ["seen", "rows", "prev"])
def test_a_changed_file_books_nothing(store: Store, till: Careful, what: str) -> None:
    first = next(pieces(till.sales))
    seen = decoded(first.seen)
    assert seen is not None
    forged = {
        "seen": encoded(msgspec.structs.replace(seen, signature=b"s" * 64)),
        "rows": (*first.rows[:-1], first.rows[-1][:-1] + b"\x00"),
        "prev": bytes(len(first.prev)),
    }
    with pytest.raises(NotTheirs):
        salvage(store, rewritten(till, **{what: forged[what]}))
    assert sold(store, till) == 2


def test_more_than_was_signed_is_not_believed(store: Store, till: Careful) -> None:
    """The signature names the last record: one more behind it, or one less, is another's word."""
    first = next(pieces(till.sales))
    with pytest.raises(NotTheirs, match="not signed"):
        salvage(store, rewritten(till, rows=(*first.rows, first.rows[-1])))
    assert sold(store, till) == 2


def test_the_verb_says_what_came_of_it(store: Store, till: Careful) -> None:
    central = str(till.stick / "central.db")
    with closing(apsw.Connection(str(till.stick.parent / "central.db"))) as database:
        database.execute("VACUUM INTO ?", (central,))  # the one that is served has its own holder
    told = CliRunner().invoke(main, ["salvage", str(till.sales), "--database", central])
    assert (told.exit_code, "records taken in" in told.output) == (0, True), told.output
    with closing(Store(central, now_ms=wall_ms)) as then:
        assert sold(then, till) == 5
    nowhere = CliRunner().invoke(main, ["salvage", str(till.sales), "--database", f"{central}.gone"])
    assert (nowhere.exit_code, "There is no database" in nowhere.output) == (1, True)


def test_a_revoked_device_is_told_apart(store: Store, till: Careful) -> None:
    with store.transaction() as tx:
        devices.revoke(tx, SITE, till.welcome.device)
    assert "it is revoked" in in_words(salvage(store, till.sales))


def test_files_of_nobody_are_refused(store: Store, till: Careful, tmp_path: Path) -> None:
    for body in (b"", b"rubbish", b"\xff" * 100, b"\x00\x00\x00\x01\xc0"):
        (tmp_path / "x").write_bytes(body)
        with pytest.raises(NoSales):
            salvage(store, tmp_path / "x")
    seen = decoded(next(pieces(till.sales)).seen)
    assert seen is not None
    elsewhere = msgspec.structs.replace(seen, site="elsewhere")
    with pytest.raises(NotTheirs, match="not ours"):
        salvage(store, rewritten(till, seen=encoded(elsewhere)))
    stranger = msgspec.structs.replace(seen, device="edge-0")
    with pytest.raises((Unknown, Refused)):
        salvage(store, rewritten(till, seen=encoded(stranger)))


def test_a_journal_that_the_second_disk_has_overtaken_is_doubted_and_its_evidence_kept(
    till: Careful, tmp_path: Path
) -> None:
    """The disk is put back as it was: what was sold since stands on the second one alone."""
    till.stop()
    folder = Path(shutil.copytree(till.folder, tmp_path / "put-back"))
    with closing(apsw.Connection(str(folder / "state.db"))) as database:
        database.execute("DELETE FROM journal WHERE key > (SELECT max(key) FROM journal) - 2")
    before, journal = till.sales.read_bytes(), Journal(folder)
    try:
        assert "ends before record" in second.doubt(str(till.stick), journal)
        there = second.place(str(till.stick), till.notary, journal)
        assert there is not None
        there.start()
        there.committed((), ())
        there.stop()
        assert "ends before record" in there.cause
    finally:
        journal.close()
    assert till.sales.read_bytes() == before
