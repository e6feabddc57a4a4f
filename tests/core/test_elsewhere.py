"""What other devices counted: which events count as what, and that totals are the same in any order."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.approvals import SHIFT_MS
from edge.core.elsewhere import (
    NOBODY,
    SPAN_MS,
    Limited,
    Seen,
    acted,
    counted,
    kept_key,
    let_pass,
    mistyped,
    times_within,
    tried,
    voided,
)
from edge.core.entry import decide
from edge.core.events import Acted, Decided, Kind
from edge.core.payment import Authorisation, Voided
from edge.core.payment.bodies import PinTried
from edge.core.pins import Tried, still_wrong
from tests.builders import NOW_MS, facts_for

BAND = b"b" * 16
ANNA = Acted(staff="anna")
MISTYPED = Acted(staff="anna", reason="wrong_pin")


@pytest.mark.parametrize(
    ("kind", "body", "band", "seen"),
    [
        (Kind.UNDONE, ANNA, None, Seen(Limited.UNDO, "anna", 5)),
        (Kind.LOOKED_UP, ANNA, None, Seen(Limited.LOOK_UP, "anna", 5)),
        (Kind.LOOKED_UP, Acted(staff="anna", reason="check"), BAND, None),
        (Kind.SIGN_IN_REFUSED, MISTYPED, None, Seen(Limited.STAFF_PIN, "anna", 5)),
        (Kind.SIGN_IN_REFUSED, Acted(staff="anna", reason="paused"), None, None),
        (Kind.SIGN_IN_REFUSED, Acted(staff=NOBODY, reason="wrong_pin"), None, None),
        (Kind.PIN_PROVED, ANNA, None, Seen(Limited.STAFF_PIN, "anna", 5, right=True)),
        (Kind.PIN_PROVED, Acted(), BAND, Seen(Limited.GUEST_PIN, BAND.hex(), 5, right=True)),
        (Kind.PIN_PROVED, Acted(), None, None),
        (Kind.HELP_CALLED, ANNA, None, None),
    ],
)  # fmt: skip
def test_an_act_counts_as_what_is_limited_and_as_nothing_else(
    kind: Kind, body: Acted, band: bytes | None, seen: Seen | None
) -> None:
    assert acted(kind, body, band=band, at_ms=5) == seen


def test_an_override_counts_for_whose_word_it_is() -> None:
    facts = facts_for()
    plain = Decided(decision=decide(facts).decision, presented=facts.presented, now_ms=NOW_MS)
    alone = msgspec.structs.replace(plain, approver="dora")
    by_two = msgspec.structs.replace(plain, approver="dora", staff="bruno")
    assert let_pass(alone, at_ms=5) == let_pass(by_two, at_ms=5) == Seen(Limited.LET_PASS, "dora", 5)
    assert let_pass(plain, at_ms=5) is None


@pytest.mark.parametrize(
    ("void_id", "said", "counts"),
    [
        ("void-1", {"staff": "tina"}, True),
        ("op-1:given-up", {"staff": "tina"}, False),
        ("void-1", {"staff": "tina", "undo": True}, False),
        ("void-1", {}, False),
    ],
)
def test_a_void_counts_where_a_cashier_takes_a_sale_back(
    void_id: str, said: dict[str, object], counts: bool
) -> None:
    body = Voided(op_id="op-1", void_id=void_id, state=Authorisation.VOIDED, legs=(), **said)  # type: ignore[arg-type]  # fields of Voided
    assert voided(body, at_ms=5) == (Seen(Limited.VOID, "tina", 5) if counts else None)


def test_a_guests_wrong_pin_counts_for_the_band_and_the_verifier() -> None:
    body = PinTried(op_id="op-1", wallet="w-1", wrong=1, of=b"v")
    assert mistyped(body, band=BAND, at_ms=5) == Seen(Limited.GUEST_PIN, BAND.hex(), 5, of=b"v")
    assert mistyped(body, band=None, at_ms=5) is None


@given(st.lists(st.integers(0, 3 * SHIFT_MS), max_size=60), st.integers(0, SHIFT_MS))
def test_no_act_within_twelve_hours_is_missed_and_none_binds_a_quarter_longer(
    ago: list[int], later: int
) -> None:
    spans: dict[int, int] = {}
    for at_ms in sorted(NOW_MS - one for one in ago):
        spans = counted(spans, at_ms)
    now_ms = NOW_MS + later
    exact = sum(NOW_MS - one > now_ms - SHIFT_MS for one in ago)
    rather = sum(NOW_MS - one >= now_ms - SHIFT_MS - SPAN_MS for one in ago)
    assert exact <= times_within([spans], now_ms) <= rather
    assert len(spans) <= SHIFT_MS // SPAN_MS + 1


def test_devices_are_summed_and_none_is_zero() -> None:
    assert times_within([], NOW_MS) == 0
    assert times_within([counted({}, NOW_MS), counted(counted({}, NOW_MS), NOW_MS - SPAN_MS)], NOW_MS) == 3


def test_what_was_wrong_before_a_right_pin_on_any_device_counts_no_more_in_whatever_order() -> None:
    till = [Seen(Limited.STAFF_PIN, "anna", at_ms) for at_ms in (1, 2, 9)]
    gate = [Seen(Limited.STAFF_PIN, "anna", 3), Seen(Limited.STAFF_PIN, "anna", 4, right=True)]
    for devices in permutations([till, gate]):
        registers = []
        for told in devices:
            register = Tried()
            for seen in told:
                register = tried(register, seen)
            registers.append(register)
        assert still_wrong(registers) == (9,)


def test_a_new_pin_begins_a_new_count_and_a_late_word_of_the_old_one_ends_it_not() -> None:
    old, new = (Seen(Limited.GUEST_PIN, BAND.hex(), at_ms, of=of) for at_ms, of in ((1, b"old"), (2, b"new")))
    register = tried(tried(Tried(), old), new)
    assert still_wrong([register], b"new") == (2,)
    assert still_wrong([register], b"old") == ()


def test_what_is_wrong_after_what_was_right_counts_while_the_clock_stands_still() -> None:
    here = tried(
        tried(Tried(), Seen(Limited.STAFF_PIN, "anna", 7)), Seen(Limited.STAFF_PIN, "anna", 7, right=True)
    )
    assert still_wrong([here]) == ()
    assert still_wrong([tried(here, Seen(Limited.STAFF_PIN, "anna", 7))]) == (7,)


def test_what_is_told_of_one_count_takes_no_others_place() -> None:
    kept = {kept_key(what, who) for what in Limited for who in ("anna", "undo", "")}
    assert len(kept) == 3 * len(Limited)
