"""A till in a thief's hands costs at most what central had set aside for it; money back has its rights."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.core.basket import Line
from edge.core.events import Kind
from edge.core.lease import Limits
from edge.core.payment.reckoning import Piece
from edge.errors import NotAllowed, Refused
from edge.payviews import BasketState
from edge.service import Service
from edge.service.attempts import OwnBand
from edge.service.tallies import SecondNeeded
from edge.staff import Role, Session
from tests.security.lived import NAME, TAG, lived
from tests.service.house import OTHER_UID, UID, Hands, House, an_edge, band_of
from tests.service.purses import (
    GUEST_PIN,
    OP,
    SOUP,
    TILL,
    WALLET,
    a_grant,
    a_guest,
    bought,
    cashier,
    granted,
    left,
    money_events,
    rung_up,
    tapped,
)

LENT = 2_000


@pytest.fixture
def house(tmp_path: Path) -> House:
    with an_edge(tmp_path) as edge:
        a_guest(edge)
        granted(edge, a_grant(LENT))
        yield edge


# Damage


def taken_by_a_thief(house: House) -> int:
    """Sell as much as the box lets go of to whoever signed in; return what that was worth."""
    worth = 0
    for number in itertools.count():
        op = f"op-theft-{number:06}"
        rung_up(house, op_id=op)
        view = tapped(house)
        if view.state is BasketState.SHORT and view.ready_here_minor:
            house.service.take_part(cashier(house), TILL, op)
        if view.state is not BasketState.APPROVED:
            part = house.service.basket(TILL).paid_minor
            if part:
                house.service.add_cash(cashier(house), TILL, op, minor=SOUP.price_minor - part)
            else:
                house.service.give_up(cashier(house), TILL, op)
            return worth + part
        worth += view.paid_minor
    raise AssertionError


def test_a_stolen_till_is_worth_its_leases_and_not_a_cent_more(house: House) -> None:
    stake = house.service.exposure().at_stake_minor
    assert stake == LENT
    assert taken_by_a_thief(house) == LENT
    assert left(house) == 0


def test_after_its_time_it_is_worth_nothing(house: House) -> None:
    house.hands.forward(s=36_000)
    assert taken_by_a_thief(house) == 0


def test_a_block_that_reached_it_leaves_nothing(house: House) -> None:
    house.service.placement.block(WALLET, 1)
    assert taken_by_a_thief(house) == 0


def test_its_disk_in_another_box_spends_nothing(house: House) -> None:
    house.current = False
    assert taken_by_a_thief(house) == 0


def test_voids_do_not_make_money(house: House) -> None:
    """Sold, voided, sold again: what is worth anything at the end is still what was lent."""
    for number in range(5):
        op = f"op-churn-{number:06}"
        bought(house, op_id=op)
        house.service.void(cashier(house), op, f"void-{number:06}", reason="churn")
    assert taken_by_a_thief(house) == LENT


def test_turning_the_clock_that_people_see_buys_no_time(house: House) -> None:
    house.hands.wall_ms -= 30 * 86_400_000
    house.hands.mono_ms += 36_000_000
    assert taken_by_a_thief(house) == 0


def test_switching_it_off_and_on_buys_no_time(tmp_path: Path) -> None:
    hands = Hands()
    folder = tmp_path / "stolen"
    folder.mkdir()
    with an_edge(folder, hands) as edge:
        edge.service.start()
        a_guest(edge)
        granted(edge, a_grant(LENT, ttl_s=3_600))
        hands.forward(s=3_000)
        edge.service._lifetime.look()
    hands.mono_ms = 1_000
    with an_edge(folder, hands, boot="boot-2") as edge:
        edge.seqs = itertools.count(500)
        edge.service.start()
        hands.forward(s=600)
        assert taken_by_a_thief(edge) == 0


def test_a_copied_band_without_its_pin_takes_no_more_than_the_limit(house: House) -> None:
    a_guest(house, pin="7193", limits=Limits(pin_above_minor=600))
    rung_up(house, SOUP, SOUP)
    tapped(house)
    for guess in ("0000", "1234", "2580", "7193"):
        try:
            house.service.type_pin(TILL, OP, guess)
        except Refused:
            break
    assert left(house) == LENT


# Who may take money back: role x action

Act = Callable[[Service, Session], object]
ACTS: dict[str, Act] = {
    "void": lambda service, who: service.void(who, OP, "void-matrix-1", reason="matrix"),
    "void a piece": lambda service, who: service.void(
        who, OP, "void-matrix-2", pieces=[Piece(0, 1)], reason="matrix"
    ),
    "undo": lambda service, who: service.undo_payment(who, TILL, OP, void_id="void-matrix-3"),
    "refund": lambda service, who: service.refund(who, OP, "refund-matrix-1", reason="matrix"),
    "ask refund": lambda service, who: service.ask_refund(who, OP, "refund-matrix-2", reason="matrix"),
    "top up": lambda service, who: service.top_up(who, TILL, "cash-matrix-1", minor=100),
    "cash out": lambda service, who: service.cash_out(who, TILL, "cash-matrix-2"),
    "sell": lambda service, who: service.ring(who, TILL, "op-matrix-0001", lines=(SOUP,)),
}
SELLERS = frozenset({Role.TILL, Role.SUPERVISOR})
ALONE = dict.fromkeys(ACTS, SELLERS) | {"refund": frozenset({Role.SUPERVISOR})}
"""Who may do each by themselves, for a small amount and a stranger's band."""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", ACTS)
def test_money_moves_for_whom_the_matrix_names_and_for_nobody_else(
    house: House, role: Role, name: str
) -> None:
    bought(house, msgspec.structs.replace(SOUP, quantity=2))
    before = len(money_events(house))
    who = house.session(role.value, point=TILL)
    if role in ALONE[name]:
        ACTS[name](house.service, who)
        return
    with pytest.raises(NotAllowed) as refused:
        ACTS[name](house.service, who)
    assert isinstance(refused.value, SecondNeeded) is (role is Role.TILL)
    assert len(money_events(house)) == before


