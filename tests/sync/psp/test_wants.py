"""A wallet is filled by itself, what is owed is charged, and a guest who paid is welcome again at once."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.profiles import ProfileItem
from edge.core.wallet import MandateState
from sync.central.feed import item_table
from sync.central.money.ledger import Entry, Posting, post
from sync.central.privacy.erasure import erase
from sync.central.psp import charges, mandates
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.stripe import Stripe
from sync.central.psp.wants import REST_MS
from sync.central.registry import bands, guests, members, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Store, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.psp.shop import EUR, SEALS, WALLET, Shop, a_card, a_shop

BAND = b"b" * 16


@pytest.fixture
def shop(store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Shop:
    """A guest with a band and a wallet that is filled to 50.00 when less than 20.00 is free."""
    made = a_shop(store, clock, sandbox, psp)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g1", name="Giulia", payments=True)])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest="g1")])
        wallets.create(tx, SITE, Wallet(id=WALLET, currency=EUR, low_minor=2_000, fill_minor=5_000))
        members.join(tx, SITE, Member(guest="g1", wallet=WALLET))
    return made


def moved(shop: Shop, key: str, **entries: int) -> None:
    """A posting of somebody else's; a name's first ``_`` stands for the colon."""
    lines = tuple(Entry(name.replace("_", ":", 1), minor) for name, minor in entries.items())
    with shop.store.transaction() as tx:
        post(tx, Posting(site=SITE, key=key, kind="test", at_ms=shop.clock.ms, currency=EUR, entries=lines,
                         wallet=WALLET))  # fmt: skip


def bought_at_risk(shop: Shop, minor: int = 1_200, key: str = "op:t1") -> None:
    moved(shop, key, debt_w1=-minor, sales_till=minor)


def all_charges(shop: Shop) -> list[Charge]:
    with shop.store.reading() as tx:
        return list(charges.listed(tx, SITE))


def said(shop: Shop) -> MandateState:
    """The word that stands in the feed."""
    with shop.store.reading() as tx:
        query = select(item_table.c.body).where(
            item_table.c.kind == "profile", item_table.c.key == BAND.hex()
        )
        body = tx.execute(query).scalar()
    link = msgspec.msgpack.decode(bytes(body), type=ProfileItem).profile.wallet if body else None
    return link.mandate if link else MandateState.NONE


def work(shop: Shop) -> None:
    shop.saga.wants()
    shop.saga.step()


def test_a_wallet_is_filled_when_little_is_free_and_only_then(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    assert said(shop) is MandateState.ACTIVE
    work(shop)
    assert shop.holds("wallet:w1") == 5_000
    work(shop)
    moved(shop, "lease:1", wallet_w1=-3_000, lease_l1=3_000)
    work(shop)
    assert shop.holds("wallet:w1") == 2_000, "just enough is enough"
    moved(shop, "lease:2", wallet_w1=-1, lease_l1=1)
    work(shop)
    assert shop.holds("wallet:w1") == 5_000
    assert len(all_charges(shop)) == 2
    assert shop.books_agree()


def test_nothing_is_charged_without_consent_or_above_the_limits(shop: Shop) -> None:
    work(shop)
    assert all_charges(shop) == [], "no card"
    with shop.store.transaction() as tx:
        high = msgspec.structs.replace(wallets.lock(tx, SITE, WALLET), low_minor=100_000, fill_minor=100_000)
        wallets.change(tx, SITE, high)
    a_card(shop, Card.PAID)
    for _ in range(4):
        work(shop)
    assert sum(one.money.minor for one in all_charges(shop)) == 20_000, "10,000 at once, 20,000 a day"
    for _ in range(4):
        shop.clock.ms += 24 * 3_600_000
        for _ in range(3):
            work(shop)
    assert sum(one.money.minor for one in all_charges(shop)) == 50_000, "a month"
    with shop.store.transaction() as tx:
        none = msgspec.structs.replace(wallets.lock(tx, SITE, WALLET), low_minor=None, fill_minor=None)
        wallets.change(tx, SITE, none)
    assert shop.books_agree()


def test_a_card_that_says_no_is_left_alone_for_a_day(shop: Shop) -> None:
    a_card(shop, Card.SOFT)
    work(shop)
    for _ in range(4):
        shop.clock.ms += 24 * 3_600_000
        shop.saga.step()
    [first] = all_charges(shop)
    assert first.state is State.DECLINED
    shop.clock.ms += REST_MS
    work(shop)
    assert len(all_charges(shop)) == 2


def test_what_was_bought_at_risk_is_charged_in_one_sum_that_names_its_sales(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    work(shop)
    bought_at_risk(shop)
    bought_at_risk(shop, 300, "op:t2")
    moved(shop, "grant:1", wallet_w1=-5_000, lease_l1=5_000)  # nothing is free here meanwhile
    work(shop)
    debt = next(one for one in all_charges(shop) if one.purpose is Purpose.DEBT)
    assert (debt.money.minor, debt.state, debt.about) == (1_500, State.PAID, "op:t1 op:t2")
    assert shop.holds("debt:w1") == 0
    assert said(shop) is MandateState.ACTIVE
    assert shop.books_agree()


@pytest.mark.parametrize("card", [Card.SOFT, Card.HARD, Card.GUEST])
def test_a_no_denies_the_guest_until_the_debt_is_paid_and_no_longer(shop: Shop, card: Card) -> None:
    with shop.store.transaction() as tx:
        none = msgspec.structs.replace(wallets.lock(tx, SITE, WALLET), low_minor=None, fill_minor=None)
        wallets.change(tx, SITE, none)
    a_card(shop, card)
    bought_at_risk(shop)
    work(shop)
    assert said(shop) is MandateState.DECLINED
    assert shop.holds("debt:w1") == -1_200
    moved(shop, "cash:1", cash_d1=-2_000, wallet_w1=2_000)
    shop.saga.wants()
    assert said(shop) is not MandateState.DECLINED, "gone with the commit that pays"
    assert (shop.holds("debt:w1"), shop.holds("wallet:w1")) == (0, 800)
    assert shop.books_agree()


def test_the_next_look_of_a_running_central_lets_a_guest_who_paid_in_again(shop: Shop) -> None:
    """Measured on the wall: cash on the wallet to the word in the feed, by the worker's own pace."""
    import time

    from sync.central.psp.worker import Worker

    a_card(shop, Card.HARD)
    bought_at_risk(shop)
    work(shop)
    assert said(shop) is MandateState.DECLINED
    worker = Worker(shop.saga)
    worker.start()
    try:
        began = time.monotonic()
        moved(shop, "cash:1", cash_d1=-2_000, wallet_w1=2_000)
        while said(shop) is MandateState.DECLINED and time.monotonic() - began < 4:
            time.sleep(0.01)
        took = time.monotonic() - began
    finally:
        worker.stop()
    print(f"unblocked after {took * 1000:.0f} ms")
    assert took <= 2.0


