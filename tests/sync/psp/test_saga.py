"""Every way a charge can go ends in one posting or none, and the provider's book and ours say the same."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from edge.core.money import Money
from edge.errors import Refused
from sync.central.claims import CLAIM_MS
from sync.central.money.ledger import Entry, Posting, post
from sync.central.privacy.erasure import erase
from sync.central.psp import charges, mandates, refunds
from sync.central.psp.handshake import Wish, begin, revoke
from sync.central.psp.judgement import ATTEMPTS_MAX, Charge, Purpose, State
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.port import Answer, Outcome
from sync.central.psp.refunds import Refund
from sync.central.psp.refunds import State as Refunding
from sync.central.psp.returns import agree, turn_down, wish
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.ends import served
from tests.sync.psp.shop import EUR, LIMITS, SEALS, Shop, a_card, a_shop


@pytest.fixture
def shop(store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Iterator[Shop]:
    """A central of each kind that hears the provider's notices over real HTTP."""
    with served(store, Settings(psp=psp, seals=SEALS)) as url:
        sandbox.notices.url = f"{url}/psp/stripe/notices"
        yield a_shop(store, clock, sandbox, psp)
        sandbox.notices.url = ""


@pytest.mark.parametrize(
    ("card", "state", "taken"),
    [
        (Card.PAID, State.PAID, 2_000),
        (Card.SOFT, State.DECLINED, 0),
        (Card.HARD, State.DECLINED, 0),
        (Card.EXPIRED, State.DECLINED, 0),
        (Card.GUEST, State.GUEST_NEEDED, 0),
        (Card.SLOW_PAID, State.PAID, 2_000),
        (Card.SLOW_FAILED, State.DECLINED, 0),
        (Card.SILENT, State.UNKNOWN, 0),
        (Card.LATE, State.PAID, 2_000),
        (Card.LOST, State.PAID, 2_000),
        (Card.CUT, State.PAID, 2_000),
        (Card.ERROR, State.PAID, 2_000),
        (Card.TWICE, State.PAID, 2_000),
        (Card.EARLY, State.PAID, 2_000),
        (Card.TURNED, State.PAID, 2_000),
        (Card.FORGED, State.PAID, 2_000),
        (Card.TAKEN, State.PAID, 2_100),
        (Card.LIMITED, State.PAID, 2_000),
    ],
)
@pytest.mark.parametrize("told", ["with notices", "without notices"])
def test_each_scenario_ends_in_one_posting_or_none(
    shop: Shop, card: Card, state: State, taken: int, told: str
) -> None:
    a_card(shop, card)
    if told == "without notices":
        shop.sandbox.notices.url = ""
    id_ = shop.due()
    ended = shop.settled(id_, ms=24 * 3_600_000 + 1, steps=3 if card is Card.SILENT else 9)
    assert ended.state is state
    assert (shop.posted(), shop.holds("wallet:w1")) == (taken, taken)
    assert shop.books_agree()
    for _ in range(3):
        shop.clock.ms += 24 * 3_600_000 + 1
        shop.saga.step()
    assert shop.posted() == taken
    assert shop.books_agree()


def test_a_soft_no_is_tried_again_by_schedule_and_no_oftener(shop: Shop) -> None:
    a_card(shop, Card.SOFT)
    id_ = shop.due()
    shop.saga.step()
    again = shop.charge(id_)
    assert (again.state, again.attempt) == (State.DUE, 2)
    assert shop.saga.step() == 0, "it waits"
    ended = shop.settled(id_, ms=24 * 3_600_000)
    tries = [
        one for one in shop.sandbox.requests if one.parts == ("payment_intents",) and one.method == "POST"
    ]
    assert (ended.state, len(tries)) == (State.DECLINED, ATTEMPTS_MAX)
    assert len({one.key for one in tries}) == ATTEMPTS_MAX, "a provider answers an old key as before"
    assert shop.known().state is Mandated.ACTIVE


@pytest.mark.parametrize(
    ("card", "state"),
    [(Card.HARD, Mandated.REVOKED), (Card.EXPIRED, Mandated.EXPIRED), (Card.GUEST, Mandated.NEEDS_GUEST)],
)
def test_a_no_for_ever_closes_the_mandate_and_one_for_the_guest_waits_for_them(
    shop: Shop, card: Card, state: Mandated
) -> None:
    a_card(shop, card)
    shop.settled(shop.due())
    assert shop.known().state is state
    if state is not Mandated.NEEDS_GUEST:
        shop.saga.step()
        with shop.store.reading() as tx:
            assert mandates.held(tx, SITE, shop.mandate, seals=SEALS) == mandates.Held()
            assert mandates.to_let_go(tx, limit=9) == []


