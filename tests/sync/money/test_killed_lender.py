"""Central killed at any step of a grant or a report: told money is there, and asked again it comes once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from edge.core.lease import Want
from sync.central import intake
from sync.central.accounting import ops
from sync.central.machines import lanes
from sync.central.machines.devices import Device
from sync.central.money import leases, ledger, placed
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.settling import takings
from sync.central.store import Store
from sync.wire import Ack
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.tills import PaperTill, a_till, a_wallet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(30)]
GRANT: tuple[tuple[ModuleType, str], ...] = (
    (leases, "placing"), (placed, "next_serial"), (placed, "add"), (leases, "post"), (leases, "wake_after"),
)  # fmt: skip
REPORT: tuple[tuple[ModuleType, str], ...] = (
    (lanes, "lock"), (intake, "insert_bearing"), (takings, "take"), (ledger, "post_all"), (placed, "put"),
    (ops, "put"), (lanes, "move"),
)  # fmt: skip
WHENS = ("before", "after")
LENT, SOLD = 5_000, 1_200


def named(steps: tuple[tuple[ModuleType, str], ...]) -> list[Any]:
    """Each step before and after it, and once all is durable and not yet said."""
    cases = [
        pytest.param(room, name, when, id=f"{when} {room.__name__.rpartition('.')[2]}.{name}")
        for room, name in steps
        for when in WHENS
    ]
    return [*cases, pytest.param(None, "", "after", id="between commit and answer")]


def killed(url: str, act: Callable[[Store], object], *, at: tuple[ModuleType | None, str, str]) -> None:
    """Let a central in a process of its own do something, and die at one step of it."""
    pid = os.fork()
    if pid == 0:
        try:
            store = Store(url, now_ms=Clockwork())
            _arm(*at)
            act(store)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def _arm(room: ModuleType | None, name: str, when: str) -> None:
    if room is None:
        return
    was = getattr(room, name)

    def dies(*args: object, **said: object) -> None:
        if when == "after":
            was(*args, **said)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(room, name, dies)


def books(store: Store) -> dict[str, int]:
    """Every account that holds anything; all of them sum to zero, and leases say what the ledger says."""
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        found = {one.account: one.minor for one in ledger.standings(tx, SITE) if one.minor}
        for row in placed.every(tx, SITE):
            assert found.get(f"lease:{row.id}", 0) == row.placed.counters.spendable
    return {name.partition(":")[0]: minor for name, minor in found.items()}


def a_park(url: str) -> tuple[Store, PaperTill]:
    """A wallet of 100.00 and a till that holds nothing of it."""
    store = Store(url, now_ms=Clockwork())
    a_wallet(store)
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0))
    return store, a_till(store)


def grants(device: Device) -> Callable[[Store], object]:
    """Set fifty euros aside for a till."""

    def act(store: Store) -> None:
        with store.transaction() as tx:
            leases.grant(tx, device, Want(wallet="w1", total=LENT))

    return act


@pytest.mark.parametrize(("room", "name", "when"), named(GRANT))
def test_a_kill_within_a_grant_sets_the_money_aside_once(
    url: str, room: ModuleType | None, name: str, when: str
) -> None:
    store, till = a_park(url)
    store.close()
    killed(url, grants(till.device), at=(room, name, when))
    again = Store(url, now_ms=Clockwork())
    whole = {"bank": -10_000, "wallet": 10_000 - LENT, "lease": LENT}
    none = {"bank": -10_000, "wallet": 10_000}
    assert books(again) == (whole if room is None else none)
    till.store = again
    till.want(LENT)
    assert (books(again), till.of().spendable) == (whole, LENT)
    again.close()


@pytest.mark.parametrize(("room", "name", "when"), named(REPORT))
def test_a_kill_within_a_report_books_each_sale_once(
    url: str, room: ModuleType | None, name: str, when: str
) -> None:
    store, till = a_park(url)
    till.want(LENT)
    till.sell("sale-a-1", SOLD)
    till.give_back(800)
    before = books(store)
    store.close()
    batch = till.journal.batch(1, 2, 1)
    killed(url, lambda store: intake.take(store, till.device, batch), at=(room, name, when))
    again = Store(url, now_ms=Clockwork())
    left = LENT - SOLD - 800
    whole = {"bank": -10_000, "wallet": 10_000 - LENT + 800, "lease": left, "sales": SOLD}
    assert books(again) == (whole if room is None else before)
    told = intake.take(again, till.device, batch)
    assert isinstance(told, Ack)
    assert (told.ack, books(again)) == (2, whole)
    again.close()
