"""A day with money on the wrist: real readers, real central, and the internet that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from edge.core.basket import Line
from edge.core.decision import Reason
from edge.core.lease import LeaseState
from edge.core.money import tax_within
from edge.payviews import BasketState, BasketView
from edge.run.demo.open import Choices, DemoPark
from edge.run.waiting import until
from edge.service.payments import chest
from edge.staff import Session
from sync.central.days import prove
from sync.central.money.ledger import balance, trial_balance

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]

BAR = "bar-1"
COFFEE = Line(item="espresso", name="Espresso", quantity=1, price_minor=150, tax_permille=100)
PIZZA = Line(item="pizza", name="Pizza margherita", quantity=1, price_minor=780, tax_permille=100)
WATER = Line(item="acqua", name="Acqua", quantity=1, price_minor=150, tax_permille=220, category="drink")
WAIT_S = 15.0


class Bar:
    """The park's bar with somebody behind the counter."""

    def __init__(self, park: DemoPark) -> None:
        self.park, self.service, self.count = park, park.edge.service, 0
        self.service.shifts.open(self.cashier(), BAR, counted_minor=0)

    def cashier(self) -> Session:
        now = self.park.edge.clock.now_ms()
        return Session(
            token="t",
            staff="dario",
            name="Dario",
            roles=("till",),
            point=BAR,
            until_ms=now + 3_600_000,
            fresh_until_ms=now + 300_000,
        )

    def leads(self) -> Session:
        """Whoever may give back what central has posted."""
        return msgspec.structs.replace(self.cashier(), staff="paola", name="Paola", roles=("supervisor",))

    def rings(self, *lines: Line) -> str:
        """Ring up and wait for a band; returns the op_id."""
        view = self.service.ring(self.cashier(), BAR, "", lines=lines)
        return self.service.await_band(self.cashier(), BAR, view.op_id).op_id

    def tap(self, band: str) -> BasketView:
        """Hold a band of the tray to the bar's reader."""
        self.park.keeper.tap(band, BAR)
        return self.service.basket(BAR)

    def sells(self, band: str, *lines: Line) -> BasketView:
        self.rings(*lines)
        return self.tap(band)

    def undoes(self, band: str, op_id: str) -> BasketView:
        """Let the guest take it back at the same reader."""
        self.service.undo_payment(self.cashier(), BAR, op_id, void_id=f"undo-{op_id}")
        return self.tap(band)

    def central_has(self, account: str, currency: str) -> int:
        """What the ledger says of an account, once all is told."""
        assert until(lambda: self.park.keeper.state().outbox == 0, WAIT_S)
        with self.park.central.store.reading() as tx:
            return balance(tx, self.park.park.site.id, account, currency=currency)

    def clears(self) -> None:
        self.service.give_up(self.cashier(), BAR, self.service.basket(BAR).op_id)

    def ready(self, wallet: str) -> int:
        """What lies at this device of a wallet, open."""
        found = self.park.edge.sequencer.submit(lambda tx: chest.leases_of(tx, wallet))
        return sum(one.spendable for one in found if one.state is LeaseState.OPEN)

    def holds(self, wallet: str, kind: str) -> int:
        """How many units of a voucher lie at this device."""
        found = self.park.edge.sequencer.submit(lambda tx: chest.leases_of(tx, wallet))
        return sum(one.spendable for one in found if one.kind == kind)

    def comes(self, band: str, wallet: str) -> int:
        """Let a guest be seen at the gate, and wait until money has come to the bar."""
        self.park.keeper.tap(band, "gate-1")
        assert until(lambda: self.ready(wallet), WAIT_S), f"nothing was set aside of {wallet}"
        return self.ready(wallet)


@contextmanager
def a_bar(folder: Path) -> Iterator[Bar]:
    park = DemoPark(Choices(headless=True, data_dir=folder, key=folder.parent / "bar.key"), folder)
    park.start()
    try:
        assert until(lambda: park.edge.current.proven, WAIT_S), "central has not compared the journals"
        yield Bar(park)
    finally:
        park.stop()


