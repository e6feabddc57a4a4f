"""Every reason that the rulebook can give, given once; nothing else is ever given."""

from __future__ import annotations

import pytest
from hypothesis import given

from edge.core.bands import BandState, Read, Trust
from edge.core.decision import Reason
from edge.core.entitlements import Hours, Question, Reentry, RuleText, Status
from edge.core.entry import Facts, decide
from edge.core.held import Held
from edge.core.places import Passback
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    a_band,
    a_day_ticket,
    a_door,
    a_gate,
    a_layout,
    a_moment,
    a_party,
    a_profile,
    a_slot_right,
    a_stay,
    a_stock_band,
    a_tap,
    a_till,
    an_attraction,
    an_exit,
    facts_for,
    inside,
    outside,
    some_uses,
)
from tests.builders import facts_of_nobody as nobody
from tests.core.strategies import LAWS, any_facts


def ticket(**changes: object) -> Facts:
    return facts_for(a_profile(a_day_ticket(**changes)))


def band(**changes: object) -> Facts:
    return facts_for(a_profile(band=a_band(**changes)))


RULE = RuleText(name="rule", cel="rule")
ONCE = {"uses": some_uses(NOW_MS - HOUR_MS)}


class No:
    """A rule that forbids."""

    def evaluate(self, context: object) -> bool:
        return False


GIVEN: dict[Reason, Facts] = {
    Reason.ENTERED: facts_for(),
    Reason.EXITED: facts_for(None, an_exit(), location=inside()),
    Reason.IDENTIFIED: facts_for(None, a_till(), presented=a_tap(trust=Trust.LIVE)),
    Reason.OVERRIDDEN: facts_for(a_profile(a_day_ticket(valid_until_ms=NOW_MS)), overridden=True),
    Reason.UNCONFIRMED_OFFLINE: facts_for(unconfirmed=True),
    Reason.PROFILE_STALE: facts_for(None, a_gate(profile_age_ms_max=1), profile_age_ms=2),
    Reason.ATTENTION: ticket(attention="Seat 4"),
    Reason.CONFIRM_REQUIRED: ticket(confirm=True),
    Reason.ANSWERS_REQUIRED: ticket(questions=(Question(id="q", kind="text"),)),
    Reason.CHOOSE_ENTITLEMENT: facts_for(
        a_profile(a_day_ticket("a"), a_day_ticket("b")), a_gate(choose=True)
    ),
    Reason.HEIGHT_CONFIRM: ticket(height_cm_min=120),
    Reason.AGE_CONFIRM: ticket(age_min=12),
    Reason.TOO_EARLY: ticket(valid_from_ms=NOW_MS + 1),
    Reason.SLOT_FULL: facts_for(
        a_profile(a_slot_right()), an_attraction(), location=inside(), places={f"castle/{NOW_MS}": 0}
    ),
    Reason.CAPACITY_FULL: facts_for(places={"park": 0}),
    Reason.TOO_SOON_AGAIN: facts_for(a_profile(a_day_ticket(uses_max=9, since_last_s_min=9_999)), **ONCE),
    Reason.CLOSED_NOW: ticket(hours=Hours()),
    Reason.TOO_LATE: ticket(valid_until_ms=NOW_MS),
    Reason.ALREADY_USED_HERE: facts_for(**ONCE),
    Reason.ALREADY_USED_ELSEWHERE: facts_for(uses=some_uses(NOW_MS - HOUR_MS, point="west")),
    Reason.INSIDE_ALREADY: facts_for(None, a_gate(passback=Passback.HARD), location=inside()),
    Reason.ALREADY_EXCHANGED: ticket(status=Status.EXCHANGED),
    Reason.NOT_INSIDE: facts_for(None, an_exit()),
    Reason.LIMIT_REACHED: ticket(uses_max=0),
    Reason.WRONG_PRODUCT: facts_for(a_profile(a_stay())),
    Reason.WRONG_GATE: facts_for(
        a_profile(a_day_ticket(zones=(), points=("west",))), layout=a_layout(a_gate("west"))
    ),
    Reason.WRONG_ZONE: facts_for(None, a_gate(passback=Passback.HARD), location=inside("hotel")),
    Reason.REENTRY_FORBIDDEN: facts_for(
        a_profile(a_day_ticket(reentry=Reentry.NEVER)), location=outside(), **ONCE
    ),
    Reason.COMPANION_REQUIRED: facts_for(a_profile(party=a_party(role="child")), a_gate(companion=True)),
    Reason.HEIGHT_MIN: facts_for(a_profile(height_cm=100), a_gate(height_cm_min=120)),
    Reason.AGE_MIN: facts_for(a_profile(age_band="8-11"), a_gate(age_min=12)),
    Reason.UNPAID: ticket(status=Status.UNPAID),
    Reason.UNAPPROVED: ticket(status=Status.UNAPPROVED),
    Reason.CANCELLED: ticket(status=Status.CANCELLED),
    Reason.REVOKED: ticket(status=Status.REVOKED),
    Reason.BLOCKED: ticket(status=Status.BLOCKED),
    Reason.RULE_FORBIDS: facts_for(None, a_gate(rules=(RULE,)), rules={"rule": No()}),
    Reason.RULE_FAILED: facts_for(None, a_gate(rules=(RULE,))),
    Reason.TICKET_UNKNOWN: nobody(presented=a_tap(medium="qr")),
    Reason.SIGNATURE_INVALID: nobody(presented=a_tap(medium="qr", read=Read.NOT_AUTHENTIC)),
    Reason.BAND_UNKNOWN: nobody(),
    Reason.BAND_UNLINKED: facts_for(a_stock_band()),
    Reason.BAND_INACTIVE: band(active=False),
    Reason.BAND_EXPIRED: band(valid_until_ms=NOW_MS),
    Reason.BAND_LOST: band(state=BandState.LOST),
    Reason.BAND_REPLACED: band(state=BandState.REPLACED),
    Reason.BAND_REVOKED: band(state=BandState.REVOKED),
    Reason.BAND_WRONG_KIND: nobody(presented=a_tap(read=Read.REFUSED_CHIP)),
    Reason.TRUST_TOO_LOW: facts_for(a_profile(a_stay()), a_door(), presented=a_tap(trust=Trust.SUN)),
    Reason.BAND_NOT_AUTHENTIC: facts_for(presented=a_tap(read=Read.NOT_AUTHENTIC)),
    Reason.TAP_REPLAYED: facts_for(held=Held(counter=10)),
    Reason.BAND_CLONE_SUSPECTED: facts_for(None, a_gate(walk_s_min=9), last_elsewhere_ms=NOW_MS),
    Reason.BAND_RANDOM_UID: nobody(presented=a_tap(read=Read.RANDOM_UID)),
    Reason.BAND_READ_ERROR: nobody(presented=a_tap(band=None)),
    Reason.CLOCK_UNTRUSTED: facts_for(
        a_profile(a_day_ticket(valid_until_ms=NOW_MS + 1)), moment=a_moment(trusted=False)
    ),
    Reason.DEVICE_REVOKED: facts_for(device_revoked=True),
    Reason.DEVICE_NOT_ALLOWED: facts_for(device_allowed=False),
}
"""One set of facts for each reason, shown or noted."""

