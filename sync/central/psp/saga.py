"""The saga: intent, call, outcome and posting of each charge and refund, by any worker, after any crash."""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgspec

from edge.errors import PolsoError, Unknown
from sync.central.psp import books, charges, mandates, refunds, statement, wants
from sync.central.psp.declines import EXPIRED
from sync.central.psp.judgement import Charge, State, judge
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.port import Answer, Credential, Notice, Order, Outcome, Psp, Return, Subject
from sync.central.psp.refunds import Refund
from sync.central.psp.refunds import State as Refunding
from sync.central.psp.standing import tell_wallet
from sync.central.psp.tending import Tending
from sync.central.registry.turn import take_turn
from sync.central.sites import sites
from sync.central.store import Connection, Seals, Store, wake_after

OVERLAP_MS = 10_000
"""A posting bears the moment at which its transaction began: later ones may have ended before."""
SWEEP_MS = 60_000
"""How often every wallet is looked at, whatever was missed."""
BATCH_MAX = 32
"""Charges that one look takes on; the next look takes the rest."""
LOG = logging.getLogger("polso.psp")
NOES = (Answer.DECLINED_SOFT, Answer.DECLINED_HARD, Answer.GUEST_NEEDED)


class Call(NamedTuple):
    """What one worker is about to ask the provider."""

    site: str
    charge: Charge
    order: Order


