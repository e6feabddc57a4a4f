"""What guests type: names, addresses and numbers are masked, ordinary words stay."""

from __future__ import annotations

import pytest

from edge.core.plainwords import plain


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Il cameriere Marco era gentile", "Il cameriere [name] era gentile"),
        ("La signora Bianchi Rossi ci ha ignorati", "La signora [name] ci ha ignorati"),
        ("Herr Müller war unfreundlich, der Kaffee kalt", "Herr [name] war unfreundlich, der Kaffee kalt"),
        ("Mme. Lefèvre n'a rien dit", "Mme. [name] n'a rien dit"),
        ("el sr. Gómez no ayudó", "el sr. [name] no ayudó"),
        ("Mr Kowalczyk was rude", "Mr [name] was rude"),
        ("My name is Zoltan Kis, call +39 333 123 4567", "My name is [name], call [number]"),
        ("je m'appelle Youssef", "je m'appelle [name]"),
        ("mail me at z.kis@example.org.", "mail me at [e-mail]."),
        ("carta 4000 0000 0000 0002!", "carta [card number]!"),
        ("MARCO and Pierre Dupont served us", "[name] and [name] served us"),
        ("rita was slow, as was Contì", "[name] was slow, as was [name]"),
        ("Luca Anna", "[name]"),
        ("marco mi ha urlato", "[name] mi ha urlato"),
        ("jose no vino", "[name] no vino"),
        ("My name is john smith", "My name is [name]"),
        ("mi chiamo zoltan e sono deluso", "mi chiamo [name] e sono deluso"),
        ("ich heisse youssef und war da", "ich heisse [name] und war da"),
        ("write to mario.rossi(at)gmail.com", "write to [e-mail]"),
        ("a.rossi [ chiocciola ] posta.it è mia", "[e-mail] è mia"),
        ("il cameriere ROSSI Marco", "il cameriere [name]"),
        ("Ieri Rossi Marco era qui", "Ieri [name] era qui"),
        ("La carta CA12345AB è mia, o YA1234567", "La carta [number] è mia, o [number]"),
        ("Frau Dr. Weber half", "Frau Dr. [name] half"),
        ("Dr Kowalczyk waited", "Dr [name] waited"),
        ("Der Kellner Thomas war nett. Und Anna?", "Der Kellner [name] war nett. Und [name]?"),
    ],
)
def test_who_somebody_is_goes(typed: str, kept: str) -> None:
    assert plain(typed, ["Rita Conti"]) == kept
    assert plain(kept, ["Rita Conti"]) == kept, "said again it stays as it is"


@pytest.mark.parametrize(
    "typed",
    [
        "The soup was cold at 13.30, table 12: 3,50 for two coffees",
        "Mark my words: the roses were lovely in May",
        "una birra chiara, al massimo due; sara per la prossima",
        "un mur de pierre, une charlotte aux fraises, qué linda",
        "My name is not on the list; room 12b, lot A17",
        "Die Suppe war kalt und der Tisch schmutzig",
        "Don't ask, it was the best cake ever",
        "",
    ],
)
def test_ordinary_words_stay(typed: str) -> None:
    assert plain(typed) == typed


def test_a_name_of_two_letters_that_somebody_bears_is_left_as_a_word() -> None:
    assert plain("the Li river", ["Li Wang"]) == "the Li river"
    assert plain("wang was kind", ["Li Wang"]) == "[name] was kind"
