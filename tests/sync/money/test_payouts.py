"""Pay-outs: nothing leaves before every device has given back, and the file is one that a bank takes."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as Tree

import pytest

from edge.errors import Refused
from sync.central.money import ledger, topups
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.money.topups import TopUp
from sync.central.privacy import erasure
from sync.central.registry import guests, members
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.settling import payouts, sepa
from sync.central.settling.sepa import Account, Transfer
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


# Erased


def held_of(store: Store) -> set[tuple[str, str]]:
    """Whose accounts are still known, by wallet."""
    with store.reading() as tx:
        return {(one.wallet, one.to.name) for one in payouts.payouts(tx, SITE) if one.to.iban or one.to.name}


def erase(store: Store, guest: str) -> None:
    with store.transaction() as tx:
        erasure.erase(tx, SITE, guest)


def test_a_guest_is_erased_with_their_account_once_the_bank_has_its_file(small_store: Store) -> None:
    store = small_store
    a_wallet(store, guest="anna")
    a_wallet(store, "w2", guest="berta")
    with store.transaction() as tx:
        payouts.begin(tx, SITE, "w1", to=ANNA)
        payouts.begin(tx, SITE, "w2", to=Account("Berta Verdi", PARK.iban))
    with pytest.raises(Refused, match="on its way"):
        erase(store, "anna")
    with store.transaction() as tx:
        batch = payouts.close_batch(tx, SITE)
    with pytest.raises(Refused, match="on its way") as refused:
        erase(store, "anna")
    assert batch in refused.value.hint, "and what to do is said"
    with store.transaction() as tx:
        assert ANNA.iban.encode() in payouts.as_sepa(tx, SITE, batch, payer=PARK)
    erase(store, "anna")
    assert held_of(store) == {("w2", "Berta Verdi")}
    with store.reading() as tx:
        assert {(one.wallet, one.minor, one.batch) for one in payouts.payouts(tx, SITE)} == {
            ("w1", 10_000, batch),
            ("w2", 10_000, batch),
        }, "what was paid stays a fact"
    with store.transaction() as tx, pytest.raises(Refused, match="forgotten"):
        payouts.as_sepa(tx, SITE, batch, payer=PARK)


def test_who_only_pays_from_somebody_elses_wallet_takes_no_account_with_them(small_store: Store) -> None:
    a_wallet(small_store, guest="anna")
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="leo")])
        members.join(tx, SITE, Member(guest="leo", wallet="w1"))
        payouts.begin(tx, SITE, "w1", to=ANNA)
    erase(small_store, "leo")
    assert held_of(small_store) == {("w1", ANNA.name)}


def test_what_the_bank_has_had_for_long_is_forgotten_and_what_it_waits_for_is_not(small_store: Store) -> None:
    a_wallet(small_store, guest="anna")
    a_wallet(small_store, "w2", guest="berta")
    with small_store.transaction() as tx:
        payouts.begin(tx, SITE, "w1", to=ANNA)
        payouts.as_sepa(tx, SITE, payouts.close_batch(tx, SITE), payer=PARK)
        payouts.begin(tx, SITE, "w2", to=Account("Berta Verdi", PARK.iban))
        asked_ms = payouts.payouts(tx, SITE)[0].asked_ms
        assert payouts.forget_before(tx, asked_ms) == 0
        assert payouts.forget_before(tx, asked_ms + 1) == 1
    assert held_of(small_store) == {("w2", "Berta Verdi")}


def test_why_money_was_put_on_a_wallet_goes_with_whose_it_was_and_who_is_named(small_store: Store) -> None:
    a_wallet(small_store, guest="anna")
    a_wallet(small_store, "w2", guest="berta")
    with small_store.transaction() as tx:
        for wallet, why in (("w1", "lost her purse"), ("w2", "for anna's help"), ("w2", "a late bus")):
            wanted = TopUp(
                id="",
                wallet=wallet,
                minor=100,
                source="office",
                why=why,
                state="",
                asked_by="olga",
                asked_ms=0,
            )
            topups.ask(tx, SITE, wanted)
    erase(small_store, "anna")
    with small_store.reading() as tx:
        assert sorted(one.why for one in topups.topups(tx, SITE)) == ["", "", "a late bus"]
