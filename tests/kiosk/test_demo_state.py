"""The demo page's reducer: its small pictures follow the reducers of the real screens."""

from __future__ import annotations

from tests.kiosk.scripts import run

DEMO = """
const { begin, reduce } = await load("demo_state.js");
const readers = [
  { id: "r1", point: "park", kind: "gate", plugged: true, state: "idle" },
  { id: "r2", point: "hall", kind: "kiosk", plugged: true, state: "idle" },
];
const park = { bands: [{ id: "giulia" }], readers, addresses: [], internet: true, outbox: 0 };
const act = (page, type, body, now = 0) => reduce(page, { type, body, now, age: 0 });
const verdict = { seq: 1, tap_id: "t", point: "park", family: "go", next: {} };
const plan = { tap_id: "p", point: "hall", at_ms: 1, name: "Giulia", items: [] };
"""


def test_a_decision_reaches_only_the_picture_of_its_own_point() -> None:
    seen = run(
        DEMO + "const page = act(act(begin(park), 'decision', verdict), 'plan', plan);"
        " return [page.screens.park.phase, page.screens.hall.phase, page.screens.hall.plan.name];"
    )
    assert seen == ["verdict", "plan", "Giulia"]


def test_the_pictures_forget_as_the_screens_do() -> None:
    seen = run(
        DEMO + "let page = act(act(begin(park), 'decision', verdict), 'plan', plan);"
        " page = act(page, 'tick', undefined, 30000);"
        " const asked = page.screens.hall.phase; page = act(page, 'tick', undefined, 60000);"
        " return [page.screens.park.phase, asked, page.screens.hall.phase];"
    )
    assert seen == ["idle", "warning", "attract"]


def test_a_pulled_cable_shows_on_its_own_gate() -> None:
    seen = run(
        DEMO + "const pulled = [{ ...readers[0], plugged: false }, readers[1]];"
        " const page = act(begin(park), 'demo', { ...park, readers: pulled, internet: false });"
        " return [page.screens.park.phase, page.screens.hall.phase, page.screens.park.offline];"
    )
    assert seen == ["out", "attract", True]


def test_a_till_s_picture_is_the_guests_side_of_it() -> None:
    seen = run(
        DEMO + "const till = { id: 'r3', point: 'bar', kind: 'till', plugged: true, state: 'idle' };"
        " const basket = { op_id: 'op-1', point: 'bar', state: 'short', ready_here_minor: 420 };"
        " const page = act(begin({ ...park, readers: [...readers, till] }), 'basket', basket);"
        " const { shape, phase } = await load('till_guest_state.js');"
        " return [phase(page.screens.bar), shape(page.screens.bar), page.screens.park.phase];"
    )
    assert seen == ["short", "wait", "idle"]


def test_choosing_twice_lets_go_again() -> None:
    seen = run(
        DEMO + "const one = act(begin(park), 'choose', 'giulia');"
        " return [one.chosen, act(one, 'choose', 'giulia').chosen];"
    )
    assert seen == ["giulia", None]


def test_an_acknowledgement_that_overtakes_the_answer_is_kept() -> None:
    seen = run(
        DEMO + "const early = act(begin(park), 'story', { tap_id: 't', acknowledged_ms: 40 });"
        " const told = act(early, 'told', { tap_id: 't', acknowledged_ms: null });"
        " const other = act(told, 'story', { tap_id: 'x', acknowledged_ms: 1 });"
        " return [told.story.acknowledged_ms, other.story.tap_id];"
    )
    assert seen == [40, "t"]


def test_a_story_of_the_crowd_is_told_until_somebody_holds_a_band_themselves() -> None:
    seen = run(
        DEMO + "const { OWN_MS_MIN, STORY_MS_MIN } = await load('demo_state.js');"
        " const story = (id, more = {}) => ({ tap_id: id, acknowledged_ms: null, ...more });"
        " const crowd = act(begin(park), 'story', story('a'), 0);"
        " const soon = act(crowd, 'story', story('b'), STORY_MS_MIN - 1);"
        " const next = act(crowd, 'story', story('b'), STORY_MS_MIN);"
        " const old = act(next, 'story', story('a', { acknowledged_ms: 9 }), 9e9);"
        " const own = act(next, 'told', story('c'), 3000);"
        " const kept = act(own, 'story', story('d'), 3000 + OWN_MS_MIN - 1);"
        " const after = act(kept, 'story', story('e'), 3000 + OWN_MS_MIN);"
        " return [crowd, soon, next, old, own, kept, after].map((page) => page.story.tap_id);"
    )
    assert seen == ["a", "a", "b", "b", "c", "c", "e"]
