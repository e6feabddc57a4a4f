"""The catalogue: what a site's tills sell, each article with its price, tax and rules, in groups of tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import msgspec

from edge.core.delivery import Delivery
from edge.core.delivery import fault_of as delivery_fault

ARTICLE = "catalogue"
"""Kind of a feed item that is one article (key: its id)."""
GROUP = "catalogue_group"
"""Kind of a feed item that is one group of tiles (key: its id)."""
PRICE_MINOR_MAX = 10_000_000
TAX_PERMILLE_MAX = 999
AGE_MAX = 99
ARTICLES_MAX = 5_000
GROUPS_MAX = 50
CODES_MAX = 8
CODE_CHARS_MAX = 64
LANGUAGES = ("it", "en", "fr", "de", "es")


class Article(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is sold: ``price_minor`` is what the guest pays for one, its tax included.

    A negative price is a deposit given back.
    """

    id: str
    names: dict[str, str] = {}
    price_minor: int = 0
    tax_permille: int = 0
    """Share of tax in thousandths of the net price: 220 is 22 %."""
    category: str = ""
    """What limits go by, as ``food`` or ``alcohol``."""
    age_min: int = 0
    """Years that a guest must have; 0: nobody is asked."""
    deposit: str = ""
    """Id of the article that is put on the bill with each piece of this one, as a glass that comes back."""
    group: str = ""
    codes: tuple[str, ...] = ()
    """Codes printed on it that a scanner reads."""
    position: int = 0
    """Where its tile stands in its group; equal ones stand by name."""
    off: bool = False
    """Not sold at the moment: its tile is there, and grey."""
    delivery: Delivery | None = None
    """When it comes to whoever has it sent; None: it is not sent."""

    def name(self, language: str) -> str:
        """Return its name in a language, or in any, or its id."""
        return named(self.names, language) or self.id


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tiles that stand together on a till."""

    id: str
    names: dict[str, str] = {}
    points: tuple[str, ...] = ()
    """Tills that show it; empty: all."""
    position: int = 0

    def name(self, language: str) -> str:
        """Return its name in a language, or in any, or its id."""
        return named(self.names, language) or self.id

    def stands_at(self, point: str) -> bool:
        """Say whether a till shows it."""
        return not self.points or point in self.points


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """What is sold, as a whole or as one till shows it."""

    articles: tuple[Article, ...] = ()
    groups: tuple[Group, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Article]:
        """Each article under its id."""
        return {article.id: article for article in self.articles}

    def at(self, point: str) -> Catalogue:
        """Return what one till sells, its tiles in their order; deposits of what it sells are with it."""
        groups = tuple(sorted((one for one in self.groups if one.stands_at(point)), key=_place))
        shown = {group.id for group in groups}
        known = {group.id for group in self.groups}
        mine = [one for one in self.articles if one.group in shown or one.group not in known]
        ids = {one.id for one in mine}
        lent = {one.deposit for one in mine} - ids
        mine += [one for one in self.articles if one.id in lent]
        return Catalogue(articles=tuple(sorted(mine, key=_place)), groups=groups)


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one article on a bill; deposits stand behind what brought them."""

    article: Article
    quantity: int


def ring_up(catalogue: Catalogue, wanted: Sequence[tuple[str, int]]) -> tuple[Rung, ...]:
    """Return the bill's articles for (id, pieces) in their order; what the till does not sell is left out.

    Fewer than no pieces are a deposit taken back, and are left out for anything else.
    """
    deposits = {article.deposit for article in catalogue.articles if article.deposit}
    bill: list[Rung] = []
    for id_, pieces in wanted:
        article = catalogue.by_id.get(id_)
        if article is None or article.off or not pieces or (pieces < 0 and id_ not in deposits):
            continue
        bill.append(Rung(article=article, quantity=pieces))
        lent = catalogue.by_id.get(article.deposit)
        if lent is not None:
            bill.append(Rung(article=lent, quantity=pieces))
    return tuple(bill)


def age_asked(bill: Iterable[Rung]) -> int:
    """Return the age that staff must see proof of before this bill is paid; 0: none."""
    return max((rung.article.age_min for rung in bill), default=0)


def find_code(catalogue: Catalogue, code: str) -> Article | None:
    """Return the article that bears a scanned code, or whose id was typed."""
    for article in catalogue.articles:
        if code in article.codes:
            return article
    return catalogue.by_id.get(code)


def faults_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return what does not fit together, a sentence each: unknown names, a code borne twice."""
    groups = {group.id for group in catalogue.groups}
    faults, bearers = [], dict[str, str]()
    for article in catalogue.articles:
        if article.group and article.group not in groups:
            faults.append(f"{article.id} names group {article.group}, which does not exist")
        if article.delivery is not None and (why := delivery_fault(article.delivery)):
            faults.append(f"{article.id} has a delivery that cannot be: {why}")
        if article.deposit:
            faults += _deposit_faults(article, catalogue.by_id.get(article.deposit))
        for code in article.codes:
            bearer = bearers.setdefault(code, article.id)
            if bearer != article.id:
                faults.append(f"{article.id} bears code {code}, as {bearer} does")
    return tuple(faults)


def named(names: dict[str, str], language: str) -> str:
    """Return a name in a language, else in Italian, English or any; empty where there is none."""
    return names.get(language) or names.get("it") or names.get("en") or next(iter(names.values()), "")


def _deposit_faults(article: Article, lent: Article | None) -> list[str]:
    if lent is None:
        return [f"{article.id} names deposit {article.deposit}, which does not exist"]
    if lent.deposit:
        return [f"{article.id} has {lent.id} as its deposit, which has a deposit itself"]
    return []


def _place(thing: Article | Group) -> tuple[int, str]:
    return thing.position, thing.id
