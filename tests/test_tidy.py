"""The house is tidy: each rule of tests/tidy over the whole tree, and each rule shown to bite."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.tidy import source as files
from tests.tidy.bad import SAMPLES, Sample
from tests.tidy.rules import RULES, Rule
from tests.tidy.source import Source, load


@cache
def the_house() -> tuple[Source, ...]:
    return tuple(load())


@pytest.mark.timeout(60)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_house_keeps(rule: Rule) -> None:
    found = sorted(rule(the_house()))

    if found:
        pytest.fail("\n".join(map(str, found)), pytrace=False)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.rule.__name__)
def test_rule_finds_bad_sample_and_leaves_good_one(sample: Sample) -> None:
    bad = list(sample.rule([Source(path, text) for path, text in sample.bad.items()]))
    good = list(sample.rule([Source(path, text) for path, text in sample.good.items()]))

    assert bad, "the rule is blind to its own sample"
    assert sample.says in "\n".join(map(str, bad))
    assert not good


def test_each_rule_has_a_bad_sample() -> None:
    assert {sample.rule for sample in SAMPLES} == set(RULES)


def test_stated_reason_allows_what_the_rule_forbids() -> None:
    rule = next(rule for rule in RULES if rule.__name__ == "banned_words")
    reasoned = Source("edge/x.py", "def info(): ...  # tidy: nfcpy calls this name")
    bare = Source("edge/x.py", "def info(): ...  # tidy:")

    assert not list(rule([reasoned]))
    assert list(rule([bare]))


def test_reasons_for_exceptions_stay_few() -> None:
    stated = [
        f"{source.path}:{number}"
        for source in the_house()
        if source.is_product
        for number, line in enumerate(source.lines, 1)
        if files.ALLOWED in line
    ]

    assert len(stated) <= 10, f"exceptions from the rules: {stated}"


def test_house_is_read_by_git_and_without_git_alike(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "gate.py").write_text("x = 1\n")
    (tmp_path / "edge" / "__pycache__").mkdir()
    (tmp_path / "edge" / "__pycache__" / "gate.pyc").write_bytes(b"\xff")
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    plain = [source.path for source in load(tmp_path)]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    assert [source.path for source in load(tmp_path)] == plain == [".gitignore", "edge/gate.py"]
