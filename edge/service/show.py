"""The two forms of one decision, and the plan of the day: what screens are told, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from edge.core.decision import Act, Basis, Decision, Family, Outcome, Reason, WhatNext, family
from edge.core.entitlements import Entitlement, Product, Redemption, Status, Use
from edge.core.places import Layout
from edge.core.profiles import Profile
from edge.core.wallet import MandateNote
from edge.service.answers import Answer, Stage
from edge.views import GuestView, Plan, PlanItem, StaffView

PLAN_ITEMS_MAX = 50
SHORT_HEX = 8
SEE_STAFF_TEXT = "common.see_staff"
SEE_STAFF = WhatNext(act=Act.SEE_STAFF)

DISCREET = frozenset(
    {
        Reason.BAND_LOST,
        Reason.BAND_REPLACED,
        Reason.BAND_REVOKED,
        Reason.BLOCKED,
        Reason.REVOKED,
        Reason.SIGNATURE_INVALID,
        Reason.TRUST_TOO_LOW,
        Reason.BAND_NOT_AUTHENTIC,
        Reason.TAP_REPLAYED,
        Reason.BAND_CLONE_SUSPECTED,
        Reason.DEVICE_REVOKED,
    }
)
"""Reasons that would tell a thief why: the guest's side says only to see the staff."""
_GUEST_TEXTS = {
    reason: SEE_STAFF_TEXT if reason in DISCREET else f"reason.{reason.value}.guest" for reason in Reason
}


def short(band: bytes | None) -> str:
    """Return as much of a BandId as people need to speak about it."""
    return band.hex()[:SHORT_HEX] if band is not None else ""


def staff_view(
    answer: Answer, profile: Profile | None, *, took_ms: float = 0.0, cause: str = ""
) -> StaffView:
    """Return the whole decision for staff; one that was taken back says so instead."""
    decision = taken_back(answer.decision) if answer.stage is Stage.TAKEN_BACK else answer.decision
    return StaffView(
        seq=answer.seq,
        tap_id=answer.presented.tap_id,
        point=decision.point,
        direction=decision.direction,
        outcome=decision.outcome,
        reason=decision.reason,
        family=family(decision.reason),
        at_ms=answer.at_ms,
        next=decision.next,
        notes=decision.notes,
        failures=decision.failures,
        first=decision.first,
        basis=decision.basis,
        age_ms=decision.age_ms,
        band_short=short(decision.band),
        guest=decision.guest,
        name=profile.name if profile is not None else "",
        language=profile.language if profile is not None else "",
        tier=profile.tier if profile is not None else "",
        product=_product(profile, decision.entitlement),
        uses_left=decision.uses_left,
        people=decision.people,
        choices=decision.choices,
        choice_products=tuple([_product(profile, choice) for choice in decision.choices]),
        attention=decision.attention,
        rule=decision.rule,
        trust=int(answer.presented.trust),
        staff=answer.staff,
        wearer=profile.staff if profile is not None else None,
        took_ms=took_ms,
        cause=cause,
    )


def guest_view(view: StaffView) -> GuestView:
    """Return what the guest's side may know of a decision."""
    discreet = view.reason in DISCREET
    return GuestView(
        seq=view.seq,
        tap_id=view.tap_id,
        point=view.point,
        outcome=view.outcome,
        family=Family.STAFF if discreet else view.family,
        text=guest_text(view.reason),
        at_ms=view.at_ms,
        next=SEE_STAFF if discreet else view.next,
        language=view.language,
        people=view.people,
        offline=Reason.UNCONFIRMED_OFFLINE in view.notes or view.basis is Basis.STALE,
        attention=bool(view.attention),
        kept_s=view.kept_s,
    )


def guest_text(reason: Reason) -> str:
    """Return the key of the guest's sentence."""
    return _GUEST_TEXTS[reason]


