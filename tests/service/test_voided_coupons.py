"""A coupon that care wants anew: its home voids it once, or says where it was used, and never both."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.carried import CENTRAL, MadeOver, issue
from edge.core.calendar import DAY_MS
from edge.core.events import Kind, Lane
from edge.core.offers.anew import Became, CouponAnswer, CouponAsk
from edge.core.payment.promised import Promise
from edge.errors import PolsoError, Refused
from edge.service.coupons import NoCoupon, OtherHome
from edge.service.offerbook import book_of, kept_by
from edge.service.offering.voiding import ANSWERED
from edge.service.paperbook import paper_by
from edge.service.payments.redeeming import UsedBefore
from edge.service.voided import VOIDED
from edge.store.transaction import Transaction
from tests.portions import sample_and_whole
from tests.service.house import CENTRAL as CENTRAL_KEY
from tests.service.house import House, an_edge
from tests.service.offered import a_fan, budget, published, seen, took
from tests.service.purses import OP, SOUP, TILL, bought, cashier, granted, left
from tests.service.test_made_over import KIOSK, SHOP, Town, redeemed
from tests.service.test_paper_coupons import NEXT, a_coupon, cash_sale, of_sale, scanned, set_aside

HANDS = 4


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        published(house, a_coupon())
        budget(house)
        yield house


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    for house in made.houses:
        house.close()


def ask(house: House, exposure: str, id: str = "ask-1", home: str = KIOSK, **said: object) -> CouponAnswer:
    """What this device answers, whoever asks; told twice it says it once."""
    wanted = CouponAsk(id=id, exposure=exposure, home=home, to=SHOP, case="CASE", guest="guest-1", **said)  # type: ignore[arg-type]  # fields by name
    for _ in range(2):
        house.service.offers.voiding.answer(wanted)
    (told,) = (one for one in answers(house) if one.ask == id)
    return told


def answers(house: House) -> list[CouponAnswer]:
    events = house.journal.range(Lane.PRIORITY, 0)
    bodies = [one.body for one in events if one.kind == Kind.COUPON_ANSWERED]
    return [msgspec.msgpack.decode(body, type=CouponAnswer) for body in bodies]


def of_paper(edge: House, op_id: str = OP) -> Promise:
    paper = edge.sequencer.submit(lambda tx: paper_by(tx, op_id))
    assert paper is not None
    return paper.promise


def anew(told: CouponAnswer, old: Promise, to: str = SHOP) -> str:
    """The code that central makes of a promise whose old coupon is void."""
    assert told.became is Became.VOIDED
    promise = msgspec.structs.replace(old, exposure=f"{old.exposure}-again")
    return issue(CENTRAL_KEY.private_bytes_raw(), MadeOver(promise, CENTRAL, to))


def test_an_open_one_is_void_and_what_was_set_aside_for_it_is_free(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    promise = of_paper(edge)
    told = ask(edge, promise.exposure)
    assert (told.became, told.offer, told.bundle, told.until) == ("voided", "soup-again", 1, promise.until)
    assert (told.case, told.to, told.guest, told.op_id) == ("CASE", SHOP, "guest-1", "")
    assert set_aside(edge) == 0
    after = of_sale(edge)
    assert after is not None
    assert (after.code, after.used) == ("", False)
    with pytest.raises(Refused, match="Another coupon"):
        scanned(edge, paper.code)
    assert ask(edge, promise.exposure, "ask-2").became is Became.VOIDED, "asked anew it is as void as before"


def test_one_that_was_used_is_not_voided_and_its_answer_says_where_and_when(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    scanned(edge, paper.code)
    told = ask(edge, of_paper(edge).exposure)
    assert (told.became, told.point, told.op_id) == ("used", TILL, NEXT)
    assert told.at_ms == edge.clock.now_ms()
    edge.service.give_up(cashier(edge), TILL, NEXT)
    scanned(edge, paper.code, "op-till-00000003")  # it stays valid: nothing was voided


def test_whose_use_went_with_its_guest_is_used_all_the_same(edge: House) -> None:
    fan = a_fan(edge)
    granted(edge)
    bought(edge, SOUP)
    paper = of_sale(edge)
    assert paper is not None
    scanned(edge, paper.code)
    edge.service.add_cash(cashier(edge), TILL, NEXT, minor=450)
    exposure = of_paper(edge).exposure
    edge.service.erase(fan.guest or "", [fan.band.id])
    told = ask(edge, exposure)
    assert (told.became, told.at_ms) == ("used", 0)


def test_one_that_expired_or_went_back_with_its_purchase_or_was_never_here_is_over(edge: House) -> None:
    cash_sale(edge)
    exposure = of_paper(edge).exposure
    edge.service.void(edge.session("supervisor", point=TILL), OP, "v-till-00000001", reason="cold")
    assert ask(edge, exposure).became is Became.OVER
    assert ask(edge, "e-nobody.0", "ask-2").became is Became.OVER
    cash_sale(edge, NEXT)
    edge.hands.forward(ms=31 * DAY_MS)
    assert ask(edge, of_paper(edge, NEXT).exposure, "ask-3").became is Became.OVER


def test_a_guests_own_promise_leaves_their_book_and_counts_as_redeemed(edge: House) -> None:
    published(edge, version=2)
    fan = a_fan(edge).band.id
    granted(edge)
    taken = took(edge, fan)
    assert ask(edge, taken.exposure).became is Became.VOIDED
    assert taken.exposure not in {one.exposure for one in seen(edge, fan).tiles}, "nor is it offered again"
    assert bought(edge, SOUP).lines[0].off_minor == 0
    with pytest.raises(Refused, match="Another coupon"):
        scanned(edge, taken.code)
    with pytest.raises(PolsoError):
        edge.service.offers.accept(taken.exposure, "kiosk")


def test_a_purchase_that_goes_back_after_it_is_told_so_that_the_new_one_goes_too(edge: House) -> None:
    cash_sale(edge)
    ask(edge, of_paper(edge).exposure)
    edge.service.void(edge.session("supervisor", point=TILL), OP, "v-till-00000001", reason="cold")
    assert [one.kind for one in edge.journal.range(0, 0)][-1] != Kind.OFFER_RETURNED
    declined = [one for one in edge.journal.range(0, 0) if one.kind == Kind.OFFER_DECLINED]
    assert len(declined) == 1


def test_what_central_made_anew_is_good_at_the_one_till_it_names_and_there_once(town: Town) -> None:
    taken = took(town.kiosk, town.band)
    old = _promise_of(town, taken.exposure)
    code = anew(ask(town.kiosk, taken.exposure), old)
    with pytest.raises(Refused, match="Another coupon"):
        town.scan(taken.code, at=town.kiosk)
    with pytest.raises(OtherHome):
        town.kiosk.service.take_coupon(cashier(town.kiosk), TILL, "op-scan-1", code=code)
    town.shop.service.offers.bundles._present = lambda: ()  # type: ignore[method-assign]  # its campaign is over, central's word stands
    town.scan(code)
    town.shop.service.add_cash(cashier(town.shop), TILL, "op-scan-1", minor=450)
    with pytest.raises(UsedBefore):
        town.scan(code, "op-scan-2")
    assert [len(redeemed(house)) for house in town.houses] == [0, 1]
    forged = issue(b"x" * 32, MadeOver(old, CENTRAL, SHOP))
    with pytest.raises(NoCoupon):
        town.shop.service.take_coupon(cashier(town.shop), TILL, "op-scan-2", code=forged)


def test_what_was_made_over_is_asked_for_where_it_went_and_refused_there_before_it_ever_came(
    town: Town,
) -> None:
    taken = took(town.kiosk, town.band)
    sending = town.kiosk.service.offers.sending
    code = sending.make_over(taken.exposure, "kiosk", device=SHOP).code
    told = ask(town.kiosk, taken.exposure)
    assert (told.became, told.to, told.offer) == ("sent", SHOP, "soup-less")
    there = ask(town.shop, taken.exposure, home=SHOP, handed=True, offer="soup-less", bundle=1, until="")
    assert (there.became, there.offer, there.bundle) == ("voided", "soup-less", 1)
    with pytest.raises(Refused, match="Another coupon"):
        town.scan(code)
    assert left(town.shop, "") > 0


def test_a_handed_one_whose_day_is_over_is_not_made_anew(town: Town) -> None:
    told = ask(town.shop, "e-far.0", home=SHOP, handed=True, until="2001-01-01")
    assert told.became is Became.OVER


def test_what_was_answered_goes_in_time_and_what_is_void_with_its_last_day(edge: House) -> None:
    cash_sale(edge)
    ask(edge, of_paper(edge).exposure)

    def kept(kind: str) -> int:
        return edge.sequencer.submit(lambda tx: len(tx.rows(kind)))

    assert (kept(ANSWERED), kept(VOIDED)) == (1, 1)
    edge.hands.forward(ms=32 * DAY_MS)
    edge.service.offers.look()
    assert kept(VOIDED) == 1, "nobody vouches for the day: a code from elsewhere would be good again"
    edge.clock.heard(edge.clock.now_ms(), 10)
    edge.hands.forward(ms=DAY_MS)
    edge.service.offers.look()
    assert (kept(ANSWERED), kept(VOIDED)) == (1, 0)


def test_a_clock_that_jumped_ahead_ends_nobodys_coupon(edge: House) -> None:
    paper = cash_sale(edge)
    assert paper is not None
    edge.hands.wall_ms += 40 * DAY_MS
    edge.service.offers.look()
    edge.hands.wall_ms -= 40 * DAY_MS
    edge.clock.heard(edge.hands.wall_ms, 10)
    assert of_sale(edge) is not None
    assert ask(edge, of_paper(edge).exposure).became is Became.VOIDED, "it was open all the time"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", sample_and_whole(40, 1_000))
def test_used_while_it_is_voided_it_is_used_or_made_anew_in_each_schedule(town: Town, seeds: int) -> None:
    """Scans, given-up baskets, asks told twice and the new one at the shop, in whatever order dice say."""
    for seed in range(seeds):
        dice = random.Random(seed)  # noqa: S311  # a schedule, to be played again
        uses, new = Schedule(town, seed).run(dice)
        assert len(uses) <= 1, (seed, uses)
        assert not new or uses in ([], ["new"]), (seed, uses)


class Schedule:
    """One coupon's life: each step is tried, and whatever is refused is no use."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.seed, self.baskets = town, seed, 0
        published(town.kiosk, version=seed + 2)
        for house in town.houses:
            budget(house, units=150 * (seed + 10), lease=f"lease-{seed}")
        taken = took(town.kiosk, town.band)
        self.exposure, self.code, self.new = taken.exposure, taken.code, ""
        self.old = _promise_of(town, taken.exposure)
        self.uses: list[str] = []

    def run(self, dice: random.Random) -> tuple[list[str], str]:
        steps = [
            self.scan,
            self.scan,
            self.scan_and_give_up,
            self.ask,
            self.ask,
            self.scan_new,
            self.scan_new,
        ]
        dice.shuffle(steps)
        for step in steps:
            step()
        return self.uses, self.new

    def ask(self) -> None:
        told = ask(self.town.kiosk, self.exposure, f"ask-{self.seed}")
        if told.became is Became.VOIDED:
            self.new = anew(told, self.old)

    def scan(self) -> None:
        if self._scanned(self.town.kiosk, self.code):
            self._pay(self.town.kiosk)
            self.uses.append("old")

    def scan_and_give_up(self) -> None:
        self._scanned(self.town.kiosk, self.code)
        self._leave(self.town.kiosk)

    def scan_new(self) -> None:
        if self.new and self._scanned(self.town.shop, self.new):
            self._pay(self.town.shop)
            self.uses.append("new")

    def _scanned(self, house: House, code: str) -> bool:
        self.baskets += 1
        try:
            self.town.scan(code, self._op(), at=house)
        except Refused:
            self._leave(house)
            return False
        return True

    def _op(self) -> str:
        return f"op-{self.seed:05}-{self.baskets}"

    def _pay(self, house: House) -> None:
        house.service.add_cash(cashier(house), TILL, self._op(), minor=450)

    def _leave(self, house: House) -> None:
        house.service.give_up(cashier(house), TILL, self._op())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("races", sample_and_whole(20, 200))
