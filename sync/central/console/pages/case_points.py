"""Case points: points that care gives a guest, and the second person who lets more than the limit through."""

from __future__ import annotations

from typing import Any

from sync.central.care import cases, goodwill, points
from sync.central.care.points import Award
from sync.central.console import amounts, desk
from sync.central.console.answers import Answer, Form, Moved
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.pages.case_acts import ONE, OP
from sync.central.console.routes import Audience, Route, act
from sync.central.money.policy import policy
from sync.central.psp import refunds
from sync.central.settling.vouchers import UNITS_MAX


def _form(ask: Ask) -> Form:
    """Offer as many points as whoever asks may give by themselves, and say what one is worth."""
    home = f"{ask.home}/care/{ask.path['case']}"
    with ask.store.reading() as tx:
        case = cases.must_find(tx, ask.site, ask.path["case"])
        left = policy(tx, ask.site).goodwill_minor - goodwill.given_to(tx, ask.site, case.links.guest)
        worth = points.worth(tx, ask.site)
    count = Field(name="points_given", kind=Kind.NUMBER, required=True, low=1, high=UNITS_MAX)
    shown = Field(name="point_worth", fixed=True)
    values = {"points_given": max(0, left) // worth, "op": refunds.new_id(),
              "point_worth": amounts.worded(worth, ask.layout.currency)}  # fmt: skip
    return Form(name="case_points", fields=(count, shown, OP), values=values, back=home,
                title=case.id, act="give")  # fmt: skip


def _give(ask: Ask, said: dict[str, Any]) -> Answer:
    award = Award(op=said["op"], points=said["points_given"] or 0, by=ask.name)
    with ask.changing() as tx:
        before = cases.must_find(tx, ask.site, ask.path["case"])
        after = points.give(tx, ask.site, before.id, award=award)
        told = cases.step_of(tx, ask.site, before.id, op=award.op)
        word = told.word if told is not None else points.ASKED
        if after.steps != before.steps:
            ask.record(tx, word, before.id, after=f"{award.points}")
    return Moved(f"{ask.home}/care/{before.id}", word)


def _rule(ask: Ask) -> Answer:
    number = ask.path["number"]
    waits = (ask.path["case"], int(number) if number.isdecimal() and number.isascii() else 0)
    given = ask.typed("ruling") == "give"
    with ask.changing() as tx:
        before = cases.must_find(tx, ask.site, waits[0])
        if points.rule(tx, ask.site, waits, by=ask.name, given=given).steps != before.steps:
            ask.record(tx, points.AGREED if given else points.REFUSED, before.id, after=number)
    return Moved(f"{ask.home}/care/{before.id}", "topup_ruled")


ROUTES: tuple[Route, ...] = (
    *desk.routes_of(
        f"{ONE}/points", Desk(_form, _give), "give points out of goodwill.", audience=Audience.CARE
    ),
    act(f"{ONE}/points/<number>", _rule, "Let points out of goodwill through, or refuse them."),
)
