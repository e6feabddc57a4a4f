"""Tills of one site with a real etcd and no internet: what lies at one is paid with at another, once."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.lease import Lease, LeaseState, passing_in
from edge.core.payment import LeasePassed, LeaseTaken
from edge.payviews import BasketState, BasketView
from edge.run.bench.nodes import COUNT, Nodes
from edge.service.agreeing import WAIT_MS_MAX
from edge.service.payments import chest, passing
from edge.signature import sign_passing
from sync.site.gateway import Gateway
from sync.site.purse import HOME_MS, Asking
from tests.builders import a_layout
from tests.faults.gates import Gate, a_book, acquainted, eventually, gates, three_nodes
from tests.faults.proxy import Faults, between
from tests.service.purses import TILL, WALLET, a_grant, a_guest, cashier, left, money_events, rung_up, tapped

pytestmark = [pytest.mark.real("etcd"), pytest.mark.timeout(240)]
SLOW_S = 2.0
"""What a tap may take beyond its budget on a machine that others use too; a call that hangs takes more."""
TRIES = 10
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with three_nodes(tmp_path_factory.mktemp("etcd") / "nodes") as running:
        yield running


@contextmanager
def tills(folder: Path, nodes: Nodes, *minors: int) -> Iterator[list[Gate]]:
    """Tills at which so much of one guest's money lies; nobody reaches central."""
    book = a_book(nodes.urls)
    for pair in book.all(0, book.keys.wants())[0]:
        book.drop(pair)
    with gates(folder, nodes.urls, layout=a_layout(), count=len(minors)) as made:
        for till, minor in zip(made, minors, strict=True):
            a_guest(till)
            if minor:
                lent(till, minor)
        yield made


def lent(till: Gate, minor: int) -> None:
    grant = a_grant(minor, lease=f"lease-{till.device}", device=till.device)
    asked = till.clock.monotonic_ms()
    till.sequencer.submit(lambda tx: chest.take(tx, grant, asked_ms=asked, device=till.device, incarnation=1))


def paid(till: Gate) -> BasketView:
    """The guest pays a soup of 6.00 here, or tries to; one that was not paid yet is tried again."""
    stands = till.service.basket(TILL)
    if stands.state in (BasketState.SHORT, BasketState.DECLINED):
        till.service.await_band(cashier(till), TILL, stands.op_id)
    else:
        rung_up(till, op_id=f"op-{till.device}-{next(NUMBERS):08}")
    return tapped(till, tap_id=f"tap-{next(NUMBERS)}", counter=None)


def paid_soon(till: Gate) -> BasketView:
    """The same until it is paid: on a machine that others use too, what was asked may come after the tap."""
    for _ in range(TRIES):
        if (view := paid(till)).state is BasketState.APPROVED:
            return view
        eventually(lambda: not till.member._purse._loose)
    raise AssertionError(f"still {view.state} after {TRIES} taps")


def passed(till: Gate) -> list[Any]:
    return [
        msgspec.msgpack.decode(one.body, type=LeasePassed) for one in money_events(till, Kind.LEASE_PASSED)
    ]


def taken(till: Gate) -> list[Any]:
    return [msgspec.msgpack.decode(one.body, type=LeaseTaken) for one in money_events(till, Kind.LEASE_TAKEN)]


def outstanding(till: Gate) -> int:
    return len(till.sequencer.submit(passing.outstanding))


def test_a_guest_pays_here_with_what_lies_at_the_next_till(tmp_path: Path, nodes: Nodes) -> None:
    with tills(tmp_path, nodes, 2_000, 0) as [there, here]:
        paid_soon(here)
        assert (left(there), left(here)) == (1_400, 0)
        [gave], [took] = passed(there), taken(here)
        assert (gave.passing, took.passing) == (took.passing, gave.passing)
        assert passing_in(gave.passing).grant.total == 600, "no more than was lacking leaves its place"
        assert paid(there).state is BasketState.APPROVED
        eventually(lambda: not outstanding(there))
        eventually(lambda: not a_book(nodes.urls).all(0, a_book(nodes.urls).keys.wants())[0])


