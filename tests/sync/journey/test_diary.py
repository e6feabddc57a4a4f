"""The diary: from the journals of devices, each entry once, in the order of what happened."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge.core.basket import Line
from edge.core.consent import Purpose
from edge.core.decision import Outcome, Reason
from edge.core.events import Acted, Kind
from edge.core.feedback import FeedbackGiven
from edge.core.offers.said import Told
from edge.core.orders import Order, OrderAsked, Ordered, OrderMoved, OrderState
from edge.core.payment import Authorisation, HoldEnded, Leg, Payment, RefundAsked, Tender, Voided
from edge.core.profiles import RemarkKey
from edge.remarks import seal
from sync.central import intake, quarantine, seals
from sync.central.export import told_of
from sync.central.journey import diary
from sync.central.journey.diarist import PIECE_MAX, PIECES_MAX, Diarist
from sync.central.journey.entry import Basis, Entry, Via, What
from sync.central.journey.reading import KINDS, Happened, drafts
from sync.central.privacy import erasure
from sync.central.registry import bands
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.portions import sample_and_whole
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.journey.book import BAND, GUEST, NOBODYS, OWNER, Book, a_passage

BEHAVIOUR = ("offers", "offers:behaviour")
COFFEE = Line(item="espresso", name="Espresso", quantity=1, price_minor=150)
SHOWN = Told(exposure="e1.0", offer="soup", guest=GUEST, point="kiosk")


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store)


@pytest.fixture
def small(small_store: Store) -> Book:
    return Book(small_store)


def a_leg(minor: int, *, number: int = 1, tender: Tender = Tender.WALLET, band: bytes | None = BAND) -> Leg:
    return Leg(number=number, tender=tender, amount_minor=minor, band=band, wallet="w1")


def a_payment(*legs: Leg, state: Authorisation | None = Authorisation.CAPTURED, **said: object) -> Payment:
    plain = Payment(
        op_id="op-1", state=state, reason=Reason.PAID, currency="EUR", total_minor=150, due_minor=0,
        lines=(COFFEE, COFFEE), legs=legs, point="bar",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **said)


def test_a_day_is_told_in_its_order_with_channel_place_and_what_it_leads_to(book: Book) -> None:
    book.allows(*BEHAVIOUR)
    book.writes(Kind.DECIDED, a_passage())
    book.writes(Kind.OFFER_SHOWN, SHOWN, band=None)
    book.writes(Kind.PAID, a_payment(a_leg(150)))
    book.sends()
    bought, shown, entered = book.entries()[:3]
    assert (entered.what, entered.via, entered.point, entered.ref) == (What.ENTERED, Via.GATE, "gate", "e-1")
    assert (shown.what, shown.via, shown.subject, shown.ref) == (What.OFFERED, Via.KIOSK, "soup", "e1.0")
    assert (bought.what, bought.via, bought.subject, bought.ref) == (
        What.BOUGHT,
        Via.TILL,
        "espresso",
        "op-1",
    )
    assert (bought.amount_minor, bought.currency, bought.uncertainty_ms) == (150, "EUR", 5)
    assert [one.basis for one in (entered, shown, bought)] == [
        Basis.CONTRACT,
        Basis.BEHAVIOUR,
        Basis.CONTRACT,
    ]


def test_what_is_read_again_changes_nothing(book: Book) -> None:
    book.tells(Kind.DECIDED, a_passage())
    before = book.entries()
    book.sends()
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        tx.exec_driver_sql("DELETE FROM diary_cursor")
        again = diary.put(tx, SITE, [msgspec_free(one, subject="another") for one in before])
    assert again == diary.Kept(0, len(before), 0)
    book.diarist.look()
    assert book.entries() == before


def msgspec_free(one: Entry, **changes: str) -> Entry:
    return one._replace(**changes)  # type: ignore[arg-type]  # names of a tuple's own fields


def test_late_entries_slot_in_by_their_time_and_never_by_arrival(book: Book) -> None:
    book.writes(Kind.DECIDED, a_passage())
    book.writes(Kind.FEEDBACK_GIVEN, FeedbackGiven(score=5, point="kiosk", guest=GUEST))
    book.sends()
    book.tells(Kind.PAID, a_payment(a_leg(150)), lane=1, hlc=(NOW_MS << 16) + 3)
    assert book.says() == [("entered", 1), ("bought", 1), ("fed_back", 1)]


def test_a_lane_longer_than_a_piece_is_read_to_its_end(small: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.central.journey.diarist.PIECE_MAX", 3)
    for _ in range(8):
        small.writes(Kind.DECIDED, a_passage())
        small.writes(Kind.LOOKED_UP, Acted(staff="anna"))
    small.sends()
    assert len(small.entries()) == PIECES_MAX * 3, "no more than its share of a look"
    small.diarist.look()
    assert len(small.entries()) == 8
    assert PIECE_MAX > 3


@pytest.mark.parametrize("seeds", sample_and_whole(range(1), range(1, 20)))
def test_whatever_is_lost_in_between_the_diary_is_the_same(
    empty_central: Path, tmp_path: Path, seeds: range
) -> None:
    """A worker dies before it commits, another begins, batches come in any pieces."""
    for seed in seeds:
        chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
        file = shutil.copy(empty_central, tmp_path / f"{seed}.db")
        with closing(Store(str(file), now_ms=Clockwork())) as store:
            book = Book(store)
            for _ in range(12):
                book.writes(Kind.DECIDED, a_passage())
            sent = 0
            while sent < 12:
                more = chance.randint(1, 4)
                batch = book.paper.batch(max(1, sent), min(12, sent + more))
                intake.take(store, book.device, batch)
                sent += more
                if chance.random() < 0.6:
                    Diarist(store).look()
            book.diarist.look()
            assert [one.id for one in book.entries()] == [str(seq) for seq in range(12, 0, -1)], seed


def test_what_was_taken_back_counts_against_it_whichever_is_read_first(small: Book) -> None:
    small.tells(Kind.DECIDED, a_passage())
    small.tells(Kind.UNDONE, Acted(staff="anna", point="gate", target="1", tap_id="t"))
    small.tells(Kind.OFFER_RETURNED, SHOWN, band=None)
    small.tells(Kind.OFFER_REDEEMED, SHOWN, band=None)
    assert small.says() == [("entered", 1), ("entered", -1), ("redeemed", -1), ("redeemed", 1)]


@pytest.mark.parametrize(
    "said", [{"outcome": Outcome.REFERRED, "reason": Reason.BAND_LOST}, {"reason": Reason.EXITED}]
)
def test_who_was_not_let_in_did_not_enter(small: Book, said: dict[str, object]) -> None:
    small.tells(Kind.DECIDED, a_passage(**said))
    assert small.entries() == ()


def test_a_purchase_is_what_each_band_paid_for_it_and_no_discount(small: Book) -> None:
    part = a_leg(100, number=1)
    small.tells(Kind.PAID, a_payment(part, state=Authorisation.AUTHORISED))
    assert small.entries() == ()
    legs = (a_leg(50, number=2), a_leg(30, number=3, band=NOBODYS), a_leg(20, number=4, band=None))
    off = a_leg(10, number=5, tender=Tender.DISCOUNT)
    small.tells(Kind.PAID, a_payment(*legs, off, earlier=(part,)))
    assert [one.amount_minor for one in small.entries()] == [150]
    assert [one.amount_minor for one in small.entries(f"b:{NOBODYS.hex()}")] == [30]


def test_a_void_takes_back_what_was_bought_and_never_what_was_only_held(small: Book) -> None:
    void = Voided(op_id="op-1", void_id="v", state=Authorisation.VOIDED, legs=(a_leg(150),), currency="EUR")
    small.tells(Kind.PAYMENT_VOIDED, void)
    assert small.entries() == ()
    small.writes(
        Kind.CAPTURED,
        HoldEnded(op_id="op-1", state=Authorisation.CAPTURED, captured_minor=150, legs=(a_leg(150),)),
    )
    small.writes(Kind.PAYMENT_VOIDED, void)
    small.writes(
        Kind.REFUND_ASKED,
        RefundAsked(refund_id="r", op_id="op-1", legs=(a_leg(40),), amount_minor=40, currency="EUR"),
    )
    small.writes(
        Kind.CAPTURED, HoldEnded(op_id="op-2", state=Authorisation.VOIDED, captured_minor=0, legs=(a_leg(9),))
    )
    small.sends(first=2)
    told = [(one.what.value, one.weight, one.amount_minor) for one in small.entries()][::-1]
    assert told == [("bought", 1, 150), ("bought", -1, -150), ("refunded", 1, 40)]


def test_an_order_is_followed_to_the_counter_under_its_own_guest(small: Book) -> None:
    order = Order(
        id="o1",
        guest=GUEST,
        store="kiosk",
        device=small.device.id,
        state=OrderState.RESERVED,
        lines=(Ordered(article="mug"), Ordered(article="lid")),
    )
    small.writes(Kind.ORDER_ASKED, OrderAsked(order=order, point="kiosk"), band=None)
    for state in (OrderState.PICKING, OrderState.READY, OrderState.HANDED_OVER):
        small.writes(
            Kind.ORDER_MOVED, OrderMoved(order="o1", state=state, point="kiosk", counter="2"), band=None
        )
    small.sends()
    assert [(one.what.value, one.subject) for one in small.entries()] == [
        ("picked_up", "2"),
        ("ordered", "mug lid"),
    ]
    assert {one.ref for one in small.entries()} == {"o1"}


def test_a_band_that_is_nobodys_has_a_diary_of_its_own_and_an_unknown_one_has_none(small: Book) -> None:
    small.tells(Kind.DECIDED, a_passage(guest=None), band=NOBODYS)
    small.tells(Kind.DECIDED, a_passage(guest=None), band=bytes(16))
    assert small.says(f"b:{NOBODYS.hex()}") == [("entered", 1)]
    assert small.says(f"b:{bytes(16).hex()}") == []


def noticed(book: Book, kind: Kind, minute: int) -> None:
    with book.store.transaction() as tx:
        owner = "s:1"
        key = RemarkKey(owner=owner, public=seals.public_halves(tx, SITE, [owner])[owner])
    sealed = seal(BAND.hex(), key, int(kind), band=None)
    book.writes(kind, Acted(point="kiosk", reason="in_area", amount=minute, sealed=sealed), band=None)


def test_who_was_near_is_kept_with_its_consent_alone_and_for_how_long(book: Book) -> None:
    minute = NOW_MS // 60_000
    noticed(book, Kind.ZONE_ENTERED, minute)
    book.sends()
    assert book.says() == []
    book.allows(Purpose.PRESENCE)
    noticed(book, Kind.ZONE_ENTERED, minute + 1)
    book.sends(first=2)
    noticed(book, Kind.ZONE_LEFT, minute + 18)
    noticed(book, Kind.ZONE_ENTERED, minute + 20)
    noticed(book, Kind.ZONE_LEFT, minute + 23)
    book.sends(first=3)
    assert book.says() == [("arrived", 1), ("dwelt", 17), ("arrived", 1), ("dwelt", 3)]
    assert {(one.via, one.point, one.subject) for one in book.entries()[:4]} == {
        (Via.RADIO, "kiosk", "in_area")
    }
    book.allows(Purpose.PRESENCE, given=False)
    assert book.says() == [], "with its consent goes what it let us keep"
    assert [one.ref for one in book.entries()] == ["no", "yes"]


def test_without_their_word_an_offer_that_was_shown_is_nobodys(book: Book) -> None:
    book.tells(Kind.OFFER_SHOWN, SHOWN, band=None)
    book.allows("offers")
    book.tells(Kind.OFFER_SHOWN, SHOWN, band=None)
    assert book.says() == [], "what somebody did takes `behaviour` beside `offers`"
    book.allows("offers:behaviour")
    book.tells(Kind.OFFER_SHOWN, SHOWN, band=None)
    assert book.says() == [("offered", 1)]
    book.tells(Kind.DECIDED, a_passage())
    book.allows("offers", given=False)
    assert book.says() == [("entered", 1)]


def test_an_erased_guest_has_no_diary_and_late_events_bring_none_back(book: Book) -> None:
    book.tells(Kind.DECIDED, a_passage())
    with book.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    book.tells(Kind.DECIDED, a_passage())
    assert book.entries() == ()
    assert book.entries(f"b:{BAND.hex()}") == ()


def test_an_event_that_could_be_read_late_comes_into_the_diary_late(
    small: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 1)
        small.writes(Kind.DECIDED, a_passage())
        intake.take(small.store, small.device, small.paper.batch(1, 1))
    small.tells(Kind.DECIDED, a_passage())
    assert [one.id for one in small.entries()] == ["2"]
    assert quarantine.replay(small.store, SITE).mended == 1
    small.diarist.look()
    assert [one.id for one in small.entries()] == ["2", "1"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_body_of_another_shape_says_nothing(kind: int) -> None:
    assert drafts(Happened(kind, 1, 1, 0, BAND, b"\xc1", noticed="zz")) == ()


def test_pages_follow_each_other_without_a_gap_or_a_repeat(small: Book) -> None:
    for _ in range(7):
        small.writes(Kind.DECIDED, a_passage(), hlc=NOW_MS << 16)
    with small.store.transaction() as tx:
        take_turn(tx, SITE)
        same = Entry("/a", "", OWNER, NOW_MS << 16, 0, Via.GATE, What.ENTERED)
        diary.put(tx, SITE, [same._replace(id=str(number)) for number in range(7)])
    with small.store.reading() as tx:
        found, mark = [], None
        while page := diary.of_guest(tx, SITE, OWNER, before=mark, limit=3):
            found += [one.id for one in page]
            mark = diary.mark_of(page[-1])
    assert found == [str(number) for number in range(6, -1, -1)]


def test_a_guest_s_copy_of_all_that_is_held_shows_the_diary_and_what_it_stands_on(small: Book) -> None:
    small.tells(Kind.PAID, a_payment(a_leg(150)))
    with small.store.reading() as tx:
        (noted,) = told_of(tx, SITE, GUEST).diary
    assert (noted.what, noted.amount_minor, noted.basis) == (What.BOUGHT, 150, Basis.CONTRACT)


def test_a_band_that_somebody_claims_brings_its_diary_along(book: Book) -> None:
    """Before that it is nobody's: no profile is made of it, and no guest's diary shows it."""
    book.tells(Kind.DECIDED, a_passage(guest=None), band=NOBODYS)
    assert (book.says(), book.says(f"b:{NOBODYS.hex()}")) == ([], [("entered", 1)])
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        card = bands.band(tx, SITE, NOBODYS)
        bands.put_band(tx, SITE, msgspec.structs.replace(card, guest=GUEST))
    assert (book.says(), book.says(f"b:{NOBODYS.hex()}")) == ([("entered", 1)], [])
    book.tells(Kind.DECIDED, a_passage(guest=None), band=NOBODYS)
    assert len(book.says()) == 2


def test_what_nobody_claims_goes_with_its_days_purchases_too(small: Book) -> None:
    bought = Entry("/a", "1", f"b:{NOBODYS.hex()}", NOW_MS << 16, 0, Via.TILL, What.BOUGHT)
    with small.store.transaction() as tx:
        take_turn(tx, SITE)
        diary.put(tx, SITE, [bought, bought._replace(id="2", owner=OWNER)])
        assert diary.delete_unclaimed(tx, NOW_MS) == 0
        assert diary.delete_unclaimed(tx, NOW_MS + 1) == 1
    assert small.says() == [("bought", 1)]
