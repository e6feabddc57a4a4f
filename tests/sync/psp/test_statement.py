"""The provider's own book beside ours: equal after every way of charging, and what is not is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.money import Money
from edge.errors import PolsoError
from edge.run.platform import day as command
from sync.central import days
from sync.central.accounting.day import DayProof, Fault, Finding
from sync.central.money.ledger import Entry, Posting, post
from sync.central.psp import charges, refunds, statement, stripe
from sync.central.psp.judgement import State
from sync.central.psp.port import Booked, Subject
from sync.central.psp.refunds import State as Refunding
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.sandbox.book import Thing
from sync.central.psp.stripe import Stripe
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.ends import served
from tests.sync.psp.shop import EUR, SEALS, WALLET, Shop, a_card, a_shop

DAY_MS = 24 * 3_600_000


@pytest.fixture
def shop(store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Iterator[Shop]:
    """A central of each kind by the provider's own clock, that hears its notices."""
    clock.ms = wall_ms()
    with served(store, Settings(psp=psp, seals=SEALS)) as url:
        sandbox.notices.url = f"{url}/psp/stripe/notices"
        yield a_shop(store, clock, sandbox, psp)
        sandbox.notices.url = ""


def read(shop: Shop) -> None:
    """The worker's next look at the provider's book, some time later, to its end."""
    shop.clock.ms += statement.CLAIM_MS
    assert shop.saga.read_book()
    while shop.saga.read_book():
        pass


def proof(shop: Shop) -> DayProof:
    """The proof as it is asked for by somebody without the provider's keys: of the days around now."""
    now_ms = shop.store.now_ms()
    return days.prove(shop.store, SITE, now_ms - DAY_MS, until_ms=now_ms + DAY_MS)


def provider(shop: Shop) -> list[Finding]:
    return [one for one in proof(shop).findings if one.fault is Fault.PROVIDER]


def sums(shop: Shop) -> list[tuple[str, str, int, int]]:
    return [(one.account, one.currency, one.there, one.here) for one in proof(shop).books]


def paid(shop: Shop, minor: int = 2_000) -> str:
    if not shop.mandate:
        a_card(shop, Card.PAID)
    charge = shop.due(minor)
    assert shop.settled(charge).state is State.PAID
    return charge


def thing(shop: Shop, kind: str) -> Thing:
    """The provider's latest charge or refund, to plant a difference in."""
    return shop.sandbox.book.all(kind)[0]


def test_both_books_say_the_same_after_charges_and_refunds(shop: Shop) -> None:
    charge = paid(shop)
    refund = shop.refund(charge, 500)
    shop.saga.step()
    with shop.store.reading() as tx:
        assert refunds.of_charge(tx, SITE, charge)[0].state is Refunding.PAID, refund
    assert proof(shop).books == (), "nobody has read the provider's book yet"
    read(shop)
    assert sums(shop) == [("psp:stripe", EUR, 1_500, 1_500)]
    assert proof(shop).proven


@pytest.mark.parametrize("card", [Card.SLOW_PAID, Card.LATE, Card.CUT, Card.TAKEN, Card.TWICE, Card.SOFT])
def test_however_a_charge_goes_the_books_agree(shop: Shop, card: Card) -> None:
    a_card(shop, card)
    shop.settled(shop.due())
    read(shop)
    taken = shop.sandbox.book.taken().get("eur", 0)
    assert sums(shop) == ([("psp:stripe", EUR, taken, taken)] if taken else [])
    assert provider(shop) == []


def test_what_was_paid_there_and_not_posted_is_named(shop: Shop) -> None:
    paid(shop)
    there = thing(shop, "payment_intent")
    marks = {"charge_id": f"{SITE}.cplanted", "attempt": "1"}
    other = {
        name: there[name] for name in there if name not in ("id", "object", "created", "livemode", "metadata")
    }
    shop.sandbox.book.keep("pi", "payment_intent", there["created"], **other, metadata=marks)
    read(shop)
    (found,) = provider(shop)
    assert (found.of, found.minor) == ("charge:cplanted", -2_000)
    assert "not posted" in found.why
    assert sums(shop) == [("psp:stripe", EUR, 4_000, 2_000)]


