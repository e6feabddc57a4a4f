"""Operators' own rules: they can only forbid, and one that cannot be judged does not permit."""

from __future__ import annotations

from edge.core.calendar import date_text, local
from edge.core.checks.clock import steady
from edge.core.claim import SEE_STAFF, Claim
from edge.core.decision import Failure, Reason
from edge.core.entitlements import RuleText
from edge.core.facts import Fact, Rule
from edge.core.passage import whereabouts
from edge.core.segments import plain


def failures(claim: Claim) -> list[Failure]:
    """Return what the point's and the right's own rules forbid or leave unjudged, each by its name."""
    contexts: dict[int, dict[str, Fact]] = {}
    found = []
    for text in (*claim.facts.point.rules, *claim.terms.rules):

        def check(claim: Claim, at_ms: int, text: RuleText = text) -> Failure | None:
            if at_ms not in contexts:
                contexts[at_ms] = rules_context(claim, at_ms)
            return _ask(claim.facts.rules.get(text.cel), text.name, contexts[at_ms])

        failure = steady(check, claim, claim.facts.moment)
        if failure is not None:
            found.append(failure)
    return found


def _ask(rule: Rule | None, name: str, context: dict[str, Fact]) -> Failure | None:
    try:
        permits = rule is not None and rule.evaluate(context)
    except Exception:  # whatever an operator's rule runs into, it does not permit and it stops no gate
        rule = None
    if rule is None:
        return Failure(reason=Reason.RULE_FAILED, next=SEE_STAFF, rule=name)
    return None if permits else Failure(reason=Reason.RULE_FORBIDS, next=SEE_STAFF, rule=name)


def rules_context(claim: Claim, at_ms: int) -> dict[str, Fact]:
    """Return everything that a rule may ask: each name always there, absent values None, nothing personal."""
    facts, profile, passed = claim.facts, claim.facts.profile, claim.passed
    wall = local(facts.timezone, at_ms)
    begins_ms, ends_ms = claim.day_bounds(at_ms)
    to_zone = claim.passage.to_zone
    here = whereabouts(facts, at_ms)
    return {
        "entries_today": sum(begins_ms <= use.scan_ms < ends_ms for use in passed),
        "entries_total": len(passed),
        "since_first_s": (at_ms - passed[0].scan_ms) // 1_000 if passed else None,
        "since_last_s": (at_ms - passed[-1].scan_ms) // 1_000 if passed else None,
        "weekday": wall.weekday(),
        "minute_of_day": wall.hour * 60 + wall.minute,
        "local_date": date_text(wall.toordinal()),
        "zone": facts.point.zone,
        "gate": facts.point.id,
        "product": claim.entitlement.product,
        "tags": list(plain(profile.tags)) if profile else [],
        "tier": profile.tier if profile else "",
        "age_band": profile.age_band if profile else None,
        "party_size": profile.party.size if profile and profile.party else None,
        "inside": to_zone is not None and facts.layout.within(here, to_zone),
        "trust": int(facts.presented.trust),
    }
