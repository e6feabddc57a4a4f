"""The catalogue: what a till shows, and what stands on a bill."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.catalogue import Article, Catalogue, Group, age_asked, faults_of, find_code, ring_up

CUP = Article(id="cup", names={"it": "Tazza (cauzione)"}, price_minor=200)
COFFEE = Article(
    id="coffee",
    names={"it": "Caffè", "de": "Kaffee"},
    price_minor=150,
    tax_permille=100,
    group="bar",
    deposit="cup",
    codes=("8001",),
    position=2,
)
WINE = Article(id="wine", names={"fr": "Vin"}, price_minor=600, age_min=18, group="bar", position=1)
OFF = Article(id="cake", group="bar", off=True)
HAT = Article(id="hat", price_minor=1500, group="shop")
LOOSE = Article(id="bag", price_minor=10)
BAR = Group(id="bar", names={"it": "Bar"}, points=("till-1",), position=1)
SHOP = Group(id="shop", points=("till-2",))
ALL = Catalogue(articles=(HAT, COFFEE, CUP, WINE, OFF, LOOSE), groups=(SHOP, BAR))


def pieces(*wanted: tuple[str, int]) -> list[tuple[str, int]]:
    return [(rung.article.id, rung.quantity) for rung in ring_up(ALL, wanted)]


def test_a_till_shows_its_own_groups_in_order_and_what_stands_in_none() -> None:
    mine = ALL.at("till-1")
    assert [group.id for group in mine.groups] == ["bar"]
    assert [one.id for one in mine.articles] == ["bag", "cake", "cup", "wine", "coffee"]


def test_a_deposit_comes_with_what_needs_it_even_from_another_group() -> None:
    lent = msgspec.structs.replace(CUP, group="shop")
    mine = Catalogue(articles=(COFFEE, lent), groups=(SHOP, BAR)).at("till-1")
    assert [one.id for one in mine.articles] == ["cup", "coffee"]


def test_a_group_without_points_stands_on_every_till() -> None:
    assert Group(id="g").stands_at("anywhere")
    assert not BAR.stands_at("till-2")


def test_each_piece_brings_its_deposit_onto_the_bill() -> None:
    assert pieces(("coffee", 2), ("wine", 1)) == [("coffee", 2), ("cup", 2), ("wine", 1)]


def test_a_deposit_is_taken_back_alone() -> None:
    assert pieces(("cup", -3)) == [("cup", -3)]


@pytest.mark.parametrize("wanted", [("wine", -1), ("cake", 1), ("nothing", 1), ("hat", 0)])
def test_what_is_not_sold_or_cannot_come_back_is_left_out(wanted: tuple[str, int]) -> None:
    assert pieces(wanted) == []


def test_the_oldest_age_on_the_bill_is_asked_for() -> None:
    assert age_asked(ring_up(ALL, [("coffee", 1), ("wine", 1)])) == 18
    assert age_asked(()) == 0


def test_a_scan_finds_by_code_or_id() -> None:
    assert find_code(ALL, "8001") == COFFEE
    assert find_code(ALL, "hat") == HAT
    assert find_code(ALL, "no") is None


def test_names_fall_back_from_language_to_italian_to_any_to_id() -> None:
    assert COFFEE.name("de") == "Kaffee"
    assert COFFEE.name("es") == "Caffè"
    assert WINE.name("de") == "Vin"
    both = msgspec.structs.replace(WINE, names={"en": "Wine", "it": "Vino"})
    assert (both.name("de"), both.name("en")) == ("Vino", "Wine")
    assert HAT.name("it") == "hat"
    assert (BAR.name("de"), SHOP.name("it")) == ("Bar", "shop")


def test_what_does_not_fit_together_is_said_one_sentence_each() -> None:
    wrong = Catalogue(
        articles=(
            msgspec.structs.replace(HAT, group="none", deposit="nothing", codes=("1",)),
            msgspec.structs.replace(CUP, deposit="cup", codes=("1",)),
        )
    )
    assert faults_of(wrong) == (
        "hat names group none, which does not exist",
        "hat names deposit nothing, which does not exist",
        "cup has cup as its deposit, which has a deposit itself",
        "cup bears code 1, as hat does",
    )
    assert faults_of(ALL) == ()
