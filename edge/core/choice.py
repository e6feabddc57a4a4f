"""The choice among several rights: which green one is redeemed, which refusal is explained."""

from __future__ import annotations

import msgspec

from edge.core.checks import PLACE_RANK, failures
from edge.core.checks.uses import left
from edge.core.claim import Claim, claims
from edge.core.decision import Failure, Family, family
from edge.core.facts import Facts
from edge.core.passage import Passage

_NEVER_MS = 1 << 62
_UNLIMITED = 1 << 62


class Case(msgspec.Struct, frozen=True):
    """One right as judged: what fails, and how early in the order of checks."""

    claim: Claim
    failures: tuple[Failure, ...]
    rank: int

    @property
    def id(self) -> str:
        """The entitlement's id."""
        return self.claim.entitlement.id


def judge(facts: Facts, passage: Passage) -> list[Case]:
    """Judge each right of the band, or only the one that the guest chose; the preferred one comes first."""
    put_forward = list(claims(facts, passage))
    if facts.chosen is not None:
        put_forward = [claim for claim in put_forward if claim.entitlement.id == facts.chosen] or put_forward
    cases = [_case(claim) for claim in put_forward]
    if len(cases) > 1:
        cases.sort(key=_preference)
    return cases


def choices(facts: Facts, cases: list[Case]) -> tuple[str, ...]:
    """Return the rights that the guest must choose among, if this is one to choose."""
    if not facts.point.choose or facts.chosen is not None:
        return ()
    greens = tuple(case.id for case in cases if not case.failures)
    return greens if len(greens) > 1 else ()


def pick(cases: list[Case]) -> Case | None:
    """Return the preferred green case; without one the refusal that turns green soonest, else first in order.

    Rights for other points explain nothing where one for this point could be explained.
    """
    for case in cases:
        if not case.failures:
            return case
    here = [case for case in cases if case.rank != PLACE_RANK] or cases
    return min(here, key=lambda case: (_turns_green_ms(case), case.rank), default=None)


def _case(claim: Claim) -> Case:
    found = failures(claim)
    if not found:
        return Case(claim, (), -1)
    return Case(claim, tuple([failure for _, failure in found]), found[0][0])


def _preference(case: Case) -> tuple[bool, int, int, int, str]:
    claim, right = case.claim, case.claim.entitlement
    uses_left = left(claim, claim.facts.moment.now_ms)
    return (
        right.product not in claim.facts.point.products,
        _NEVER_MS if right.slot is None else right.slot.end_ms,
        _NEVER_MS if right.valid_until_ms is None else right.valid_until_ms,
        _UNLIMITED if uses_left is None else uses_left,
        right.id,
    )


def _turns_green_ms(case: Case) -> int:
    """When nothing fails any more: at once where one only has to answer, never where no time is known."""
    now_ms = case.claim.facts.moment.now_ms
    times = [
        now_ms if family(failure.reason) is Family.ASK else failure.next.at_ms for failure in case.failures
    ]
    return max(_NEVER_MS if at_ms is None else at_ms for at_ms in times)
