"""What stands beside a guest's plan: it belongs to who stands there, and leaves with them."""

from __future__ import annotations

from tests.kiosk.scripts import run

NEAR = """
const { begin, reduce, IDLE_MS_MAX, WARNING_MS } = await load("kiosk_state.js");
const items = [{ entitlement: "e1", start_ms: 10, end_ms: 20 }, { entitlement: "e2" }];
const greet = (tap = "t1", now = 0) => reduce(begin(), { type: "plan", now, age: 0,
  body: { tap_id: tap, at_ms: 1, name: "Giulia", items } });
const act = (state, type, body, now = 1) => reduce(state, { type, now, body });
const near = (more = {}) => ({ tap_id: "t1", movable: ["e1"], orders: [{ id: "o1", state: "ready" }],
  ask: "op-1", ...more });
const holds = (state, word) => JSON.stringify(state).includes(word);
"""


def test_what_comes_late_for_somebody_else_is_not_shown() -> None:
    seen = run(
        NEAR + "let s = greet('t2'); const out = [];"
        " for (const type of ['beside', 'times', 'shelves']) { s = act(s, type, near());"
        " out.push(s.near, s[type] ?? null); }"
        " s = act(s, 'ordered', { tap_id: 't1', order: { id: 'o9' } }); out.push(s.near, s.phase);"
        " s = act(begin(), 'beside', near()); out.push(s.near); return out;"
    )
    assert seen == [*[None] * 7, "plan", None]


def test_the_next_guest_sees_no_order_and_no_question_of_the_last() -> None:
    seen = run(
        NEAR + "let s = act(act(greet(), 'beside', near()), 'face', 2); const had = holds(s, 'op-1');"
        " s = reduce(s, { type: 'plan', now: 2, age: 0, body: { tap_id: 't2', at_ms: 2, items: [] } });"
        " return [had, s.near, s.face, holds(s, 'op-1'), holds(s, 'o1')];"
    )
    assert seen == [True, None, 0, False, False]


def test_another_time_stands_in_the_plan_at_once() -> None:
    seen = run(
        NEAR + "let s = act(greet(), 'times', { tap_id: 't1', entitlement: 'e1', choices: [] });"
        " const open = s.phase;"
        " s = act(s, 'times', { tap_id: 't1', entitlement: 'e1', done: true,"
        " choices: [{ start_ms: 50, end_ms: 60 }] });"
        " return [open, s.phase, s.note, s.plan.items.map((one) => one.start_ms ?? null), s.times];"
    )
    assert seen == ["times", "plan", "near.moved", [50, None], None]


def test_every_page_beside_the_plan_ends_with_the_question_and_comes_back_to_the_plan() -> None:
    seen = run(
        NEAR + "const out = []; for (const type of ['times', 'shelves']) {"
        " let s = act(greet(), type, { tap_id: 't1', articles: [], choices: [] });"
        " s = act(s, 'tick', null, IDLE_MS_MAX + 1); out.push(s.phase, s[type]);"
        " s = act(s, 'touch', null, IDLE_MS_MAX + 2); out.push(s.phase);"
        " s = act(s, 'tick', null, 2 * IDLE_MS_MAX + 2);"
        " s = act(s, 'tick', null, 3 * IDLE_MS_MAX + WARNING_MS);"
        " out.push(s.phase, s.plan); } return out;"
    )
    assert seen == ["warning", None, "plan", "attract", None] * 2


def test_going_back_leaves_the_page_and_its_note() -> None:
    assert run(
        NEAR + "const out = []; for (const type of ['times', 'shelves']) {"
        " const s = act(act(greet(), type, { tap_id: 't1' }), 'back');"
        " out.push(s.phase, s[type]); } return out;"
    ) == ["plan", None, "plan", None]


def test_a_face_is_asked_for_once_and_only_about_a_purchase() -> None:
    seen = run(
        NEAR + "let s = act(greet(), 'face', 3); const unasked = s.face;"
        " s = act(act(s, 'beside', near()), 'face', 3); const chosen = s.face;"
        " s = act(s, 'said'); return [unasked, chosen, s.face, s.near.ask, s.said];"
    )
    assert seen == [0, 3, 0, "", True]


def test_what_was_set_aside_stands_among_the_orders_and_what_was_asked_elsewhere_says_so() -> None:
    seen = run(
        NEAR + "const order = (state) => ({ tap_id: 't1', order: { id: 'o2', state } });"
        " const s = act(greet(), 'beside', near()); const here = act(s, 'ordered', order('reserved'));"
        " return [here.note, here.near.orders.map((one) => one.id), act(s, 'ordered', order('placed')).note,"
        " act(greet(), 'ordered', order('placed')).near.orders.length];"
    )
    assert seen == ["near.set_aside", ["o1", "o2"], "near.asked_there", 1]


def test_a_refusal_says_what_to_do_and_never_why() -> None:
    seen = run(
        NEAR + "return ['HoldAgain', 'Gone', 'NoneLeft', 'Unproved', undefined].map((kind) => {"
        " const s = act(act(greet(), 'shelves', { tap_id: 't1' }), 'near-refused', kind);"
        " return [s.phase, s.again, s.note]; });"
    )
    gone, ask = ["plan", False, "near.gone"], ["plan", False, "near.ask_us"]
    assert seen == [["plan", True, ""], gone, gone, ask, ask]
