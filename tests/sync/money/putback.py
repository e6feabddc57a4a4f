"""A central that is put back to where it was, with two tills that know what it has forgotten."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.core.events import Kind
from edge.run import backup_central
from sync.central import feed, reports
from sync.central.money import policy as policies
from sync.central.money import pots, restored
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.store import Store
from sync.lending import Unplaced
from sync.wire import Cursor, DeviceReport, Tip
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.test_passings import site_till
from tests.sync.money.tills import EUR, PaperTill, a_wallet

WHOLE = 10_000
BROAD = Policy(reserve_permille=0, lease_minor_max=WHOLE)


class Park:
    """Two tills and a guest with 100.00; its central can be put back to where it was."""

    def __init__(self, address: str, clock: Clockwork, copy: Callable[[], str]) -> None:
        self.clock, self._copy, self.address = clock, copy, address
        self.store = Store(address, now_ms=clock)
        a_wallet(self.store, guest="anna", minor=WHOLE)
        with self.store.transaction() as tx:
            policies.put_policy(tx, SITE, BROAD)
        self.one, self.other = site_till(self.store, "till-1"), site_till(self.store, "till-2")

    def back_up(self) -> None:
        """Copy central as it is now."""
        self.store.close()
        self._kept = self._copy()
        self.turn_to(self.address)

    def put_back(self) -> None:
        """Go on from that copy, as `polso restore` does."""
        self.store.close()
        backup_central.begin_anew(self._kept)
        self.turn_to(self._kept)
        self.address = self._kept

    def turn_to(self, address: str) -> None:
        self.store = Store(address, now_ms=self.clock)
        for till in (self.one, self.other):
            till.store = self.store

    def lend(self, till: PaperTill, total: int, wallet: str = "w1") -> None:
        """Set so much aside at a till, which writes that down."""
        told = till.want(total, wallet, lease=self._lease(till, wallet))
        assert isinstance(told, PlacedRow), told
        till.moved(till.of(wallet), Kind.LEASE_GRANTED)

    def speaks(self, till: PaperTill) -> None:
        """A till reports, having heard of this life of central, and sends its whole journal again."""
        self.reports(till)
        till.sent = 0
        if till.journal.lanes[1]:
            till.send()

    def reports(
        self,
        till: PaperTill,
        *,
        epoch: int | None = None,
        seq: int | None = None,
        frozen: str = "",
        acked: int = 0,
    ) -> None:
        """A till says where its lane of money ends."""
        now = self.life()
        lane = till.journal.lanes[1]
        end = len(lane) if seq is None else seq
        tips = (Tip(lane=1, seq=end, h=lane[end - 1].h),) if end else ()
        told = DeviceReport(
            device=till.device.id,
            boot="b1",
            tips=tips,
            urgent=Cursor(now if epoch is None else epoch, 0),
            frozen=frozen,
            acked=(0, acked),
        )
        reports.take(self.store, till.device, told)

    def life(self) -> int:
        """Return the epoch of the site's feed."""
        with self.store.reading() as tx:
            return feed.head(tx, SITE).epoch

    def goes_back(self) -> None:
        """Go on from that copy, and nobody says so: a snapshot of the machine was put back."""
        self.store.close()
        self.address = self._kept
        self.store = Store(self._kept, now_ms=self.clock)
        self.one.store = self.other.store = self.store

    def withheld(self, wallet: str = "w1") -> bool:
        with self.store.reading() as tx:
            return restored.is_withheld(tx, SITE, wallet)

    @staticmethod
    def _lease(till: PaperTill, wallet: str) -> str:
        return next((one.id for one in till.leases.values() if one.wallet == wallet), "")


@pytest.fixture
def park(empty_central: Path, tmp_path: Path, clock: Clockwork) -> Iterator[Park]:
    """On SQLite, where the kind of database makes no difference."""
    shutil.copy(empty_central, tmp_path / "own.db")
    made = Park(
        str(tmp_path / "own.db"), clock, lambda: str(shutil.copy(tmp_path / "own.db", tmp_path / "kept.db"))
    )
    yield made
    made.store.close()


def refused(till: PaperTill, total: int, wallet: str = "w1", **said: str) -> str:
    told = till.want(total, wallet, **said)
    assert isinstance(told, Unplaced), told
    return told.why


def a_payment(store: Store, minor: int, wallet: str = "w1") -> None:
    with store.transaction() as tx:
        pots.top_up(tx, SITE, f"charge:more-{wallet}", wallet=wallet, paid=("bank", minor, EUR))
