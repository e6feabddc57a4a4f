"""Approvals: two persons, one exact act, once, in time."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.approvals import (
    APPROVAL_MS_MAX,
    SHIFT_MS,
    Approval,
    Deed,
    DeedKind,
    Objection,
    Second,
    Stage,
    object_to_giving,
    object_to_spending,
    takes_two,
    within_shift,
)
from tests.builders import NOW_MS

LATE_MS = NOW_MS + APPROVAL_MS_MAX


def a_deed(**changes: object) -> Deed:
    deed = Deed(kind=DeedKind.OVERRIDE, point="north", reason="ticket_seen", tap_id="tap-1", band="aa")
    return msgspec.structs.replace(deed, **changes)


def a_refund(**changes: object) -> Deed:
    deed = Deed(
        kind=DeedKind.REFUND, point="till", reason="broken", band="aa", amount_minor=900, currency="EUR"
    )
    return msgspec.structs.replace(deed, **changes)


def an_approval(deed: Deed | None = None, **changes: object) -> Approval:
    approval = Approval(
        id="a1", deed=deed or a_deed(), asked_by="bruno", asked_ms=NOW_MS, until_ms=NOW_MS + APPROVAL_MS_MAX
    )
    return msgspec.structs.replace(approval, **changes)


def given(deed: Deed | None = None, **changes: object) -> Approval:
    return an_approval(deed, **({"stage": Stage.APPROVED, "settled_by": "anna"} | changes))


def test_another_person_may_approve_an_open_request_in_time() -> None:
    assert object_to_giving(an_approval(), Second(staff="anna"), LATE_MS - 1) is None


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.OPEN])
def test_what_is_settled_is_settled(stage: Stage) -> None:
    verdict = object_to_giving(an_approval(stage=stage), Second(staff="anna"), NOW_MS)
    assert verdict is Objection.SETTLED


def test_nobody_approves_too_late_their_own_request_or_about_their_own_band() -> None:
    assert object_to_giving(an_approval(), Second(staff="anna"), LATE_MS) is Objection.LATE
    assert object_to_giving(an_approval(), Second(staff="bruno"), NOW_MS) is Objection.SELF
    own = Second(staff="anna", owns_band=True)
    assert object_to_giving(an_approval(), own, NOW_MS) is Objection.OWN_BAND


def test_the_limit_of_a_shift_holds_for_overrides_and_for_whom_it_is_set() -> None:
    full = Second(staff="anna", let_pass=20, let_pass_max=20)
    assert object_to_giving(an_approval(), full, NOW_MS) is Objection.LIMIT
    assert object_to_giving(an_approval(a_refund()), full, NOW_MS) is None
    assert object_to_giving(an_approval(), msgspec.structs.replace(full, let_pass=19), NOW_MS) is None
    unbound = msgspec.structs.replace(full, let_pass_max=None)
    assert object_to_giving(an_approval(), unbound, NOW_MS) is None


def test_a_given_approval_lets_its_asker_do_its_act_until_it_ends() -> None:
    assert object_to_spending(given(), a_deed(), by="bruno", now_ms=LATE_MS - 1) is None
    assert object_to_spending(given(), a_deed(), by="bruno", now_ms=LATE_MS) is Objection.LATE


@pytest.mark.parametrize(
    "changed",
    [
        a_refund(amount_minor=901),
        a_refund(currency="CHF"),
        a_refund(point="till-2"),
        a_refund(reason="goodwill"),
        a_refund(band="bb"),
        a_refund(tap_id="tap-2"),
        a_refund(source="cc"),
        a_refund(kind=DeedKind.TOP_UP),
    ],
)
def test_an_approval_of_one_act_lets_nothing_else_happen(changed: Deed) -> None:
    approval = given(a_refund())
    assert object_to_spending(approval, a_refund(), by="bruno", now_ms=NOW_MS) is None
    assert object_to_spending(approval, changed, by="bruno", now_ms=NOW_MS) is Objection.OTHER_ACT


def test_an_approval_is_honoured_once_and_only_for_who_asked() -> None:
    spent = given(stage=Stage.SPENT)
    assert object_to_spending(spent, a_deed(), by="bruno", now_ms=NOW_MS) is Objection.SPENT
    assert object_to_spending(an_approval(), a_deed(), by="bruno", now_ms=NOW_MS) is Objection.NOT_GIVEN
    assert object_to_spending(given(), a_deed(), by="carla", now_ms=NOW_MS) is Objection.OTHER_PERSON
    alone = given(settled_by="bruno")
    assert object_to_spending(alone, a_deed(), by="bruno", now_ms=NOW_MS) is Objection.SELF


def test_which_acts_take_two() -> None:
    assert not takes_two(a_deed(), let_pass=19, let_pass_max=20)
    assert takes_two(a_deed(), let_pass=20, let_pass_max=20)
    assert not takes_two(a_refund(), amount_minor_max=900)
    assert takes_two(a_refund(), amount_minor_max=899)
    assert takes_two(a_deed(kind=DeedKind.RELINK))
    assert takes_two(a_deed(kind=DeedKind.TOP_UP), amount_minor_max=10**9)


def test_a_shift_is_the_last_twelve_hours() -> None:
    times = (NOW_MS - SHIFT_MS, NOW_MS - SHIFT_MS + 1, NOW_MS)
    assert within_shift(times, NOW_MS) == times[1:]
