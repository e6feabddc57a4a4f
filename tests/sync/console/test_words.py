"""The console says everything in both of its languages."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

from edge.core.conditions import Crowd, Weather
from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Status
from edge.core.events import Kind
from sync.central.channels.book import May
from sync.central.console.words import LANGUAGES, PLACEHOLDER, choose
from sync.central.imports.jobs import State

ROOM = Path(str(resources.files("sync.central.console")))
SAID = {code: json.loads((ROOM / "sentences" / f"{code}.json").read_text()) for code in LANGUAGES}


def test_both_languages_say_the_same_things_with_the_same_blanks() -> None:
    en, it = SAID["en"], SAID["it"]
    assert en.keys() == it.keys()
    assert all(it.values())
    for key, sentence in en.items():
        assert set(PLACEHOLDER.findall(sentence)) == set(PLACEHOLDER.findall(it[key])), key


def test_every_word_of_the_closed_lists_has_its_sentence() -> None:
    wanted = [
        *(f"reason.{one}" for one in Reason),
        *(f"outcome.{one}" for one in Outcome),
        *(f"status.{one}" for one in Status),
        *(f"event.{one.name.lower()}" for one in Kind),
        *(f"import.{one}" for one in State),
        *(f"may.{one}" for one in May),
        *(f"weather.{one}" for one in Weather),
        *(f"crowd.{one}" for one in Crowd),
    ]
    assert [key for key in wanted if key not in SAID["en"]] == []


def test_every_sentence_that_code_or_page_asks_for_is_there_and_none_is_left_over() -> None:
    pages = "\n".join(path.read_text() for path in [*ROOM.rglob("*.py"), *ROOM.rglob("*.html")])
    asked = set(re.findall(r"""\bt\(\s*["']([a-z_.]+)["'](?!\s*~)""", pages))
    asked |= set(re.findall(r"""\bwords\(\s*["']([a-z_.]+)["']""", pages))
    asked |= set(re.findall(r"""Mistyped\([^,]+, "([a-z_.]+)\"""", pages))
    asked |= {f"field.{name}" for name in re.findall(r'Field\(\s*name="(\w+)"', pages)}
    asked |= {f"act.{name}" for name in re.findall(r'record\(\s*tx, "(\w+)"', pages)}
    asked |= {f"said.{name}" for name in re.findall(r'Moved\([^)]*?, "(\w+)"\)', pages)}
    asked |= {f"title.{name}" for name in re.findall(r'Form\(\s*name="(\w+)"', pages)}
    assert sorted(asked - SAID["en"].keys()) == []
    prefixes = set(re.findall(r"""["']([a-z_]+\.)["'{]""", pages)) | set(re.findall(r'f"([a-z_]+\.){', pages))
    prefixes |= {f"{name}." for name in re.findall(r'_choice\(\s*"(\w+)"', pages)}
    unused = [
        key
        for key in SAID["en"]
        if key not in asked and f'"{key}"' not in pages and not key.startswith(tuple(prefixes))
    ]
    assert unused == []


def test_the_first_language_that_the_console_speaks_is_chosen() -> None:
    assert choose(["", "it-CH", "en"]) == "it"
    assert choose(["fr", "de"]) == "en"
