"""A till put back from a backup, or copied: it is frozen, other tills sell on, and central settles it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import wall_ms
from edge.core.decision import Reason
from edge.core.money import tax_within
from edge.payviews import BasketState
from edge.service.payments import chest
from sync.central.machines import devices
from sync.central.money import placed, pots
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.money.rising import STEP_MS_MAX
from sync.central.settling.doubts import sweep
from sync.central.store import Store
from sync.client import Cable
from tests.sync.ends import served, until
from tests.sync.money.shop import SITE, UID, Shop, a_guest, a_shop, a_site, worth

pytestmark = pytest.mark.timeout(40)
FUNDS = 20_000


class Time:
    """Central's clock, which a test can let run ahead."""

    ahead_ms = 0

    def __call__(self) -> int:
        """Return UTC in milliseconds."""
        return wall_ms() + self.ahead_ms


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path, time: Time) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=time)
    yield opened
    opened.close()


class Park:
    """Central, the till that is copied, and another one beside it."""

    def __init__(self, store: Store, folder: Path, url: str, stack: ExitStack) -> None:
        self.store, self.folder, self.url, self._stack = store, folder, url, stack
        self.till = stack.enter_context(a_shop(store, folder / "till", url))
        self.other = stack.enter_context(a_shop(store, folder / "other", url))
        for shop in (self.till, self.other):
            known(shop)
            funded(shop)

    def again(self, folder: Path) -> Shop:
        """The same device started from a folder after the machine was restarted: nothing proves it yet."""
        shop = replace(self.till, folder=folder, proven=False, boot="boot-2", cable=Cable())
        shop.start(sync=False)
        self._stack.callback(shop.stop)
        known(shop)
        return shop


def restarted(shop: Shop) -> None:
    """Start it again over its own folder: a stop has pulled its cable."""
    shop.cable = Cable()
    shop.start()
    known(shop)


def known(shop: Shop) -> None:
    until(lambda: shop.profiles.get(shop.vault.band_id(UID)) is not None)


def funded(shop: Shop) -> None:
    """Let the guest come, until central has set something aside here."""
    shop.service.present(shop.tap("r-till"))
    until(shop.ready)


@pytest.fixture
def park(store: Store, tmp_path: Path) -> Iterator[Park]:
    a_site(store)
    a_guest(store, minor=FUNDS)
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0, edge_ttl_s=600, write_off_s=0))
    with served(store) as url, ExitStack() as stack:
        yield Park(store, tmp_path, url, stack)


def backup(park: Park) -> Path:
    """Copy the till's folder after a clean stop, sell on with the original, tell central, stop."""
    till = park.till
    until(till.drained)
    till.stop()
    copy = Path(shutil.copytree(till.folder, park.folder / "backup"))
    restarted(till)
    assert till.sells("op-after-backup-1").state is BasketState.APPROVED
    assert till.sells("op-after-backup-2").state is BasketState.APPROVED
    till.client.kick()
    until(till.drained)
    return copy


def lease_of(park: Park) -> placed.PlacedRow:
    """The till's lease as central has it."""
    with park.store.reading() as tx:
        rows = placed.of_device(tx, SITE, park.till.welcome.device)
        found = [one for one in rows if one.placed.kind == "money"]
        return found[0]


def settled_by_central(park: Park, time: Time) -> placed.PlacedRow:
    """Let the till's time run out at central, and the operator's patience with it."""
    for _ in range(15):
        time.ahead_ms += STEP_MS_MAX
        with park.store.transaction() as tx:
            sweep(tx, SITE)
        if lease_of(park).placed.state == "written_off":
            break
    return lease_of(park)


def test_a_restored_backup_sells_nothing_is_found_out_and_other_tills_sell_on(park: Park, time: Time) -> None:
    copy = backup(park)
    free = worth(park.store, "wallet:w1")
    park.till.stop()
    restored = park.again(copy)
    assert restored.sells("op-restored-1").reason is Reason.LEASE_FROZEN
    restored.client.start()
    until(lambda: restored.client.health().frozen, 8)
    assert not restored.proven
    until(lambda: restored.sequencer.frozen)
    with park.store.reading() as tx:
        assert devices.device(tx, SITE, restored.welcome.device).alarm
    assert park.other.sells("op-other-1").state is BasketState.APPROVED
    assert worth(park.store, "wallet:w1") == free, "what it held stays set aside"
    restored.client.stop()
    row = settled_by_central(park, time)
    assert row.placed.counters.spent == 1_200, "all that it had told before"
    assert row.loss == row.placed.counters.spendable


def test_only_a_new_enrolment_is_lent_to_again_and_the_old_lease_is_never_lent_twice(
    park: Park, time: Time, tmp_path: Path
) -> None:
    copy = backup(park)
    held = lease_of(park).placed.counters.spendable
    park.till.stop()
    restored = park.again(copy)
    restored.client.start()
    until(lambda: restored.client.health().frozen, 8)
    restored.client.stop()
    with a_shop(park.store, tmp_path / "anew", park.url) as anew:
        known(anew)
        funded(anew)
        with park.store.reading() as tx:
            rows = placed.of_wallet(tx, SITE, "w1", kind="money")
            out = sum(one.placed.set_aside for one in rows)
            free = pots.free_of(tx, SITE, "w1", currency="EUR")
        assert held in [one.placed.counters.spendable for one in rows]
        assert (out + free, free >= 0) == (FUNDS, True), "nothing is lent twice"
        assert anew.sells("op-anew-1").state is BasketState.APPROVED


def test_a_cloned_disk_is_frozen_with_its_original_and_no_sale_of_either_is_booked_twice(park: Park) -> None:
    till = park.till
    until(till.drained)
    till.stop()
    copy = Path(shutil.copytree(till.folder, park.folder / "clone"))
    restarted(till)
    clone = park.again(copy)
    assert clone.sells("op-clone-1").reason is Reason.LEASE_FROZEN, "nothing proves the copy"
    assert till.sells("op-original-1").state is BasketState.APPROVED
    till.client.kick()
    until(till.drained)
    clone.client.start()
    until(lambda: clone.client.health().frozen, 8)
    until(lambda: clone.sequencer.frozen)
    with park.store.reading() as tx:
        assert "another event" in devices.device(tx, SITE, till.welcome.device).alarm
    assert park.other.sells("op-other-1").state is BasketState.APPROVED
    assert worth(park.store, f"sales:{till.welcome.device}") == 600 - tax_within(600, 100)
    assert lease_of(park).placed.counters.spent == 600


def test_the_control_a_copy_that_is_believed_at_its_start_sells_the_same_money_again(park: Park) -> None:
    """Without the proof at the start, what the original sold is sold once more."""
    copy = backup(park)
    park.till.stop()
    restored = park.again(copy)
    restored.proven = True
    assert restored.sells("op-restored-1").state is BasketState.APPROVED
    here = restored.sequencer.submit(lambda tx: chest.lease_by(tx, lease_of(park).id))
    assert here is not None
    assert here.counters.spent < lease_of(park).placed.counters.spent, "it has forgotten two sales"
