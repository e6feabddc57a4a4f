"""A request for leases that is held open is answered when there is money, and not by a clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec
import pytest

from edge.core.lease import Want
from sync.central.app import create_app
from sync.central.machines import devices
from sync.central.money import leases, placed, pots, topups
from sync.central.money.placed import of_wallet
from sync.central.planning import plans
from sync.central.settings import Settings
from sync.central.store import Store
from sync.lending import LeaseAnswer, LeaseAsk
from sync.routes import LEASES
from sync.wire import Problem
from tests.sync.builders import SITE
from tests.sync.caller import Caller
from tests.sync.ends import until
from tests.sync.money.tills import EUR, a_wallet

WAIT_S = 20
WOKEN_S_MAX = 5
"""Far below the wait: whoever needs a clock to be woken takes all of it."""


@pytest.fixture
def caller(small_store: Store) -> Caller:
    """A device that may ask for leases of a wallet in which there is nothing yet."""
    a_wallet(small_store, minor=0)
    app = create_app(small_store, Settings(public_url="http://localhost"))
    return Caller(app.test_client(), small_store)  # not as a context: several threads ask through it


class Asked:
    """One request on its way, on a thread of its own."""

    def __init__(self, caller: Caller, *wants: Want, wait_s: int = WAIT_S) -> None:
        self.caller = caller
        self.told: tuple[int, str, bytes] | None = None
        self._ask = LeaseAsk(wants=wants, wait_s=wait_s)
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        path = LEASES.replace("{device}", self.caller.device.id)
        self.told = self.caller.post(path, self._ask)

    def is_held(self, seen: Callable[[], object]) -> bool:
        """Wait until central has taken the question; say whether it is still unanswered."""
        until(seen)
        return self.told is None

    def answer(self) -> LeaseAnswer:
        """What came in the end, in time."""
        self._thread.join(WAIT_S)
        assert self.told is not None
        assert time.monotonic() - self._began < WOKEN_S_MAX
        assert self.told[0] == 200, self.told
        return msgspec.msgpack.decode(self.told[2], type=LeaseAnswer)


def asks(store: Store) -> bool:
    """Whether a device was noted as one that sells: the first thing that its question leaves behind."""
    with store.reading() as tx:
        return bool(plans.sellers(tx, SITE))


def topped_up(store: Store, minor: int = 3_000) -> None:
    with store.transaction() as tx:
        pots.top_up(tx, SITE, f"charge:{minor}", wallet="w1", paid=("bank", minor, EUR))


def test_a_want_without_money_is_answered_the_moment_money_comes(caller: Caller) -> None:
    asked = Asked(caller, Want(wallet="w1", total=2_000, why="basket"))
    assert asked.is_held(lambda: asks(caller.store))
    topped_up(caller.store)
    told = asked.answer()
    assert ([grant.total for grant in told.grants], told.unplaced) == ([2_000], ())


def test_two_operators_who_top_up_by_hand_wake_it_too(caller: Caller) -> None:
    asked = Asked(caller, Want(wallet="w1", total=500, why="basket"))
    assert asked.is_held(lambda: asks(caller.store))
    wanted = topups.TopUp(
        id="", wallet="w1", minor=900, source="office", why="gift", state="", asked_by="anna", asked_ms=0
    )
    with caller.store.transaction() as tx:
        made = topups.ask(tx, SITE, wanted)
    with caller.store.transaction() as tx:
        topups.rule(tx, SITE, made.id, by="piero", given=True)
    assert [grant.total for grant in asked.answer().grants] == [500]


def test_what_is_set_aside_unasked_reaches_a_device_that_waits(caller: Caller) -> None:
    topped_up(caller.store)
    asked = Asked(caller)
    assert asked.is_held(lambda: asks(caller.store))
    with caller.store.transaction() as tx:
        leases.grant(tx, caller.device, Want(wallet="w1", total=700))
    assert [grant.total for grant in asked.answer().grants] == [700]


def test_what_is_wanted_back_reaches_it_as_well(caller: Caller) -> None:
    topped_up(caller.store)
    with caller.store.transaction() as tx:
        granted = leases.grant(tx, caller.device, Want(wallet="w1", total=700))
    assert isinstance(granted, placed.PlacedRow)
    path = LEASES.replace("{device}", caller.device.id)
    first = msgspec.msgpack.decode(caller.post(path, LeaseAsk())[2], type=LeaseAnswer)
    waiting = LeaseAsk(after=first.to, wait_s=WAIT_S)
    told: list[LeaseAnswer] = []
    began = time.monotonic()
    thread = threading.Thread(
        target=lambda: told.append(msgspec.msgpack.decode(caller.post(path, waiting)[2], type=LeaseAnswer))
    )
    thread.start()
    with caller.store.transaction() as tx:
        leases.ask_back_wallet(tx, SITE, "w1", why="elsewhere")
    thread.join()
    assert [close.lease for close in told[0].closes] == [granted.id]
    assert time.monotonic() - began < WOKEN_S_MAX


@pytest.mark.parametrize("wallet", ["nobody", "w1"])
def test_what_no_money_would_help_is_answered_at_once(caller: Caller, wallet: str) -> None:
    kind = "money" if wallet == "nobody" else "risk"
    told = Asked(caller, Want(wallet=wallet, kind=kind, total=2_000)).answer()
    assert [one.wallet for one in told.unplaced] == [wallet]


def test_a_device_that_was_dismissed_while_it_waits_gets_nothing_of_what_comes(caller: Caller) -> None:
    asked = Asked(caller, Want(wallet="w1", total=2_000, why="basket"))
    assert asked.is_held(lambda: asks(caller.store))
    with caller.store.transaction() as tx:
        devices.revoke(tx, SITE, caller.device.id)
        pots.top_up(tx, SITE, "charge:late", wallet="w1", paid=("bank", 3_000, EUR))
    until(lambda: asked.told)
    assert asked.told is not None
    assert Caller.problem(asked.told) is Problem.REVOKED
    with caller.store.reading() as tx:
        assert of_wallet(tx, SITE, "w1") == ()