class Saga:
    """Does what is due; each step is a transaction of its own, and the provider is asked between two."""

    def __init__(self, store: Store, psp: Psp, seals: Seals) -> None:
        """Work on an open store with one provider."""
        self._store, self._psp, self._seals = store, psp, seals
        self._looked_ms = self._swept_ms = 0
        self._tending = Tending(store, psp, seals, finish=self.finish)

    @property
    def psp(self) -> Psp:
        """The provider."""
        return self._psp

    @property
    def seals(self) -> Seals:
        """Who seals what could be charged by."""
        return self._seals

    def wants(self) -> int:
        """Write the charges that wallets want; returns how many."""
        now_ms, made = self._store.now_ms(), 0
        whole = now_ms - self._swept_ms >= SWEEP_MS or now_ms < self._swept_ms
        with self._store.reading() as tx:
            since = self._looked_ms - OVERLAP_MS
            found = {
                site: wants.all_of(tx, site) if whole else wants.stirred(tx, site, since)
                for site in sites(tx)
            }
        self._looked_ms, self._swept_ms = now_ms, now_ms if whole else self._swept_ms
        for site, ids in found.items():
            for id_ in ids:
                with self._store.transaction() as tx:
                    made += wants.look(tx, site, [id_])
        return made

    def step(self) -> int:
        """Do once what is due by now; returns how much that was."""
        with self._store.reading() as tx:
            now_ms = self._store.now_ms()
            due = charges.QUEUE.due(tx, now_ms, limit=BATCH_MAX)
            back = refunds.QUEUE.due(tx, now_ms, limit=BATCH_MAX)
            over = mandates.to_let_go(tx, limit=BATCH_MAX)
        for site, id_, claims in due:
            self._charge(site, id_, claims)
        for site, id_, claims in back:
            self._refund(site, id_, claims)
        for site, id_ in over:
            self._let_go(site, id_)
        return len(due) + len(back) + len(over)

    def tend(self) -> int:
        """Look after stored cards that no notice may come for; returns how many stand otherwise now."""
        return self._tending.look()

    def read_book(self) -> bool:
        """Read on in the provider's own book where that is due; says whether it was."""
        return statement.read(self._store, self._psp)

    def notice(self, notice: Notice) -> None:
        """Take what the provider says by itself; once more or too late it changes nothing."""
        site, _, id_ = notice.key.partition(".")
        match notice.subject:
            case Subject.CHARGE:
                self.settle(site, id_, notice.outcome)
            case Subject.REFUND:
                self.settle_refund(site, id_, notice.outcome)
            case Subject.MANDATE:
                self.finish(site, id_)

    def settle(self, site: str, id_: str, outcome: Outcome) -> Charge:
        """Write an answer down and post what it says was taken, in one transaction."""
        with self._store.transaction() as tx:
            take_turn(tx, site)
            before = charges.charge(tx, site, id_)
            after, extra = judge(before, outcome, self._store.now_ms())
            name = mandates.mandate(tx, site, before.mandate).psp
            if extra:
                taken = msgspec.structs.replace(before, money=outcome.money or before.money)
                books.book_charge(tx, site, taken, psp=name, extra=extra)
                after = msgspec.structs.replace(before, reason="paid_twice")
            charges.keep(tx, site, after)
            if after.state is State.PAID and before.state is not State.PAID:
                books.book_charge(tx, site, after, psp=name)
            if after != before:
                self._conclude(tx, site, after, outcome=outcome)
        if after.state is not before.state:
            LOG.info("charge %s is %s %s", id_, after.state, after.reason)
        return after

    def settle_refund(self, site: str, id_: str, outcome: Outcome) -> Refund:
        """Write an answer to a refund down and post what it says."""
        with self._store.transaction() as tx:
            before = refunds.refund(tx, site, id_)
            after = refunds.judge(before, outcome, self._store.now_ms())
            charge = charges.charge(tx, site, before.charge)
            refunds.keep(tx, site, after)
            if after.state is not before.state:
                if after.state is Refunding.PAID:
                    name = mandates.mandate(tx, site, charge.mandate).psp
                    books.book_refund(tx, site, after, wallet=charge.wallet, psp=name)
                elif after.state is Refunding.DECLINED:
                    books.put_back(tx, site, after, wallet=charge.wallet)
                wake_after(tx, site)
        return after

    def finish(self, site: str, id_: str) -> bool:
        """Ask the provider what the guest stored at its page; says whether there is a credential now."""
        with self._store.reading() as tx:
            page = mandates.held(tx, site, id_, seals=self._seals).page
        if not page:
            raise Unknown(f"Nobody was sent to the provider for {id_[:64]}.")
        found = self._psp.finish(page)
        if found is None:
            return False
        with self._store.transaction() as tx:
            take_turn(tx, site)
            known = mandates.mandate(tx, site, id_)
            if mandates.stored(tx, site, id_, seals=self._seals, credential=found):
                mandates.replace(tx, site, known)
            known = mandates.mandate(tx, site, id_)
            tell_wallet(tx, site, known.wallet)
            wants.look(tx, site, [known.wallet])
            wake_after(tx, site)
        return known.state is Mandated.ACTIVE

    def _conclude(self, tx: Connection, site: str, charge: Charge, *, outcome: Outcome) -> None:
        """Let the mandate and the edges know what an answer means for them."""
        if charge.state is State.GUEST_NEEDED:
            mandates.stand(tx, site, charge.mandate, state=Mandated.NEEDS_GUEST, reason=charge.reason)
        elif charge.state is State.DECLINED and outcome.answer is Answer.DECLINED_HARD:
            over = Mandated.EXPIRED if outcome.reason == EXPIRED else Mandated.REVOKED
            mandates.stand(tx, site, charge.mandate, state=over, reason=outcome.reason)
        tell_wallet(tx, site, charge.wallet)
        wake_after(tx, site)

    def _charge(self, site: str, id_: str, claims: int) -> None:
        call = self._begun(site, id_, claims)
        if call is None:
            return
        found = None
        if call.charge.state is not State.DUE:
            # Somebody may have asked before: only the provider knows. Its keys are forgotten after a day.
            found = self._psp.find(call.order)
            if found is not None and found.answer in NOES and found.attempt < call.charge.attempt:
                found = None  # the no to an earlier attempt: this one was never asked for
        if found is None and call.charge.state is not State.PENDING:
            found = self._psp.charge(call.order)
        if found is None:
            found = Outcome(answer=Answer.UNKNOWN, reason="not_found")
        self.settle(site, id_, found)

    def _begun(self, site: str, id_: str, claims: int) -> Call | None:
        """Take a charge on; one whose mandate ended before anybody asked for it is given up."""
        with self._store.transaction() as tx:
            take_turn(tx, site)
            taken = charges.claim(tx, site, id_, claims=claims)
            if taken is None:
                return None
            known = mandates.mandate(tx, site, taken.mandate)
            if taken.state is State.DUE and known.state is not Mandated.ACTIVE:
                over = State.DROPPED if taken.attempt == 1 else State.DECLINED
                charges.keep(tx, site, msgspec.structs.replace(taken, state=over, reason=known.state.value))
                tell_wallet(tx, site, taken.wallet)
                return None
            held = mandates.held(tx, site, taken.mandate, seals=self._seals)
        order = Order(
            f"{site}.{id_}", Credential(held.token, held.customer), taken.money, taken.made_ms, taken.attempt
        )
        return Call(site, taken, order)

    def _refund(self, site: str, id_: str, claims: int) -> None:
        with self._store.transaction() as tx:
            taken = refunds.claim(tx, site, id_, claims=claims)
            if taken is None:
                return
            charge = charges.charge(tx, site, taken.charge)
        asked = Return(f"{site}.{id_}", charge.reference, taken.money)
        found = self._psp.find_refund(asked) if taken.state is not Refunding.DUE else None
        if found is None:
            found = self._psp.refund(asked)
        self.settle_refund(site, id_, found)

    def _let_go(self, site: str, id_: str) -> None:
        """Take an ended mandate's credential out of use at the provider, then forget it here."""
        with self._store.reading() as tx:
            held = mandates.held(tx, site, id_, seals=self._seals)
        if held.token:
            try:
                self._psp.forget(Credential(held.token, held.customer))
            except PolsoError as error:
                LOG.warning("a revoked credential is still stored at the provider: %s", error)
                return
        with self._store.transaction() as tx:
            mandates.let_go(tx, site, id_)


def saga_of(store: Store, psp: Psp | None, seals: Seals | None) -> Saga | None:
    """Return the saga of a central that has both a provider and a key to seal with; no other charges."""
    return None if psp is None or seals is None else Saga(store, psp, seals)
