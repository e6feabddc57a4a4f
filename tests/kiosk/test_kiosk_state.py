"""The kiosk's reducer: whoever leaves is forgotten, and whoever comes next sees nothing of them."""

from __future__ import annotations

from tests.kiosk.scripts import run

KIOSK = """
const { begin, reduce, IDLE_MS_MAX, WARNING_MS, PLAN_AGE_MS_MAX, COMING_MS, ordered,
  standing } = await load("kiosk_state.js");
const plan = (name, n = 1, more = {}) => ({ tap_id: "t" + n, at_ms: n, name, items: [], ...more });
const greet = (state, name, now, { n = 1, age = 0, more = {} } = {}) => reduce(state, { type: "plan",
  now, age, body: plan(name, n, more) });
const act = (state, type, now, body) => reduce(state, { type, now, body });
const holds = (state, word) => JSON.stringify(state).includes(word);
"""


def test_idle_brings_the_question_and_then_forgetting() -> None:
    seen = run(
        KIOSK + "let s = greet(begin(), 'Giulia', 0); const out = [s.phase];"
        " s = act(s, 'tick', IDLE_MS_MAX); out.push(s.phase);"
        " s = act(s, 'tick', IDLE_MS_MAX + WARNING_MS - 1); out.push(s.phase);"
        " s = act(s, 'tick', IDLE_MS_MAX + WARNING_MS); out.push(s.phase, holds(s, 'Giulia')); return out;"
    )
    assert seen == ["plan", "warning", "warning", "attract", False]


def test_the_times_are_those_of_the_privacy_rules() -> None:
    idle, warning, age = run(KIOSK + "return [IDLE_MS_MAX, WARNING_MS, PLAN_AGE_MS_MAX];")
    assert idle == 30_000
    assert warning >= 20_000
    assert age <= 10_000


def test_one_touch_extends_as_often_as_wanted() -> None:
    seen = run(
        KIOSK + "let s = greet(begin(), 'Giulia', 0); let now = 0; const out = [];"
        " for (let i = 0; i < 12; i += 1) { now += IDLE_MS_MAX + 1000; s = act(s, 'tick', now); "
        "out.push(s.phase);"
        " s = act(s, 'touch', now); out.push(s.phase); } return out;"
    )
    assert seen == ["warning", "plan"] * 12


def test_the_next_guest_replaces_the_last_one_wholly() -> None:
    seen = run(
        KIOSK
        + "let s = greet(begin(), 'Giulia', 0, { more: { language: 'fr' } }); s = act(s, 'language', 1, "
        "'de'); s = act(s, 'low', 2, true);"
        " s = greet(s, 'Marco', 3, { n: 2 }); return [s.phase, s.plan.name, s.language, s.low, holds(s, "
        "'Giulia')];"
    )
    assert seen == ["plan", "Marco", "", False, False]


def test_signing_off_forgets_at_once() -> None:
    assert run(
        KIOSK
        + "const s = act(greet(begin(), 'Giulia', 0), 'finish', 5); return [s.phase, holds(s, 'Giulia')];"
    ) == [
        "attract",
        False,
    ]


def test_losing_contact_forgets_at_once() -> None:
    seen = run(
        KIOSK + "const s = act(greet(begin(), 'Giulia', 0), 'link', 5, 'stale');"
        " return [s.phase, holds(s, 'Giulia'), act(s, 'link', 6, 'live').phase];"
    )
    assert seen == ["stale", False, "attract"]


def test_a_greeting_told_late_or_twice_greets_nobody() -> None:
    seen = run(
        KIOSK + "const late = greet(begin(), 'Giulia', 0, { age: PLAN_AGE_MS_MAX + 1 });"
        " const twice = greet(act(greet(begin(), 'Giulia', 0), 'finish', 1), 'Giulia', 2); return "
        "[late.phase, twice.phase];"
    )
    assert seen == ["attract", "attract"]


def test_a_guest_who_needs_staff_sees_a_verdict_for_its_time() -> None:
    seen = run(
        KIOSK + "const s = greet(begin(), '', 0, { more: { family: 'staff' } });"
        " return [s.phase, act(s, 'tick', 5999).phase, act(s, 'tick', 6000).phase];"
    )
    assert seen == ["verdict", "verdict", "attract"]


