"""The documentation says what the code does: commands, verbs, keys, reasons, events, links, words."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from tests.docs import pages, tables
from tests.docs.tables import DEFAULTS, keys
from tests.tidy.source import ROOT, load, python
from tests.tidy.words import names, words

PAGES = sorted([ROOT / "README.md", *(ROOT / ".docs").rglob("*.md")])
HELP_CHARS_MIN = 20
README_LINES_MAX = 250


def test_both_commands_stand_in_the_readme_word_for_word() -> None:
    assert tuple(pages.fenced("sh")) == pages.COMMANDS


def test_generated_tables_are_current() -> None:
    assert pages.reference() == tables.current(), "run: .venv/bin/python -m tests.docs"


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if path:
        yield " ".join(path), group
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield from commands(command, (*path, name))


def polso() -> click.Command:
    command = importlib.import_module("edge.run.cli").main
    assert isinstance(command, click.Command)
    return command


def test_each_verb_has_a_paragraph_and_each_paragraph_a_verb() -> None:
    assert {path for path, _ in commands(polso())} == pages.verbs()


def test_each_verb_and_option_has_help() -> None:
    silent = [path for path, command in commands(polso()) if len(command.help or "") < HELP_CHARS_MIN]
    mute = [
        f"{path} {option.opts[0]}"
        for path, command in commands(polso())
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert not silent
    assert not mute


def flat(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_each_configuration_key_has_a_default_and_a_comment() -> None:
    toml = DEFAULTS.read_text()
    commented = {key.name: key.comment for key in keys(toml)}

    assert sorted(commented) == sorted(flat(tomllib.loads(toml)))
    assert [name for name, comment in commented.items() if len(comment) < HELP_CHARS_MIN] == []


def test_each_configuration_key_is_in_the_reference_once() -> None:
    named = [name for name in pages.first_column("configuration") if not name.startswith("[[")]

    assert sorted(named) == sorted(flat(tomllib.loads(DEFAULTS.read_text())))


def test_key_without_a_comment_is_noticed() -> None:
    toml = "[a]\n# Said of the first only.\nfirst = 1\nsecond = 2\n\n# A heading of nothing.\n\nthird = 3\n"

    assert [(key.name, key.comment) for key in keys(toml)] == [
        ("a.first", "Said of the first only."),
        ("a.second", ""),
        ("a.third", ""),
    ]


def test_each_reason_has_one_row() -> None:
    assert pages.first_column("reasons") == [reason.value for reason in Reason]


def test_each_event_kind_has_one_row_under_its_number() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| .{12,} \|$", pages.section("events"), re.MULTILINE)

    assert rows == [(str(kind.value), kind.name) for kind in Kind]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_somewhere(page: Path) -> None:
    lost = [target for target in pages.links(page) if not leads_somewhere(page, target)]

    assert not lost


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = page.parent / path if path else page
    return found.exists() and (not anchor or anchor in pages.anchors(found))


def test_link_to_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Top\n[a](page.md) [b](#top) [c](#gone) [d](gone.md) [e](https://example.org)\n")

    assert [target for target in pages.links(page) if not leads_somewhere(page, target)] == [
        "#gone",
        "gone.md",
    ]


def test_each_picture_is_shown() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in pages.links(page)}
    pictures = {path.resolve() for path in (ROOT / ".docs").rglob("*.png")}

    assert pictures <= shown


@pytest.mark.timeout(60)
def test_each_word_of_the_glossary_is_spoken_by_the_code() -> None:
    named = {name for source in python(load()) for _, name, _ in names(source)}
    spoken = {word for name in named for word in words(name)}
    unknown = [
        word
        for word in pages.glossary()
        if not set(words(word))
        <= spoken | {part.rstrip("s") for part in spoken} | {f"{part}s" for part in spoken}
    ]

    assert not unknown
    assert len(pages.glossary()) >= 20


def test_each_decision_page_is_in_the_index_and_has_a_number_of_its_own() -> None:
    folder = ROOT / ".docs" / "decisions"
    decided = sorted(path.name for path in folder.glob("[0-9]*.md"))

    assert decided == sorted(pages.links(folder / "README.md"))
    assert len({page[:4] for page in decided}) == len(decided)


def test_readme_leads_to_each_page_and_stays_short_enough_to_be_read() -> None:
    led = {target.partition("#")[0] for target in pages.links(pages.README)}
    others = {str(page.relative_to(ROOT)) for page in (ROOT / ".docs").glob("*.md")}

    assert others <= led
    assert len(pages.readme().splitlines()) <= README_LINES_MAX
