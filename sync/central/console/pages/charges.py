"""Charges: what the payment provider was asked for, what nobody knows of yet, and what is given back."""

from __future__ import annotations

from typing import Any

from edge.core.money import Money, minor_in, spelled
from sync.central.console import cells, desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route, act, read
from sync.central.psp import charges, refunds
from sync.central.psp.judgement import UNSURE, Charge, State
from sync.central.psp.refunds import Refund
from sync.central.psp.refunds import State as Refunding
from sync.central.psp.returns import agree, turn_down, wish

COLUMNS = ("charge", "state", "amount", "purpose", "cause", "wallet", "mandate", "time")
REFUND_COLUMNS = ("refund", "state", "amount", "cause", "asked_by", "agreed_by", "time")
MARKS = {
    State.PAID: "done",
    State.DECLINED: "failed",
    State.GUEST_NEEDED: "warned",
    State.UNKNOWN: "warned",
    State.PENDING: "waiting",
    State.CALLING: "running",
}
REFUND_MARKS = {Refunding.PAID: "done", Refunding.DECLINED: "failed", Refunding.ASKED: "unapproved"}
AMOUNT_CHARS_MAX = 16


def told(money: Money) -> str:
    """Return an amount for people."""
    return f"{spelled(money.minor, money.currency)} {money.currency}"


def charge_row(ask: Ask, one: Charge) -> tuple[Cell | str, ...]:
    """Return one charge as a row."""
    return (
        Cell(one.id, f"{ask.home}/charges/{one.id}"),
        Cell(ask.words(f"charge.{one.state}"), mark=MARKS.get(one.state, "")),
        cells.amount(one.money.minor, one.money.currency),
        ask.words(f"purpose.{one.purpose}"),
        one.reason,
        one.wallet,
        Cell(one.mandate, f"{ask.home}/mandates/{one.mandate}"),
        ask.time(one.made_ms),
    )


def _page_of(ask: Ask, after: str, *, name: str, states: tuple[State, ...] = ()) -> Sheet:
    with ask.store.reading() as tx:
        found = charges.listed(tx, ask.site, states=states, after=after)
    full = len(found) == charges.PAGE_MAX
    rows = [charge_row(ask, one) for one in found]
    return Sheet(name=name, columns=COLUMNS, rows=rows, after=charges.mark(found[-1]) if full else "")


def _all(ask: Ask, after: str) -> Sheet:
    return _page_of(ask, after, name="charges")


def _unresolved(ask: Ask, after: str) -> Sheet:
    return _page_of(ask, after, name="unresolved", states=UNSURE)


def _one(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        found = charges.charge(tx, ask.site, ask.path["charge"])
        back = refunds.of_charge(tx, ask.site, found.id)
        left = found.money.minor - refunds.given_back(tx, ask.site, found.id)
    rows = [_refund_row(ask, one) for one in back]
    return Page(
        "charge.html",
        {
            "charge": found,
            "amount": told(found.money),
            "mark": MARKS.get(found.state, ""),
            "unsure": found.state in UNSURE,
            "waits": ask.time(found.next_ms) if found.next_ms else "",
            "left": left if found.state is State.PAID else 0,
            "refunds": Sheet(name="refunds", columns=REFUND_COLUMNS, rows=rows),
            "asked": [one for one in back if one.state is Refunding.ASKED],
            "told": told,
        },
    )


def _refund_row(ask: Ask, one: Refund) -> tuple[Cell | str, ...]:
    state = Cell(ask.words(f"refund.{one.state}"), mark=REFUND_MARKS.get(one.state, "waiting"))
    why = one.note if not one.reason else f"{one.note} ({one.reason})"
    return one.id, state, told(one.money), why, one.asked_by, one.approved_by, ask.time(one.made_ms)


def _hurry(ask: Ask) -> Answer:
    """Let the next worker ask the provider now what became of a charge; nobody charges twice by it."""
    id_ = ask.path["charge"]
    with ask.changing() as tx:
        charges.charge(tx, ask.site, id_)
        charges.QUEUE.hurry(tx, ask.site, id_)
        ask.record(tx, "charge_hurried", id_)
    return Moved(f"{ask.home}/charges/{id_}", "charge_hurried")


def _refund_form(ask: Ask) -> Form:
    with ask.store.transaction() as tx:
        found = charges.charge(tx, ask.site, ask.path["charge"])
        left = found.money.minor - refunds.given_back(tx, ask.site, found.id)
    fields = (
        Field(name="refund", required=True, chars_max=64),
        Field(name="amount", required=True, chars_max=AMOUNT_CHARS_MAX),
        Field(name="why", required=True),
    )
    # The id is made with the form, so that sending it twice asks once.
    values = {"refund": refunds.new_id(), "amount": spelled(left, found.money.currency)}
    here = f"{ask.home}/charges/{found.id}"
    back = here if ask.may(here) else f"{ask.home}/care"
    return Form(
        name="charge_refund", fields=fields, values=values, back=back, title=found.id, act="ask_refund"
    )


def _ask_refund(ask: Ask, said: dict[str, Any]) -> Answer:
    id_ = ask.path["charge"]
    with ask.changing() as tx:
        found = charges.charge(tx, ask.site, id_)
        minor = minor_in(said["amount"], found.money.currency)
        if minor is None or minor <= 0:
            raise Mistyped("amount", "wrong.price")
        money = Money(minor, found.money.currency)
        made = Refund(id=said["refund"], charge=id_, money=money, note=said["why"], asked_by=ask.name)
        if wish(tx, ask.site, made):
            # Without the reason: typed words stay in one place, where an erasure finds them.
            ask.record(tx, "refund_asked", made.id, after=f"{told(money)} of {id_}")
    return Moved(f"{ask.home}/charges/{id_}", "refund_asked")


def _agree(ask: Ask) -> Answer:
    with ask.changing() as tx:
        found = agree(tx, ask.site, ask.path["refund"], by=ask.name)
        ask.record(tx, "refund_agreed", found.id, after=told(found.money))
    return Moved(f"{ask.home}/charges/{found.charge}", "refund_agreed")


def _turn_down(ask: Ask) -> Answer:
    with ask.changing() as tx:
        found = turn_down(tx, ask.site, ask.path["refund"], by=ask.name)
        ask.record(tx, "refund_turned_down", found.id)
    return Moved(f"{ask.home}/charges/{found.charge}", "refund_turned_down")


CHARGES = Listing(name="charges", page=_all)
UNRESOLVED = Listing(name="unresolved", page=_unresolved)
_HERE = "/sites/<site>/charges/<charge>"
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/charges", CHARGES),
    *listing.routes_of("/sites/<site>/unresolved", UNRESOLVED),
    read(_HERE, _one, "One charge, and what was given back of it."),
    act(f"{_HERE}/hurry", _hurry, "Ask the provider now what became of a charge."),
    *desk.routes_of(
        f"{_HERE}/refund", Desk(_refund_form, _ask_refund), "ask for a refund.", audience=Audience.CARE
    ),
    act("/sites/<site>/refunds/<refund>/agree", _agree, "Agree to a refund that somebody else asked for."),
    act("/sites/<site>/refunds/<refund>/turn-down", _turn_down, "Turn a refund down."),
)
