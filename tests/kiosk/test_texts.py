"""The catalogues: whatever a screen can say, it can say in five languages."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edge.core.consent import TEXT_VERSION, TOPICS
from edge.core.decision import Act, Family, Reason
from edge.core.offers import Loser, Why
from kiosk.park import Step, Story
from kiosk.texts import HOME, LANGUAGES, PLACEHOLDER, Texts

KIOSK = Path(__file__).parents[2] / "kiosk"
CATALOGUES = Texts.load().catalogues
SOURCE = CATALOGUES[HOME]
OTHERS = [code for code in LANGUAGES if code != HOME]
WORD_RATIO_MAX = 1.6
SAME_EVERYWHERE = ("Polso", "ms", "CSV")
PROOFS = ("LIVE", "SUN", "UID", "none")
SECURITY = (
    Reason.BAND_LOST, Reason.BAND_REPLACED, Reason.BAND_REVOKED, Reason.BAND_NOT_AUTHENTIC,
    Reason.TAP_REPLAYED,
    Reason.BAND_CLONE_SUSPECTED, Reason.BLOCKED, Reason.REVOKED, Reason.SIGNATURE_INVALID,
    Reason.TRUST_TOO_LOW,
    Reason.BAND_UNKNOWN, Reason.WALLET_BLOCKED, Reason.LEASE_FROZEN,
)  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_keys_of_the_italian_source(language: str) -> None:
    assert set(CATALOGUES[language]) == set(SOURCE)


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_the_placeholders_of_the_italian_one(language: str) -> None:
    other = CATALOGUES[language]
    wrong = [k for k in SOURCE if set(PLACEHOLDER.findall(SOURCE[k])) != set(PLACEHOLDER.findall(other[k]))]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_against_an_offer_has_a_sentence_for_staff(language: str) -> None:
    said = {Texts.load().objection(language, Loser("a", why, "winter")) for why in Why}
    assert len(said) == len(Why)
    assert not any("staff." in sentence or "{" in sentence for sentence in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_holds_markup(language: str) -> None:
    bad = {
        k: s
        for k, s in CATALOGUES[language].items()
        if not s.strip() or s != s.strip() or re.search("[<>]", s)
    }
    assert bad == {}


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("side", ["guest", "staff"])
def test_every_reason_has_a_text_for_guest_and_staff(reason: Reason, side: str) -> None:
    assert SOURCE[f"reason.{reason}.{side}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_security_reason_tells_the_guest_nothing_but_that_staff_will_help(language: str) -> None:
    catalogue = CATALOGUES[language]
    told = {catalogue[f"reason.{reason}.guest"] for reason in SECURITY}
    assert told == {catalogue["common.see_staff"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_guests_never_read_error_or_a_code(language: str) -> None:
    shown = [s for k, s in CATALOGUES[language].items() if k.startswith("reason.") and k.endswith(".guest")]
    forbidden = re.compile(r"\b(errors?|errore|errori|fehler\w*|erreurs?|[a-z]+_[a-z_]+)\b", re.IGNORECASE)
    assert [s for s in shown if forbidden.search(s)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_verdict_word_is_much_longer_than_the_italian_one(language: str) -> None:
    for key in (key for key in SOURCE if key.startswith("verdict.")):
        assert len(CATALOGUES[language][key]) <= WORD_RATIO_MAX * len(SOURCE[key]), key


def test_every_value_that_pages_look_up_by_name_has_its_word() -> None:
    wanted = [f"verdict.{family}" for family in Family] + [f"act.{act}" for act in Act]
    wanted += [f"demo.story.{story}" for story in Story] + [f"demo.proof.{proof}" for proof in PROOFS]
    wanted += [f"demo.room.{room}" for room in rooms()] + [f"language.{code}" for code in LANGUAGES]
    assert [key for key in wanted if key not in SOURCE] == []


def rooms() -> list[str]:
    """The rooms that the contract of a step names."""
    lines = (KIOSK / "park.py").read_text("utf-8").split("class Step")[1].split("ms: float")[0]
    assert Step.__struct_fields__ == ("room", "ms")
    return re.findall(r"``(\w+)``", lines.split("room: str")[1])


class Visible(HTMLParser):
    """Collects what a template would show by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() is not None and re.search(r"[^\W\d_]{2,}", data):
            self.seen.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("aria-label", "title", "placeholder", "alt") and re.search(
                r"[^\W\d_]{2,}", value or ""
            ):
                self.seen.append(value or "")