def test_a_charge_of_which_nobody_knows_blocks_a_second_one_until_it_is_resolved(shop: Shop) -> None:
    a_card(shop, Card.SILENT)
    id_ = shop.due()
    shop.saga.step()
    assert shop.charge(id_).state is State.UNKNOWN
    second = msgspec.structs.replace(shop.charge(id_), id=charges.new_id(), state=State.DUE)
    with shop.store.transaction() as tx:
        assert not charges.add(tx, SITE, second)
        assert [one.id for one in charges.listed(tx, SITE, states=[State.UNKNOWN])] == [id_]


def test_after_an_outage_it_is_found_and_not_charged_anew(shop: Shop) -> None:
    """The provider forgets keys after a day: what was booked must be found before anybody charges again."""
    a_card(shop, Card.CUT)
    shop.sandbox.notices.url = ""
    id_ = shop.due()
    shop.saga.step()
    shop.sandbox.book.keys.clear()
    shop.clock.ms += 48 * 3_600_000
    assert shop.settled(id_).state is State.PAID
    assert shop.sandbox.book.taken() == {"eur": 2_000}
    assert shop.books_agree()


def test_money_that_was_taken_twice_is_the_guests_and_is_said(shop: Shop) -> None:
    """Not by us: but a provider's book is believed, and both books stay equal."""
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    again = Outcome(answer=Answer.PAID, reference="pi_other", money=Money(2_000, EUR), attempt=1)
    for _ in range(2):
        shop.saga.settle(SITE, id_, again)
    assert (shop.posted(), shop.holds("wallet:w1")) == (4_000, 4_000)
    assert shop.charge(id_).reason == "paid_twice"


