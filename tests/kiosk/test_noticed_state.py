"""Who stands before a kiosk: one is greeted, two are nobody, and who walks away takes everything along."""

from __future__ import annotations

from tests.kiosk.scripts import run

KIOSK = """
const { begin, reduce } = await load("kiosk_state.js");
const hear = (state, type, body, now = 1) => reduce(state, { type, now, body, age: 0 });
const near = (people, more = {}) => ({ point: "hall", people, ...more });
const plan = { tap_id: "t1", at_ms: 1, name: "Giulia", items: [] };
const greet = () => hear(begin(), "plan", plan);
"""


def test_one_who_allows_it_is_greeted_by_first_name_in_their_language() -> None:
    seen = run(
        KIOSK + "const s = hear(begin(), 'near', near(1, { name: 'Hans', language: 'de' }));"
        " return [s.phase, s.noticed];"
    )
    assert seen == ["attract", {"name": "Hans", "language": "de"}]


def test_two_see_the_public_loop_until_one_of_them_taps() -> None:
    seen = run(
        KIOSK + "let s = hear(begin(), 'near', near(1, { name: 'Hans' })); s = hear(s, 'near', near(2));"
        " const both = s.noticed; s = hear(s, 'plan', { tap_id: 't', at_ms: 2, name: 'Hans', items: [] });"
        " return [both, s.phase, s.plan.name];"
    )
    assert seen == [None, "plan", "Hans"]


def test_who_walks_away_leaves_nothing_on_the_screen() -> None:
    seen = run(
        KIOSK + "let s = hear(greet(), 'near', near(1, { name: 'Giulia' }));"
        " s = hear(s, 'away', { point: 'hall', tap_id: 't1' });"
        " return [s.phase, s.plan, JSON.stringify(s).includes('Giulia')];"
    )
    assert seen == ["attract", None, False]


def test_somebody_else_who_walks_away_takes_nothing_of_who_stands_here() -> None:
    seen = run(KIOSK + "const s = hear(greet(), 'away', { tap_id: 't9' }); return [s.phase, s.plan.name];")
    assert seen == ["plan", "Giulia"]


def test_without_contact_or_after_a_gap_nobody_is_greeted() -> None:
    seen = run(
        KIOSK + "const s = hear(begin(), 'near', near(1, { name: 'Hans' }));"
        " return [hear(s, 'link', 'stale').noticed, hear(s, 'resync', {}).noticed,"
        " hear(s, 'near', near(0)).noticed];"
    )
    assert seen == [None, None, None]


EXPECTED = """
const { withNoticed, shownPeople, SHOWN_MAX } = await load("staff_expected_state.js");
const one = (band, zone, since_ms = 0, more = {}) => ({ band, zone, since_ms, ...more });
"""


def test_staff_see_the_nearest_first_and_nobody_who_has_gone() -> None:
    seen = run(
        EXPECTED + "let all = [one('a', 'in_venue'), one('b', 'at_kiosk', 9), one('c', 'at_kiosk', 3)];"
        " all = withNoticed(all, one('a', 'in_area')); const near = shownPeople(all).map((who) => who.band);"
        " all = withNoticed(all, one('b', 'in_venue', 9, { here: false }));"
        " return [near, shownPeople(all).map((who) => who.band)];"
    )
    assert seen == [["c", "b", "a"], ["c", "a"]]


def test_no_more_than_anybody_reads() -> None:
    seen = run(
        EXPECTED + "const all = Array.from({ length: 99 }, (_, n) => one(`b${n}`, 'in_area', n));"
        " return [shownPeople(all).length, SHOWN_MAX];"
    )
    assert seen == [8, 8]
