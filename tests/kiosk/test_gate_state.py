"""The gate's reducer: what stands, for how long, and what must never stand again."""

from __future__ import annotations

import pytest

from tests.kiosk.scripts import run

GATE = """
const { begin, reduce, HOLD_MS } = await load("gate_state.js");
const view = (family, seq = 1, more = {}) => ({ family, seq, tap_id: "t" + seq, next: {}, ...more });
const decide = (state, family, now, { seq = 1, age = 0 } = {}) => reduce(state, { type: "decision", now,
  age, body: view(family, seq) });
const at = (state, now) => reduce(state, { type: "tick", now });
"""
HOLDS = {"go": 2500, "again": 2500, "ask": 20000, "wait": 6000, "used": 6000, "stop": 6000, "staff": 6000}


@pytest.mark.parametrize(("family", "hold_ms"), HOLDS.items())
def test_a_verdict_stands_for_its_time_and_not_longer(family: str, hold_ms: int) -> None:
    body = f"const s = decide(begin(), '{family}', 0); const end = {hold_ms};"
    seen = run(GATE + body + "return [s.phase, at(s, end - 1).phase, at(s, end).phase];")
    assert seen == ["verdict", "verdict", "idle"]


def test_a_new_tap_always_pre_empts_what_is_shown() -> None:
    seen = run(
        GATE + "const s = decide(decide(begin(), 'staff', 0), 'go', 10, { seq: 2 }); return s.view.family;"
    )
    assert seen == "go"


def test_an_old_green_is_never_painted_again() -> None:
    seen = run(
        GATE + "return [decide(begin(), 'go', 0, { age: 2500 }).phase, decide(begin(), 'go', 0, { age: 2499 "
        "}).phase];"
    )
    assert seen == ["idle", "verdict"]


def test_an_old_verdict_does_not_cut_the_standing_one_short() -> None:
    seen = run(
        GATE + "const s = decide(begin(), 'wait', 0); return decide(s, 'go', 10, { seq: 2, age: 9000 "
        "}).view.family;"
    )
    assert seen == "wait"


def test_a_late_verdict_stands_only_for_the_rest_of_its_time() -> None:
    seen = run(
        GATE
        + "const s = decide(begin(), 'go', 0, { age: 2000 }); return [at(s, 499).phase, at(s, 500).phase];"
    )
    assert seen == ["verdict", "idle"]


def test_a_decision_that_is_told_twice_is_shown_once() -> None:
    seen = run(GATE + "const s = at(decide(begin(), 'go', 0), 3000); return decide(s, 'go', 3001).phase;")
    assert seen == "idle"


def test_a_second_answer_to_one_tap_is_shown_under_its_own_number() -> None:
    seen = run(
        GATE + "const s = decide(begin(), 'ask', 0);"
        " return reduce(s, { type: 'decision', now: 5, age: 0, body: { ...view('go', 2), tap_id: 't1' } "
        "}).view.family;"
    )
    assert seen == "go"


def test_what_was_seen_is_bounded() -> None:
    body = "let s = begin(); for (let i = 1; i < 1000; i += 1) s = decide(s, 'go', i, { seq: i });"
    assert run(GATE + body + "return s.seen.length;") == 256


def test_without_contact_the_gate_shows_nothing_of_anybody() -> None:
    seen = run(
        GATE + "const s = reduce(decide(begin(), 'wait', 0), { type: 'link', body: 'stale', now: 1 });"
        " return [s.phase, s.view, reduce(s, { type: 'link', body: 'live', now: 2 }).phase];"
    )
    assert seen == ["stale", None, "idle"]


def test_a_lost_reader_puts_the_gate_out_of_service_until_it_is_back() -> None:
    seen = run(
        GATE
        + "const h = (s, reader) => reduce(s, { type: 'health', now: 1, body: { online: true, reader } });"
        " const s = h(begin(), 'lost'); return [s.phase, h(s, 'idle').phase, h(s, '').phase];"
    )
    assert seen == ["out", "idle", "idle"]


def test_a_device_event_is_believed_at_once_and_while_opening_nothing_changes() -> None:
    seen = run(
        GATE + "const tell = (s, body) => reduce(s, { type: 'devices', now: 1, body });"
        " const d = (s, state, kind = 'reader') => tell(s, { kind, state });"
        " const lost = d(begin(), 'lost'); const shown = decide(begin(), 'wait', 0);"
        " return [lost, d(lost, 'opening'), d(lost, 'idle'), d(begin(), 'lost', 'gate'), d(shown, 'reading')]"
        ".map((s) => s.phase);"
    )
    assert seen == ["out", "out", "idle", "idle", "reading"]