def test_hands_that_scan_and_one_that_voids_at_the_same_moment_leave_one_of_both(
    edge: House, races: int
) -> None:
    published(edge, version=2)
    fan = a_fan(edge).band.id
    budget(edge, units=150 * (races + 1), lease="races")
    for race in range(races):
        published(edge, version=race + 3)
        taken, op_id, who = took(edge, fan), f"op-race-{race:05}", cashier(edge)
        edge.service.ring(who, TILL, op_id, lines=(SOUP,))
        started, uses = threading.Barrier(HANDS + 1), list[bool]()

        def scan() -> None:
            started.wait()  # noqa: B023  # joined within its race
            try:
                edge.service.take_coupon(who, TILL, op_id, code=taken.code)  # noqa: B023  # as above
            except PolsoError:
                return
            uses.append(True)  # noqa: B023  # as above

        hands = [threading.Thread(target=scan) for _ in range(HANDS)]
        for one in hands:
            one.start()
        started.wait()
        told = ask(edge, taken.exposure, f"ask-{race}")
        for one in hands:
            one.join()
        assert len(uses) == (told.became is not Became.VOIDED), (race, told, uses)
        if uses:
            edge.service.add_cash(who, TILL, op_id, minor=450)
        else:
            edge.service.give_up(who, TILL, op_id)


def _promise_of(town: Town, exposure: str) -> Promise:
    def found(tx: Transaction) -> Promise:
        kept = kept_by(tx, exposure)
        assert kept is not None
        return next(one for one in book_of(tx, kept.book).promises if one.exposure == exposure)

    return town.kiosk.sequencer.submit(found)
