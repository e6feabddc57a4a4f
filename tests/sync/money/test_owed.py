"""What a wallet owes is paid before any device gets hold of its money."""

from __future__ import annotations

from sync.central.money import ledger, pots
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.money.tills import EUR, a_till, a_wallet


def test_money_that_a_debt_waits_for_is_lent_to_no_device(store: Store) -> None:
    """What was paid in for a debt was laid at a till before it paid: the guest stayed denied."""
    a_wallet(store)
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0))
    entries = (ledger.Entry("debt:w1", -9_000), ledger.Entry("sales:till-9", 9_000))
    with store.transaction() as tx:
        owing = ledger.Posting(site=SITE, key="op:owing", kind="sale", at_ms=1, currency=EUR, entries=entries)
        ledger.post(tx, owing)
    till = a_till(store)
    till.want(6_000)
    assert till.of().counters.granted == 1_000, "of 10,000 paid in, 9,000 are owed"
    with store.reading() as tx:
        assert pots.free_of(tx, SITE, "w1", currency=EUR) == 9_000
