"""Turns: when the clock, the weather or the crowd let other offers be made than before."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from edge.core.facts import Fact
from edge.core.offers import AboutNow, AboutSite, Context, Period
from edge.core.offers.bundle import Bundle
from edge.core.offers.context import facts_of
from edge.core.offers.judge import holds
from edge.rules.grammar import Logic
from edge.rules.logic import ERRORS, evaluate
from edge.rules.offers import COMPILED_MAX, fields_named, offer_logic

TURNING = ("now.", "site.")
"""Fields that change while nobody does anything."""
JOINING = frozenset(("and", "or", "!", "if"))
QUARTER_MIN = 15
"""As finely is told apart what is reckoned with the clock in another way than by comparing it."""
NAME_BYTES = 8
ALWAYS = Period()


def turn_of(bundle: Bundle, wall: dt.datetime, *, now: AboutNow, site: AboutSite) -> str:
    """Return 16 hex digits that are others once other offers may be made, as far as moment and site say.

    It goes by which periods hold at the site's wall time, and by what each rule's own comparisons of clock,
    weather and crowd answer. Two moments of one turn let the same offers be made to who stays the same.
    """
    facts = facts_of(Context(now=now, site=site))
    periods = [holds(offer.period, wall) for offer in bundle.offers if offer.period != ALWAYS]
    answers = [_answer(one, facts) for rule in bundle.rules for one in _comparisons(rule.cel)]
    return hashlib.blake2b(msgspec.msgpack.encode((periods, answers)), digest_size=NAME_BYTES).hexdigest()


class _Comparison(NamedTuple):
    """One that asks for a field which turns."""

    logic: Logic
    fields: tuple[str, ...]
    alone: bool
    """Whether it asks for no other fields, so that clock, weather and crowd settle it."""


@functools.lru_cache(maxsize=COMPILED_MAX)
def _comparisons(text: str) -> tuple[_Comparison, ...]:
    return tuple(_turning(offer_logic(text)))


def _turning(logic: Logic) -> Iterator[_Comparison]:
    if not isinstance(logic, dict):
        return
    ((name, given),) = logic.items()
    if name in JOINING:
        for one in given if isinstance(given, list) else [given]:
            yield from _turning(one)
        return
    fields = tuple(sorted(fields_named(logic)))
    turning = [field.startswith(TURNING) for field in fields]
    if any(turning):
        yield _Comparison(logic, fields, alone=all(turning))


def _answer(one: _Comparison, facts: Mapping[str, Fact]) -> object:
    """Return what a comparison answers, None where nobody knows; beside other fields what it asks for."""
    if not one.alone:
        return [_coarse(facts.get(field)) for field in one.fields]
    try:
        return _coarse(evaluate(one.logic, facts))
    except ERRORS:
        return None


def _coarse(value: Fact | None) -> object:
    return value // QUARTER_MIN if type(value) is int else value