def test_offline_is_a_badge_and_the_verdict_stays_the_same() -> None:
    seen = run(
        GATE + "const s = decide(begin(), 'go', 0);"
        " const off = reduce(s, { type: 'health', now: 1, body: { online: false, reader: 'idle' } });"
        " return [off.offline, off.phase, off.view.family];"
    )
    assert seen == [True, "verdict", "go"]


def test_the_further_line_says_when_then_where_then_why() -> None:
    body = """
    const { whatNext } = await load("words.js");
    const words = { it: { "act.come_back_at": "Torna alle {time}", "act.come_back_on": "Torna {time}",
      "act.change_time_at": "Prossimo orario libero: {time}", "act.see_staff": "Ti aiutiamo",
      "act.kept_time": "Alle {time}, entro {n} s", "act.go_to_place": "Vai a: {place}", "why": "Perché" } };
    const noon = Date.UTC(2026, 0, 1, 11);
    const said = (next, more = {}) => whatNext(words, "it", { next, text: "why", ...more }, {
      zone: "Europe/Rome", places: { ride: { it: "Falco" } }, now: noon });
    return [said({ act: "come_back", at_ms: noon + 3 * 3600000 + 600000 }), said({ act: "come_back",
      at_ms: noon + 24 * 3600000 }), said({ act: "change_time", at_ms: noon + 3600000 }),
      said({ act: "change_time", at_ms: noon + 3600000 }, { kept_s: 60 }),
      said({ act: "go_to", place: "ride" }), said({ act: "see_staff", place: "ride" })];
    """
    changed, kept = "Prossimo orario libero: 13:00. Ti aiutiamo", "Alle 13:00, entro 60 s"
    assert run(body) == [
        "Torna alle 15:10", "Torna venerdì 2 gennaio", changed, kept, "Vai a: Falco", "Perché",
    ]  # fmt: skip


def test_a_quarter_past_midnight_is_one_of_the_new_day_in_every_language() -> None:
    seen = run(
        "const { clock } = await load('words.js'); return ['it', 'en', 'fr', 'de', 'es']"
        ".map((language) => clock(Date.UTC(2026, 0, 1, 23, 15), language, 'Europe/Rome'));"
    )
    assert seen == ["00:15"] * 5


def test_sizes_follow_distance_and_pixels() -> None:
    sizes = run("const { fontFor, pixels } = await load('sight.js');"
                " return [0.5, 1, 2, 3].map((m) => fontFor(0.7, m, 92)).concat(pixels(20, 92));")  # fmt: skip
    assert [round(size) for size in sizes] == [33, 66, 132, 199, 72]


def test_families_differ_by_ear_and_nothing_sounds_for_a_guest_who_needs_staff() -> None:
    sounds = run("const { SOUNDS } = await load('sound.js'); return SOUNDS;")
    assert sounds["staff"] == []
    assert sounds["out"] == []
    assert sounds["go"][0][0] < sounds["go"][1][0]
    assert sounds["wait"][0][0] == sounds["wait"][1][0]
    different = {str(sounds[name]) for name in ("go", "ask", "wait", "used", "stop", "again")}
    assert len(different) == 6


def test_quiet_hours_span_midnight() -> None:
    seen = run("const { quiet } = await load('sound.js');"
               " return [quiet(30, 1320, 420), quiet(700, 1320, 420), quiet(700, 600, 800), quiet(700, "
               "null, null)];")  # fmt: skip
    assert seen == [True, False, True, False]


def test_the_ring_turns_from_contact_until_the_verdict_and_never_for_a_band_that_was_read_already() -> None:
    seen = run(
        GATE + "const { READING_MS_MAX, READING_AGE_MS_MAX } = await load('gate_state.js');"
        " const found = (s, now, age = 0) => reduce(s, { type: 'reading', now, age, body: {} });"
        " const shown = decide(begin(), 'go', 0); const turning = found(shown, 10);"
        " const over = reduce(turning, { type: 'tick', now: 10 + READING_MS_MAX });"
        " return [turning, decide(turning, 'wait', 20, { seq: 2 }), over,"
        " found(shown, 10, READING_AGE_MS_MAX + 1)].map((s) => [s.phase, s.view?.family ?? null]);"
    )
    assert seen == [["reading", None], ["verdict", "wait"], ["idle", None], ["verdict", "go"]]