def shown_by(template: str) -> list[str]:
    parser = Visible()
    plain = re.sub(r"\{% block (body_class|theme) %\}.*?\{% endblock %\}", "", template)
    parser.feed(re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", plain, flags=re.DOTALL))
    return [text for text in parser.seen if re.sub("|".join(SAME_EVERYWHERE), "", text).strip(" ·")]


@pytest.mark.parametrize("template", sorted(p.name for p in (KIOSK / "templates").glob("*.html")))
def test_no_template_shows_a_string_of_its_own(template: str) -> None:
    assert shown_by((KIOSK / "templates" / template).read_text("utf-8")) == []


def test_the_scan_of_templates_finds_a_planted_string() -> None:
    assert shown_by('<p>{{ t("a.b") }}</p><p>Hello <b aria-label="Close">x</b></p>') == ["Hello", "Close"]


def sources() -> str:
    files = [*(KIOSK / "static").glob("*.js"), *(KIOSK / "templates").glob("*"), *KIOSK.glob("*.py")]
    # Offers and their ranking name facts of a rule, no sentences; but for what each is worth.
    edge = [
        one
        for one in (KIOSK.parent / "edge").rglob("*.py")
        if one.parent.name not in ("offers", "ranking") or one.name == "worth.py"
    ]
    return "\n".join(path.read_text("utf-8") for path in [*files, *edge] if path.is_file())


def test_every_key_that_a_page_names_exists_and_no_key_is_orphaned() -> None:
    text = sources()
    heads = "|".join(sorted({key.split(".")[0] for key in SOURCE}))
    named = set(re.findall(rf"[\"'`]((?:{heads})\.[a-z0-9_.]+)[\"'`]", text))
    named |= {key.replace("-", ".") for key in re.findall(r'data-say="([a-z_.]+)"', text)}
    built = tuple(re.findall(rf"[\"'`]((?:{heads})\.[a-z0-9_.]*?)(?:\$?\{{|\" ~|\" \+)", text))
    unknown = [
        key
        for key in named
        if key not in SOURCE and not key.endswith((".js", ".css", ".svg", ".json", ".html"))
    ]
    assert [key for key in unknown if not any(k.startswith(key) for k in SOURCE)] == []
    orphans = [key for key in SOURCE if key not in named and not key.startswith(built)]
    assert orphans == []


USTED = re.compile(
    r"\b(?:usted(?:es)?|nos dijo|su (?:edad|grupo de edad|hogar|idioma)|sus visitas|acerque|anote|elija"
    r"|escriba|instale|inténtelo|lea en voz|muévala|pida)\b",
    re.IGNORECASE,
)


def test_spanish_says_tu_to_everybody() -> None:
    assert {key: said for key, said in CATALOGUES["es"].items() if USTED.search(said)} == {}


WORDINGS = {1: "cb1e947b116ed8a0"}
"""What guests are asked to allow, by version: a new line where another thing is asked, else a new digest."""


def test_what_guests_are_asked_to_allow_is_the_wording_of_its_version() -> None:
    own = KIOSK.parent / "sync" / "central" / "own" / "sentences"
    said = {}
    for language in LANGUAGES:
        page = json.loads((own / f"{language}.json").read_text())
        both = [*CATALOGUES[language].items(), *((f"own/{key}", words) for key, words in page.items())]
        said[language] = {k: words for k, words in both if k.removeprefix("own/").startswith("consent.")}
    assert all(len(words) > len(TOPICS) for words in said.values())
    now = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    assert WORDINGS.get(TEXT_VERSION) == now, "is another thing asked, or the same in better words?"