def test_a_day_at_the_bar_online_and_off(tmp_path: Path) -> None:
    with a_bar(tmp_path / "park") as bar:
        bar.comes("giulia", "w-41")
        bar.comes("anna", "w-43")
        bar.comes("emma", "w-44")
        bar.comes("marco", "w-42")

        online = bar.sells("giulia", PIZZA)
        assert (online.state, online.paid_minor) == (BasketState.APPROVED, 780)

        bar.park.keeper.internet(up=False)
        offline = bar.sells("giulia", COFFEE)
        assert (offline.state, offline.reason) == (online.state, online.reason)

        # A child's band opens the gate and pays nothing; the grown-up's does.
        child = bar.sells("leo", COFFEE)
        assert (child.state, child.reason) == (BasketState.DECLINED, Reason.PAYMENTS_OFF)
        assert bar.tap("anna").state is BasketState.APPROVED

        _two_share_a_bill(bar)

        # Above ten euros Marco's PIN is asked.
        asked = bar.sells("marco", PIZZA, PIZZA)
        assert asked.state is BasketState.PIN
        assert bar.service.type_pin(BAR, asked.op_id, "0000").pin_left == 2
        assert bar.service.type_pin(BAR, asked.op_id, "7193").state is BasketState.APPROVED

        # A lost band with money on it pays nobody's coffee.
        lost = bar.sells("nora", COFFEE)
        assert (lost.state, lost.reason) == (BasketState.DECLINED, Reason.BAND_LOST)
        bar.clears()

        bar.park.keeper.internet(up=True)
        assert until(lambda: bar.park.keeper.state().outbox == 0, WAIT_S)
        store, site = bar.park.central.store, bar.park.park.site.id
        with store.reading() as tx:
            assert set(trial_balance(tx, site).values()) <= {0}
            assert balance(tx, site, f"sales:{bar.park.edge.own.identity.device}", currency="EUR") >= 0


def _two_share_a_bill(bar: Bar) -> None:
    """Ten euros do not pay two pizzas: what is ready here is taken, another band pays the rest."""
    short = bar.sells("emma", PIZZA, PIZZA)
    assert (short.state, short.missing_minor) == (
        BasketState.SHORT,
        1_560 - (short.ready_here_minor or 0),
    )
    part = bar.service.take_part(bar.cashier(), BAR, short.op_id)
    assert part.state is BasketState.PARTLY_PAID
    whole = bar.tap("giulia")
    assert whole.state is BasketState.APPROVED
    assert sum(leg.amount_minor for leg in whole.legs) == 1_560


def test_a_child_s_free_drinks_work_while_central_is_away_and_are_proven(tmp_path: Path) -> None:
    with a_bar(tmp_path / "park") as bar:
        bar.comes("anna", "w-43")
        bar.park.keeper.tap("leo", "gate-1")
        assert until(lambda: bar.holds("w-43", "free_drink") == 2, WAIT_S), "his drinks did not come here"
        bar.park.keeper.internet(up=False)

        first = bar.sells("leo", WATER)
        assert (first.state, [leg.tender for leg in first.legs]) == (BasketState.APPROVED, ["free_drink"])
        assert [(one.kind, one.units) for one in first.vouchers] == [("free_drink", 1)]
        second = bar.sells("leo", WATER)
        assert second.state is BasketState.APPROVED

        # None is left: his own band pays nothing, his mother's does.
        third = bar.sells("leo", WATER)
        assert (third.state, third.reason) == (BasketState.DECLINED, Reason.PAYMENTS_OFF)
        assert [leg.tender for leg in bar.tap("anna").legs] == ["wallet"]

        # What is taken back gives him his drink again; what he would rather keep stays his.
        bar.service.void(bar.cashier(), second.op_id, "void-journey-2", reason="spilt")
        assert bar.holds("w-43", "free_drink") == 1
        op_id = bar.rings(WATER)
        bar.service.decline_vouchers(bar.cashier(), BAR, op_id, kinds=["free_drink"])
        assert bar.tap("leo").reason is Reason.PAYMENTS_OFF
        bar.clears()
        assert bar.sells("leo", WATER).state is BasketState.APPROVED

        bar.park.keeper.internet(up=True)
        assert until(lambda: bar.park.keeper.state().outbox == 0, WAIT_S)
        store, site = bar.park.central.store, bar.park.park.site.id
        proof = prove(store, site, 0, until_ms=store.now_ms() + 60_000)
        assert (proof.unexplained, set(proof.trial.values())) == (0, {0}), proof.findings
        drinks = next(one for one in proof.vouchers if one.campaign == "free_drink")
        assert (drinks.given, drinks.used, drinks.worth_minor) == (2, 2, 300)


