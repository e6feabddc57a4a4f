"""Tester: what a rule says of invented guests, and which condition decided it, before it is published."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

import msgspec

from edge.core.facts import Fact, Rule
from edge.core.offers import (
    AboutBasket,
    AboutGuest,
    AboutHistory,
    AboutNow,
    AboutOrders,
    AboutPoint,
    AboutSite,
    AboutStock,
    AboutVisit,
    Context,
    facts_of,
    unknown,
)
from edge.core.offers.context import FIELDS
from edge.errors import Refused
from edge.rules import compile_offer_rule
from edge.rules.grammar import Logic
from edge.rules.offers import LogicRule, offer_logic

CONTEXT_CHARS_MAX = 4_000
JOINED = ("and", "or")
CALLED = ("startsWith", "endsWith", "contains", "size")
NOON = Context(
    now=AboutNow(minute=720, weekday=2, season="summer", to_closing_min=360),
    site=AboutSite(id="park", weather="sun", crowd="low"),
    point=AboutPoint(id="kiosk", kind="kiosk", zone="square"),
    basket=AboutBasket(articles=(), categories=(), total_minor=0),
    stock=AboutStock(in_stock=(), last_pieces=(), call_us=(), out=()),
)


def _guest(*segments: str, visits: int, party: int, points: int = 0) -> Context:
    """Somebody whom nobody is: a guest of these segments at noon of a Wednesday."""
    about = AboutGuest(
        segments=segments, tier="silver" if visits > 1 else "basic", points=points, visits=visits,
        first_visit=visits == 1, language="it",
    )  # fmt: skip
    return msgspec.structs.replace(
        NOON,
        guest=about,
        visit=AboutVisit(zones=("square",), dwell_min=5, arrived_min_ago=90, party_size=party),
        orders=AboutOrders(open=0, ready=0),
        history=AboutHistory(codes=()),
    )


EXAMPLES: Mapping[str, Context] = {
    "first": _guest("behaviour:first-visit", visits=1, party=2),
    "weekly": _guest("behaviour:weekly", "behaviour:best", "interest:coffee", visits=40, party=1, points=900),
    "family": _guest("demographic:household.family", "behaviour:monthly", visits=9, party=4, points=120),
    "lapsing": _guest("behaviour:lapsing", "demographic:age.senior", visits=6, party=2, points=60),
    "stranger": unknown(NOON),
}
"""Invented guests by the word of their sentence; none of them was ever here."""


class Says(enum.StrEnum):
    """What a rule or one of its conditions comes to."""

    YES = "yes"
    NO = "no"
    MISSING = "missing"
    """It asks for what is not known of this guest: at a kiosk that is a no, and logged."""
    FAILED = "failed"
    """It runs into an error there, which is a no, too."""


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, as it is read."""

    text: str
    says: Says
    detail: str = ""
    """The field that is not known."""
    known: str = ""
    """What is known of the fields that it asks for."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of one guest, and why."""

    guest: str
    says: Says
    detail: str
    clauses: tuple[Clause, ...]


def tried(cel: str, contexts: Mapping[str, Context]) -> tuple[Said, ...]:
    """Return what a rule says of each context; raises ``RuleRefused`` with the place of what is wrong.

    The rule is judged as an edge judges it, and its conditions one by one beside it.
    """
    rule, logic = compile_offer_rule(cel), offer_logic(cel)
    told = []
    for name, context in contexts.items():
        facts = facts_of(context)
        says, detail = _asked(rule, facts)
        clauses = tuple(_clause(one, facts) for one in _conditions(logic))
        told.append(Said(guest=name, says=says, detail=detail, clauses=clauses))
    return tuple(told)


def context_of(text: str) -> Context:
    """Read a context that somebody pasted, in JSON; a name that no rule can ask for is refused."""
    try:
        told = msgspec.json.decode(text.encode(), type=dict[str, dict[str, object]])
        read = msgspec.convert(told, Context)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise Refused(f"This is no context: {error}", hint="Mend it at that place.") from None
    names = {f"{part}.{name}" for part, fields in told.items() for name in fields}
    if names - FIELDS:
        raise Refused(f"No rule can ask for {min(names - FIELDS)}.", hint=f"It may be {min(FIELDS)}, say.")
    return read


def written(logic: Logic) -> str:
    """Return logic as a person writes it."""
    if isinstance(logic, bool):
        return str(logic).lower()
    if isinstance(logic, list):
        return f"[{', '.join(map(written, logic))}]"
    if not isinstance(logic, dict):
        return msgspec.json.encode(logic).decode()
    ((name, given),) = logic.items()
    if name == "var":
        return str(given)
    parts = [written(one) for one in (given if isinstance(given, list) else [given])]
    if name == "has":
        return f"has({parts[0].strip(chr(34))})"
    if name in CALLED:
        return f"{parts[0]}.{name}({', '.join(parts[1:])})"
    if name == "at":
        return f"{parts[0]}[{parts[1]}]"
    if name == "if":
        return f"({parts[0]} ? {parts[1]} : {parts[2]})"
    if len(parts) == 1:
        return f"{name}({parts[0]})"
    return f"({f' {SIGNS.get(name, name)} '.join(parts)})" if name in JOINED else f" {name} ".join(parts)


SIGNS = {"and": "&&", "or": "||"}


def _conditions(logic: Logic) -> Iterator[Logic]:
    """Yield what is joined by && and ||, piece by piece."""
    if isinstance(logic, dict):
        ((name, given),) = logic.items()
        if name in JOINED and isinstance(given, list):
            for one in given:
                yield from _conditions(one)
            return
    yield logic


def _clause(logic: Logic, facts: Mapping[str, Fact]) -> Clause:
    says, detail = _asked(LogicRule(logic), facts)
    fields = [name for name in sorted(FIELDS) if name in written(logic) and name in facts]
    known = ", ".join(f"{name} = {msgspec.json.encode(facts[name]).decode()}" for name in fields)
    return Clause(text=written(logic), says=says, detail=detail, known=known)


def _asked(rule: Rule, facts: Mapping[str, Fact]) -> tuple[Says, str]:
    try:
        return (Says.YES if rule.evaluate(facts) is True else Says.NO), ""
    except KeyError as missing:
        return Says.MISSING, str(missing.args[0])
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return Says.FAILED, type(error).__name__
