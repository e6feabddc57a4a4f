"""Rules of offers: one file of cases for CEL and for JSON logic, and what is refused with its place."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.facts import Fact, Rule
from edge.core.offers.context import FIELDS
from edge.rules import OFFER_RULE_CHARS_MAX, RuleRefused, compile_offer_rule
from edge.rules import offers as room
from edge.rules.grammar import INT_MAX, LIST_MAX, NESTING_MAX, parse
from edge.rules.offers import LogicRule, cel_rule, offer_logic

FACTS: Mapping[str, Fact] = {
    "guest.segments": ["interest:coffee", "demographic:family"],
    "guest.tier": "gold",
    "guest.points": 120,
    "guest.first_visit": False,
    "guest.language": "it",
    "visit.zones": ["shop", "park"],
    "now.minute": 725,
    "now.weekday": 5,
    "basket.total_minor": 4_500,
    "stock.in_stock": ["capsule", "cup"],
    "history.codes": [],
}
CONFORMANCE: list[tuple[str, bool | type[Exception] | str]] = [
    ("true", True),
    ("guest.tier == 'gold'", True),
    ('guest.tier != "gold"', False),
    ("'interest:coffee' in guest.segments && guest.points >= 100 && now.weekday in [5, 6]", True),
    ("'interest:toys' in guest.segments || guest.tier == 'gold'", True),
    ("!guest.first_visit", True),
    ("guest.first_visit", False),
    ("guest.first_visit ? basket.total_minor > 0 : basket.total_minor >= 4500", True),
    ("size(history.codes) == 0", True),
    ("guest.segments.size() > 2", False),
    ("size('però') == 5", True),
    ("guest.segments[0].startsWith('interest:')", True),
    ("guest.segments[1].endsWith('family') && guest.language.contains('t')", True),
    ("guest.segments == ['interest:coffee', 'demographic:family']", True),
    ("guest.segments == ['interest:coffee']", False),
    ("guest.segments + ['x'] != guest.segments", True),
    ("guest.language + '-' + guest.tier == 'it-gold'", True),
    ("now.minute / 60 == 12 && now.minute % 60 == 5", True),
    ("-7 / 2 == -3 && -7 % 2 == -1 && 7 / -2 == -3", True),
    ("2 + 3 * 4 - 1 == 13 && (2 + 3) * 4 == 20", True),
    ("-now.minute < -(700)", True),
    ("-9223372036854775808 < 0", True),
    ("true == true && !(true == false)", True),
    ("guest.points == '120'", False),
    ("guest.points in ['120']", False),
    ("false < true && 'a' < 'b'", True),
    ("guest.tier == 'go\\'ld' || guest.tier == \"go\\\\ld\" || 'a\\n\\t\\r' == ''", False),
    ("has(guest.tier) && !has(guest.birthday)", True),
    ("guest.points / 0 == 1 || true", True),
    ("false && guest.points / 0 == 1", False),
    ("guest.points / 0 == 1 && true", ZeroDivisionError),
    ("guest.points % 0 == 1", ZeroDivisionError),
    ("guest.points > 'x'", TypeError),
    ("guest.segments > guest.segments", TypeError),
    ("guest.points in guest.tier", TypeError),
    ("guest.points + guest.tier == 'x'", TypeError),
    ("guest.tier * 2 == 4", TypeError),
    ("size(guest.points) == 1", TypeError),
    ("guest.points.startsWith('1')", TypeError),
    ("guest.points && true", TypeError),
    ("!guest.points", TypeError),
    ("guest.points ? true : false", TypeError),
    ("guest.tier['x'] == 'g'", TypeError),
    ("guest.segments[9] == 'a'", IndexError),
    ("guest.segments[-1] == 'a'", IndexError),
    ("9223372036854775807 + guest.points > 0", OverflowError),
    ("guest.visits > 1 || true", "guest.visits"),
    ("guest.points > 1 && visit.dwell_min > 1 && guest.visits > 1", "visit.dwell_min"),
    ("!has(guest.visits) || guest.visits == 1", "guest.visits"),
    ("size([guest.birthday]) == 1", "guest.birthday"),
]


def rules_of(text: str) -> tuple[Rule, Rule]:
    logic = offer_logic(text)
    return cel_rule(text, logic), LogicRule(logic)


def answer(rule: Rule, facts: Mapping[str, Fact] = FACTS) -> object:
    """What comes of a rule: its answer, the missing field or the error's type."""
    try:
        return rule.evaluate(facts)
    except KeyError as missing:
        return missing.args[0]
    except (ArithmeticError, TypeError, LookupError) as error:
        return type(error)


@pytest.mark.parametrize(("text", "expected"), CONFORMANCE, ids=[text for text, _ in CONFORMANCE])
def test_both_engines_answer_alike(text: str, expected: object) -> None:
    by_cel, by_logic = rules_of(text)
    assert answer(by_cel) == expected
    assert answer(by_logic) == expected


