"""A central with a provider and one guest whose card goes as its word says."""

from __future__ import annotations

from dataclasses import dataclass

from edge.core.money import Money
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import sites
from sync.central.money import ledger
from sync.central.psp import charges, mandates, refunds
from sync.central.psp.handshake import Wish, begin
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.psp.mandates import Limits, Mandate
from sync.central.psp.refunds import Refund
from sync.central.psp.returns import agree, wish
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.stripe import Stripe
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork

SEALS = Vault(bytes(32), new_ring())
LIMITS = Limits(10_000, 20_000, 50_000)
WALLET = "w1"
EUR = "EUR"


@dataclass
class Shop:
    """What a test needs in its hand."""

    store: Store
    clock: Clockwork
    sandbox: Sandbox
    saga: Saga
    mandate: str = ""

    def due(self, minor: int = 2_000, purpose: Purpose = Purpose.TOP_UP) -> str:
        """The intent of a charge; its id."""
        id_ = charges.new_id()
        made = Charge(id=id_, mandate=self.mandate, wallet=WALLET, purpose=purpose, money=Money(minor, EUR))
        with self.store.transaction() as tx:
            assert charges.add(tx, SITE, made)
        return id_

    def charge(self, id_: str) -> Charge:
        with self.store.transaction() as tx:
            return charges.charge(tx, SITE, id_)

    def known(self, id_: str = "") -> Mandate:
        with self.store.transaction() as tx:
            return mandates.mandate(tx, SITE, id_ or self.mandate)

    def settled(self, id_: str, *, ms: int = 3_600_000, steps: int = 8) -> Charge:
        """Let time pass until a charge has ended."""
        for _ in range(steps):
            self.saga.step()
            self.sandbox.notices.drain()
            found = self.charge(id_)
            if found.state not in (State.DUE, State.CALLING, State.PENDING, State.UNKNOWN):
                return found
            self.clock.ms += ms
        return self.charge(id_)

    def holds(self, account: str) -> int:
        with self.store.reading() as tx:
            return ledger.balance(tx, SITE, account, currency=EUR)

    def posted(self) -> int:
        """What the ledger says that the provider took."""
        return -self.holds("psp:stripe")

    def books_agree(self) -> bool:
        """Whether both books say the same, and the ledger sums to zero."""
        with self.store.reading() as tx:
            sums = ledger.trial_balance(tx, SITE)
        return self.posted() == self.sandbox.book.taken().get("eur", 0) and set(sums.values()) <= {0}

    def refund(self, charge: str, minor: int) -> str:
        """A refund that two persons want; its id."""
        id_ = refunds.new_id()
        with self.store.transaction() as tx:
            wish(
                tx, SITE, Refund(id=id_, charge=charge, money=Money(minor, EUR), note="cold", asked_by="olga")
            )
            agree(tx, SITE, id_, by="piero")
        return id_


def a_shop(store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Shop:
    """An open site, nobody with a card yet."""
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
    return Shop(store, clock, sandbox, Saga(store, psp, SEALS))


def a_card(shop: Shop, card: Card) -> str:
    """A guest who stored this card; the mandate's id."""
    wish = Wish(site=SITE, wallet=WALLET, guest="g1", currency=EUR, limits=LIMITS)
    begun = begin(shop.saga, shop.store, wish, back_url="http://localhost/back")
    shop.sandbox.store(begun.page, card)
    assert shop.saga.finish(SITE, begun.mandate)
    shop.mandate = begun.mandate
    return begun.mandate
