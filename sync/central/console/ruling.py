"""Rules and questions as rows of a form: checked by the rulebook's own compiler before they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from edge.core.entitlements import Question, RuleText
from edge.rules import compile_rule
from sync.central.console.fields import LANGUAGES, Field, Kind, Mistyped

Rows: TypeAlias = "Sequence[Mapping[str, str]]"
TEXTS = tuple(f"text_{code}" for code in LANGUAGES)
RULES = Field(name="rules", kind=Kind.ROWS, columns=("name", "cel", *TEXTS))
QUESTIONS = Field(name="questions", kind=Kind.ROWS, columns=("name", "sort", "choices", "optional", *TEXTS))
SORTS = ("text", "number", "choice", "yes_no")


def rules_of(rows: Rows) -> tuple[RuleText, ...]:
    """Return the rules that the rows hold; raise what the compiler says of the first bad one."""
    made = []
    for row in rows:
        if not row["name"]:
            raise Mistyped("rules", "wrong.rule_name")
        compile_rule(row["cel"])
        made.append(RuleText(name=row["name"], cel=row["cel"], text=_texts(row)))
    return tuple(made)


def rows_of_rules(rules: Sequence[RuleText]) -> list[dict[str, str]]:
    """Return rules as rows."""
    return [{"name": rule.name, "cel": rule.cel, **_cells(rule.text)} for rule in rules]


def questions_of(rows: Rows) -> tuple[Question, ...]:
    """Return the questions that the rows hold."""
    made = []
    for row in rows:
        if not row["name"] or row["sort"] not in SORTS:
            raise Mistyped("questions", "wrong.question", sorts=", ".join(SORTS))
        choices = tuple(word.strip() for word in row["choices"].split(",") if word.strip())
        required = not row["optional"]
        question = Question(
            id=row["name"], kind=row["sort"], texts=_texts(row), choices=choices, required=required
        )
        made.append(question)
    return tuple(made)


def rows_of_questions(questions: Sequence[Question]) -> list[dict[str, str]]:
    """Return questions as rows."""
    return [
        {
            "name": one.id,
            "sort": one.kind,
            "choices": ", ".join(one.choices),
            "optional": "" if one.required else "x",
            **_cells(one.texts),
        }
        for one in questions
    ]


def _texts(row: Mapping[str, str]) -> dict[str, str]:
    return {code: row[f"text_{code}"] for code in LANGUAGES if row[f"text_{code}"]}


def _cells(texts: Mapping[str, str]) -> dict[str, str]:
    return {f"text_{code}": texts.get(code, "") for code in LANGUAGES}