def test_what_was_posted_and_is_not_there_is_named(shop: Shop) -> None:
    charge = paid(shop)
    read(shop)
    assert provider(shop) == []
    del shop.sandbox.book.things[thing(shop, "payment_intent")["id"]]
    read(shop)
    (found,) = provider(shop)
    assert (found.of, found.minor) == (f"charge:{charge}", 2_000)
    assert sums(shop) == [("psp:stripe", EUR, 0, 2_000)]


@pytest.mark.parametrize("kind", ["payment_intent", "refund"])
def test_another_amount_there_is_named(shop: Shop, kind: str) -> None:
    charge = paid(shop)
    refund = shop.refund(charge, 500)
    shop.saga.step()
    name = "amount" if kind == "refund" else "amount_received"
    thing(shop, kind)[name] += 7
    read(shop)
    (found,) = provider(shop)
    key, more = (f"refund:{refund}", 7) if kind == "refund" else (f"charge:{charge}", -7)
    assert (found.of, found.minor) == (key, more)


def test_differences_that_cancel_out_in_the_sum_are_named_all_the_same(shop: Shop) -> None:
    for _ in range(2):
        paid(shop)
    one, other = shop.sandbox.book.all("payment_intent")
    one["amount_received"] += 300
    other["amount_received"] -= 300
    read(shop)
    assert sorted(one.minor for one in provider(shop)) == [-300, 300]
    assert sums(shop) == [("psp:stripe", EUR, 4_000, 4_000)]


def test_a_refund_made_at_the_providers_own_desk_is_named(shop: Shop) -> None:
    charge = paid(shop)
    intent = thing(shop, "payment_intent")
    parts = {"amount": 400, "currency": "eur", "payment_intent": intent["id"], "status": "succeeded"}
    made = shop.sandbox.book.keep("re", "refund", intent["created"], **parts, metadata={})
    read(shop)
    (found,) = provider(shop)
    assert (found.of, found.minor) == (made["id"], 400)
    assert charge in found.why


def test_money_that_is_not_ours_and_what_failed_is_left_out(shop: Shop) -> None:
    charge = paid(shop)
    intent = thing(shop, "payment_intent")
    for marks, status in (
        ({}, "succeeded"),
        ({"charge_id": "elsewhere.c1"}, "succeeded"),
        ({"charge_id": f"{SITE}.c2"}, "canceled"),
    ):
        other = {**intent, "metadata": marks, "status": status}
        shop.sandbox.book.keep(
            "pi", "payment_intent", intent["created"],
            **{name: other[name] for name in other if name not in ("id", "object", "created", "livemode")},
        )  # fmt: skip
    read(shop)
    assert provider(shop) == [], charge
    assert sums(shop) == [("psp:stripe", EUR, 2_000, 2_000)]


def test_a_posting_after_the_book_was_read_is_not_judged_yet(shop: Shop) -> None:
    paid(shop)
    read(shop)
    with shop.store.transaction() as tx:
        parts = (Entry("psp:stripe", -900), Entry(f"wallet:{WALLET}", 900))
        post(
            tx,
            Posting(
                site=SITE,
                key="charge:cmade",
                kind="charge",
                at_ms=shop.store.now_ms(),
                currency=EUR,
                entries=parts,
                wallet=WALLET,
            ),
        )
    assert provider(shop) == []
    read(shop)
    (found,) = provider(shop)
    assert (found.of, found.minor) == ("charge:cmade", 900)


