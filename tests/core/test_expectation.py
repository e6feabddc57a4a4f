"""Who is expected when, and that a decision never comes out otherwise for who is not."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from edge.core.consent import Consent, Purpose, Source, may, merged, said
from edge.core.entitlements import Entitlement, RuleText, Status
from edge.core.entry import Facts, decide
from edge.core.expectation import HORIZON_MS, LINGER_MS, Asked, asked_by, ends_ms, judge_expected, least
from edge.core.facts import Fact
from edge.core.places import Layout, PointKind
from edge.core.profiles import Profile
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    a_day_ticket,
    a_gate,
    a_kiosk,
    a_layout,
    a_party,
    a_profile,
    a_slot_right,
    facts_for,
)

WEEK_MS = 7 * DAY_MS


def a_day_of(start_ms: int, **changes: object) -> Entitlement:
    return a_day_ticket(valid_from_ms=start_ms, valid_until_ms=start_ms + DAY_MS, **changes)


# When


def test_a_guest_is_expected_from_two_days_before_until_a_day_after() -> None:
    right = a_day_of(NOW_MS)
    turns = [NOW_MS - HORIZON_MS, NOW_MS + DAY_MS + LINGER_MS]
    seen = [judge_expected([right], 0, when) for when in (turns[0] - 1, turns[0], turns[1] - 1, turns[1])]
    assert [one.now for one in seen] == [False, True, True, False]
    assert [one.again_ms for one in seen] == [turns[0], turns[1], turns[1], None]


def test_a_right_without_end_or_beginning_makes_its_guest_expected_for_good() -> None:
    assert judge_expected([a_day_ticket()], 0, NOW_MS) == (True, None)
    assert judge_expected([a_day_ticket(valid_until_ms=NOW_MS)], 0, NOW_MS) == (True, NOW_MS + LINGER_MS)
    late = a_day_ticket(valid_from_ms=NOW_MS + WEEK_MS)
    assert judge_expected([late], 0, NOW_MS) == (False, NOW_MS + WEEK_MS - HORIZON_MS)


def test_a_slot_is_what_its_guest_comes_for() -> None:
    slot = a_slot_right(start_ms=NOW_MS + WEEK_MS)
    assert not judge_expected([slot], 0, NOW_MS).now
    assert judge_expected([slot], 0, NOW_MS + WEEK_MS - HORIZON_MS).now
    longer = msgspec.structs.replace(slot, valid_from_ms=NOW_MS - WEEK_MS, valid_until_ms=NOW_MS + 9 * DAY_MS)
    assert judge_expected([longer], 0, NOW_MS) == judge_expected([slot], 0, NOW_MS)


@pytest.mark.parametrize("status", Status)
def test_a_right_that_is_ended_brings_nobody(status: Status) -> None:
    ended = status in (Status.CANCELLED, Status.REVOKED, Status.EXCHANGED)
    assert judge_expected([a_day_of(NOW_MS, status=status)], 0, NOW_MS).now is not ended


def test_a_right_that_was_ended_before_its_time_is_not_waited_for() -> None:
    assert judge_expected([a_day_of(NOW_MS + WEEK_MS, status=Status.CANCELLED)], 0, NOW_MS) == (False, None)


def test_a_right_ends_with_its_validity_or_its_slot_and_one_that_was_ended_at_once() -> None:
    assert ends_ms(a_day_ticket()) is None
    assert ends_ms(a_day_ticket(valid_until_ms=NOW_MS)) == NOW_MS
    slot = a_slot_right(start_ms=NOW_MS, minutes=30)
    assert ends_ms(slot) == NOW_MS + HOUR_MS // 2
    assert ends_ms(msgspec.structs.replace(slot, valid_until_ms=NOW_MS)) == NOW_MS
    assert ends_ms(a_day_ticket(valid_until_ms=NOW_MS, status=Status.REVOKED)) == 0


def test_who_was_seen_is_expected_for_two_days_more() -> None:
    assert judge_expected([], 0, NOW_MS) == (False, None)
    assert judge_expected([], NOW_MS, NOW_MS) == (True, NOW_MS + HORIZON_MS)
    assert judge_expected([], NOW_MS, NOW_MS + HORIZON_MS) == (False, None)


# How little


def a_guest(**changes: object) -> Profile:
    consents = (Consent(purpose="offers", turns=3, since_ms=NOW_MS, source=Source.KIOSK.value),)
    told: dict[str, object] = {
        "name": "Giulia",
        "language": "it",
        "tags": ("vip",),
        "tier": "gold",
        "age_band": "8-11",
        "height_cm": 117,
        "party": a_party(),
        "payments": False,
        "consents": consents,
    }
    return a_profile(**(told | changes))


def test_of_a_site_that_asks_nothing_no_personal_fact_is_left() -> None:
    bare = least(a_guest(), asked_by(a_layout()))
    assert (bare.name, bare.language, bare.tags, bare.age_band, bare.height_cm) == ("", "", (), None, None)
    assert (bare.tier, bare.party, bare.payments, bare.rev) == ("gold", a_party(), False, 1)


@pytest.mark.parametrize(
    ("layout", "asked"),
    [
        (a_layout(a_gate(height_cm_min=100)), Asked(height=True, age=False, tags=False, goods=True)),
        (a_layout(a_gate(age_min=12)), Asked(height=False, age=True, tags=False, goods=True)),
        (
            a_layout(a_gate(rules=(RuleText("r", "age_band == null"),))),
            Asked(height=False, age=True, tags=False, goods=True),
        ),
        (
            a_layout(a_gate(rules=(RuleText("r", "'vip' in tags"),))),
            Asked(height=False, age=False, tags=True, goods=True),
        ),
        (None, Asked(height=True, age=True, tags=True, goods=True)),
    ],
)
def test_what_a_point_asks_is_kept(layout: Layout | None, asked: Asked) -> None:
    assert asked_by(layout) == asked
    bare = least(a_guest(), asked)
    assert (bare.height_cm is not None, bare.age_band is not None, bare.tags != ()) == asked[:3]


def test_of_who_pays_age_is_kept_where_there_are_tills() -> None:
    payer, shop = a_guest(payments=True), a_layout()
    assert least(payer, asked_by(shop)).age_band == "8-11"
    no_till = tuple(point for point in shop.points if point.kind is not PointKind.TILL)
    assert least(payer, asked_by(a_layout(points=no_till))).age_band is None


def test_what_a_guests_own_right_asks_is_kept_too() -> None:
    own = [a_day_ticket(height_cm_min=120), Entitlement(id="x", product="day")]
    assert asked_by(a_layout(), own) == Asked(height=True, age=False, tags=False, goods=True)


def test_no_consent_of_the_unexpected_allows_anything_yet_a_new_word_outweighs_it() -> None:
    given = a_guest().consents
    bare = least(a_guest(), asked_by(a_layout())).consents
    assert may(given, Purpose.OFFERS)
    assert not may(bare, Purpose.OFFERS)
    for word in (False, True):
        answer = said(bare, Consent(purpose="offers", turns=0, source=Source.KIOSK.value), given=word)
        assert answer is not None
        assert may(merged(given, [answer]), Purpose.OFFERS) is word


# A decision never comes out otherwise


class InTags:
    """The rule of the layout below."""

    def evaluate(self, context: dict[str, Fact]) -> bool:
        tags = context["tags"]
        return isinstance(tags, list) and "vip" in tags


GATES = [
    a_gate(),
    a_gate(height_cm_min=120),
    a_gate(age_min=10),
    a_gate(age_min=14, height_cm_min=100),
    a_gate(companion=True),
    a_gate(rules=(RuleText("vips", "'vip' in tags"),)),
    a_kiosk("north"),
]
RIGHTS = [
    (a_day_ticket(),),
    (a_day_of(NOW_MS),),
    (a_day_of(NOW_MS + 3 * DAY_MS),),
    (a_day_of(NOW_MS + 3 * DAY_MS, height_cm_min=125), a_slot_right(start_ms=NOW_MS + 4 * DAY_MS)),
    (a_day_of(NOW_MS + 3 * DAY_MS, rules=(RuleText("own", "'vip' in tags"),)),),
]
WHEN = [NOW_MS + days * DAY_MS + HOUR_MS for days in (0, 1, 3, 6)]


def cases() -> list[tuple[Facts, Facts]]:
    """The same tap with all that central knows of its guest, and with the least."""
    found = []
    for gate, rights, when, tags in itertools.product(GATES, RIGHTS, WHEN, ((), ("vip",))):
        whole = a_guest(entitlements=rights, tags=tags)
        layout = a_layout(gate)
        bare = least(whole, asked_by(layout, rights))
        assert bare.name == ""
        rules = {"'vip' in tags": InTags()}
        found.append(
            tuple(
                facts_for(profile, gate, layout=layout, now_ms=when, rules=rules) for profile in (whole, bare)
            )
        )
    return found  # type: ignore[return-value]  # pairs, made by a generator


def test_whoever_is_not_expected_is_decided_as_if_they_were_also_by_an_edge_that_was_cut_off_for_days() -> (
    None
):
    pairs = cases()
    assert len(pairs) == len(GATES) * len(RIGHTS) * len(WHEN) * 2
    outcomes = set()
    for whole, bare in pairs:
        assert decide(bare) == decide(whole)
        outcomes.add(decide(whole).decision.reason)
    assert len(outcomes) >= 5, "the control: the cases are not all alike"


def test_without_what_is_asked_they_would_be_decided_otherwise() -> None:
    """The control: the facts that are kept are those that decisions stand on."""
    nothing = Asked(height=False, age=False, tags=False, goods=True)
    other = [
        whole
        for whole, _ in cases()
        if decide(whole)
        != decide(msgspec.structs.replace(whole, profile=least(whole.profile or a_guest(), nothing)))
    ]
    assert other
