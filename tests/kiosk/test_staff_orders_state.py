"""Orders on the staff page: the next step of each, and to whom one may be handed."""

from __future__ import annotations

from tests.kiosk.scripts import run

ORDERS = """
const { partsOf, stepOf, withOrder, HELD_MS } = await load("staff_orders_state.js");
const order = (state, more = {}) => ({ id: "o1", state, guest: "g1", store: "till", here: true, ...more });
const tap = (guest, at_ms = 0, point = "till") => ({ tap_id: `t-${guest}`, guest, point, at_ms });
"""


def test_each_state_has_its_next_step() -> None:
    seen = run(
        ORDERS + "return ['placed', 'reserved', 'picking'].map((one) => stepOf(order(one), [], 0).act);"
    )
    assert seen == ["picking", "picking", "ready"]


def test_handed_over_only_to_the_guests_own_band_just_held_at_this_store() -> None:
    seen = run(
        ORDERS + "const ready = order('ready'); return [stepOf(ready, [tap('g2'), tap('g1')], 5),"
        " stepOf(ready, [tap('g2')], 5), stepOf(ready, [tap('g1')], HELD_MS + 1),"
        " stepOf(ready, [tap('g1', 0, 'gate')], 5), stepOf(order('ready', { here: false }), [tap('g1')], 5)];"
    )
    assert seen == [{"act": "hand_over", "tap": "t-g1"}, *[{"act": ""}] * 4]


def test_of_many_things_one_can_be_handed_over_by_itself() -> None:
    seen = run(
        ORDERS + "const of = (...lines) => order('ready', { lines });"
        " const cup = { article: 'cup', quantity: 2 }, hat = { article: 'hat', quantity: 1 };"
        " const act = 'hand_over';"
        " return [partsOf(of(cup, hat), { act }), partsOf(of(cup), { act }), partsOf(of(hat), { act }),"
        " partsOf(of(cup), { act: '' })];"
    )
    cup, hat = ({"article": name, "quantity": 1} for name in ("cup", "hat"))
    assert seen == [[cup, hat], [cup], [], []]


def test_what_is_over_leaves_the_list_and_what_is_ready_stands_first() -> None:
    seen = run(
        ORDERS + "let all = [order('picking', { id: 'a' }), order('reserved', { id: 'b' })];"
        " all = withOrder(all, order('ready', { id: 'b' })); const two = all.map((one) => one.id);"
        " return [two, ...['handed_over', 'expired', 'cancelled'].map((one) =>"
        " withOrder(all, order(one, { id: 'b' })).map((left) => left.id))];"
    )
    assert seen == [["b", "a"], ["a"], ["a"], ["a"]]
