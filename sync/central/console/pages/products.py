"""Products: what the site sells, with the typed rules of each."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.entitlements import Product, Reentry
from edge.errors import Refused, Unknown
from sync.central.console import desk, listing
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, names_of
from sync.central.console.hours import hours_of, text_of
from sync.central.console.listing import Listing
from sync.central.console.routes import Route, act
from sync.central.console.ruling import (
    QUESTIONS,
    RULES,
    questions_of,
    rows_of_questions,
    rows_of_rules,
    rules_of,
)
from sync.central.registry import layout, rights
from sync.central.registry.tables import ID_CHARS_MAX

COLUMNS = ("product", "name", "points", "uses", "rules")
NUMBERS = (
    *("uses_max", "uses_per_day_max", "uses_per_point_max", "days_max", "since_first_s_max"),
    *("since_last_s_min", "reentry_s_max", "age_min", "height_cm_min"),
)
"""Fields of Terms that are a number or unset."""
SECONDS = ("early_s_max", "late_s_max")


def _page(ask: Ask, after: str) -> Sheet:
    rows = []
    for one in ask.layout.products:
        opens = ", ".join((*one.terms.points, *one.terms.zones)) or ask.words("everywhere")
        uses = one.terms.uses_max if one.terms.uses_max is not None else ask.words("unlimited")
        link = Cell(one.id, f"{ask.home}/products/{one.id}")
        name = names_of(one.names, ask.words.language, one.id)
        rows.append((link, name, opens, uses, len(one.terms.rules)))
    return Sheet(name="products", columns=COLUMNS, rows=rows)


def _fields(ask: Ask, *, fixed: bool) -> tuple[Field, ...]:
    language = ask.words.language
    points = [(one.id, names_of(one.names, language, one.id)) for one in ask.layout.points]
    zones = [(one.id, names_of(one.names, language, one.id)) for one in ask.layout.zones]
    reentries = [(one.value, f"reentry.{one.value}") for one in Reentry]
    return (
        Field(name="id", required=True, fixed=fixed, chars_max=ID_CHARS_MAX),
        Field(name="names", kind=Kind.NAMES),
        Field(name="points", kind=Kind.MANY, choices=points),
        Field(name="zones", kind=Kind.MANY, choices=zones),
        *(Field(name=name, kind=Kind.NUMBER) for name in NUMBERS[:6]),
        Field(name="reentry", kind=Kind.CHOICE, choices=reentries, required=True),
        *(Field(name=name, kind=Kind.NUMBER) for name in (*NUMBERS[6:7], *SECONDS, *NUMBERS[7:])),
        Field(name="together", kind=Kind.YES),
        Field(
            name="companion_role",
            kind=Kind.CHOICE,
            choices=[("", ""), ("adult", "role.adult"), ("child", "role.child")],
        ),
        Field(name="confirm", kind=Kind.YES),
        Field(name="attention"),
        Field(name="hours", kind=Kind.LONG, chars_max=1_000),
        Field(name="closed_dates", kind=Kind.TAGS),
        RULES,
        QUESTIONS,
    )


def _shown(product: Product) -> dict[str, object]:
    terms = product.terms
    plain = {name: getattr(terms, name) for name in (*NUMBERS, *SECONDS)}
    return {
        "id": product.id,
        "names": product.names,
        "points": list(terms.points),
        "zones": list(terms.zones),
        **{name: "" if value is None else value for name, value in plain.items()},
        "reentry": terms.reentry.value,
        "together": terms.together,
        "companion_role": terms.companion_role or "",
        "confirm": terms.confirm,
        "attention": terms.attention,
        "hours": text_of(terms.hours),
        "closed_dates": " ".join(terms.hours.closed_dates) if terms.hours else "",
        "rules": rows_of_rules(terms.rules),
        "questions": rows_of_questions(terms.questions),
    }


def _meant(before: Product, said: dict[str, Any]) -> Product:
    """Return the product as the form says; what the form does not show stays as it was."""
    terms = msgspec.structs.replace(
        before.terms,
        points=said["points"],
        zones=said["zones"],
        **{name: said[name] for name in NUMBERS},
        **{name: said[name] or 0 for name in SECONDS},
        reentry=Reentry(said["reentry"]),
        together=said["together"],
        companion_role=said["companion_role"] or None,
        confirm=said["confirm"],
        attention=said["attention"],
        hours=hours_of(said["hours"], said["closed_dates"]),
        rules=rules_of(said["rules"]),
        questions=questions_of(said["questions"]),
    )
    return msgspec.structs.replace(before, names=said["names"], terms=terms)


def _new(ask: Ask) -> Form:
    values = _shown(Product(id=""))
    return Form(
        name="product_new",
        fields=_fields(ask, fixed=False),
        values=values,
        back=f"{ask.home}/products",
        act="create",
    )


def _create(ask: Ask, said: dict[str, Any]) -> Answer:
    made = _meant(Product(id=said["id"]), said)
    there = ask.layout.products_by_id.get(made.id)
    if "/" in made.id or (there is not None and there != made):
        raise Refused(
            f"{made.id} cannot be the id of a new product.", hint="Take another id, without a slash."
        )
    return _store(ask, made, before=there)


def _change(ask: Ask) -> Form:
    product = _known(ask)
    back = f"{ask.home}/products"
    return Form(
        name="product_change",
        fields=_fields(ask, fixed=True),
        values=_shown(product),
        back=back,
        title=product.id,
    )


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    before = _known(ask)
    return _store(ask, _meant(before, said), before=before)


def _store(ask: Ask, product: Product, *, before: Product | None) -> Answer:
    if product != before:
        with ask.changing() as tx:
            layout.put_thing(tx, ask.site, product)
            what = "product_changed" if before else "product_created"
            ask.record(tx, what, product.id, before=short(before), after=short(product))
    return Moved(f"{ask.home}/products", "to_publish")


def _remove(ask: Ask) -> Answer:
    product = _known(ask)
    with ask.changing() as tx:
        if rights.of_product(tx, ask.site, product.id):
            raise Refused("Guests hold entitlements of this product.", hint="Cancel them, or leave it.")
        layout.remove_thing(tx, ask.site, Product, id_=product.id)
        ask.record(tx, "product_removed", product.id, before=short(product))
    return Moved(f"{ask.home}/products", "to_publish")


def _known(ask: Ask) -> Product:
    found = ask.layout.products_by_id.get(ask.path["product"])
    if found is None:
        raise Unknown(f"There is no product {ask.path['product']}.")
    return found


PRODUCTS = Listing(name="products", page=_page, add="new")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/products", PRODUCTS),
    *desk.routes_of("/sites/<site>/products/new", Desk(_new, _create), "enter a product."),
    *desk.routes_of("/sites/<site>/products/<product>", Desk(_change, _save), "change a product."),
    act("/sites/<site>/products/<product>/remove", _remove, "Remove a product that nobody holds."),
)
