"""People: the operators themselves, and what was done by whom."""

from __future__ import annotations

from typing import Any

from edge.errors import NotAllowed, Unknown
from sync.central.console import acts, desk, desks, listing, looks, operators, sessions
from sync.central.console.answers import Answer, Cell, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.listing import Listing
from sync.central.console.operators import NAME_CHARS_MAX, Role
from sync.central.console.pages import me
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
    own = ask.who is not None and name == ask.who.name
    fields = [
        Field(name="operator_name", required=True, fixed=name in known, chars_max=NAME_CHARS_MAX),
        Field(name="role", kind=Kind.CHOICE, choices=roles, required=True),
    ]
    if not own:
        needed = name not in known
        fields.append(Field(name="first_password", kind=Kind.SECRET, required=needed, chars_max=CHARS_MAX))
    values = {"operator_name": name, "role": known.get(name, Role.OPERATOR).value}
    kind = "operator_change" if name in known else "operator_new"
    return Form(name=kind, fields=fields, values=values, back=HERE, title=name)


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    name = ask.path.get("name") or said["operator_name"]
    with ask.store.transaction() as tx:
        known = {one.name: one.role.value for one in operators.operators(tx)}
        role, password = Role(said["role"]), said.get("first_password", "")
        operators.keep_an_admin(tx, name, role)
        if name in known and not password:
            operators.set_role(tx, name, role)
        else:
            # Whoever chose it knows it: it opens nothing but the page on which its owner chooses another.
            operators.let_in(tx, name, password, role=role, must_change=True)
        ask.record(tx, "operator_let_in", name, before=known.get(name, ""), after=said["role"])
    return Moved(HERE, "operator_saved")


def _remove(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        operators.remove(tx, ask.path["name"])
        ask.record(tx, "operator_removed", ask.path["name"])
    return Moved(HERE, "operator_saved")


def _end_form(ask: Ask) -> Form:
    return Form(
        name="operator_sessions",
        fields=me.again_fields_of(ask),
        back=_page(ask),
        act="end",
        title=ask.path["name"],
    )


def _end(ask: Ask, said: dict[str, Any]) -> Answer:
    """End every session of somebody."""
    name = _known(ask)
    me.prove(ask, said)
    with ask.store.transaction() as tx:
        ended = sessions.end_of(tx, name, but=ask.session) + desks.close_desks(tx, name)
        ask.record(tx, "sessions_reset", name, after=str(ended))
    return Moved(HERE, "operator_saved")


def _factor_form(ask: Ask) -> Form:
    return Form(
        name="operator_factor",
        fields=me.again_fields_of(ask),
        back=_page(ask),
        act="remove",
        title=ask.path["name"],
    )


def _factor(ask: Ask, said: dict[str, Any]) -> Answer:
    """Take away a second factor that somebody else lost; it takes two persons, and ends their sessions."""
    name = _known(ask)
    if ask.who is not None and name == ask.who.name:
        raise NotAllowed(
            "Nobody resets their own second factor.", hint="Ask another admin, or use a recovery code."
        )
    me.prove(ask, said)
    with ask.store.transaction() as tx:
        had = operators.reset_factor(tx, name)
        desks.close_desks(tx, name)
        ask.record(tx, "factor_reset", name, before="" if had else "there was none")
    return Moved(HERE, "operator_saved")


def _known(ask: Ask) -> str:
    name = ask.path["name"]
    with ask.store.reading() as tx:
        if name not in {one.name for one in operators.operators(tx)}:
            raise Unknown(f"There is no operator {name}.")
    return name


def _page(ask: Ask) -> str:
    return f"{HERE}/{ask.path['name']}"


def _acts(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        before = int(after) if after.isdecimal() else 0
        found = acts.acts(tx, ask.site or None, before=before)
    rows = [
        (ask.time(one.at_ms), one.who, ask.words(f"act.{one.what}"), one.target, one.before, _after(ask, one))
        for one in found
    ]
    full = len(found) == acts.PAGE_MAX
    return Sheet(name="acts", columns=ACT_COLUMNS, rows=rows, after=str(found[-1].id) if full else "")


def _after(ask: Ask, one: acts.Act) -> str:
    """Return what stood there afterwards; of a look, at whom, in words."""
    return looks.in_words(ask, one.after) if one.what in looks.COUNTED else one.after


OPERATORS = Listing(name="operators", page=_operators, add="new")
ACTS = Listing(name="acts", page=_acts)
ADMIN = Audience.ADMIN
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/operators", OPERATORS, audience=ADMIN),
    *desk.routes_of("/operators/new", Desk(_form, _save), "let an operator in.", audience=ADMIN),
    *desk.routes_of("/operators/<name>", Desk(_form, _save), "change an operator.", audience=ADMIN),
    *desk.routes_of(
        "/operators/<name>/sessions", Desk(_end_form, _end), "end somebody's sessions.", audience=ADMIN
    ),
    *desk.routes_of(
        "/operators/<name>/factor", Desk(_factor_form, _factor), "take away a lost factor.", audience=ADMIN
    ),
    act("/operators/<name>/remove", _remove, "Let an operator in no more.", audience=ADMIN),
    *listing.routes_of("/acts", ACTS, audience=ADMIN),
    *listing.routes_of("/sites/<site>/acts", ACTS),
)