def test_a_charge_that_somebody_is_at_is_not_accused_and_later_is(shop: Shop) -> None:
    """As when a worker dies between the provider's yes and the posting."""
    a_card(shop, Card.CUT)
    shop.sandbox.notices.url = ""
    charge = shop.due()
    shop.saga.step()
    assert shop.charge(charge).state is State.UNKNOWN
    read(shop)
    claims = shop.charge(charge).claims
    with shop.store.transaction() as tx:
        assert charges.claim(tx, SITE, charge, claims=claims)
    assert proof(shop).proven
    read(shop)
    (found,) = provider(shop)
    assert (found.of, found.minor) == (f"charge:{charge}", -2_000)
    assert "unknown" in found.why
    assert shop.settled(charge).state is State.PAID
    assert provider(shop) == []


def test_what_was_open_for_days_and_then_paid_is_still_read(shop: Shop) -> None:
    a_card(shop, Card.SLOW_PAID)
    charge = shop.due()
    shop.sandbox.notices.url = ""
    shop.saga.step()
    read(shop)
    shop.clock.ms += 3 * DAY_MS
    assert shop.settled(charge).state is State.PAID
    read(shop)
    assert [one for one in provider(shop) if one.of == f"charge:{charge}"] == []
    assert sums(shop) == [("psp:stripe", EUR, 2_000, 2_000)]


def test_an_old_book_is_read_piece_by_piece_and_only_then_judged(shop: Shop) -> None:
    paid(shop)
    shop.clock.ms += 3 * DAY_MS
    assert shop.saga.read_book()
    assert proof(shop).books == (), "the first piece is not the whole book"
    pieces = 1
    while shop.saga.read_book():
        pieces += 1
    assert pieces >= 3
    assert not shop.saga.read_book(), "it is read once a minute"


def test_two_workers_read_it_once_and_an_overtaken_one_writes_nothing(shop: Shop) -> None:
    paid(shop)
    psp = shop.saga.psp

    class Slow:
        """A worker that another one overtakes while it reads."""

        name = psp.name

        def statement(self, since_ms: int, until_ms: int | None) -> tuple[Booked, ...]:
            assert not shop.saga.read_book(), "somebody is at it"
            shop.clock.ms += statement.CLAIM_MS + 1
            assert shop.saga.read_book()
            return (Booked(Subject.CHARGE, "pi_old", f"{SITE}.cx", f"{SITE}.cx", Money(1, EUR), since_ms),)

    assert statement.read(shop.store, Slow())  # type: ignore[arg-type]  # it reads, and does nothing else
    assert sums(shop) == [("psp:stripe", EUR, 2_000, 2_000)]


def test_a_book_is_paged_and_one_that_is_too_long_is_not_half_believed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        paid(shop, 1_000)
    monkeypatch.setattr(stripe, "PAGE_MAX", 1)
    read(shop)
    assert sums(shop) == [("psp:stripe", EUR, 3_000, 3_000)]
    before = proof(shop).books[0].read_ms
    monkeypatch.setattr(stripe, "STATEMENT_PAGES_MAX", 2)
    shop.clock.ms += statement.CLAIM_MS
    with pytest.raises(PolsoError, match="more than 2"):
        shop.saga.read_book()
    assert proof(shop).books[0].read_ms == before


def test_no_token_is_kept_of_a_book(shop: Shop) -> None:
    paid(shop)
    read(shop)
    with shop.store.reading() as tx:
        rows = tx.execute(statement.line_table.select()).all()
    secret = [str(thing(shop, "payment_method")["id"]), str(thing(shop, "customer")["id"])]
    assert rows
    assert not any(word in str(row) for row in rows for word in secret)


@pytest.mark.parametrize("more", [0, 1])
def test_the_command_proves_it_without_the_providers_keys(shop: Shop, url: str, more: int) -> None:
    paid(shop)
    thing(shop, "payment_intent")["amount_received"] += more
    read(shop)
    date = dt.datetime.fromtimestamp(shop.clock.ms / 1000, dt.UTC).date().isoformat()
    shop.store.close()
    proven, told = command(url, SITE, date=date, as_json=True)
    (book,) = msgspec.json.decode(told, type=DayProof).books
    assert (proven, book.there - book.here) == (not more, more)
    assert ("provider: charge:" in command(url, SITE, date=date)[1]) is bool(more)
