"""What is done in a case: said, promised, blocked, given again and given back, by whoever may."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band, BandState
from edge.core.money import Money
from edge.core.retention import DAY_MS
from sync.central.care import cases
from sync.central.care.case import State
from sync.central.care.cases import Wanted
from sync.central.console.operators import Role
from sync.central.money import ledger, pots, topups
from sync.central.psp import charges, refunds
from sync.central.psp.judgement import Charge, Purpose
from sync.central.psp.judgement import State as Charged
from sync.central.registry import bands, members, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.console.careful import CARE, case_of, done, open_one
from tests.sync.console.desk import HOME, Browser, a_browser, an_operator
from tests.sync.journey.book import BAND, GUEST, NOBODYS, Book


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    an_operator(made.store, "carla", Role.CARE)
    an_operator(made.store, "olga")
    return made


@pytest.fixture
def carla(book: Book) -> Browser:
    return a_browser(book.store, "carla")


# Doing


def test_what_is_said_promised_and_ended_is_kept_with_who_said_it(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    here = f"{CARE}/{id_}"
    assert carla.post(f"{here}/take").status_code == 303
    assert carla.post(f"{here}/rank", op="r", priority="high").status_code == 303
    for step in ("answered", "noted", "heard"):
        assert carla.post(f"{here}/say", op=step, step=step, note=f"{step} this").status_code == 303
        carla.post(f"{here}/say", op=step, step=step, note="again")
    assert carla.post(f"{here}/promise", op="p", until="2030-01-01T10:00").status_code == 303
    page = carla.says(here)
    assert ("heard this" in page, "again" in page, "2030-01-01 10:00:00" in page) == (True, False, True)
    assert carla.post(f"{here}/close", op="c", result="explained", ended="yes").status_code == 303
    case = case_of(book, id_)
    assert (case.owner, case.priority, case.state, case.result) == ("carla", "high", "closed", "explained")
    assert carla.post(f"{here}/say", op="x", step="noted", note="more").status_code == 422
    assert carla.post(f"{here}/say", op="y", step="heard", note="not so").status_code == 303
    assert case_of(book, id_).state is State.WAITING_US


def test_solved_is_not_closed(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    carla.post(f"{CARE}/{id_}/close", op="c", result="put_right")
    assert case_of(book, id_).state is State.SOLVED


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("say", {"step": "closed", "note": "x"}),
        ("say", {"step": "noted", "note": ""}),
        ("say", {"step": "noted", "note": "x", "op": ""}),
        ("rank", {"priority": "soon"}),
        ("promise", {"until": ""}),
        ("promise", {"until": "2001-01-01T10:00"}),
        ("close", {"result": "erased"}),
        ("goodwill", {"amount": "0"}),
        ("reissue", {"new_band": "ff"}),
        ("reissue", {"new_band": BAND.hex(), "old_band": "abc"}),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    book: Book, carla: Browser, way: str, said: dict[str, str]
) -> None:
    id_ = open_one(carla)
    assert carla.post(f"{CARE}/{id_}/{way}", **{"op": "o"} | said).status_code == 422
    assert case_of(book, id_).steps == 1


def test_care_blocks_a_band_and_lets_it_go_for_a_case(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    band = f"{HOME}/bands/{BAND.hex()}"
    for act, state in (("lost", BandState.LOST), ("found", BandState.ACTIVE)):
        assert f"{band}/state?case={id_}" in carla.get(f"{CARE}/{id_}").text
        reply = carla.post(f"{band}/state?case={id_}", act=act)
        assert reply.headers["Location"] == f"{CARE}/{id_}?said=band_told"
        with book.store.reading() as tx:
            assert bands.band(tx, SITE, BAND).band.state is state
    assert done(book, id_) == [("carla", f"band_{word}", BAND.hex()) for word in ("lost", "found")]


def test_nothing_is_done_for_a_case_that_is_not_there_or_closed(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    carla.post(f"{CARE}/{id_}/close", op="c", result="explained", ended="yes")
    for case in (id_, "ABCDEF"):
        assert carla.post(f"{HOME}/bands/{BAND.hex()}/state?case={case}", act="lost").status_code in (
            404,
            422,
        )
    with book.store.reading() as tx:
        assert bands.band(tx, SITE, BAND).band.state is BandState.ACTIVE


@pytest.mark.parametrize("case", ["//evil.example", "a/../b", "x%0d%0aSet-Cookie:y"])
def test_nobody_is_led_away_by_a_case_s_name(carla: Browser, case: str) -> None:
    reply = carla.post(f"{HOME}/bands/{BAND.hex()}/state?case={case}", act="lost")
    assert reply.headers["Location"] == f"{HOME}/bands/{BAND.hex()}?said=band_told"


def test_another_band_takes_the_place_of_the_old_one_or_nothing_happens(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    form = {"op": "o", "old_band": BAND.hex(), "new_band": NOBODYS.hex()[:8]}
    assert carla.get(f"{CARE}/{id_}/reissue").status_code == 200
    for _ in range(2):
        assert carla.post(f"{CARE}/{id_}/reissue", **form).status_code == 303
    with book.store.reading() as tx:
        old, new = (bands.band(tx, SITE, one) for one in (BAND, NOBODYS))
    assert (old.band.state, new.guest) == (BandState.REPLACED, GUEST)
    assert [who for who, _, _ in done(book, id_)] == ["carla"]
    with book.store.transaction() as tx:
        bands.put_band(tx, SITE, BandCard(band=Band(id=b"x" * 16), guest="g2"))
    assert carla.post(f"{CARE}/{id_}/reissue", op="p", new_band=(b"x" * 16).hex()).status_code == 422


# Money


@pytest.fixture
def payer(book: Book) -> Book:
    with book.store.transaction() as tx:
        wallets.create(tx, SITE, Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, Member(guest=GUEST, wallet="w1", head=True))
    return book


def worth(book: Book) -> list[int]:
    with book.store.reading() as tx:
        left = [one for one in wallets.wallet(tx, SITE, "w1").vouchers if one.voucher.kind.startswith("gift")]
        return [pots.pot("w1", one.voucher.kind) and _free(book, one.voucher.kind) for one in left]


def _free(book: Book, kind: str) -> int:
    with book.store.reading() as tx:
        return ledger.balance(tx, SITE, pots.pot("w1", kind), currency=pots.counted_in(kind, "EUR"))


def test_goodwill_is_given_at_once_and_once_up_to_the_limit_in_whatever_case(
    payer: Book, carla: Browser
) -> None:
    id_, other = open_one(carla), open_one(carla, op="op-2")
    assert 'value="10.00"' in carla.get(f"{CARE}/{id_}/goodwill").text
    for _ in range(2):
        assert carla.post(f"{CARE}/{id_}/goodwill", op="g-1", amount="6.00").status_code == 303
    assert worth(payer) == [600]
    assert 'value="4.00"' in carla.get(f"{CARE}/{other}/goodwill").text
    carla.post(f"{CARE}/{other}/goodwill", op="g-2", amount="4.01")
    assert worth(payer) == [600], "the rest is asked for"
    with payer.store.reading() as tx:
        (asked,) = topups.topups(tx, SITE, wallet="w1", waiting=True)
    assert (asked.minor, asked.source, asked.asked_by, asked.why) == (
        401,
        "goodwill",
        "carla",
        f"case {other}",
    )
    assert (case_of(payer, id_).given_minor, case_of(payer, other).given_minor) == (600, 0)


def test_the_limit_looks_back_a_month(payer: Book, carla: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    carla.post(f"{CARE}/{open_one(carla)}/goodwill", op="g-1", amount="10.00")
    with payer.store.transaction() as tx:
        (case,) = cases.listed(tx, SITE, Wanted())
        cases.keep(tx, SITE, msgspec.structs.replace(case, changed_ms=NOW_MS - 30 * DAY_MS - 1))
    carla.post(f"{CARE}/{open_one(carla, op='op-2')}/goodwill", op="g-2", amount="1.00")
    assert worth(payer) == [1_100]


def test_what_is_above_the_limit_takes_another_person_and_is_theirs_in_the_case(
    payer: Book, carla: Browser
) -> None:
    id_ = open_one(carla)
    carla.post(f"{CARE}/{id_}/goodwill", op="g-1", amount="50.00")
    with payer.store.reading() as tx:
        (asked,) = topups.topups(tx, SITE, waiting=True)
    address = f"{HOME}/topups/{asked.id}?case={id_}"
    assert address not in carla.get(f"{CARE}/{id_}").text, "care is not offered it"
    assert carla.post(address, ruling="give").status_code == 403
    olga = a_browser(payer.store, "olga")
    assert address in olga.get(f"{CARE}/{id_}").text
    assert olga.post(address, ruling="give").headers["Location"].startswith(f"{CARE}/{id_}")
    assert ("olga", "topup_ruled", "w1") in done(payer, id_)


def test_whoever_asked_for_goodwill_does_not_let_it_through(payer: Book) -> None:
    olga = a_browser(payer.store, "olga")
    id_ = open_one(olga)
    olga.post(f"{CARE}/{id_}/goodwill", op="g-1", amount="50.00")
    with payer.store.reading() as tx:
        (asked,) = topups.topups(tx, SITE, waiting=True)
    assert olga.post(f"{HOME}/topups/{asked.id}?case={id_}", ruling="give").status_code == 403
    assert worth(payer) == []


def test_without_a_wallet_little_is_given_at_once_and_much_by_nobody(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    assert carla.post(f"{CARE}/{id_}/goodwill", op="g-1", amount="50.00").status_code == 422
    assert carla.post(f"{CARE}/{id_}/goodwill", op="g-1", amount="5.00").status_code == 303
    assert case_of(book, id_).given_minor == 500


def test_a_refund_is_asked_for_in_the_case_and_agreed_by_somebody_else(payer: Book, carla: Browser) -> None:
    money = Money(2_000, "EUR")
    entries = (ledger.Entry("bank", -2_000), ledger.Entry("wallet:w1", 2_000))
    paid = ledger.Posting(site=SITE, key="in:1", kind="topup", at_ms=1, currency="EUR", entries=entries)
    with payer.store.transaction() as tx:
        ledger.post(tx, paid)
        charges.add(tx, SITE, Charge(id="c-1", mandate="m", wallet="w1", purpose=Purpose.DEBT, money=money))
        charges.keep(tx, SITE, msgspec.structs.replace(charges.charge(tx, SITE, "c-1"), state=Charged.PAID))
    id_ = open_one(carla)
    address = f"{HOME}/charges/c-1/refund?case={id_}"
    assert address in carla.get(f"{CARE}/{id_}").text
    reply = carla.post(address, refund="b-1", amount="5.00", why="cold soup")
    assert reply.headers["Location"].startswith(f"{CARE}/{id_}")
    assert done(payer, id_) == [("carla", "refund_asked", "b-1")]
    agree = f"{HOME}/refunds/b-1/agree?case={id_}"
    assert carla.post(agree).status_code == 403
    assert a_browser(payer.store, "olga").post(agree).status_code == 303
    with payer.store.reading() as tx:
        assert refunds.refund(tx, SITE, "b-1").approved_by == "olga"
    assert done(payer, id_)[-1] == ("olga", "refund_agreed", "b-1")