def test_a_late_no_never_takes_back_what_was_paid(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    for answer in (
        Answer.DECLINED_HARD,
        Answer.DECLINED_SOFT,
        Answer.PENDING,
        Answer.UNKNOWN,
        Answer.GUEST_NEEDED,
    ):
        shop.saga.settle(SITE, id_, Outcome(answer=answer, attempt=1))
    assert shop.charge(id_).state is State.PAID
    assert shop.known().state is Mandated.ACTIVE
    assert shop.books_agree()


def test_two_workers_never_take_the_same_charge(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    with shop.store.transaction() as tx:
        [(site, found, claims)] = charges.QUEUE.due(tx, shop.clock.ms, limit=9)
        first = charges.claim(tx, site, found, claims=claims)
    with shop.store.transaction() as tx:
        second = charges.claim(tx, site, found, claims=claims)
        waiting = charges.QUEUE.due(tx, shop.clock.ms, limit=9)
    assert (first is not None, second, waiting) == (True, None, [])
    assert shop.charge(id_).state is State.CALLING
    shop.clock.ms += CLAIM_MS
    assert shop.settled(id_).state is State.PAID, "whoever took it died; the next one resolves it"


def test_a_revoked_mandate_is_charged_no_more_and_what_is_open_is_still_resolved(shop: Shop) -> None:
    a_card(shop, Card.CUT)
    shop.sandbox.notices.url = ""
    open_ = shop.due()
    shop.saga.step()
    assert shop.charge(open_).state is State.UNKNOWN
    with shop.store.transaction() as tx:
        assert revoke(tx, SITE, shop.mandate, reason="guest")
        assert not revoke(tx, SITE, shop.mandate, reason="guest")
    shop.saga.step()
    with shop.store.reading() as tx:
        assert mandates.held(tx, SITE, shop.mandate, seals=SEALS).token, (
            "it is needed to ask what became of the charge"
        )
    assert shop.settled(open_).state is State.PAID
    shop.saga.step()
    with shop.store.reading() as tx:
        assert not mandates.held(tx, SITE, shop.mandate, seals=SEALS).token
    dropped = shop.due()
    shop.saga.step()
    assert shop.charge(dropped).state is State.DROPPED
    assert shop.books_agree()


def test_a_refund_goes_to_its_charge_once_and_never_above_it(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    back = shop.refund(id_, 1_500)
    assert shop.holds("wallet:w1") == 500, "it is set aside before anybody is asked"
    shop.saga.step()
    shop.saga.step()
    with shop.store.transaction() as tx:
        assert refunds.refund(tx, SITE, back).state is Refunding.PAID
    assert (shop.posted(), shop.holds("wallet:w1"), shop.books_agree()) == (500, 500, True)
    with pytest.raises(Refused, match="500 can be given back"):
        shop.refund(id_, 501)
    assert shop.holds("wallet:w1") == 500
    shop.sandbox.notices.drain()
    assert shop.books_agree()


def test_a_refund_takes_two_persons_and_a_form_sent_twice_asks_once(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    asked = Refund(id="r-1", charge=id_, money=Money(700, EUR), note="cold", asked_by="olga")
    with shop.store.transaction() as tx:
        assert (wish(tx, SITE, asked), wish(tx, SITE, asked)) == (True, False)
    with shop.store.transaction() as tx, pytest.raises(Refused, match="does not agree"):
        agree(tx, SITE, "r-1", by="olga")
    assert shop.saga.step() == 0
    with shop.store.transaction() as tx:
        for _ in range(2):
            turn_down(tx, SITE, "r-1", by="piero")
    assert (shop.holds("wallet:w1"), shop.holds("refund:r-1")) == (2_000, 0)


def test_no_more_is_given_back_than_is_free_in_the_wallet(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    leased = (Entry("wallet:w1", -100), Entry("lease:l1", 100))
    with shop.store.transaction() as tx:
        post(tx, Posting(site=SITE, key="lease:l1", kind="grant", at_ms=1, currency=EUR, entries=leased))
    asked = Refund(id="r-2", charge=id_, money=Money(2_000, EUR), asked_by="olga")
    with pytest.raises(Refused, match="free"), shop.store.transaction() as tx:
        wish(tx, SITE, asked)
    with shop.store.reading() as tx:
        assert refunds.of_charge(tx, SITE, id_) == ()


def test_a_refund_that_the_provider_refuses_goes_back_to_the_wallet(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    back = shop.refund(id_, 1_500)
    intent = shop.charge(id_).reference
    there = {
        "amount": 1_000,
        "currency": "eur",
        "payment_intent": intent,
        "status": "pending",
        "metadata": {},
    }
    shop.sandbox.book.keep("re", "refund", 1, **there)
    shop.saga.step()
    with shop.store.transaction() as tx:
        assert refunds.refund(tx, SITE, back).state is Refunding.DECLINED
    assert (shop.holds("wallet:w1"), shop.holds(f"refund:{back}")) == (2_000, 0)
    assert shop.books_agree()


def test_a_refund_in_the_dark_is_found_when_there_is_light(shop: Shop) -> None:
    a_card(shop, Card.PAID)
    id_ = shop.due()
    shop.settled(id_)
    back = shop.refund(id_, 300)
    lit, shop.saga._psp = (
        shop.saga._psp,
        Stripe(StripeKeys(API_KEY, SECRET), url="http://127.0.0.1:9", timeout_ms=200),
    )
    shop.saga.step()
    with shop.store.transaction() as tx:
        assert refunds.refund(tx, SITE, back).state is Refunding.UNKNOWN
    shop.saga._psp = lit
    shop.clock.ms += 3_600_000
    shop.saga.step()
    with shop.store.transaction() as tx:
        assert refunds.refund(tx, SITE, back).state is Refunding.PAID
    assert shop.books_agree()


def test_an_erasure_empties_what_was_typed_of_a_refund_and_keeps_the_money(shop: Shop) -> None:
    """The words need not name anybody: why a guest got money back is of that guest."""
    kept = {}
    for guest, note in (("g1", "her soup was cold"), ("g2", "for Giulia Verdi, he said"), ("g3", "rain")):
        wish_ = Wish(site=SITE, wallet=f"w-{guest}", guest=guest, currency=EUR, limits=LIMITS)
        begun = begin(shop.saga, shop.store, wish_, back_url="http://localhost/back")
        shop.sandbox.store(begun.page, Card.PAID)
        assert shop.saga.finish(SITE, begun.mandate)
        charge, refund = charges.new_id(), refunds.new_id()
        money = Money(2_000, EUR)
        made = Charge(
            id=charge, mandate=begun.mandate, wallet=f"w-{guest}", purpose=Purpose.TOP_UP, money=money
        )
        with shop.store.transaction() as tx:
            assert charges.add(tx, SITE, made)
        assert shop.settled(charge).state is State.PAID
        with shop.store.transaction() as tx:
            wish(
                tx, SITE, Refund(id=refund, charge=charge, money=Money(500, EUR), note=note, asked_by="olga")
            )
        kept[guest] = refund
    with shop.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g1", name="Giulia Verdi")])
        erase(tx, SITE, "g1")
    with shop.store.transaction() as tx:
        found = {guest: refunds.refund(tx, SITE, id_) for guest, id_ in kept.items()}
    assert {guest: one.note for guest, one in found.items()} == {"g1": "", "g2": "", "g3": "rain"}
    assert {one.money.minor for one in found.values()} == {500}
