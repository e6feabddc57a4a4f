"""Laws of the rulebook that hold for any facts whatever."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.checks.identity import FORGED
from edge.core.decision import Outcome, Reason, outcome_of
from edge.core.entitlements import Hours, Redemption, RuleText, Status, Terms
from edge.core.entry import Facts, decide
from edge.core.events import Decided
from edge.core.held import Change
from edge.core.moves import awake, differences
from edge.core.places import Direction, PointKind
from edge.core.replay import record, replay
from tests.core.strategies import LAWS, RULES, any_facts, honest_facts, well_used

GREENS = {Reason.ENTERED, Reason.EXITED, Reason.IDENTIFIED}
GATES = [kind for kind in PointKind if kind not in (PointKind.TILL, PointKind.KIOSK)]


@LAWS
@given(any_facts)
def test_whatever_comes_is_answered(facts: Facts) -> None:
    decision = decide(facts).decision
    assert decision.outcome is outcome_of(decision.reason)
    assert (decision.outcome is Outcome.GRANTED) is (decision.reason in GREENS)
    if decision.outcome is not Outcome.GRANTED:
        assert decision.reason in {failure.reason for failure in decision.failures}


@LAWS
@given(any_facts, st.sampled_from(GATES), st.booleans())
def test_an_exit_always_opens(facts: Facts, kind: PointKind, turnstile: bool) -> None:
    point = replace(facts.point, kind=kind, direction=Direction.IN if turnstile else Direction.OUT)
    leaving = msgspec.structs.replace(facts, point=point, direction="out")
    decision = decide(leaving).decision
    assert (decision.outcome, decision.reason) == (Outcome.GRANTED, Reason.EXITED)


@LAWS
@given(any_facts, st.randoms(use_true_random=False))
def test_the_order_of_entitlements_never_matters(facts: Facts, random: object) -> None:
    if facts.profile is None:
        return
    rights = list(facts.profile.entitlements)
    random.shuffle(rights)  # type: ignore[attr-defined]  # Hypothesis' Random
    shuffled = msgspec.structs.replace(facts, profile=replace(facts.profile, entitlements=tuple(rights)))
    assert decide(shuffled) == decide(facts)


def _on_terms(**stricter: object) -> Callable[[Facts], Facts]:
    """Make every right stricter."""

    def tighten(facts: Facts) -> Facts:
        assert facts.profile is not None
        rights = tuple(
            replace(right, terms=replace(_terms(facts, right.terms, right.product), **stricter))
            for right in facts.profile.entitlements
        )
        return msgspec.structs.replace(facts, profile=replace(facts.profile, entitlements=rights))

    return tighten


def _terms(facts: Facts, own: Terms | None, product: str) -> Terms:
    known = facts.layout.products_by_id.get(product)
    return own or (known.terms if known else Terms(points=("nowhere",)))


def _on_rights(**stricter: object) -> Callable[[Facts], Facts]:
    def tighten(facts: Facts) -> Facts:
        assert facts.profile is not None
        rights = tuple(replace(right, **stricter) for right in facts.profile.entitlements)
        return msgspec.structs.replace(facts, profile=replace(facts.profile, entitlements=rights))

    return tighten


def _on_point(**stricter: object) -> Callable[[Facts], Facts]:
    return lambda facts: msgspec.structs.replace(facts, point=replace(facts.point, **stricter))


FORBIDDING: tuple[Callable[[Facts], Facts], ...] = (
    _on_terms(rules=(RuleText("new", "gone"),)),
    _on_terms(hours=Hours()),
    _on_terms(points=("nowhere",), zones=()),
    _on_terms(uses_per_day_max=0),
    _on_terms(height_cm_min=10_000),
    _on_rights(status=Status.BLOCKED),
    _on_rights(valid_until_ms=-(2**62)),
    _on_point(rules=(RuleText("new", "gone"),)),
    _on_point(age_min=1_000),
    lambda facts: msgspec.structs.replace(facts, places=dict.fromkeys(facts.places, 0)),
    lambda facts: msgspec.structs.replace(facts, device_allowed=False),
)


@LAWS
@given(any_facts, st.sampled_from(FORBIDDING))
def test_a_forbidding_rule_never_turns_a_denial_green(facts: Facts, forbid: Callable[[Facts], Facts]) -> None:
    before = decide(facts).decision
    # Where a green right only waits for somebody's word, forbidding that one may leave another green one.
    waits = {Reason.CHOOSE_ENTITLEMENT, Reason.CONFIRM_REQUIRED}
    if facts.profile is None or before.outcome is Outcome.GRANTED or before.reason in waits:
        return
    assert decide(forbid(facts)).decision.outcome is not Outcome.GRANTED


@LAWS
@given(any_facts | well_used())
def test_what_is_journaled_is_judged_the_same_at_central(facts: Facts) -> None:
    ruling = decide(facts)
    sent = msgspec.msgpack.encode(record(facts, ruling, cursor=7))
    decided = msgspec.msgpack.decode(sent, type=Decided)
    again = replay(decided, facts.profile, facts.layout, timezone=facts.timezone, rules=RULES)
    assert again == ruling
    assert decided.decision == ruling.decision


@LAWS
@given(any_facts)
def test_zone_counts_follow_what_is_remembered_of_the_band(facts: Facts) -> None:
    change = decide(facts).change
    now_ms = facts.moment.now_ms
    before = awake(facts.held, facts.layout, facts.timezone, at_ms=now_ms)
    after = awake(change.held or facts.held, facts.layout, facts.timezone, at_ms=now_ms)
    if change.held is None or change.held.location == facts.held.location:
        assert change.zone_deltas == ()
    else:
        assert change.zone_deltas == differences(before, after, facts.layout)


@LAWS
@given(any_facts)
def test_a_refusal_lets_nobody_in(facts: Facts) -> None:
    ruling = decide(facts)
    if ruling.decision.outcome is Outcome.GRANTED:
        return
    assert ruling.change.zone_deltas == ()
    assert ruling.change.slot_deltas == () or ruling.decision.reason is Reason.CONFIRM_REQUIRED
    assert all(use.redemption is Redemption.PENDING for use in ruling.change.uses)
    assert (ruling.change.held or facts.held).location == facts.held.location


@LAWS
@given(honest_facts())
def test_no_right_gives_more_uses_than_it_holds(facts: Facts) -> None:
    ruling = decide(facts)
    new = [use for use in ruling.change.uses if not use.reentry]
    if not new or facts.overridden:
        return
    standing = [
        use
        for use in facts.held.uses
        if use.entitlement == new[0].entitlement
        and use.redemption <= Redemption.PENDING
        and not use.reentry
        and use.tap_id != facts.presented.tap_id
    ]
    assert facts.profile is not None
    (right,) = (right for right in facts.profile.entitlements if right.id == new[0].entitlement)
    uses_max = _terms(facts, right.terms, right.product).uses_max
    assert uses_max is None or len(standing) + len(new) <= uses_max


@LAWS
@given(any_facts)
def test_a_forged_tap_changes_nothing(facts: Facts) -> None:
    ruling = decide(facts)
    if any(failure.reason in FORGED for failure in ruling.decision.failures):
        assert ruling.change == Change()
