"""Operators' own rules: texts compiled behind the rulebook's ``Rule``, refused where they could harm."""

from __future__ import annotations

from edge.rules.gates import (
    NAMES,
    RULE_CHARS_MAX,
    SAMPLES,
    BrokenRule,
    CelRule,
    compile_rule,
    compile_rules,
    rule_or_broken,
    texts_of,
    texts_of_rights,
)
from edge.rules.offers import OFFER_RULE_CHARS_MAX, compile_offer_rule, parts_named
from edge.rules.refusal import RuleRefused
from edge.rules.turns import turn_of

__all__ = [
    "NAMES",
    "OFFER_RULE_CHARS_MAX",
    "RULE_CHARS_MAX",
    "SAMPLES",
    "BrokenRule",
    "CelRule",
    "RuleRefused",
    "compile_offer_rule",
    "compile_rule",
    "compile_rules",
    "parts_named",
    "rule_or_broken",
    "texts_of",
    "texts_of_rights",
    "turn_of",
]
