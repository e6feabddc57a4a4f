"""Case anew: coupons that care has made again, and goodwill where the home of one is away."""

from __future__ import annotations

from typing import Any

from edge.codes import qr_code
from edge.core.money import spelled
from edge.errors import Refused, Unknown
from sync.central.care import anew, cases, goodwill, instead
from sync.central.care.anew import Ask as Anew
from sync.central.care.anew import State, Wanted
from sync.central.care.case import Case
from sync.central.care.goodwill import Gift
from sync.central.console import amounts, desk, diaries
from sync.central.console.answers import Answer, Form, Moved, Page
from sync.central.console.ask import Ask
from sync.central.console.coupons import shown
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.pages.case_acts import ONE, OP
from sync.central.console.routes import Audience, Route, act, read
from sync.central.machines import devices
from sync.central.money.policy import policy
from sync.central.psp import refunds
from sync.central.store import Connection


def _home(ask: Ask) -> str:
    return f"{ask.home}/care/{ask.path['case']}"


def _one(ask: Ask, tx: Connection) -> Anew:
    """Return the ask of this very case."""
    found = anew.must_find(tx, ask.site, ask.path["ask"])
    if found.case != ask.path["case"]:
        raise Unknown("Nobody asked for this coupon here.", hint="Open the case again.")
    return found


def _form(ask: Ask) -> Form:
    """Offer each open coupon, and each till at which the new one can be good."""
    with ask.store.reading() as tx:
        case = cases.must_find(tx, ask.site, ask.path["case"])
        names, called = diaries.named(tx, ask), devices.names(tx, ask.site)
        held = anew.open_of(tx, ask.site, case)
        coupons = [
            (one.exposure, f"{names.offers.get(one.offer, one.offer)} · {called.get(one.home, one.home)}")
            for one in held
        ]
        sent = anew.find(tx, ask.site, ask.typed("op"))
        if sent is not None:
            coupons.append((sent.exposure, ""))  # sent twice: it was done
        tills = [
            (till.device, f"{names.points.get(till.point, till.point)} · {called.get(till.device, '')}")
            for till in anew.tills(tx, ask.site)
        ]
    fields = (
        Field(name="coupon", kind=Kind.CHOICE, required=True, choices=coupons),
        Field(name="good_at", kind=Kind.CHOICE, required=True, choices=tills),
        OP,
    )
    given = {"op": refunds.new_id()}
    return Form(name="case_anew", fields=fields, values=given, back=_home(ask), title=case.id, act="ask_anew")


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    wanted = Wanted(op=said["op"], exposure=said["coupon"], to=said["good_at"], by=ask.name)
    with ask.changing() as tx:
        known = anew.find(tx, ask.site, wanted.op) is not None
        made = anew.ask(tx, ask.site, ask.path["case"], wanted=wanted)
        if not known:
            ask.record(tx, "coupon_asked", made.case, after=made.exposure)
    return Moved(_home(ask), "coupon_asked")


def _back(ask: Ask) -> Answer:
    with ask.changing() as tx:
        before = _one(ask, tx)
        if anew.take_back(tx, ask.site, before.id, by=ask.name) != before:
            ask.record(tx, "coupon_ask_taken_back", before.case, after=before.exposure)
    return Moved(_home(ask), "coupon_ask_taken_back")


def _instead_form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        one = _one(ask, tx)
        case: Case = cases.must_find(tx, ask.site, one.case)
        left = policy(tx, ask.site).goodwill_minor - goodwill.given_to(tx, ask.site, case.links.guest)
    amount = Field(name="amount", required=True, chars_max=amounts.CHARS_MAX)
    given = {"op": refunds.new_id(), "amount": spelled(max(0, left), ask.layout.currency)}
    return Form(name="case_instead", fields=(amount, OP), values=given, back=_home(ask), title=one.case,
                act="give")  # fmt: skip


def _instead(ask: Ask, said: dict[str, Any]) -> Answer:
    minor = amounts.meant("amount", said["amount"], ask.layout.currency) or 0
    with ask.changing() as tx:
        before = _one(ask, tx)
        gift = Gift(op=said["op"], minor=minor, by=ask.name)
        if instead.give(tx, ask.site, before.id, gift=gift) != before:
            ask.record(tx, "coupon_made_good", before.case, after=f"{minor}")
    return Moved(_home(ask), "coupon_made_good")


def _paper(ask: Ask) -> Answer:
    """Show the new one's code, to be printed or photographed."""
    with ask.store.reading() as tx:
        one = _one(ask, tx)
        if one.state is not State.ISSUED or not one.code:
            raise Refused("There is no new coupon yet.", hint="Wait for the old one's device.")
        (told,) = shown(ask, tx, [one])
    values = {"back": _home(ask), "told": told, "code": qr_code(one.code), "until": one.until}
    return Page("coupon.html", values)


CARE = Audience.CARE
ROUTES: tuple[Route, ...] = (
    *desk.routes_of(f"{ONE}/anew", Desk(_form, _save), "have a coupon made anew by its home.", audience=CARE),
    read(f"{ONE}/anew/<ask>", _paper, "A coupon that was made anew, to be printed.", audience=CARE),
    act(f"{ONE}/anew/<ask>/back", _back, "Withdraw an ask that waits.", audience=CARE),
    *desk.routes_of(
        f"{ONE}/anew/<ask>/instead",
        Desk(_instead_form, _instead),
        "give goodwill in place of a coupon whose home is away.",
        audience=CARE,
    ),
)