NUMBERS = st.recursive(
    st.sampled_from(
        ("guest.points", "now.minute", "0", "1", "-3", "60", "size(guest.segments)", "guest.tier")
    ),
    lambda some: st.builds("({} {} {})".format, some, st.sampled_from("+-*/%"), some),
    max_leaves=4,
)
TEXTS = st.sampled_from(
    ("guest.tier", "'gold'", "''", "guest.segments[0]", "guest.segments[7]", "guest.points")
)
CLAIMS = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, NUMBERS, st.sampled_from(("==", "!=", "<", "<=", ">", ">=")), NUMBERS),
        st.builds("{} {} {}".format, TEXTS, st.sampled_from(("==", "<", ">=")), TEXTS),
        st.builds("{}.{}({})".format, TEXTS, st.sampled_from(("startsWith", "endsWith", "contains")), TEXTS),
        st.builds(
            "{} in {}".format, TEXTS, st.sampled_from(("guest.segments", "['gold', 'it']", "guest.tier"))
        ),
        st.sampled_from(("true", "guest.first_visit", "guest.visits > 1")),
    ),
    lambda some: st.one_of(
        st.builds("({} {} {})".format, some, st.sampled_from(("&&", "||")), some),
        st.builds("!({})".format, some),
        st.builds("({} ? {} : {})".format, some, some, some),
    ),
    max_leaves=6,
)


def kind_of(found: object) -> object:
    """Which of two errors is told hangs on who looked first; that there is one does not."""
    return Exception if isinstance(found, type) else found


@given(text=CLAIMS)
def test_both_engines_answer_alike_whatever_is_asked(text: str) -> None:
    by_cel, by_logic = rules_of(text)
    assert kind_of(answer(by_cel)) == kind_of(answer(by_logic))


REFUSED = [
    ("", "character 1: '\\(' is expected"),
    ("guest.tier ==", "character 14"),
    ("guest.tier == 'gold", "character 15"),
    ("guest.surname == 'Rossi'", "character 1: 'guest.surname' is no field"),
    ("true && visit == 1", "character 9: 'visit' is no field"),
    ("now() > 1", "'now' is no field"),
    ("guest.tier.matches('g.*')", "'matches' may not be asked"),
    ("guest.segments.exists(s, s == 'a')", "'exists' may not be asked"),
    ("guest.tier.size(1) == 1", "size takes nothing"),
    ("guest.tier.contains('a', 'b')", "contains takes one text"),
    ("guest.points == 1.5", "character 17"),
    ("guest.points == 1u", "character 17"),
    ("guest.tier == null", "'null' is no field"),
    ("guest.tier == 'a\\x41'", "x is not understood"),
    ("guest.points == 9223372036854775808", "too large"),
    ("guest.points == 1 1", "'1' is not expected"),
    ("(guest.points == 1", "'\\)' is expected"),
    ("guest.points ; 1", "';' is not understood"),
    ("true // or so", "character 7"),
    ("[1 2] == [1]", "',' is expected"),
    (f"now.weekday in [{', '.join('1' * (LIST_MAX + 1))}]", "at most 100 entries"),
    ("(" * (NESTING_MAX + 1) + "true" + ")" * (NESTING_MAX + 1), "inside each other"),
    ("guest.tier", "true or false"),
    ("guest.points + 1", "true or false"),
    ("['a']", "true or false"),
    ("true ? 1 : false", "true or false"),
    ("'x' == '" + "y" * OFFER_RULE_CHARS_MAX + "'", "characters long"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[text[:30] for text, _ in REFUSED])
def test_unsound_rule_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(RuleRefused, match=why):
        compile_offer_rule(text)


def test_limits_themselves_are_allowed() -> None:
    deep = "(" * NESTING_MAX + "true" + ")" * NESTING_MAX
    long = " || ".join(["guest.points == 1"] * 40)
    for text in (deep, long, f"now.weekday in [{', '.join('5' * LIST_MAX)}]", f"guest.points < {INT_MAX}"):
        assert answer(compile_offer_rule(text)) in (True, False)


def test_rule_without_the_library_is_judged_as_logic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    compile_offer_rule.cache_clear()
    rule = compile_offer_rule("guest.points > 100")
    compile_offer_rule.cache_clear()
    assert isinstance(rule, LogicRule)
    assert rule.evaluate(FACTS) is True


def test_refusal_of_the_library_is_a_refusal_of_the_rule() -> None:
    with pytest.raises(RuleRefused, match="cannot be read"):
        cel_rule("true &&", True)


def test_prepared_context_is_never_anothers() -> None:
    rule = compile_offer_rule("guest.points > 100")
    few: Mapping[str, Fact] = {"guest.points": 1}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(rule.evaluate, [FACTS, few, few, FACTS] * 200))
    assert found == [True, False, False, True] * 200


def test_every_field_of_the_context_can_be_asked_for() -> None:
    for name in FIELDS:
        assert parse(name) == {"var": name}
