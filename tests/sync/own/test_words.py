"""A guest's own page says everything in each of its languages, and nothing that nobody asks for."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

from edge.core.consent import TOPICS
from sync.central.care.anew import State as Asked
from sync.central.care.case import Subject
from sync.central.care.cases import GIFTS
from sync.central.console.words import PLACEHOLDER
from sync.central.journey.entry import Via, What
from sync.central.own.family import AMOUNTS
from sync.central.own.words import LANGUAGES
from sync.central.psp.judgement import State
from sync.central.psp.mandates import State as Mandated

ROOM = Path(str(resources.files("sync.central.own")))
CHOSEN = {
    *(f"charge.{one}" for one in State),
    *(f"mandate.{one}" for one in Mandated),
    *(f"field.{one}" for one in ("once", "a_day", "a_month", *AMOUNTS, "no_charge", "closed")),
    *(f"diary.{one}" for one in (*What, "taken_back", "minutes", "of_five", "until")),
    *(f"diary.entered.{one}" for one in (Via.KIOSK, Via.TILL)),
    *(f"via.{one}" for one in Via),
    *(f"case.{one}" for one in Subject),
    *(f"coupon_state.{one}" for one in Asked),
    *(f"made_good.{one}" for one in GIFTS.values()),
    *(f"consent.{one}" for one in TOPICS),
    *("yes", "no", "said.stored", "said.not_stored", "said.allowed", "said.birthday", "said.birthday_back"),
}
"""Sentences whose key a page puts together."""


def test_every_language_says_the_same_things_with_the_same_blanks_and_nothing_is_left_over() -> None:
    said = {code: json.loads((ROOM / "sentences" / f"{code}.json").read_text()) for code in LANGUAGES}
    english = said["en"]
    for code, sentences in said.items():
        assert sentences.keys() == english.keys(), code
        assert all(sentences.values())
        for key, sentence in english.items():
            assert set(PLACEHOLDER.findall(sentence)) == set(PLACEHOLDER.findall(sentences[key])), key
    pages = "\n".join(path.read_text() for path in [*ROOM.rglob("*.py"), *ROOM.rglob("*.html")])
    asked = set(re.findall(r"""\bt\(\s*["']([a-z_.]+)["'](?!\s*~)""", pages))
    asked |= set(re.findall(r'"(wrong\.\w+)"', pages)) | {
        f"said.{one}" for one in re.findall(r'Moved\((?:CARD|FAMILY), "(\w+)"', pages)
    }
    assert asked | CHOSEN == english.keys()