def test_an_expired_card_is_said_and_a_new_one_takes_its_place(shop: Shop) -> None:
    old = a_card(shop, Card.EXPIRED)
    work(shop)
    assert said(shop) is MandateState.EXPIRED
    assert shop.known(old).state is Mandated.EXPIRED
    a_card(shop, Card.PAID)
    assert said(shop) is MandateState.ACTIVE
    work(shop)
    assert shop.holds("wallet:w1") == 5_000, "another card is asked at once"


def test_what_is_paid_of_a_debt_that_is_none_any_more_is_the_guests(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    bought_at_risk(shop)
    work(shop)
    work(shop)
    before = shop.holds("wallet:w1")
    moved(shop, "refund:t1", sales_till=-1_200, debt_w1=1_200)
    shop.saga.wants()
    assert (shop.holds("debt:w1"), shop.holds("wallet:w1")) == (0, before + 1_200)


def test_an_erased_guest_leaves_nothing_to_charge_by(shop: Shop) -> None:
    id_ = a_card(shop, Card.PAID)
    with shop.store.transaction() as tx:
        erase(tx, SITE, "g1")
    known = shop.known(id_)
    assert (known.state, known.guest, known.last_four) == (Mandated.REVOKED, "", "")
    shop.saga.step()
    with shop.store.reading() as tx:
        assert mandates.held(tx, SITE, id_, seals=SEALS) == mandates.Held()
    [method] = shop.sandbox.book.all("payment_method")
    assert method["customer"] is None, "the provider was told, too"
