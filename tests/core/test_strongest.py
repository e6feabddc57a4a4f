"""Which receiver is nearest: no going to and fro between two that are about as loud."""

from __future__ import annotations

from edge.core.presence.strongest import DWELL_MS, MARGIN_DB, Strongest


def test_nobody_heard_is_nowhere() -> None:
    assert Strongest().choose(0, {}) == ""


def test_first_one_heard_is_the_loudest() -> None:
    assert Strongest().choose(0, {"hall": -9, "court": -4}) == "court"


def test_equally_loud_ones_are_told_apart_by_name_and_not_by_chance() -> None:
    assert Strongest().choose(0, {"a": -4, "b": -4}) == Strongest().choose(0, {"b": -4, "a": -4})


def test_another_one_must_be_clearly_louder_for_a_while() -> None:
    strongest = Strongest()
    strongest.choose(0, {"hall": -9})
    for now_ms in range(0, 60_000, 250):
        assert strongest.choose(now_ms, {"hall": -9, "court": -10 + MARGIN_DB}) == "hall"
    louder = {"hall": -9, "court": -9 + MARGIN_DB}
    assert strongest.choose(60_000, louder) == "hall"
    assert strongest.choose(60_000 + DWELL_MS - 1, louder) == "hall"
    assert strongest.choose(60_000 + DWELL_MS, louder) == "court"


def test_rival_that_weakens_meanwhile_begins_anew() -> None:
    strongest = Strongest()
    strongest.choose(0, {"hall": -9})
    strongest.choose(0, {"hall": -9, "court": 0})
    strongest.choose(DWELL_MS - 1, {"hall": -9, "court": -9})
    assert strongest.choose(DWELL_MS, {"hall": -9, "court": 0}) == "hall"
    assert strongest.choose(2 * DWELL_MS, {"hall": -9, "court": 0}) == "court"


def test_rivals_that_take_turns_are_each_judged_for_themselves() -> None:
    strongest = Strongest()
    strongest.choose(0, {"hall": -9})
    for now_ms in range(0, 4 * DWELL_MS, DWELL_MS // 2):
        loud = "court" if now_ms // (DWELL_MS // 2) % 2 else "yard"
        assert strongest.choose(now_ms, {"hall": -9, "court": -8, "yard": -8, loud: 0}) == "hall"


def test_place_that_is_heard_no_more_is_left_at_once() -> None:
    strongest = Strongest()
    strongest.choose(0, {"hall": -9, "court": -20})
    assert strongest.choose(1, {"court": -20}) == "court"
    assert strongest.choose(2, {}) == ""