def test_a_help_call_goes_from_called_to_still_trying_to_coming_and_ends() -> None:
    seen = run(
        KIOSK + "let s = act(begin(), 'help-pressed', 0, 'op'); const out = [s.help.stage];"
        " s = act(s, 'help', 1, { id: 'h', acknowledged: false, escalated: false }); out.push(s.help.stage);"
        " s = act(s, 'help', 30000, { id: 'h', acknowledged: false, escalated: true }); "
        "out.push(s.help.stage);"
        " s = act(s, 'help', 40000, { id: 'h', acknowledged: true }); out.push(s.help.stage);"
        " out.push(act(s, 'tick', 40000 + COMING_MS).help); return out;"
    )
    assert seen == ["called", "called", "trying", "coming", None]


def test_a_call_that_nobody_could_hear_says_so() -> None:
    assert (
        run(KIOSK + "return act(act(begin(), 'help-pressed', 0, 'op'), 'help-unheard', 1).help.stage;")
        == "trying"
    )


def test_the_plan_is_ordered_as_the_guest_meets_it() -> None:
    seen = run(
        KIOSK + "const items = [{ id: 'done', used: true }, { id: 'any' }, { id: 'later', start_ms: 300 }, { "
        "id: 'next', start_ms: 200 },"
        " { id: 'now', start_ms: 50, end_ms: 150 }, { id: 'past', start_ms: 1, end_ms: 20 }];"
        " return ordered(items, 100).map((item) => [item.id, standing(item, 100)]);"
    )
    assert seen == [
        ["now", "now"], ["next", "next"], ["later", "next"], ["any", "any"], ["done", "used"], ["past",
        "used"],
    ]  # fmt: skip


def test_slides_move_in_steps_and_only_with_time() -> None:
    seen = run(KIOSK + "return [0, 3999, 4000, 8000, 12000].map((now) => act(begin(), 'tick', now).slide);")
    assert seen == [0, 0, 1, 2, 0]


def test_a_band_at_the_reader_sends_the_last_guest_away_before_the_next_is_known() -> None:
    seen = run(
        KIOSK + "const { READING_MS_MAX } = await load('gate_state.js');"
        " const found = (s, now, age = 0) => reduce(s, { type: 'reading', now, age, body: {} });"
        " const giulia = greet(begin(), 'Giulia', 0); const turning = found(giulia, 10);"
        " return [turning.phase, holds(turning, 'Giulia'), greet(turning, 'Marco', 20, { n: 2 }).plan.name,"
        " act(turning, 'tick', 10 + READING_MS_MAX).phase, found(giulia, 10, 900).phase];"
    )
    assert seen == ["reading", False, "Marco", "attract", "plan"]


CARD = "const shown = (s, tap = 't1') => act(s, 'card', 2, { tap_id: tap, svg: 'THE-CODE' });"
OPENED = "const opened = () => act(greet(begin(), 'Giulia', 0), 'mine', 1, { tap_id: 't1' });"


def test_the_code_of_a_guests_own_page_leaves_with_them() -> None:
    seen = run(
        KIOSK + CARD + OPENED + "const s = shown(opened());"
        " const left = [act(s, 'back', 3), act(s, 'finish', 3), act(s, 'tick', IDLE_MS_MAX + 3),"
        " greet(s, 'Marco', 3, { n: 2 }), act(s, 'link', 3, 'stale'), act(s, 'reading', 3)];"
        " return [holds(s, 'THE-CODE'), ...left.map((one) => holds(one, 'THE-CODE'))];"
    )
    assert seen == [True, False, False, False, False, False, False]


def test_a_code_that_comes_too_late_is_shown_to_nobody_else() -> None:
    seen = run(
        KIOSK + CARD + OPENED + "const other = act(greet(opened(), 'Marco', 2, { n: 2 }), 'mine', 3,"
        " { tap_id: 't2' });"
        " return [shown(other), shown(greet(begin(), 'Giulia', 0)), shown(begin())]"
        ".map((s) => holds(s, 'THE-CODE'));"
    )
    assert seen == [False, False, False]