OF_OTHERS = {
    *(Reason.DUPLICATE_OFFLINE, Reason.ANNULLED),  # reconciliation and the machine, after the tap
    *(Reason.BAND_IN_USE,),  # linking
    *(Reason.TOO_FAST, Reason.INTERNAL_ERROR, Reason.STORE_UNAVAILABLE),  # the service
    *(Reason.PIN_REQUIRED, Reason.PIN_WRONG, Reason.PIN_LOCKED),  # payment, from here on
    *(Reason.INSUFFICIENT_HERE, Reason.INSUFFICIENT_FUNDS, Reason.OFFLINE_LIMIT, Reason.PAYMENTS_OFF),
    *(Reason.SPEND_LIMIT, Reason.WALLET_BLOCKED, Reason.LEASE_FROZEN, Reason.MANDATE_EXPIRED),
    *(Reason.MANDATE_DECLINED, Reason.PAID, Reason.ALREADY_PAID),
}
"""Reasons that no entry gives."""


def told(facts: Facts) -> set[Reason]:
    decision = decide(facts).decision
    return {decision.reason, *decision.notes}


@pytest.mark.parametrize(("reason", "facts"), list(GIVEN.items()), ids=list(GIVEN))
def test_each_reason_is_given(reason: Reason, facts: Facts) -> None:
    assert reason in told(facts)


def test_each_reason_is_given_here_or_belongs_elsewhere() -> None:
    assert GIVEN.keys() | OF_OTHERS == set(Reason)
    assert not GIVEN.keys() & OF_OTHERS


@LAWS
@given(any_facts)
def test_no_other_reason_is_ever_given(facts: Facts) -> None:
    decision = decide(facts).decision
    assert told(facts) | {failure.reason for failure in decision.failures} <= GIVEN.keys()


def test_every_refusal_says_what_to_do() -> None:
    decisions = [decide(facts).decision for facts in GIVEN.values()]
    refused = [one for one in decisions if one.failures and not one.notes]
    assert all(failure.next.act != "go_on" for one in refused for failure in one.failures)
    assert len(refused) > 40
