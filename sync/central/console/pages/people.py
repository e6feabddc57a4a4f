"""People: the operators themselves, and what was done by whom."""

from __future__ import annotations

from typing import Any

from sync.central.console import acts, desk, listing, operators
from sync.central.console.answers import Answer, Cell, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.listing import Listing
from sync.central.console.operators import NAME_CHARS_MAX, Role
from sync.central.console.passwords import CHARS_MAX
from sync.central.console.routes import Audience, Route, act

OPERATOR_COLUMNS = ("operator", "role", "since")
ACT_COLUMNS = ("time", "who", "what", "target", "before", "after")
HERE = "/console/operators"


def _operators(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        found = operators.operators(tx)
    rows = [
        (Cell(one.name, f"{HERE}/{one.name}"), ask.words(f"role.{one.role}"), ask.time(one.made_ms))
        for one in found
    ]
    return Sheet(name="operators", columns=OPERATOR_COLUMNS, rows=rows)


def _form(ask: Ask) -> Form:
    name = ask.path.get("name", "")
    with ask.store.reading() as tx:
        known = {one.name: one.role for one in operators.operators(tx)}
    roles = [(role.value, f"role.{role}") for role in Role]
    fields = (
        Field(name="operator_name", required=True, fixed=name in known, chars_max=NAME_CHARS_MAX),
        Field(name="role", kind=Kind.CHOICE, choices=roles, required=True),
        Field(name="password", kind=Kind.SECRET, required=True, chars_max=CHARS_MAX),
    )
    values = {"operator_name": name, "role": known.get(name, Role.OPERATOR).value}
    kind = "operator_change" if name in known else "operator_new"
    return Form(name=kind, fields=fields, values=values, back=HERE, title=name)


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    name = ask.path.get("name") or said["operator_name"]
    with ask.store.transaction() as tx:
        known = {one.name: one.role.value for one in operators.operators(tx)}
        operators.keep_an_admin(tx, name, Role(said["role"]))
        operators.let_in(tx, name, said["password"], role=Role(said["role"]))
        ask.record(tx, "operator_let_in", name, before=known.get(name, ""), after=said["role"])
    return Moved(HERE, "operator_saved")


def _remove(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        operators.remove(tx, ask.path["name"])
        ask.record(tx, "operator_removed", ask.path["name"])
    return Moved(HERE, "operator_saved")


def _acts(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        before = int(after) if after.isdecimal() else 0
        found = acts.acts(tx, ask.site or None, before=before)
    rows = [
        (ask.time(one.at_ms), one.who, ask.words(f"act.{one.what}"), one.target, one.before, one.after)
        for one in found
    ]
    full = len(found) == acts.PAGE_MAX
    return Sheet(name="acts", columns=ACT_COLUMNS, rows=rows, after=str(found[-1].id) if full else "")


OPERATORS = Listing(name="operators", page=_operators, add="new")
ACTS = Listing(name="acts", page=_acts)
ADMIN = Audience.ADMIN
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/operators", OPERATORS, audience=ADMIN),
    *desk.routes_of("/operators/new", Desk(_form, _save), "let an operator in.", audience=ADMIN),
    *desk.routes_of("/operators/<name>", Desk(_form, _save), "change an operator.", audience=ADMIN),
    act("/operators/<name>/remove", _remove, "Let an operator in no more.", audience=ADMIN),
    *listing.routes_of("/acts", ACTS, audience=ADMIN),
    *listing.routes_of("/sites/<site>/acts", ACTS),
)
