"""Goodwill: what care gives a guest by itself, up to a limit; beyond it a second person rules."""

from __future__ import annotations

import msgspec

from edge.core.calendar import DAY_MS
from edge.core.lease import LeaseKind
from edge.core.money import MINOR_MAX
from edge.core.vouchers import PERCENT, Voucher
from edge.errors import Refused
from sync.central.care import cases
from sync.central.care.case import Case, Step, Told
from sync.central.care.cases import Wanted
from sync.central.money import blocks, topups
from sync.central.money.policy import policy
from sync.central.money.topups import TopUp
from sync.central.registry import catalogue, links, members, wallets
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Given, Order
from sync.central.store import Connection, now_of

CAMPAIGN = "goodwill"
GIVEN, ASKED, THING_GIVEN = "goodwill_given", "topup_asked", "coupon_given"
SPAN_MS = 30 * DAY_MS
"""So long the limit looks back, over all cases of the guest: it is not had by opening another one."""


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of care wants to give; ``op`` makes it happen once."""

    op: str
    minor: int
    by: str


def give(tx: Connection, site: str, id_: str, *, gift: Gift) -> Case:
    """Give credit that pays like money: at once within the limit; above it another person is asked."""
    case = someones(tx, site, id_)
    sent = cases.step_of(tx, site, id_, op=gift.op)
    if sent is not None:
        if sent.word != ASKED and (sent.word != GIVEN or sent.minor != gift.minor):
            raise other()
        return case
    if not 0 < gift.minor <= MINOR_MAX:
        raise Refused("Say how much.")
    within = given_to(tx, site, case.links.guest) + gift.minor <= policy(tx, site).goodwill_minor
    told = _credit(tx, site, case, gift=gift) if within else _ask(tx, site, case, gift=gift)
    done = cases.tell(tx, site, id_, told=told)
    if within:
        blocks.publish_members(tx, site, told.ref)
    return done


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that somebody of care wants a guest to have for nothing; ``op`` makes it happen once."""

    op: str
    article: str
    by: str


def hand_over(tx: Connection, site: str, id_: str, *, coupon: Coupon) -> Case:
    """Give one thing for nothing, at any till; what it costs counts as credit does, and no more is given."""
    case = someones(tx, site, id_)
    sent = cases.step_of(tx, site, id_, op=coupon.op)
    if sent is not None:
        if sent.word != THING_GIVEN:
            raise other()
        return case
    article = catalogue.catalogue(tx, site).by_id.get(coupon.article)
    if article is None or article.price_minor <= 0:
        raise Refused("There is no such thing to give.", hint="Choose one that is sold.")
    if given_to(tx, site, case.links.guest) + article.price_minor > policy(tx, site).goodwill_minor:
        raise Refused("This is above your limit.", hint="Give credit: another person can let that through.")
    voucher = Voucher(kind=f"{LeaseKind.FREE_DRINK}:{CAMPAIGN}", names=article.names, items=(article.id,),
                      percent=PERCENT)  # fmt: skip
    given = credit(tx, site, Order(id=coupon.op, voucher=voucher, units=1, guest=case.links.guest))
    told = Told(op=coupon.op, step=Step.ACTED, at_ms=now_of(tx), who=coupon.by, word=THING_GIVEN,
                ref=given.wallet, minor=article.price_minor)  # fmt: skip
    done = cases.tell(tx, site, id_, told=told)
    blocks.publish_members(tx, site, given.wallet)
    return done


def given_to(tx: Connection, site: str, guest: str) -> int:
    """Return what care gave a guest by itself lately, in minor units, in whichever case."""
    since_ms = now_of(tx) - SPAN_MS
    people = links.together(tx, site, [guest])
    known = [one for each in people for one in cases.listed(tx, site, Wanted(guest=each))]
    return sum(one.given_minor for one in known if one.changed_ms >= since_ms)


def someones(tx: Connection, site: str, id_: str) -> Case:
    """Return the case of somebody who is known, or refuse."""
    case = cases.must_find(tx, site, id_)
    if not case.links.guest:
        raise Refused("Nobody knows whose case this is.", hint="Open one from the guest's own page.")
    return case


def credit(tx: Connection, site: str, order: Order) -> Given:
    """Give what an order says to the wallet of its guest, or refuse an order that another case has used."""
    given = vouchers.give(tx, site, order)
    if not given.fresh:
        raise other()
    return given


def why(case: str) -> str:
    """Return for what a second person is asked."""
    return f"case {case}"


def other() -> Refused:
    """Return the refusal of what is sent again with another content."""
    return Refused("This was sent before, for something else.", hint="Open the form again.")


def _credit(tx: Connection, site: str, case: Case, *, gift: Gift) -> Told:
    order = Order(id=gift.op, voucher=vouchers.gift(CAMPAIGN), units=gift.minor, guest=case.links.guest)
    given = credit(tx, site, order)
    return _told(tx, gift, GIVEN, ref=given.wallet, minor=gift.minor)


def _ask(tx: Connection, site: str, case: Case, *, gift: Gift) -> Told:
    held = members.members_by_guest(tx, site, [case.links.guest]).get(case.links.guest)
    if held is None:
        raise Refused("This guest has no wallet.", hint="Give less, or let an operator open one.")
    wanted = TopUp(
        id="",
        wallet=wallets.wallet(tx, site, held.wallet).id,
        minor=gift.minor,
        source=CAMPAIGN,
        why=why(case.id),
        state="",
        asked_by=gift.by,
        asked_ms=0,
    )
    return _told(tx, gift, ASKED, ref=topups.ask(tx, site, wanted).wallet)


def _told(tx: Connection, gift: Gift, word: str, *, ref: str, minor: int | None = None) -> Told:
    at_ms = now_of(tx)
    return Told(op=gift.op, step=Step.ACTED, at_ms=at_ms, who=gift.by, word=word, ref=ref, minor=minor)
