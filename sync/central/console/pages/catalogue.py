"""Catalogue: what the site's tills sell, article by article or by a price list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.core.catalogue import AGE_MAX, PRICE_MINOR_MAX, TAX_PERMILLE_MAX, Article, Catalogue, Group
from edge.core.delivery import Delivery, said
from edge.core.money import minor_in, spelled
from edge.core.places import PointKind
from edge.errors import Refused, Unknown
from sync.central.console import cells, desk
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Export, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped, names_of
from sync.central.console.routes import Audience, Route, act, read
from sync.central.imports.price_list import (
    COLUMNS,
    DELIVERED,
    FILE_BYTES_MAX,
    POSITION_MAX,
    codes_in,
    delivered,
    delivery_of,
    percent,
    permille_in,
    read_price_list,
    rows_of,
)
from sync.central.registry import catalogue, layout
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX

ARTICLE_COLUMNS = ("article", "name", "price", "tax", "group", "deposit", "sold", "delivery")
GROUP_COLUMNS = ("group", "name", "tills")
UPLOAD_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024
SHOWN_MAX = 100


def _now(ask: Ask) -> Catalogue:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        return catalogue.catalogue(tx, ask.site)


def _all(ask: Ask) -> Answer:
    now, language = _now(ask), ask.words.language
    articles = [_article_row(ask, article, _called(now, language)) for article in now.articles]
    groups = [
        (
            Cell(group.id, f"{ask.home}/catalogue/groups/{group.id}"),
            names_of(group.names, language, group.id),
            ", ".join(group.points) or ask.words("everywhere"),
        )
        for group in now.groups
    ]
    with ask.store.reading() as tx:
        ready = layout.has_settings(tx, ask.site)
    return Page(
        "catalogue.html",
        {
            "articles": Sheet(name="catalogue", columns=ARTICLE_COLUMNS, rows=articles),
            "groups": Sheet(name="groups", columns=GROUP_COLUMNS, rows=groups),
            "ready": ready,
            "columns": COLUMNS,
            "file_mib": FILE_BYTES_MAX >> 20,
        },
    )


def _called(now: Catalogue, language: str) -> dict[str, str]:
    """Return how the operator calls each group and article that another one may name."""
    groups = {one.id: names_of(one.names, language, one.id) for one in now.groups}
    return groups | {one.id: names_of(one.names, language, one.id) for one in now.articles}


def _article_row(ask: Ask, article: Article, called: Mapping[str, str]) -> tuple[Cell | str, ...]:
    price = cells.amount(article.price_minor, ask.layout.currency)
    sold = Cell(ask.words("no"), mark="warned") if article.off else Cell(ask.words("yes"))
    return (
        Cell(article.id, f"{ask.home}/catalogue/articles/{article.id}"),
        names_of(article.names, ask.words.language, article.id),
        *(
            price,
            cells.share(percent(article.tax_permille)),
            called.get(article.group, article.group),
            called.get(article.deposit, article.deposit),
            sold,
        ),
        said(article.delivery, ask.today).get(ask.words.language, ""),
    )


def _export(ask: Ask) -> Answer:
    rows = list(rows_of(_now(ask), ask.layout.currency))
    return Export("catalogue", [Sheet(name="catalogue", columns=COLUMNS, rows=rows)], bare=True)


def _import(ask: Ask) -> Answer:
    """Take a price list whole, or say what is wrong in which line and take nothing."""
    file = ask.request.files.get("file")
    if file is None or not file.filename:
        raise Refused(ask.words("wrong.no_file"))
    told = read_price_list(file.read(FILE_BYTES_MAX + 1), _now(ask), ask.layout.currency)
    if told.wrong or not told.articles:
        shown, over = told.wrong[:SHOWN_MAX], max(0, len(told.wrong) - SHOWN_MAX)
        values = {"name": file.filename[:NAME_CHARS_MAX], "shown": shown, "over": over}
        return Page("price_list.html", values, status=422)
    with ask.changing() as tx:
        catalogue.put(tx, ask.site, told.articles)
        ask.record(tx, "price_list_taken", file.filename[:NAME_CHARS_MAX], after=f"{len(told.articles)}")
    return Moved(f"{ask.home}/catalogue", "price_list_taken")


def _article_form(ask: Ask) -> Form:
    now, language = _now(ask), ask.words.language
    article = _known(now, ask.path["article"]) if "article" in ask.path else None
    groups = [("", ""), *((one.id, names_of(one.names, language, one.id)) for one in now.groups)]
    lent = [("", ""), *((one.id, one.name(language)) for one in now.articles if not one.deposit)]
    fields = (
        Field(name="id", required=True, fixed=article is not None, chars_max=ID_CHARS_MAX),
        Field(name="names", kind=Kind.NAMES, chars_max=NAME_CHARS_MAX),
        Field(name="price", required=True, chars_max=16),
        Field(name="tax", chars_max=5),
        Field(name="group", kind=Kind.CHOICE, choices=groups),
        Field(name="position", kind=Kind.NUMBER, high=POSITION_MAX),
        Field(name="category", chars_max=ID_CHARS_MAX),
        Field(name="sold_from_age", kind=Kind.NUMBER, high=AGE_MAX),
        Field(name="deposit", kind=Kind.CHOICE, choices=lent),
        Field(name="codes"),
        *(Field(name=name, kind=Kind.DAY) for name in DELIVERED),
        Field(name="off", kind=Kind.YES),
    )
    name = "article_change" if article else "article_new"
    values = _shown(article or Article(id=""), ask.layout.currency, new=article is None)
    return Form(
        name=name,
        fields=fields,
        values=values,
        back=f"{ask.home}/catalogue",
        title=article.id if article else "",
    )


def _shown(article: Article, currency: str, *, new: bool) -> dict[str, object]:
    return {
        "id": article.id,
        "names": article.names,
        "price": "" if new else spelled(article.price_minor, currency),
        "tax": percent(article.tax_permille),
        "group": article.group,
        "position": article.position or "",
        "category": article.category,
        "sold_from_age": article.age_min or "",
        "deposit": article.deposit,
        "codes": " ".join(article.codes),
        "off": article.off,
        **dict(zip(DELIVERED, delivered(article.delivery), strict=True)),
    }


def _save_article(ask: Ask, said: dict[str, Any]) -> Answer:
    now = _now(ask)
    before = _known(now, ask.path["article"]) if "article" in ask.path else None
    price = minor_in(said["price"], ask.layout.currency)
    if price is None or abs(price) > PRICE_MINOR_MAX:
        raise Mistyped("price", "wrong.price")
    tax = permille_in(said["tax"] or "0")
    if tax is None or tax > TAX_PERMILLE_MAX:
        raise Mistyped("tax", "wrong.tax")
    after = Article(
        id=before.id if before else _fresh(said["id"], now.by_id),
        names=said["names"],
        price_minor=price,
        tax_permille=tax,
        category=said["category"],
        age_min=said["sold_from_age"] or 0,
        deposit=said["deposit"],
        group=said["group"],
        codes=_codes(said["codes"]),
        position=said["position"] or 0,
        off=said["off"],
        delivery=_delivery(said),
    )
    return _store(ask, after, before=before)


def _delivery(typed: dict[str, Any]) -> Delivery | None:
    try:
        return delivery_of(*(typed[name] for name in DELIVERED))
    except ValueError:
        raise Mistyped("delivered_until", "wrong.delivery") from None


def _group_form(ask: Ask) -> Form:
    group = _group(_now(ask), ask.path["group"]) if "group" in ask.path else None
    language = ask.words.language
    tills = [
        (point.id, names_of(point.names, language, point.id))
        for point in ask.layout.points
        if point.kind is PointKind.TILL
    ]
    fields = (
        Field(name="id", required=True, fixed=group is not None, chars_max=ID_CHARS_MAX),
        Field(name="names", kind=Kind.NAMES, chars_max=NAME_CHARS_MAX),
        Field(name="tills", kind=Kind.MANY, choices=tills),
        Field(name="position", kind=Kind.NUMBER, high=POSITION_MAX),
    )
    shown = group or Group(id="")
    values = {"id": shown.id, "names": shown.names, "tills": list(shown.points), "position": shown.position}
    name = "group_change" if group else "group_new"
    return Form(name=name, fields=fields, values=values, back=f"{ask.home}/catalogue", title=shown.id)


def _save_group(ask: Ask, said: dict[str, Any]) -> Answer:
    now = _now(ask)
    before = _group(now, ask.path["group"]) if "group" in ask.path else None
    id_ = before.id if before else _fresh(said["id"], {group.id: group for group in now.groups})
    after = Group(id=id_, names=said["names"], points=said["tills"], position=said["position"] or 0)
    return _store(ask, after, before=before)


def _store(ask: Ask, after: Article | Group, *, before: Article | Group | None) -> Answer:
    if after != before:
        what = "article_saved" if isinstance(after, Article) else "group_saved"
        with ask.changing() as tx:
            catalogue.put(tx, ask.site, [after])
            ask.record(tx, what, after.id, before=short(before), after=short(after))
    return Moved(f"{ask.home}/catalogue", "catalogue_saved")


def _remove_article(ask: Ask) -> Answer:
    return _remove(ask, _known(_now(ask), ask.path["article"]), "article_removed")


def _remove_group(ask: Ask) -> Answer:
    return _remove(ask, _group(_now(ask), ask.path["group"]), "group_removed")


def _remove(ask: Ask, thing: Article | Group, what: str) -> Answer:
    with ask.changing() as tx:
        catalogue.remove(tx, ask.site, thing)
        ask.record(tx, what, thing.id, before=short(thing))
    return Moved(f"{ask.home}/catalogue", "catalogue_saved")


def _known(now: Catalogue, id_: str) -> Article:
    found = now.by_id.get(id_)
    if found is None:
        raise Unknown(f"There is no article {id_}.")
    return found


def _group(now: Catalogue, id_: str) -> Group:
    found = next((group for group in now.groups if group.id == id_), None)
    if found is None:
        raise Unknown(f"There is no group {id_}.")
    return found


def _fresh(id_: str, there: dict[str, Article] | dict[str, Group]) -> str:
    if id_ in there or "/" in id_ or " " in id_ or id_ == "new":
        raise Refused(
            f"{id_} cannot be the id of something new.", hint="Take another, without slash or blank."
        )
    return id_


def _codes(text: str) -> tuple[str, ...]:
    try:
        return codes_in(text)
    except ValueError:
        raise Mistyped("codes", "wrong.codes") from None


_HERE = "/sites/<site>/catalogue"
ROUTES: tuple[Route, ...] = (
    read(_HERE, _all, "What the tills sell."),
    read(f"{_HERE}.csv", _export, "The catalogue as a price list."),
    Route(
        *("POST", _HERE, _import, Audience.OPERATOR, "Take a price list."),
        again=_all,
        bytes_max=UPLOAD_BYTES_MAX,
    ),
    *desk.routes_of(f"{_HERE}/articles/new", Desk(_article_form, _save_article), "enter an article."),
    *desk.routes_of(f"{_HERE}/articles/<article>", Desk(_article_form, _save_article), "change an article."),
    act(f"{_HERE}/articles/<article>/remove", _remove_article, "Remove an article."),
    *desk.routes_of(f"{_HERE}/groups/new", Desk(_group_form, _save_group), "enter a group of tiles."),
    *desk.routes_of(f"{_HERE}/groups/<group>", Desk(_group_form, _save_group), "change a group of tiles."),
    act(f"{_HERE}/groups/<group>/remove", _remove_group, "Remove a group of tiles."),
)
