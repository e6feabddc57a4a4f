"""Renderings: six forms of one message, read back as each channel reads them, that all say the same."""

from __future__ import annotations

from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.catalogue import Article, Catalogue
from edge.core.offers import Effect, Kind, Level, Message, Offer, Period, Worth, benefit, worth_of
from edge.core.renderings import (
    ONE_CLICK,
    AppSaid,
    Said,
    app,
    kiosk,
    letter,
    on_paper,
    page,
    receipt,
    say,
    till,
    unprintable,
)
from sync.central.tongues import LANGUAGES, Spoken
from tests.core.strategies import LAWS

AWAY = {
    "List-Unsubscribe": "<https://polso.example/own/unsubscribe?t=a.b>",
    "List-Unsubscribe-Post": ONE_CLICK,
}
GOODS = Catalogue(
    articles=(Article(id="soup", price_minor=600, category="food"), Article(id="cake", price_minor=350))
)
word = st.text("aàeèiìoòuùßçñäöüÉ\u2019\u2013<&\"'>€0123456789xyz", min_size=1, max_size=45)
words = st.lists(word, min_size=1, max_size=3).map(" ".join)
messages = st.builds(
    Message, name=words, headline=words, body=words, terms=words | st.just(""), call=words, alt=words
)
effects = st.none() | st.builds(
    Effect,
    level=st.sampled_from(Level),
    percent=st.integers(0, 100),
    off_minor=st.integers(0, 900),
    price_minor=st.none() | st.integers(0, 700),
    articles=st.sampled_from([(), ("soup",), ("cake",), ("soup", "cake")]),
)
campaigns = st.builds(
    Offer,
    id=st.sampled_from(["a", "b"]),
    kind=st.sampled_from(Kind),
    campaign=st.sampled_from(["winter", "summer"]),
    messages=st.fixed_dictionaries(dict.fromkeys(LANGUAGES, messages)),
    period=st.sampled_from([Period(), Period(first="2026-06-01", last="2026-08-31")]),
    effect=effects,
    gives=st.sampled_from(["", "cake"]),
    points_earned=st.sampled_from([0, 50]),
    points_spent=st.sampled_from([0, 80]),
)


class Reading(HTMLParser):
    """What a page says, by the class of its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.told: dict[str, str] = {}
        self.open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.open = dict(attrs).get("class") or self.open
        self.told.update({name: value or "" for name, value in attrs if name == "href"})

    def handle_endtag(self, tag: str) -> None:
        self.open = "" if tag in ("p", "h1") else self.open

    def handle_data(self, data: str) -> None:
        if self.open:
            self.told[self.open] = self.told.get(self.open, "") + data


def read_back(said: Said, worth: Worth, offer: Offer, columns: int) -> dict[str, tuple[str, ...]]:
    """Name, price, validity, terms and mark as each channel's reader finds them."""
    large, lines = kiosk(said), till(said)
    paged, mailed = page(said, code="K-1"), letter(said, AWAY, words="Stop")
    asked = msgspec.json.encode(app(said, worth, period=offer.period, currency="EUR"))
    fields = msgspec.json.decode(asked, type=AppSaid)
    mark = f"v{fields.version} {fields.digest}"
    paper = receipt(said, columns=columns, code="K-1")
    assert all(len(line) <= columns and on_paper(line) == line for line in paper.lines)
    plain = mailed.text.rstrip("\n").split("\n\n")
    found = {"kiosk": (large.name, large.price, large.until, large.terms, large.mark),
             "till": (lines.line, lines.discount, lines.until, lines.terms, lines.mark),
             "app": (fields.name, fields.price, fields.until, fields.terms, mark)}  # fmt: skip
    for channel, html in (("page", paged.html), ("letter", mailed.html)):
        told = Reading(html).told
        found[channel] = tuple(told.get(one, "") for one in ("name", "price", "until", "terms", "mark"))
    assert [one for one in found["page"] if one and one not in plain] == []
    assert [one for one in found["page"] if one and one not in paged.lines] == []
    parts = (paper.name, paper.price, paper.until, paper.terms, paper.mark)
    found["receipt"] = tuple("".join("".join(part).split()) for part in parts)
    return found


@LAWS
@given(offer=campaigns, version=st.integers(0, 9), columns=st.sampled_from([20, 32, 42, 48]))
def test_six_renderings_agree_in_name_price_validity_and_terms_in_all_five_languages(
    offer: Offer, version: int, columns: int
) -> None:
    worth = worth_of(offer, GOODS)
    for language in LANGUAGES:
        tongue = Spoken(language, "EUR")
        said = say(offer, worth, version=version, tongue=tongue)
        assert said is not None
        own = offer.messages[language]
        until = (
            tongue("kiosk.voucher_until", date=tongue.date(offer.period.last)) if offer.period.last else ""
        )
        whole = (own.name, said.price, until, own.terms, said.mark)
        found = read_back(said, worth, offer, columns)
        paper = found.pop("receipt")
        assert paper == tuple("".join(on_paper(one).split()) for one in whole)
        assert set(found) == {"kiosk", "till", "app", "page", "letter"}
        assert set(found.values()) == {whole}
        assert said.mark.startswith(f"v{version} ")


