"""Each requirement of OWASP ASVS 5.0.0 is bound to a test, does not apply for a reason, or is openly open."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.tidy.source import ROOT

TABLE = Path(__file__).with_name("asvs.csv")
LEVELS = {"1": 70, "2": 183, "3": 92}
APPLICABLE = 199
"""Of levels 1 and 2, without what Polso has not: see ``without``."""
BOUND_SHARE_MIN = 0.8
OPEN, NOT_APPLICABLE = "open", "not applicable"
ABSENT = (
    *("ldap3", "python-ldap", "lxml", "defusedxml", "pylatex", "pymemcache", "python-memcached", "graphene"),
    *("graphql-core", "websockets", "flask-sock", "flask-socketio", "authlib", "oauthlib", "pyjwt"),
    *("python-jose", "aiortc", "pyyaml", "jpype1", "redis"),
)  # fmt: skip


class Row(NamedTuple):
    """One requirement and what shows that it holds."""

    requirement: str
    level: str
    proof: str
    remark: str


@cache
def rows() -> tuple[Row, ...]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return tuple(Row(**line) for line in csv.DictReader(file))


@cache
def functions_in(path: str) -> frozenset[str]:
    """Names of the test functions of a file, also those inside a class."""
    tree = ast.parse((ROOT / path).read_text()) if (ROOT / path).is_file() else ast.Module([], [])
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def without(requirement: str) -> bool:
    """Whether its whole section is about what Polso has not: files, OAuth, WebRTC, GraphQL, codes by post."""
    return re.match(r"V(5\.|10\.|17\.|4\.3\.|6\.6\.|6\.8\.)", requirement) is not None


def unknown(proof: str) -> list[str]:
    """The named tests that do not exist."""
    named = (each.split("::") for each in proof.split())
    return ["::".join(parts) for parts in named if len(parts) != 2 or parts[1] not in functions_in(parts[0])]


def test_every_requirement_stands_in_the_table_once() -> None:
    assert Counter(row.level for row in rows()) == LEVELS
    assert len({row.requirement for row in rows()}) == sum(LEVELS.values())
    assert all(re.fullmatch(r"V\d+\.\d+\.\d+", row.requirement) for row in rows())


def wrong(row: Row) -> str:
    """What a row lacks, in words; empty where it lacks nothing."""
    if row.proof in (OPEN, NOT_APPLICABLE):
        return "" if len(row.remark) > 5 else f"{row.requirement}: say why it is {row.proof}"
    if not row.proof:
        return f"{row.requirement}: name a test, or say that it is open"
    return "".join(f"{row.requirement}: there is no {name}" for name in unknown(row.proof))


def test_rows_name_tests_that_exist_or_say_why_not() -> None:
    assert [lack for row in rows() if (lack := wrong(row))] == []


def test_most_of_what_applies_is_bound() -> None:
    applicable = [row for row in rows() if row.level in "12" and not without(row.requirement)]
    bound = [row for row in applicable if row.proof != OPEN]

    assert len(applicable) == APPLICABLE
    assert len(bound) / APPLICABLE >= BOUND_SHARE_MIN, [
        row.requirement for row in applicable if row not in bound
    ]


def test_test_that_does_not_exist_is_noticed() -> None:
    assert unknown("tests/security/test_asvs.py::test_test_that_does_not_exist_is_noticed") == []
    assert unknown("tests/security/test_asvs.py::test_nobody_wrote tests/no.py::test_x") != []


def test_technology_that_polso_lacks_is_not_pinned() -> None:
    pinned = (ROOT / ".ci/lock/central.txt").read_text()

    assert [name for name in ABSENT if re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE)] == []
    assert re.search(r"^flask==", pinned, re.MULTILINE), "the control: what is there is found"
