"""A till driven at random: sold, split, held, voided, refunded or closed, no unit appears or is lost."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from edge.core.basket import Basket, Line
from edge.core.lease import Grant, Lease, Refusal, close, give_back, is_sound, take_grant
from edge.core.money import tax_within
from edge.core.payment import (
    Authorisation,
    BackAsk,
    CaptureAsk,
    CounterAsk,
    HoldRuling,
    Objection,
    Outside,
    Payer,
    Payment,
    Piece,
    RefundRuling,
    Sale,
    Tender,
    VoidRuling,
    decide_capture,
    decide_cash_out,
    decide_payment,
    decide_refund,
    decide_top_up,
    decide_void,
    expire,
)
from edge.core.payment.counter import CashedOutRuling, ToppedUpRuling
from edge.core.vouchers import Voucher, VoucherUse
from edge.core.wallet import Tally
from tests.builders import HOUR_MS, a_profile
from tests.core.purses import UP_MS, a_basket, a_lease, a_line, a_link, a_payer, a_payment

VOUCHERS = (
    Voucher(kind="free_drink", items=("beer",), percent=100),
    Voucher(kind="gift:x", use=VoucherUse.TENDER, unit_minor=7),
)
OUTSIDE = (Tender.CASH, Tender.CARD)
Kinds = frozenset[str]
KINDS = {"v1": "free_drink", "v2": "gift:x"}
lines = st.builds(
    lambda item, price, quantity, tax: a_line(price, quantity, item=item, tax_permille=tax),
    st.sampled_from(["beer", "soup"]), st.integers(1, 700), st.sampled_from([1, 1, 2, 3]),
    st.sampled_from([0, 40, 100, 220]),
)  # fmt: skip
baskets = st.lists(lines, min_size=1, max_size=4)
amounts = st.integers(1, 1_500)
chosen = st.integers(0, 10**6)


class Till(RuleBasedStateMachine):
    """One wallet with two leases, vouchers, a drawer, and the sales of a day."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.leases: dict[str, Lease] = {}
        self.sales: dict[str, Sale] = {}
        self.answers: dict[str, Payment] = {}
        self.baskets: dict[str, Basket] = {}
        self.tally, self.up_ms, self.ops = Tally(), UP_MS, 0
        self.drawer = self.granted = 0
        self.units_refunded: dict[str, int] = {}
        self.withdrawn: set[str] = set()
        """Kinds that central took back: no band is told of them any more."""

    @initialize(first=st.integers(0, 3_000), second=st.integers(0, 500), drinks=st.integers(0, 3))
    def open_leases(self, first: int, second: int, drinks: int) -> None:
        for lease in (
            a_lease("one", first), a_lease("two", second, ends_ms=UP_MS + HOUR_MS - 1),
            a_lease("v1", drinks, kind="free_drink", unit="drink"),
            a_lease("v2", 40, kind="gift:x", unit="unit"),
        ):  # fmt: skip
            self.leases[lease.id] = lease
        self.granted = first + second

    def _id(self, kind: str) -> str:
        self.ops += 1
        return f"{kind}-{self.ops:08}"

    def _sale(self, number: int) -> Sale | None:
        known = [self.sales[key] for key in sorted(self.sales)]
        return known[number % len(known)] if known else None

    def _keep(self, leases: tuple[Lease, ...]) -> None:
        self.leases |= {lease.id: lease for lease in leases}

    def _pay(
        self, op_id: str, by: Outside | None = None, *, declined: Kinds = frozenset(), **changes: object
    ) -> None:
        payer, sale = by or self._payer(declined), self.sales.get(op_id)
        facts = a_payment(payer, self.baskets[op_id], sale=sale, monotonic_ms=self.up_ms, **changes)
        ruling = decide_payment(facts)
        if ruling.sale is not None:
            self.sales[op_id] = ruling.sale
        self._keep(ruling.leases)
        self.tally = ruling.tally or self.tally
        if ruling.payment.state is Authorisation.CAPTURED:
            assert self.answers.setdefault(op_id, ruling.payment) is ruling.payment, "paid twice"
        for leg in ruling.payment.legs:
            self.drawer += leg.amount_minor if leg.tender is Tender.CASH else 0
            assert leg.kind not in declined | self.withdrawn, "a guest's voucher was used against their will"
        if not ruling.payment.legs:
            assert ruling.leases == ()

    def _payer(self, declined: Kinds) -> Payer:
        known = tuple(one for one in VOUCHERS if one.kind not in self.withdrawn)
        profile = a_profile(payments=True, wallet=a_link(vouchers=known))
        kept = tuple(sorted(declined))
        return a_payer(*self.leases.values(), profile=profile, tally=self.tally, declined=kept)

    @rule(
        basket=baskets, part=st.none() | amounts, declined=st.frozensets(st.sampled_from([*KINDS.values()]))
    )
    def charge(self, basket: list[Line], part: int | None, declined: Kinds) -> None:
        op_id = self._id("op")
        self.baskets[op_id] = a_basket(*basket, op_id=op_id)
        self._pay(op_id, asked_minor=part, declined=declined)

    @rule(number=chosen, part=st.none() | amounts)
    def pay_on(self, number: int, part: int | None) -> None:
        if self.baskets:
            self._pay(sorted(self.baskets)[number % len(self.baskets)], asked_minor=part)

    @rule(number=chosen, minor=amounts, tender=st.sampled_from(OUTSIDE))
    def pay_outside(self, number: int, minor: int, tender: Tender) -> None:
        if self.baskets:
            op_id = sorted(self.baskets)[number % len(self.baskets)]
            self._pay(op_id, Outside(tender=tender, amount_minor=minor))

    @rule(minor=amounts)
    def hold(self, minor: int) -> None:
        op_id = self._id("hold")
        self.baskets[op_id] = a_basket(op_id=op_id)
        self._pay(op_id, hold_ms=HOUR_MS // 2, hold_minor=minor)

    @rule(number=chosen, price=st.integers(0, 1_500))
    def capture(self, number: int, price: int) -> None:
        sale = self._sale(number)
        if sale is not None:
            ask = CaptureAsk(lines=(a_line(price),) if price else (), point="till")
            ruling = decide_capture(sale, ask, list(self.leases.values()), monotonic_ms=self.up_ms)
            if isinstance(ruling, HoldRuling):
                self._moved(sale, ruling.sale, ruling.leases)
                assert ruling.ended.captured_minor == price == ruling.sale.money_minor

    @rule(number=chosen, piece=st.none() | st.tuples(st.integers(0, 4), st.integers(1, 3)))
    def void(self, number: int, piece: tuple[int, int] | None) -> None:
        sale = self._sale(number)
        if sale is not None:
            ask = BackAsk(id=self._id("void"), pieces=None if piece is None else (Piece(*piece),))
            ruling = decide_void(sale, ask, list(self.leases.values()), monotonic_ms=self.up_ms)
            if isinstance(ruling, VoidRuling):
                self._moved(sale, ruling.sale, ruling.leases)
                again = decide_void(ruling.sale, ask, list(self.leases.values()), monotonic_ms=self.up_ms)
                assert again is Objection.DONE

    @rule(number=chosen, piece=st.none() | st.tuples(st.integers(0, 4), st.integers(1, 3)))
    def refund(self, number: int, piece: tuple[int, int] | None) -> None:
        sale = self._sale(number)
        if sale is not None:
            ask = BackAsk(id=self._id("refund"), pieces=None if piece is None else (Piece(*piece),))
            ruling = decide_refund(sale, ask)
            if isinstance(ruling, RefundRuling):
                self.sales[sale.basket.op_id] = ruling.sale
                assert ruling.asked.amount_minor == sale.money_minor - ruling.sale.money_minor
                refunded = sum(leg.amount_minor for leg in ruling.asked.legs if leg.tender is Tender.CASH)
                self.drawer -= refunded
                for leg in ruling.asked.legs:
                    self.units_refunded[leg.lease] = self.units_refunded.get(leg.lease, 0) + leg.units
                self.refunds = self.refunded() + ruling.asked.amount_minor

    def refunded(self) -> int:
        return getattr(self, "refunds", 0)

    def _moved(self, before: Sale, after: Sale, leases: tuple[Lease, ...]) -> None:
        self.sales[before.basket.op_id] = after
        self.baskets[before.basket.op_id] = after.basket
        self._keep(leases)
        for was, then in zip(before.legs, after.legs, strict=True):
            self.drawer -= then.voided_minor - was.voided_minor if was.tender is Tender.CASH else 0

    @rule(ms=st.sampled_from([1_000, HOUR_MS // 4]))
    def time_passes(self, ms: int) -> None:
        self.up_ms += ms
        for sale in list(self.sales.values()):
            ruling = expire(sale, list(self.leases.values()), monotonic_ms=self.up_ms)
            if isinstance(ruling, HoldRuling):
                self._moved(sale, ruling.sale, ruling.leases)

    @rule(minor=amounts)
    def top_up(self, minor: int) -> None:
        ruling = decide_top_up(self.leases["one"], CounterAsk(op_id=self._id("cash"), amount_minor=minor))
        if isinstance(ruling, ToppedUpRuling):
            self._keep((ruling.lease,))
            self.drawer += minor

    @rule(minor=amounts)
    def cash_out(self, minor: int) -> None:
        money = [self.leases["one"], self.leases["two"]]
        ask = CounterAsk(op_id=self._id("out"), amount_minor=minor)
        ruling = decide_cash_out(money, ask, monotonic_ms=self.up_ms)
        if isinstance(ruling, CashedOutRuling):
            self._keep(ruling.leases)
            self.drawer -= minor
            self.paid_out = getattr(self, "paid_out", 0) + minor

    @precondition(lambda self: self.ops > 6)
    @rule(name=st.sampled_from(["one", "two"]))
    def close(self, name: str) -> None:
        shut = close(self.leases[name])
        assert isinstance(shut, Lease)
        self._keep((shut,))

    @rule(total=st.integers(0, 4_000))
    def grant(self, total: int) -> None:
        self.granted += self._granted("one", total)

    @rule(name=st.sampled_from([*KINDS]), total=st.integers(0, 80))
    def grant_units(self, name: str, total: int) -> None:
        self._granted(name, total)

    def _granted(self, name: str, total: int) -> int:
        lease = self.leases[name]
        told = Grant(
            lease=name, wallet=lease.wallet, kind=lease.kind, unit=lease.unit, device=lease.device,
            incarnation=1, total=total, ttl_s=3_600, serial=lease.serial + 1,
        )  # fmt: skip
        after = take_grant(lease, told, asked_ms=self.up_ms)
        assert not isinstance(after, Refusal)
        self._keep((after,))
        return after.counters.granted - lease.counters.granted

    @rule(name=st.sampled_from([*KINDS]), units=st.integers(1, 40))
    def give_units_back(self, name: str, units: int) -> None:
        after = give_back(self.leases[name], units)
        if isinstance(after, Lease):
            assert after.spendable == self.leases[name].spendable - units
            self._keep((after,))

    @precondition(lambda self: self.ops > 6)
    @rule(name=st.sampled_from([*KINDS]))
    def withdraw(self, name: str) -> None:
        shut = close(self.leases[name])
        assert isinstance(shut, Lease)
        assert shut.spendable == 0
        self._keep((shut,))
        self.withdrawn.add(KINDS[name])

    @invariant()
    def every_lease_is_sound(self) -> None:
        assert all(is_sound(lease.counters) for lease in self.leases.values())

    @invariant()
    def every_part_is_of_its_whole(self) -> None:
        for sale in self.sales.values():
            assert all(0 <= leg.voided_minor <= leg.amount_minor for leg in sale.legs)
            assert all(0 <= leg.voided_units <= leg.units for leg in sale.legs)
            gone = sum(line.gross_minor for line in sale.voided)
            if sale.state is Authorisation.CAPTURED and not sale.hold:
                assert sale.paid_minor + gone == sale.basket.total_minor
            if sale.state in (Authorisation.VOIDED, Authorisation.EXPIRED, Authorisation.REFUNDED):
                assert sale.paid_minor == 0
            for number, line in enumerate(sale.basket.lines):
                tax = sum(one.tax_minor for one in sale.voided if one.line == number)
                whole = sum(one.quantity for one in sale.voided if one.line == number) == abs(line.quantity)
                legs = (leg for leg in sale.legs if leg.tender is Tender.DISCOUNT and leg.line == number)
                net = tax_within(line.gross_minor - sum(leg.amount_minor for leg in legs), line.tax_permille)
                assert (tax == net) if whole else (0 <= tax <= net)

    @invariant()
    def units_are_conserved(self) -> None:
        """What a voucher's lease lost is what stands in sales, or was given back by central."""
        for id_ in ("v1", "v2"):
            if id_ in self.leases:
                mine = [leg for sale in self.sales.values() for leg in sale.legs if leg.lease == id_]
                standing = sum(leg.units - leg.voided_units for leg in mine)
                counters = self.leases[id_].counters
                gone = counters.spent - counters.voided
                assert standing <= gone <= standing + self.units_refunded.get(id_, 0)
                assert gone <= counters.granted

    @invariant()
    def money_is_conserved(self) -> None:
        """What leases lost and the drawer took is what sales, pay-outs and refunds say (I3, I7)."""
        money = [lease.counters for key, lease in self.leases.items() if key in ("one", "two")]
        net = sum(counters.spent - counters.voided for counters in money)
        standing: dict[Tender, int] = {}
        for sale in self.sales.values():
            for leg in sale.legs:
                standing[leg.tender] = standing.get(leg.tender, 0) + leg.left_minor
        owed = standing.get(Tender.WALLET, 0) + getattr(self, "paid_out", 0)
        assert owed <= net <= owed + self.refunded()
        minted = sum(counters.minted for counters in money)
        assert self.drawer == minted + standing.get(Tender.CASH, 0) - getattr(self, "paid_out", 0)
        assert sum(counters.granted for counters in money) == self.granted


Till.TestCase.settings = settings(
    max_examples=int(os.environ.get("POLSO_EXAMPLES", "25")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestTill = Till.TestCase
"""Few runs at each save; ten thousand of them by dice (tests/core/test_till_days.py)."""