def test_gift_credit_pays_first_is_taken_back_at_the_reader_and_refunded_with_the_money(
    tmp_path: Path,
) -> None:
    with a_bar(tmp_path / "park") as bar:
        bar.comes("marco", "w-42")
        assert until(lambda: bar.holds("w-42", "gift:welcome"), WAIT_S), "his credit did not come here"
        bar.park.keeper.internet(up=False)
        credit, money = bar.holds("w-42", "gift:welcome"), bar.ready("w-42")
        assert COFFEE.price_minor < credit < PIZZA.price_minor < money

        small = bar.sells("marco", COFFEE)
        assert [(leg.tender, leg.amount_minor) for leg in small.legs] == [("gift:welcome", 150)]
        assert bar.undoes("marco", small.op_id).state is BasketState.VOIDED
        assert bar.holds("w-42", "gift:welcome") == credit, "here again at once"
        assert bar.undoes("marco", small.op_id).state is BasketState.VOIDED
        assert bar.holds("w-42", "gift:welcome") == credit, "and once"

        mixed = bar.sells("marco", PIZZA)
        rest = PIZZA.price_minor - credit
        assert {leg.tender: leg.amount_minor for leg in mixed.legs} == {
            "gift:welcome": credit,
            "wallet": rest,
        }
        bar.park.keeper.internet(up=True)
        sales = f"sales:{bar.park.edge.own.identity.device}"
        net = PIZZA.price_minor - tax_within(PIZZA.price_minor, PIZZA.tax_permille)
        assert bar.central_has(sales, "EUR") == net, "a gift is a tender: its tax stays"
        free = bar.central_has("wallet:w-42", "EUR")

        for _ in range(2):
            bar.service.refund(bar.leads(), mixed.op_id, "refund-journey-1", reason="cold")
        assert bar.central_has(sales, "EUR") == 0
        assert bar.central_has("wallet:w-42", "EUR") == free + rest
        assert bar.central_has("voucher:gift", "EUR") == 0
        store, site = bar.park.central.store, bar.park.park.site.id
        proof = prove(store, site, 0, until_ms=store.now_ms() + 60_000)
        assert (proof.unexplained, set(proof.trial.values())) == (0, {0}), proof.findings


def test_a_family_s_limit_of_the_day_holds_offline(tmp_path: Path) -> None:
    with a_bar(tmp_path / "park") as bar:
        bar.comes("sofia", "w-45")
        bar.park.keeper.internet(up=False)
        assert bar.sells("sofia", msgspec.structs.replace(PIZZA, quantity=3)).state is BasketState.APPROVED
        over = bar.sells("sofia", PIZZA)
        assert (over.reason, over.left_minor) == (Reason.SPEND_LIMIT, 3_000 - 2_340)


def test_a_basket_survives_a_restart_in_the_middle_and_is_paid_once(tmp_path: Path) -> None:
    folder = tmp_path / "park"
    with a_bar(folder) as bar:
        before = bar.comes("giulia", "w-41")
        op_id = bar.rings(PIZZA)
    with a_bar(folder) as bar:
        assert bar.service.basket(BAR).op_id == op_id
        assert bar.tap("giulia").state is BasketState.APPROVED
    with a_bar(folder) as bar:
        assert bar.service.basket(BAR).state is BasketState.APPROVED
        assert bar.ready("w-41") in (before - 780, before)
        bar.service.void(bar.cashier(), op_id, "void-journey-1", reason="too salty")
        assert bar.service.basket(BAR).state is BasketState.VOIDED
