"""Pay-outs: nothing leaves before every device has given back, and the file is one that a bank takes."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as Tree

import pytest

from edge.errors import Refused
from sync.central import ledger, payouts, sepa
from sync.central import policy as policies
from sync.central.policy import Policy
from sync.central.sepa import Account, Transfer
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.money.tills import EUR, a_till, a_wallet

ANNA = Account("Anna Rossi", "IT60X0542811101000000123456")
PARK = Account("Parco Aurora S.r.l.", "DE89370400440532013000", "COBADEFFXXX")
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
SPACE = {"p": sepa.NAMESPACE}


def test_a_wallet_is_paid_out_once_and_only_when_nothing_of_it_is_out(store: Store) -> None:
    a_wallet(store, guest="anna")
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0))
    till = a_till(store)
    till.want(4_000)
    till.sell("sale-a-1", 1_000)
    with store.transaction() as tx:
        made = payouts.begin(tx, SITE, "w1", to=ANNA)
        assert payouts.begin(tx, SITE, "w1", to=ANNA) == made, "asked twice is asked once"
        assert payouts.close_batch(tx, SITE) == "", "a device still holds something"
    till.close(till.hear().closes[0])
    till.send()
    with store.transaction() as tx:
        batch = payouts.close_batch(tx, SITE)
        assert payouts.close_batch(tx, SITE) == ""
    with store.reading() as tx:
        assert ledger.balance(tx, SITE, "wallet:w1", currency=EUR) == 0
        assert ledger.balance(tx, SITE, "bank", currency=EUR) == -10_000 + 9_000
        (row,) = payouts.rows(tx, SITE, batch)
        assert row[3:] == (ANNA.iban, "90.00")
    with pytest.raises(Refused, match="closed"), store.transaction() as tx:
        payouts.begin(tx, SITE, "w1", to=ANNA)


def test_what_is_owed_is_paid_first(store: Store) -> None:
    a_wallet(store)
    with store.transaction() as tx:
        entries = (ledger.Entry("debt:w1", -300), ledger.Entry("sales:x", 300))
        ledger.post(
            tx, ledger.Posting(site=SITE, key="op:d", kind="sale", at_ms=1, currency=EUR, entries=entries)
        )
        payouts.begin(tx, SITE, "w1", to=ANNA)
        batch = payouts.close_batch(tx, SITE)
        assert payouts.rows(tx, SITE, batch)[0][4] == "97.00"
        assert ledger.balance(tx, SITE, "debt:w1", currency=EUR) == 0


def test_the_banks_file_counts_and_sums_what_it_carries() -> None:
    transfers = [Transfer("p1", ANNA, 9_000, "Polso <w1>"), Transfer("p2", PARK, 1, "")]
    tree = Tree.fromstring(sepa.pain001("b1", PARK, transfers, now=NOW))  # noqa: S314 - our own file
    head = tree.find("p:CstmrCdtTrfInitn/p:GrpHdr", SPACE)
    assert tree.tag == f"{{{sepa.NAMESPACE}}}Document"
    assert head is not None
    assert [head.findtext(f"p:{name}", namespaces=SPACE) for name in ("MsgId", "NbOfTxs", "CtrlSum")] == [
        "b1",
        "2",
        "90.01",
    ]
    amounts = [one.text for one in tree.iter(f"{{{sepa.NAMESPACE}}}InstdAmt")]
    assert amounts == ["90.00", "0.01"]
    notes = [one.text for one in tree.iter(f"{{{sepa.NAMESPACE}}}Ustrd")]
    assert notes == ["Polso w1"], "signs that no bank prints are left out"


@pytest.mark.parametrize(
    "iban",
    ["IT60X0542811101000000123457", "IT60", "", "XX0012345678901", "IT60X05428111010000001234560000000000"],
)
def test_an_account_number_with_wrong_check_digits_is_refused(iban: str) -> None:
    with pytest.raises(Refused):
        sepa.iban_of(iban)


def test_every_single_wrong_sign_in_an_iban_is_found() -> None:
    for place in range(4, len(ANNA.iban)):
        for sign in "0123456789":
            if sign != ANNA.iban[place] and ANNA.iban[place].isdigit():
                with pytest.raises(Refused):
                    sepa.iban_of(ANNA.iban[:place] + sign + ANNA.iban[place + 1 :])


@pytest.mark.parametrize(
    ("transfers", "payer"),
    [
        ([], PARK),
        ([Transfer("p1", ANNA, 0)], PARK),
        ([Transfer("p1", ANNA, 10**12)], PARK),
        ([Transfer("p1", ANNA, 5), Transfer("p1", ANNA, 5)], PARK),
        ([Transfer("x" * 36, ANNA, 5)], PARK),
        ([Transfer("p1", ANNA._replace(iban="DE00370400440532013000"), 5)], PARK),
        ([Transfer("p1", ANNA, 5)], PARK._replace(bic="NO")),
        ([Transfer("p1", ANNA, 5)], PARK._replace(name="漢字")),
    ],
)
def test_a_file_that_no_bank_would_take_is_not_made(transfers: list[Transfer], payer: Account) -> None:
    with pytest.raises(Refused):
        sepa.pain001("b1", payer, transfers, now=NOW)