def taken_back(decision: Decision) -> Decision:
    """Return how a tap reads whose passage was taken back."""
    return Decision(
        outcome=Outcome.DENIED,
        reason=Reason.ANNULLED,
        next=WhatNext(act=Act.TAP_AGAIN),
        point=decision.point,
        direction=decision.direction,
        band=decision.band,
        guest=decision.guest,
        entitlement=decision.entitlement,
        people=decision.people,
    )


def plan_of(
    view: StaffView, profile: Profile | None, uses: Iterable[Use], *, layout: Layout, day: tuple[int, int]
) -> Plan:
    """Return the guest's day for a kiosk; only who was recognised is greeted and shown anything."""
    known = view.outcome is Outcome.GRANTED and profile is not None
    return Plan(
        tap_id=view.tap_id,
        point=view.point,
        at_ms=view.at_ms,
        name=view.name if known else "",
        language=view.language,
        tier=view.tier if known else "",
        family=Family.STAFF if view.reason in DISCREET else view.family,
        text=guest_text(view.reason),
        items=plan_items(profile, tuple(uses), layout=layout, day=day) if known and profile else (),
        notice=known and said_aloud(profile) is not MandateNote.NONE,
    )


def note_of(profile: Profile | None) -> MandateNote:
    """Return why a guest should hear of their stored card, if they should."""
    link = profile.wallet if profile is not None else None
    return link.note if link is not None else MandateNote.NONE


def said_aloud(profile: Profile | None) -> MandateNote:
    """Return the same, of what is said at kiosk and till: a card that ends is spoken of in private alone."""
    note = note_of(profile)
    return MandateNote.NONE if note is MandateNote.EXPIRES_SOON else note


def plan_items(
    profile: Profile, uses: tuple[Use, ...], *, layout: Layout, day: tuple[int, int]
) -> tuple[PlanItem, ...]:
    """Return the rights that mean something on this day, those with a time first, in order of time."""
    rights = [right for right in profile.entitlements if _of_today(right, day)]
    items = [_plan_item(right, uses, layout.products_by_id.get(right.product)) for right in rights]
    items.sort(key=lambda item: (item.start_ms is None, item.start_ms or 0, item.product, item.entitlement))
    return tuple(items[:PLAN_ITEMS_MAX])


def with_next_times(plan: Plan, next_ms: Mapping[str, int]) -> Plan:
    """Return a plan that says, of what was missed, when the next free time begins."""
    if not next_ms:
        return plan
    items = tuple(
        item if item.used else replace(item, next_ms=next_ms.get(item.entitlement)) for item in plan.items
    )
    return replace(plan, items=items)


def _of_today(right: Entitlement, day: tuple[int, int]) -> bool:
    start, end = day
    if right.status is not Status.VALID:
        return False
    if right.slot is not None:
        return right.slot.start_ms < end and right.slot.end_ms > start
    return (right.valid_from_ms is None or right.valid_from_ms < end) and (
        right.valid_until_ms is None or right.valid_until_ms > start
    )


def _plan_item(right: Entitlement, uses: tuple[Use, ...], product: Product | None) -> PlanItem:
    terms = right.terms or (product.terms if product is not None else None)
    counted = sum(
        1
        for use in uses
        if use.entitlement == right.id
        and not use.reentry
        and use.redemption in (Redemption.VALID, Redemption.PENDING)
    )
    uses_max = terms.uses_max if terms is not None else None
    return PlanItem(
        entitlement=right.id,
        product=right.product,
        names=product.names if product is not None else {},
        start_ms=right.slot.start_ms if right.slot else None,
        end_ms=right.slot.end_ms if right.slot else None,
        point=_place(right, terms.points if terms is not None else ()),
        used=counted > 0,
        uses_left=None if uses_max is None else max(0, uses_max - counted),
    )


def _place(right: Entitlement, points: tuple[str, ...]) -> str | None:
    if right.slot is not None and right.slot.point is not None:
        return right.slot.point
    return points[0] if len(points) == 1 else None


def _product(profile: Profile | None, entitlement: str | None) -> str:
    for right in profile.entitlements if profile is not None else ():
        if right.id == entitlement:
            return right.product
    return ""