@pytest.mark.parametrize("name", ["name", "terms", "headline", "body", "call"])
def test_a_mark_differs_as_soon_as_one_word_does(name: str) -> None:
    own = Message(name="Zuppa", headline="Zuppa", body="Oggi", terms="Una", call="Ok")
    offer = Offer(id="a", kind=Kind.NEW, campaign="c", messages={"it": own})
    more = msgspec.structs.replace(own, **{name: getattr(own, name) + "!"})
    changed = msgspec.structs.replace(offer, messages={"it": more})
    marks = {
        said.mark
        for one in (offer, changed)
        if (said := say(one, Worth(), version=1, tongue=Spoken("it", "EUR"))) is not None
    }
    assert len(marks) == 2


@pytest.mark.parametrize(
    ("worth", "said"),
    [
        (Worth(price_minor=0, was_minor=350), "In omaggio"),
        (Worth(price_minor=450, was_minor=600, percent=25), "4,50\u00a0€"),
        (Worth(percent=20), "\u221220 %"),
        (Worth(off_minor=150), "1,50\u00a0€ in meno"),
        (Worth(points_earned=50), "+50 punti"),
        (Worth(points_spent=80), "per 80 punti"),
        (Worth(price_minor=600, was_minor=600), "6,00\u00a0€"),
        (Worth(), ""),
    ],
)
def test_price_is_said_by_the_first_thing_that_says_anything(worth: Worth, said: str) -> None:
    offer = Offer(id="a", kind=Kind.NEW, campaign="c", messages={"it": Message(name="A", headline="A")})
    told = say(offer, worth, version=1, tongue=Spoken("it", "EUR"))
    assert told is not None
    assert told.price == said
    assert bool(benefit(worth).key) == bool(said)


@pytest.mark.parametrize(
    ("effect", "price", "was"),
    [
        (Effect(level=Level.LINE, percent=25, articles=("soup",)), 450, 600),
        (Effect(level=Level.LINE, price_minor=200, articles=("cake",)), 200, 350),
        (Effect(level=Level.BASKET, off_minor=100, articles=("soup",)), 600, 600),
        (Effect(level=Level.LINE, percent=25, articles=("soup", "cake")), None, None),
        (Effect(level=Level.LINE, percent=25, articles=("gone",)), None, None),
        (None, None, None),
    ],
)
def test_an_offer_about_one_article_is_worth_what_the_till_makes_of_it(
    effect: Effect | None, price: int | None, was: int | None
) -> None:
    worth = worth_of(Offer(id="a", kind=Kind.NEW, campaign="c", effect=effect), GOODS)
    assert (worth.price_minor, worth.was_minor) == (price, was)


def test_a_gift_is_worth_the_one_thing_given() -> None:
    worth = worth_of(Offer(id="a", kind=Kind.GIFT, campaign="c", gives="cake"), GOODS)
    assert (worth.price_minor, worth.was_minor) == (350, 350)


def test_paper_breaks_at_words_and_cuts_a_word_that_is_wider_than_the_roll() -> None:
    own = Message(
        name="Zuppa di farro con verdure", headline="Zuppa", terms="Donaudampfschifffahrtsgesellschaft gilt"
    )
    offer = Offer(id="a", kind=Kind.NEW, campaign="c", messages={"it": own})
    said = say(offer, Worth(), version=1, tongue=Spoken("it", "EUR"))
    assert said is not None
    paper = receipt(said, columns=5)
    assert paper.name == ("Zuppa di farro con", "verdure")
    assert paper.terms == ("Donaudampfschifffahr", "tsgesellschaft gilt")
    assert (paper.price, paper.until) == ((), ())


def test_missing_language_falls_back_to_italian_and_no_words_at_all_are_nothing() -> None:
    offer = Offer(id="a", kind=Kind.NEW, campaign="c", messages={"it": Message(name="Zuppa", headline="Z")})
    told = say(offer, Worth(), version=1, tongue=Spoken("de", "EUR"))
    assert told is not None
    assert told.name == "Zuppa"
    mute = msgspec.structs.replace(offer, messages={})
    assert say(mute, Worth(), version=1, tongue=Spoken("de", "EUR")) is None


@pytest.mark.parametrize(
    "away",
    [{}, AWAY | {"List-Unsubscribe-Post": ""}, AWAY | {"List-Unsubscribe": "<mailto:stop@polso.example>"}],
)
def test_letter_that_one_press_does_not_end_is_not_written(away: dict[str, str]) -> None:
    offer = Offer(id="a", kind=Kind.NEW, campaign="c", messages={"it": Message(name="A", headline="A")})
    said = say(offer, Worth(), version=1, tongue=Spoken("it", "EUR"))
    assert said is not None
    with pytest.raises(ValueError, match="one press"):
        letter(said, away, words="Basta")
    good = letter(said, AWAY, words="Basta")
    assert good.headers == AWAY
    assert Reading(good.html).told["href"] in good.text


def test_paper_has_the_letters_of_five_languages_and_says_what_it_lacks() -> None:
    five = "àèéìòù äöüß çâêîôûëï ñ¿¡áíóú €"
    assert on_paper(five) == five
    assert on_paper("l\u2019œuf \u2013 « 5 »\u00a0…ő") == "l'oeuf - « 5 » ...o"
    assert unprintable("Gelato 🍦? 🍦") == "🍦"
    assert on_paper("a\x07b") == "a?b"
