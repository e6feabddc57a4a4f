"""Points: what care gives of them by itself, within the limit of all goodwill; above it another one rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.errors import NotAllowed, Unknown
from sync.central.care import cases, goodwill
from sync.central.care.case import Case, Step, Told
from sync.central.money import blocks
from sync.central.money.policy import policy
from sync.central.offers import bundles
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from sync.central.store import Connection, now_of

GIVEN, ASKED, AGREED, REFUSED = "points_given", "points_asked", "points_agreed", "points_refused"


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """The points that somebody of care wants a guest to have; ``op`` makes it happen once."""

    op: str
    points: int
    by: str


class Waiting(NamedTuple):
    """Points on which a second person has to rule: the step that asks for them, and its number."""

    number: int
    told: Told


def worth(tx: Connection, site: str) -> int:
    """Return what one point pays at a till of the site now, in minor units: as those that offers bring."""
    return bundles.draft_in_force(tx, site).bundle.point_minor


def give(tx: Connection, site: str, id_: str, *, award: Award) -> Case:
    """Give points that pay like money: at once within the limit; above it another person is asked."""
    case = goodwill.someones(tx, site, id_)
    sent = cases.step_of(tx, site, id_, op=award.op)
    if sent is not None:
        if sent.word not in (GIVEN, ASKED) or sent.points != award.points:
            raise goodwill.other()
        return case
    wanted = Told(op=award.op, step=Step.ACTED, at_ms=now_of(tx), who=award.by, word=ASKED,
                  points=award.points, point_minor=worth(tx, site))  # fmt: skip
    order = _order(case, wanted)
    vouchers.check(order)
    minor = wanted.points * wanted.point_minor
    if goodwill.given_to(tx, site, case.links.guest) + minor > policy(tx, site).goodwill_minor:
        return cases.tell(tx, site, id_, told=wanted)
    given = goodwill.credit(tx, site, order)
    done = cases.tell(tx, site, id_, told=replace(wanted, word=GIVEN, ref=given.wallet, minor=minor))
    blocks.publish_members(tx, site, given.wallet)
    return done


def rule(tx: Connection, site: str, waits: tuple[str, int], *, by: str, given: bool) -> Case:
    """Let points through, or refuse them: by somebody else than who asked; done once, however often sent.

    ``waits`` is the case and the number of the step that asks for them; a point pays what it paid then.
    """
    id_, number = waits
    case = goodwill.someones(tx, site, id_)
    told = cases.steps_of(tx, site, id_)
    if not 0 < number <= len(told) or told[number - 1].word != ASKED:
        raise Unknown("Nobody asks for points here.", hint="Open the case again.")
    asked = told[number - 1]
    if any(one.op == _ruling(number) for one in told):
        return case
    if given and by == asked.who:
        raise NotAllowed("Whoever asked for points cannot let them through.", hint="Ask a colleague.")
    ruled = Told(op=_ruling(number), step=Step.ACTED, at_ms=now_of(tx), who=by, word=REFUSED,
                 points=asked.points, point_minor=asked.point_minor)  # fmt: skip
    if not given:
        return cases.tell(tx, site, id_, told=ruled)
    credited = goodwill.credit(tx, site, _order(case, asked))
    done = cases.tell(tx, site, id_, told=replace(ruled, word=AGREED, ref=credited.wallet))
    blocks.publish_members(tx, site, credited.wallet)
    return done


def waiting(told: list[Told]) -> Iterator[Waiting]:
    """Yield what of a case's steps asks for points and was not ruled on."""
    ops = {one.op for one in told}
    for number, one in enumerate(told, 1):
        if one.word == ASKED and _ruling(number) not in ops:
            yield Waiting(number, one)


def _order(case: Case, wanted: Told) -> Order:
    return Order(id=wanted.op, voucher=vouchers.points(wanted.point_minor), units=wanted.points,
                 guest=case.links.guest)  # fmt: skip


def _ruling(number: int) -> str:
    return f"points/{number}"
