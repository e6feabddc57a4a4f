"""Rules of gates: CEL texts compiled behind the rulebook's ``Rule``, refused where they could harm."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from edge.core.entitlements import Entitlement
from edge.core.facts import Fact, Rule
from edge.core.places import Layout
from edge.rules.refusal import RuleRefused

if TYPE_CHECKING:
    from cel import Program

RULE_CHARS_MAX = 500
"""Longer texts are refused: nobody at a gate can read them either."""
COMPILED_MAX = 1_024
"""Compiled rules kept per process; the least recently used one is compiled again when it comes back."""

NAMES = frozenset(
    {
        "entries_today",
        "entries_total",
        "since_first_s",
        "since_last_s",
        "weekday",
        "minute_of_day",
        "local_date",
        "zone",
        "gate",
        "product",
        "tags",
        "tier",
        "age_band",
        "party_size",
        "inside",
        "trust",
    }
)
"""Everything a rule may ask; each name is always present, absent values are ``null``."""

FUNCTIONS = frozenset(
    {
        *("_&&_", "_||_", "!_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_[_]"),
        *("_+_", "_-_", "_*_", "_/_", "_%_", "-_"),
        *("size", "startsWith", "endsWith", "contains", "matches", "int", "string"),
    }
)
"""Everything a rule may call."""

# `map` leaves no trace in the library's list of functions, so the word itself is refused, even in a string.
_LOOPS = re.compile(r"\b(all|exists|exists_?[oO]ne|map|filter|transform\w*|sortBy)\s*\(")

SAMPLES: tuple[dict[str, Fact], ...] = (
    {
        "entries_today": 0,
        "entries_total": 0,
        "since_first_s": None,
        "since_last_s": None,
        "weekday": 0,
        "minute_of_day": 0,
        "local_date": "2026-01-05",
        "zone": None,
        "gate": "gate-1",
        "product": "day",
        "tags": [],
        "tier": "",
        "age_band": None,
        "party_size": None,
        "inside": False,
        "trust": 2,
    },
    {
        "entries_today": 2,
        "entries_total": 9,
        "since_first_s": 86_400,
        "since_last_s": 600,
        "weekday": 6,
        "minute_of_day": 1_439,
        "local_date": "2026-12-31",
        "zone": "park",
        "gate": "ride-1",
        "product": "year",
        "tags": ["vip", "birthday"],
        "tier": "gold",
        "age_band": "8-11",
        "party_size": 4,
        "inside": True,
        "trust": 3,
    },
)
"""A guest who comes for the first time, and one whom everything is known of."""


class CelRule:
    """One compiled rule: the rulebook's ``Rule`` over a CEL program."""

    def __init__(self, text: str, program: Program) -> None:
        """Keep the text beside the program, for messages."""
        self.text = text
        self._program = program

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        """Return whether the rule permits; a result that is no boolean is an error, like CEL's own."""
        from cel import Context  # late: it costs a third of a second and only rules need it

        verdict = self._program.execute(Context(variables=dict(context)))
        if not isinstance(verdict, bool):
            raise RuleRefused(f"The rule answers {verdict!r} where only true or false will do.")
        return verdict

    def names(self) -> frozenset[str]:
        """Return the facts that the rule asks for."""
        return frozenset(self._program.references()["variables"])


class BrokenRule:
    """A rule that was refused: it never permits, and says why each time."""

    def __init__(self, cause: RuleRefused) -> None:
        """Keep what was wrong with it."""
        self.cause = cause

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        """Raise what was wrong: the rulebook refers the guest to staff."""
        raise self.cause


@functools.lru_cache(maxsize=COMPILED_MAX)
def compile_rule(text: str) -> CelRule:
    """Return the rule of a CEL text; raise ``RuleRefused`` where it is not safe or not sound, and say why."""
    _check_text(text)
    rule = CelRule(text, _parse(text))
    _check_names(rule)
    _check_samples(rule)
    return rule


def compile_rules(texts: Iterable[str]) -> dict[str, Rule]:
    """Return each text's rule; one that is refused stands there as a rule that never permits."""
    return {text: rule_or_broken(text) for text in texts}


@functools.lru_cache(maxsize=COMPILED_MAX)
def rule_or_broken(text: str) -> Rule:
    """Return the rule of a text that is already in force, whatever it is worth."""
    try:
        return compile_rule(text)
    except RuleRefused as refusal:
        return BrokenRule(refusal)


def texts_of(layout: Layout) -> tuple[str, ...]:
    """Return the CEL texts of a site's points and products, each once."""
    of_points = [rule.cel for point in layout.points for rule in point.rules]
    of_products = [rule.cel for product in layout.products for rule in product.terms.rules]
    return tuple(dict.fromkeys(of_points + of_products))


def texts_of_rights(rights: Iterable[Entitlement]) -> tuple[str, ...]:
    """Return the CEL texts of terms that rights carry themselves, beside their products'."""
    return tuple(rule.cel for right in rights if right.terms is not None for rule in right.terms.rules)


def _check_text(text: str) -> None:
    if len(text) > RULE_CHARS_MAX:
        raise RuleRefused(f"The rule is {len(text)} characters long; {RULE_CHARS_MAX} are allowed.")
    if "//" in text:
        raise RuleRefused("A rule carries no comment; its name and its text say what it is for.")
    loop = _LOOPS.search(text)
    if loop is not None:
        raise RuleRefused(f"{loop[1]}() runs over a list; a rule takes the same short time for every guest.")


def _parse(text: str) -> Program:
    """Compile once more than the text was ever seen: any failure of the library is a refusal of this text."""
    from cel import compile as compile_cel  # late, as above

    try:
        return compile_cel(text)
    except (ValueError, RuntimeError, TypeError) as error:
        raise RuleRefused(f"The rule cannot be read: {str(error).splitlines()[0]}") from error


def _check_names(rule: CelRule) -> None:
    used = rule._program.references()
    if "@not_strictly_false" in used["functions"]:
        raise RuleRefused("A rule runs over no list.")
    for name in used["variables"]:
        if name not in NAMES:
            raise RuleRefused(f"{name!r} is not known to rules; known are {', '.join(sorted(NAMES))}.")
    for function in used["functions"]:
        if function not in FUNCTIONS:
            raise RuleRefused(f"{function!r} may not be called in a rule.")


def _check_samples(rule: CelRule) -> None:
    """Try the rule on both samples: absent facts may trouble it, but it must be able to judge somebody."""
    failures: list[Exception] = []
    for sample in SAMPLES:
        try:
            rule.evaluate(sample)
        except RuleRefused:
            raise
        except (TypeError, KeyError, ValueError, RuntimeError, ArithmeticError, IndexError) as error:
            failures.append(error)
    if len(failures) == len(SAMPLES):
        raise RuleRefused(f"The rule can judge nobody: {str(failures[0]).splitlines()[0]}") from failures[0]
