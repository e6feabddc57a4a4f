"""Offers beside a plan: three at most, one large, taken or declined, and gone with whom they are for."""

from __future__ import annotations

from tests.kiosk.scripts import run

OFFERS = """
const { begin, reduce, IDLE_MS_MAX, WARNING_MS } = await load("kiosk_state.js");
const { shownTile, TILES_MAX } = await load("kiosk_offers_state.js");
const act = (state, type, body, now = 1) => reduce(state, { type, now, body, age: 0 });
const tile = (n, more = {}) => ({ exposure: `x${n}`, said: {}, ...more });
const greet = () => act(begin(), "plan", { tap_id: "t1", at_ms: 1, name: "Giulia", items: [] });
const offered = () => act(greet(), "offers", { tap_id: "t1", tiles: [1, 2, 3, 4].map((n) => tile(n)) });
"""


def test_never_more_than_three_and_only_to_whom_they_are_for() -> None:
    seen = run(
        OFFERS + "const other = act(greet(), 'offers', { tap_id: 't9', tiles: [tile(1)] });"
        " return [offered().offers.tiles.length, TILES_MAX, other.offers];"
    )
    assert seen == [3, 3, None]


def test_a_late_answer_takes_nothing_away_that_somebody_reads() -> None:
    seen = run(
        OFFERS + "const s = act(act(offered(), 'offer', 'x2'), 'offers', { tap_id: 't1', tiles: [] });"
        " return [s.phase, shownTile(s).exposure];"
    )
    assert seen == ["offer", "x2"]


def test_one_stands_large_and_going_back_brings_the_day() -> None:
    seen = run(
        OFFERS + "const s = act(offered(), 'offer', 'x2'); const unknown = act(offered(), 'offer', 'x9');"
        " const back = act(s, 'back'); return [s.phase, shownTile(s).exposure, unknown.phase, back.phase,"
        " back.offer];"
    )
    assert seen == ["offer", "x2", "plan", "plan", ""]


def test_what_is_taken_up_is_marked_and_shows_its_code() -> None:
    seen = run(
        OFFERS + "let s = act(offered(), 'offer', 'x1');"
        " s = act(s, 'taken', { tap_id: 't1', exposure: 'x1', svg: '<svg/>' });"
        " return [s.phase, s.taken.svg, s.offers.tiles.map((one) => Boolean(one.taken))];"
    )
    assert seen == ["taken", "<svg/>", [True, False, False]]


def test_a_declined_offer_leaves_the_row() -> None:
    seen = run(
        OFFERS + "const s = act(act(offered(), 'offer', 'x1'), 'declined', 'x1');"
        " return [s.phase, s.offers.tiles.map((one) => one.exposure)];"
    )
    assert seen == ["plan", ["x2", "x3"]]


def test_one_tap_ends_all_offers_of_today() -> None:
    seen = run(OFFERS + "const s = act(act(offered(), 'offer', 'x1'), 'quiet'); return [s.phase, s.offers];")
    assert seen == ["plan", None]


def test_untouched_it_ends_with_the_question_one_tap_brings_the_tiles_back_else_all_is_forgotten() -> None:
    seen = run(
        OFFERS + "let s = act(act(offered(), 'offer', 'x1'), 'tick', null, IDLE_MS_MAX + 2);"
        " const asked = [s.phase, s.offer]; const again = act(s, 'touch', null, IDLE_MS_MAX + 3);"
        " s = act(s, 'tick', null, IDLE_MS_MAX + WARNING_MS + 3);"
        " return [...asked, again.phase, again.offers.tiles.length, s.phase, s.offers];"
    )
    assert seen == ["warning", "", "plan", 3, "attract", None]