def test_what_two_tills_hold_between_them_is_not_spent_twice_by_two_at_once(
    tmp_path: Path, nodes: Nodes
) -> None:
    """Three tills at one wallet of five soups, all at the same moments: five are sold."""
    with tills(tmp_path, nodes, 1_800, 1_200, 0) as made:
        told: list[BasketView] = []
        begin = threading.Barrier(len(made))

        def lane(till: Gate) -> None:
            for _ in range(3):
                begin.wait()
                told.append(paid(till))

        threads = [threading.Thread(target=lane, args=(till,)) for till in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        greens = sum(view.state is BasketState.APPROVED for view in told)
        made[0].hands.forward(ms=HOME_MS)
        eventually(lambda: not any(outstanding(till) or till.member._purse._loose for till in made))
        assert greens * 600 + sum(left(till) for till in made) == 3_000
        for _ in range(TRIES):  # what came too late for a tap lies at one of them now
            if greens < 5:
                greens += sum(paid(till).state is BasketState.APPROVED for till in made)
                eventually(lambda: not any(till.member._purse._loose for till in made))
        assert (greens, sum(left(till) for till in made)) == (5, 0)


def test_cut_off_from_the_site_a_till_keeps_to_its_own(tmp_path: Path, nodes: Nodes) -> None:
    with tills(tmp_path, nodes, 2_000, 600) as [there, here]:
        here.cable.pull()
        eventually(lambda: not here.member.in_touch())
        assert paid(here).state is BasketState.APPROVED
        short = paid(here)
        assert (short.state, short.reason) == (
            BasketState.SHORT, Reason.INSUFFICIENT_HERE,
        )  # fmt: skip
        assert left(there) == 2_000
        here.cable.plug()
        eventually(here.member.in_touch)
        paid_soon(here)


def test_a_till_whose_packets_vanish_keeps_to_its_own_within_its_time_and_finds_back(
    tmp_path: Path, nodes: Nodes
) -> None:
    """A partition: nothing is refused and nothing answers; what was asked is settled once it is healed."""
    faults = Faults()
    with ExitStack() as ways, tills(tmp_path, nodes, 2_000) as [there]:
        between_all = [ways.enter_context(between(url, faults)) for url in nodes.urls]
        here = Gate(tmp_path / "edge-2", there.hands, device="edge-2", nodes=between_all)
        ways.callback(here.close)
        here.tell(layout=msgspec.structs.replace(a_layout(), version=2))
        acquainted(here, "edge-1", "edge-2")
        a_guest(here)
        here.open()
        faults.blackhole = True
        began = time.monotonic()
        view = paid(here)
        assert time.monotonic() - began < WAIT_MS_MAX / 1_000 + SLOW_S
        assert (view.state, view.reason) == (BasketState.SHORT, Reason.INSUFFICIENT_HERE)
        assert paid(there).state is BasketState.APPROVED, "who is on the other side goes on"
        eventually(lambda: not here.member.in_touch())
        faults.blackhole = False
        eventually(here.member.in_touch)
        paid_soon(here)
        eventually(lambda: not (outstanding(there) or here.member._purse._loose))
        assert left(there) + left(here) == 2_000 - 2 * 600


def test_an_offer_that_no_sibling_signed_pays_nothing(
    tmp_path: Path, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reaches the nodes writes there what they like: here a part that the giver never wrote down."""
    with tills(tmp_path, nodes, 2_000, 0) as [there, here]:
        monkeypatch.setattr(passing, "sign_passing", lambda key, said: sign_passing(b"x" * 32, said))
        assert paid(here).state is BasketState.SHORT
        assert (len(passed(there)), taken(here)) == (1, [])
        there.hands.forward(ms=HOME_MS)
        eventually(lambda: not outstanding(there))
        assert (left(there), left(here)) == (2_000, 0)


def test_what_was_offered_and_nobody_took_comes_home(
    tmp_path: Path, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tills(tmp_path, nodes, 2_000, 0) as [there, here]:
        deaf(here, monkeypatch)
        paid(here)
        eventually(lambda: passed(there))
        there.hands.forward(ms=HOME_MS)
        eventually(lambda: not outstanding(there))
        assert (left(there), left(here)) == (2_000, 0)
        assert paid(there).state is BasketState.APPROVED


def deaf(till: Gate, patch: pytest.MonkeyPatch) -> None:
    """The till asks, and never looks at the book again: as if it were killed while it waited."""
    patch.setattr(till.member._purse, "heard", lambda told: None)
    patch.setattr(till.member._purse, "settle", lambda: None)


def test_a_till_that_was_killed_once_it_had_taken_a_part_sends_it_back(
    tmp_path: Path, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No clock tells how long it was away: nothing of it is spent here, and none of it is lost."""
    with tills(tmp_path, nodes, 2_000, 0) as [there, here]:
        killed_before_commit(here, monkeypatch)
        for _ in range(TRIES):  # a busy machine may answer after the tap
            assert paid(here).state is not BasketState.APPROVED
            if has_taken(nodes, here):
                break
        here.close()
        again = Gate(here.folder, here.hands, device=here.device, nodes=nodes.urls)
        try:
            again.open()
            eventually(lambda: taken(again))
            [lease] = closed(again)
            assert (lease.counters.granted, lease.counters.returned) == (600, 600)
            there.hands.forward(ms=HOME_MS)
            eventually(lambda: not outstanding(there))
            assert left(there) == 1_400
        finally:
            again.close()


def has_taken(nodes: Nodes, till: Gate) -> bool:
    """Whether the book says that a part is this till's."""
    book = a_book(nodes.urls)
    found = [msgspec.msgpack.decode(pair.value, type=Asking) for pair in book.all(0, book.keys.wants())[0]]
    return any(one.taken_by == till.device for one in found)


def killed_before_commit(till: Gate, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(till.member._purse, "_open", lambda key, stand: False)
    patch.setattr(till.member._purse, "settle", lambda: None)


def closed(till: Gate) -> list[Lease]:
    found = till.sequencer.submit(lambda tx: chest.leases_of(tx, WALLET))
    return [one for one in found if one.state is LeaseState.CLOSED]


def test_a_till_whose_journal_may_be_an_old_one_neither_gives_nor_takes(tmp_path: Path, nodes: Nodes) -> None:
    with tills(tmp_path, nodes, 2_000, 0) as [there, here]:
        there.current = False
        assert paid(here).state is BasketState.SHORT
        assert passed(there) == []
        there.current, here.current = True, False
        assert paid(here).state is not BasketState.APPROVED
        assert passed(there) == []


def test_with_a_book_that_lost_all_what_was_offered_waits_for_central(
    tmp_path: Path, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It strands no more than was on its way, and comes to nobody a second time."""
    with tills(tmp_path, nodes, 2_000, 0) as [there, here]:
        deaf(here, monkeypatch)
        paid(here)
        eventually(lambda: passed(there))
        other_book(there, monkeypatch)
        there.hands.forward(ms=HOME_MS)
        eventually(lambda: not outstanding(there))
        assert (left(there), taken(there)) == (1_400, [])


def other_book(till: Gate, patch: pytest.MonkeyPatch) -> None:
    register = till.member._purse._register
    read = register.read
    patch.setattr(register, "read", lambda key, wait_s: read(key, wait_s)._replace(pair=None, book="new"))


def test_nodes_set_up_anew_in_the_old_ones_place_bring_no_part_home_that_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have the old cluster's id again, and not one of its keys: only the book's name tells."""
    with three_nodes(tmp_path / "etcd") as own, tills(tmp_path, own, 2_000, 0) as [there, here]:
        look = blind(there, monkeypatch)
        paid_soon(here)
        kept = left(there)
        assert outstanding(there)
        for number in list(own.processes):
            own.kill(number)
            shutil.rmtree(tmp_path / "etcd" / f"node-{number}")
        for number in range(COUNT):
            own.start(number)
        own.await_leader()
        there.hands.forward(ms=HOME_MS)
        look()
        eventually(lambda: not outstanding(there))
        assert (left(there), taken(there)) == (kept, []), "it is spent there"


def put_back(nodes: Nodes, folder: Path, copy: Path) -> None:
    """Have all nodes go on from a copy of their disks, or first make one."""
    for number in list(nodes.processes):
        nodes.kill(number)
    for number in range(COUNT):
        kept, node = copy / f"node-{number}", folder / f"node-{number}"
        if kept.exists():
            shutil.rmtree(node)
            shutil.copytree(kept, node)
        else:
            shutil.copytree(node, kept)
        nodes.start(number)
    nodes.await_leader()


@pytest.mark.parametrize("believed", [False, True], ids=["told by its revision", "control: believed"])
def test_nodes_put_back_to_an_older_copy_of_their_disks_bring_no_part_home_that_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, believed: bool
) -> None:
    """Their book has its old name, and offers what was long taken and spent: only its revision tells."""
    if believed:
        monkeypatch.setattr(Gateway, "_believed", lambda self, before, said, *, anew: said)
    with three_nodes(tmp_path / "etcd") as own, tills(tmp_path, own, 2_000, 0) as [there, here]:
        look = blind(there, monkeypatch)
        with monkeypatch.context() as patch:
            deaf(here, patch)
            paid(here)
            eventually(lambda: passed(there))
            put_back(own, tmp_path / "etcd", tmp_path / "copy")
        paid_soon(here)
        kept = left(there)
        eventually(lambda: there.member._book.stands() >= here.member._book.stands() or believed)
        put_back(own, tmp_path / "etcd", tmp_path / "copy")
        eventually(lambda: there.member.in_touch() and (believed or bool(there.service.alarms())))
        there.hands.forward(ms=HOME_MS)
        look()
        eventually(lambda: not outstanding(there))
        assert left(there) == kept + (600 if believed else 0), "what was spent there is nobody's here"


def blind(till: Gate, patch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The till looks at nothing that it passed on until it is told to."""
    settle = till.member._purse.settle
    patch.setattr(till.member._purse, "settle", lambda: None)
    return lambda: patch.setattr(till.member._purse, "settle", settle)
