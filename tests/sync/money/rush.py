"""A central at full work: sellers, a gate, the console, a provider and its own rounds, each on a thread."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import msgspec

from edge.core.bands import BandState, Presented
from edge.core.decision import Act, Decision, Outcome, Reason, WhatNext
from edge.core.events import Acted, Decided, Kind
from edge.core.lease import Want
from edge.core.money import Money
from edge.errors import Refused, StoreError
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import intake
from sync.central.imports import wallet_list
from sync.central.money import topups
from sync.central.money.blocks import set_block
from sync.central.money.rising import STEP_MS_MAX
from sync.central.planning import ahead, asking, plans
from sync.central.psp import charges, mandates, refunds, returns, wants
from sync.central.psp.judgement import Charge, Purpose
from sync.central.psp.mandates import Limits, Mandate
from sync.central.psp.port import Answer
from sync.central.psp.port import Outcome as Said
from sync.central.psp.refunds import Refund
from sync.central.psp.saga import Saga
from sync.central.registry.turn import take_turn
from sync.central.settling import payouts
from sync.central.settling.doubts import sweep
from sync.central.settling.sepa import Account
from sync.central.store import Store
from sync.lending import LeaseAsk, Presence
from sync.wire import Ack
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.money.tills import EUR, PaperTill, a_till

SEED = int(os.environ.get("POLSO_SEED", "20261128"))
ROUNDS = 25
WALLETS = [f"w{number}" for number in range(8)]
SEALS = Vault(bytes(32), new_ring())


@dataclass
class Floor:
    """Two workers of one central, and what went wrong while all were at it."""

    stores: list[Store]
    clock: Clockwork
    undone: list[str] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)
    sold: list[tuple[str, int]] = field(default_factory=list)

    def together(self, *acts: Callable[[random.Random, int], None]) -> None:
        """Let all begin at once and do their rounds; what the database undid is noted."""
        start = threading.Barrier(len(acts))
        threads = [
            threading.Thread(target=self._rounds, args=(act, SEED + number, start))
            for number, act in enumerate(acts)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.broken == []

    def _rounds(self, act: Callable[[random.Random, int], None], seed: int, start: threading.Barrier) -> None:
        chance = random.Random(seed)  # noqa: S311  # a seeded plan, no secret
        start.wait()
        for number in range(ROUNDS):
            try:
                act(chance, number)
            except Refused:
                continue
            except StoreError as error:
                self.undone.append(str(error))
            except BaseException as error:  # told by the test's own thread
                self.broken.append(error)
                return


def band_of(number: int) -> bytes:
    """The band of the n-th guest."""
    return bytes([number + 1]) * 16


@dataclass
class Seller:
    """A device that asks for several wallets at once, sells, and refunds what the other one sold."""

    floor: Floor
    till: PaperTill

    def __call__(self, chance: random.Random, number: int) -> None:
        """One round."""
        some = chance.sample(WALLETS, 3)
        asked = tuple(Want(wallet=one, total=chance.randint(500, 20_000)) for one in some)
        left = tuple(Presence(wallet=one, left=True) for one in chance.sample(WALLETS, 2))
        caller: Any = SimpleNamespace(device=self.till.device, enter=lambda tx: None)
        ask = LeaseAsk(wants=asked, presences=left if number % 3 == 0 else ())
        told = asking.answer(self.till.store, caller, ask, wait_s=0)
        for grant in told.grants:
            self.till.take(grant)
        for wallet in some:
            self._sell(f"sale-{self.till.device.name}-{number}-{wallet}", chance.randint(1, 300), wallet)
        for close in told.closes:
            if close.lease in self.till.leases:
                self.till.close(close)
                del self.till.leases[close.lease]
        state = Acted(state=int(BandState.ACTIVE), amount=number)
        self.till.write(Kind.BAND_STATE, state, band=band_of(number % len(WALLETS)))
        if self.floor.sold:
            op_id, minor = chance.choice(self.floor.sold)
            self.till.refund(f"refund-{self.till.device.name}-{number}", op_id, minor)
        self._send()

    def _sell(self, op_id: str, minor: int, wallet: str) -> None:
        held = [one for one in self.till.leases.values() if one.wallet == wallet]
        if held and self.till.sell(op_id, minor, wallet):
            self.floor.sold.append((op_id, minor))

    def _send(self) -> None:
        """As a device does: the same batch again until it is acknowledged."""
        while True:
            try:
                self.till.send()
                return
            except StoreError as error:
                self.floor.undone.append(str(error))


def passed(reason: Reason) -> bytes:
    """What a gate says of a band that it let through."""
    decision = Decision(
        outcome=Outcome.GRANTED, reason=reason, next=WhatNext(act=Act.SEE_STAFF), point="gate", direction="in"
    )
    presented = Presented(tap_id="t", reader="r", band=None)
    return msgspec.msgpack.encode(Decided(decision=decision, presented=presented, now_ms=NOW_MS))


@dataclass
class Gate:
    """A device at which whole families come and go."""

    till: PaperTill

    def __call__(self, chance: random.Random, number: int) -> None:
        """Several bands through the gate, told in one batch."""
        rows = self.till.journal.lanes[0]
        first = len(rows) + 1
        for one in chance.sample(range(len(WALLETS)), 4):
            reason = chance.choice([Reason.ENTERED, Reason.EXITED])
            self.till.journal.append(0, passed(reason), kind=int(Kind.DECIDED), band=band_of(one))
        batch = self.till.journal.batch(first, len(rows), 0)
        for _ in range(5):
            try:
                assert isinstance(intake.take(self.till.store, self.till.device, batch), Ack)
                return
            except StoreError as error:
                problem = error
        raise problem


def console(store: Store, chance: random.Random, number: int) -> None:
    """An operator blocks, lets go, tops up and pays out."""
    wallet = chance.choice(WALLETS)
    with store.transaction() as tx:
        take_turn(tx, SITE)
        set_block(tx, SITE, wallet, blocked=True, reason="lost")
    with store.transaction() as tx:
        take_turn(tx, SITE)
        set_block(tx, SITE, wallet, blocked=False)
    with store.transaction() as tx:
        take_turn(tx, SITE)
        wanted = topups.TopUp(
            id="", wallet=wallet, minor=500, source="bank", why="gift", state="", asked_by="anna", asked_ms=0
        )
        made = topups.ask(tx, SITE, wanted)
    with store.transaction() as tx:
        take_turn(tx, SITE)
        topups.rule(tx, SITE, made.id, by="piero", given=True)
    if number % 5 == 0:
        some = chance.sample(WALLETS[:6], 4)
        limits = "".join(f"{one},EUR,{chance.randint(50, 90)}.00\n" for one in some)
        with store.transaction() as tx:
            take_turn(tx, SITE)
            done = wallet_list.load(tx, SITE, f"wallet,currency,wallet_tap_max\n{limits}", who="anna")
            assert done.wrong == (), done
    if number % 10 == 9:
        with store.transaction() as tx:
            take_turn(tx, SITE)
            payouts.begin(
                tx, SITE, chance.choice(WALLETS[6:]), to=Account("Anna", "DE89370400440532013000", "")
            )
            payouts.close_batch(tx, SITE)


def provider(saga: Saga, store: Store, chance: random.Random, number: int) -> None:
    """A wallet is charged, looked at, and given something back by two operators."""
    wallet = chance.choice(WALLETS)
    mandate, made = f"m-{wallet}-{number}", charges.new_id()
    with store.transaction() as tx:
        limits = Limits(10_000, 20_000, 50_000)
        stored = Mandate(id=mandate, wallet=wallet, guest="g0", psp="stripe", limits=limits)
        mandates.add(tx, SITE, stored, seals=SEALS)
        due = Charge(id=made, mandate=mandate, wallet=wallet, purpose=Purpose.TOP_UP, money=Money(700, EUR))
        if not charges.add(tx, SITE, due):
            return  # its last one is still open
    saga.settle(SITE, made, Said(answer=Answer.PAID, reference="p"))
    with store.transaction() as tx:
        wants.look(tx, SITE, [wallet])
    back = Refund(id=refunds.new_id(), charge=made, money=Money(300, EUR), note="cold", asked_by="olga")
    with store.transaction() as tx:
        take_turn(tx, SITE)
        returns.wish(tx, SITE, back)


def rounds(floor: Floor, store: Store, chance: random.Random, number: int) -> None:
    """Central's own looks: time rises, leases are doubted and given up, money is set aside ahead."""
    floor.clock.ms += STEP_MS_MAX
    with store.transaction() as tx:
        sweep(tx, SITE)
    ahead.look(store, SITE)


def everybody(floor: Floor) -> None:
    """Let sellers, a gate, the console, a provider and central's own rounds all be at it."""
    here, there = floor.stores
    first, second, gate = (a_till(here, "till-a"), a_till(there, "till-b"), a_till(there, "gate"))
    with here.transaction() as tx:
        plans.asked(tx, first.device)
        plans.asked(tx, second.device)
    nobody: Any = SimpleNamespace(name="stripe")
    floor.together(
        Seller(floor, first),
        Seller(floor, second),
        Gate(gate),
        partial(console, here),
        partial(provider, Saga(there, nobody, SEALS), there),
        partial(rounds, floor, here),
        partial(rounds, floor, there),
    )