@pytest.mark.parametrize("role", [Role.TILL, Role.SUPERVISOR])
@pytest.mark.parametrize("name", ["void", "void a piece", "refund", "ask refund"])
def test_nobody_takes_money_back_for_their_own_band(house: House, role: Role, name: str) -> None:
    bought(house, msgspec.structs.replace(SOUP, quantity=2))
    who = house.session(role.value, point=TILL, badge=band_of(house, UID).hex())
    with pytest.raises(OwnBand):
        ACTS[name](house.service, who)
    kinds = {event.kind for event in money_events(house)}
    assert kinds.isdisjoint({Kind.PAYMENT_VOIDED, Kind.REFUND_ASKED})
    assert [acted.reason for acted in house.acted(Kind.ATTEMPT_REFUSED)] == ["own_band"]


def test_after_five_idle_minutes_money_back_asks_for_the_pin_again(house: House) -> None:
    bought(house)
    who = msgspec.structs.replace(house.session("till", point=TILL), fresh_until_ms=0)
    for name in ("void", "refund", "ask refund", "cash out"):
        with pytest.raises(NotAllowed, match="PIN again"):
            ACTS[name](house.service, who)


# Erased


def test_an_erased_guest_leaves_no_octet_and_is_charged_no_second_time(house: House) -> None:
    profile = a_guest(house, OTHER_UID, wallet="wallet-2")
    band = profile.band.id
    granted(house, a_grant(1_000, "wallet-2", band=band.hex()))
    bought(house, uid=OTHER_UID)
    house.service.erase(profile.guest or "", [band, band_of(house, UID)])
    assert house.service.basket(TILL).state is BasketState.APPROVED
    with pytest.raises(Refused):
        house.service.await_band(cashier(house), TILL, OP)
    granted(house, a_grant(1_000, "wallet-2", band=band.hex(), serial=9))
    assert left(house, "wallet-2") == 0
    rows = house.sequencer.submit(
        lambda tx: [body for kind in ("basket", "lease", "spent", "cash") for _, body in tx.rows(kind)]
    )
    assert not any(band in body or band.hex().encode() in body for body in rows)


def test_a_line_that_gives_more_back_than_it_cost_is_no_way_round(house: House) -> None:
    back = Line(item="glass", name="Glass", quantity=-3, price_minor=900)
    with pytest.raises(Refused):
        house.service.ring(cashier(house), TILL, OP, lines=(SOUP, back))


# Copied


def test_no_byte_of_a_guests_whole_day_tells_who_it_was(tmp_path: Path) -> None:
    """Offers, coupons, orders, words, zones, baskets and alarms too; names of rows are pseudonyms."""
    with an_edge(tmp_path) as edge:
        lived(edge)
        planted = {text: text.encode() for text in (NAME, TAG, GUEST_PIN, UID.hex(), UID.hex().upper())}
        planted |= {"uid": UID, "hash of a PIN": b"$argon2"}
        octets = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert [name for name, word in planted.items() if word in octets] == []
        kept = edge.sequencer.submit(lambda tx: [body for _, body in tx.rows("answers")])
        assert any(NAME.encode() in body for body in kept), "the control: with the key it is there"
