"""Places: the site's own settings, its zones and points, and their publishing to the gates."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.bands import Trust
from edge.core.places import DEFAULTS, Direction, Passback, Point, PointKind, Zone
from edge.errors import Refused, Unknown
from sync.central.console import desk
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, names_of
from sync.central.console.hours import hours_of, text_of
from sync.central.console.pages.settings import SETTINGS
from sync.central.console.routes import Route, act, read
from sync.central.console.ruling import RULES, rows_of_rules, rules_of
from sync.central.registry import layout
from sync.central.registry.tables import ID_CHARS_MAX

NUMBERS = (
    *("passback_s_min", "location_age_ms_max", "profile_age_ms_max", "age_min", "height_cm_min"),
    *("companion_s_max", "walk_s_min"),
)
WITH_DEFAULT = {"passback_s_min": 0, "companion_s_max": 300, "walk_s_min": 0}
AS_KIND = "as_kind"
"""The choice of trust that leaves it to the kind of point."""
YES = ("refer_unconfirmed", "demand_fresh", "confirm", "reserve", "companion", "choose")


def _all(ask: Ask) -> Answer:
    now, language = ask.layout, ask.words.language
    with ask.store.reading() as tx:
        published = layout.published(tx, ask.site)
        devices = ask.devices_in_force(tx)
        ready = layout.has_settings(tx, ask.site)
        wanted = layout.layout(tx, ask.site, devices) if ready else now
    zones = [
        (
            Cell(zone.id, f"{ask.home}/zones/{zone.id}"),
            names_of(zone.names, language, zone.id),
            zone.parent or "",
            zone.capacity_max,
        )
        for zone in now.zones
    ]
    points = [_point_row(ask, point) for point in now.points]
    return Page(
        "places.html",
        {
            "layout": now,
            "ready": ready,
            "published": published,
            "changed": ready and layout.differs(wanted, published),
            "devices": len(devices),
            "lax": [point.id for point in now.points if point.is_lax],
            "zones": Sheet(name="zones", columns=("zone", "name", "parent", "capacity"), rows=zones),
            "points": Sheet(
                name="points", columns=("point", "name", "kind", "proof", "from", "to"), rows=points
            ),
        },
    )


def _point_row(ask: Ask, point: Point) -> tuple[Cell | str, ...]:
    link = Cell(point.id, f"{ask.home}/points/{point.id}")
    name = names_of(point.names, ask.words.language, point.id)
    proof = Cell(
        ask.words(f"trust_min.{point.demands.name.lower()}"), mark="warned" if point.is_lax else "plain"
    )
    return (link, name, ask.words(f"point.{point.kind}"), proof, point.from_zone or "", point.to_zone or "")


def _publish(ask: Ask) -> Answer:
    with ask.changing() as tx:
        version = layout.publish_layout(tx, ask.site, ask.devices_in_force(tx))
        ask.record(tx, "published", ask.site, after=f"version {version}")
    return Moved(f"{ask.home}/places", "published")


def _zones(ask: Ask, *, without: str = "") -> list[tuple[str, str]]:
    language = ask.words.language
    named = ((one.id, names_of(one.names, language, one.id)) for one in ask.layout.zones if one.id != without)
    return [("", ""), *named]


def _zone_form(ask: Ask) -> Form:
    zone = _zone(ask)
    fields = (
        Field(name="id", required=True, fixed=zone is not None, chars_max=ID_CHARS_MAX),
        Field(name="names", kind=Kind.NAMES),
        Field(name="parent", kind=Kind.CHOICE, choices=_zones(ask, without=zone.id if zone else "")),
        Field(name="capacity", kind=Kind.NUMBER, high=10_000_000),
    )
    shown = zone or Zone(id="")
    values = {
        "id": shown.id,
        "names": shown.names,
        "parent": shown.parent or "",
        "capacity": "" if shown.capacity_max is None else shown.capacity_max,
    }
    name = "zone_change" if zone else "zone_new"
    return Form(name=name, fields=fields, values=values, back=f"{ask.home}/places", title=shown.id)


def _save_zone(ask: Ask, said: dict[str, Any]) -> Answer:
    before = _zone(ask)
    id_ = before.id if before else said["id"]
    parent, names = said["parent"] or None, said["names"]
    after = msgspec.structs.replace(
        before or Zone(id=id_), parent=parent, names=names, capacity_max=said["capacity"]
    )
    _fresh(ask, id_, before, there={zone.id for zone in ask.layout.zones})
    with ask.changing() as tx:
        layout.put_thing(tx, ask.site, after)
        layout.check(layout.layout(tx, ask.site))
        ask.record(tx, "zone_saved", id_, before=short(before), after=short(after))
    return Moved(f"{ask.home}/places", "to_publish")


def _point_form(ask: Ask) -> Form:
    point = _point(ask)
    kinds = [(kind.value, f"point.{kind}") for kind in PointKind]
    zones = _zones(ask)
    fields = (
        Field(name="id", required=True, fixed=point is not None, chars_max=ID_CHARS_MAX),
        Field(name="kind", kind=Kind.CHOICE, choices=kinds, required=True),
        Field(name="names", kind=Kind.NAMES),
        Field(name="zone", kind=Kind.CHOICE, choices=zones[1:], required=True),
        Field(name="from_zone", kind=Kind.CHOICE, choices=zones),
        Field(name="to_zone", kind=Kind.CHOICE, choices=zones),
        _choice("direction", [one.value for one in Direction]),
        _choice("trust_min", [AS_KIND, *(one.name.lower() for one in Trust)]),
        _choice("passback", [one.value for one in Passback]),
        *(Field(name=name, kind=Kind.NUMBER) for name in NUMBERS),
        *(Field(name=name, kind=Kind.YES) for name in YES),
        Field(name="hours", kind=Kind.LONG, chars_max=1_000),
        Field(name="closed_dates", kind=Kind.TAGS),
        Field(name="products", kind=Kind.MANY, choices=_products(ask)),
        RULES,
    )
    values = _shown_point(point or msgspec.structs.replace(DEFAULTS[PointKind.GATE], id=""))
    name = "point_change" if point else "point_new"
    title = point.id if point else ""
    return Form(name=name, fields=fields, values=values, back=f"{ask.home}/places", title=title)


def _choice(name: str, known: list[str]) -> Field:
    return Field(
        name=name, kind=Kind.CHOICE, choices=[(one, f"{name}.{one}") for one in known], required=True
    )


def _products(ask: Ask) -> list[tuple[str, str]]:
    return [(one.id, names_of(one.names, ask.words.language, one.id)) for one in ask.layout.products]


def _shown_point(point: Point) -> dict[str, object]:
    numbers = {name: getattr(point, name) for name in NUMBERS}
    return {
        "id": point.id,
        "kind": point.kind.value,
        "names": point.names,
        "zone": point.zone,
        "from_zone": point.from_zone or "",
        "to_zone": point.to_zone or "",
        "direction": point.direction.value,
        "trust_min": AS_KIND if point.trust_min is None else point.trust_min.name.lower(),
        "passback": point.passback.value,
        **{name: "" if value is None else value for name, value in numbers.items()},
        **{name: getattr(point, name) for name in YES},
        "hours": text_of(point.hours),
        "closed_dates": " ".join(point.hours.closed_dates) if point.hours else "",
        "products": list(point.products),
        "rules": rows_of_rules(point.rules),
    }


def _save_point(ask: Ask, said: dict[str, Any]) -> Answer:
    before = _point(ask)
    id_ = before.id if before else said["id"]
    _fresh(ask, id_, before, there=set(ask.layout.points_by_id))
    numbers = {name: said[name] for name in NUMBERS}
    defaults = {name: value for name, value in WITH_DEFAULT.items() if numbers[name] is None}
    after = msgspec.structs.replace(
        before or Point(id=id_, kind=PointKind.GATE, zone=""),
        kind=PointKind(said["kind"]),
        names=said["names"],
        zone=said["zone"],
        from_zone=said["from_zone"] or None,
        to_zone=said["to_zone"] or None,
        direction=Direction(said["direction"]),
        trust_min=None if said["trust_min"] == AS_KIND else Trust[said["trust_min"].upper()],
        passback=Passback(said["passback"]),
        **(numbers | defaults),
        **{name: said[name] for name in YES},
        hours=hours_of(said["hours"], said["closed_dates"]),
        products=said["products"],
        rules=rules_of(said["rules"]),
    )
    with ask.changing() as tx:
        layout.put_thing(tx, ask.site, after)
        layout.check(layout.layout(tx, ask.site))
        ask.record(tx, "point_saved", id_, before=short(before), after=short(after))
    return Moved(f"{ask.home}/places", "to_publish")


def _fresh(ask: Ask, id_: str, before: Zone | Point | None, *, there: set[str]) -> None:
    if before is None and (id_ in there or "/" in id_ or id_ == "new"):
        raise Refused(f"{id_} cannot be the id of a new one.", hint="Take another id, without a slash.")


def _zone(ask: Ask) -> Zone | None:
    if "zone" not in ask.path:
        return None
    found = next((zone for zone in ask.layout.zones if zone.id == ask.path["zone"]), None)
    if found is None:
        raise Unknown(f"There is no zone {ask.path['zone']}.")
    return found


def _point(ask: Ask) -> Point | None:
    if "point" not in ask.path:
        return None
    found = ask.layout.points_by_id.get(ask.path["point"])
    if found is None:
        raise Unknown(f"There is no point {ask.path['point']}.")
    return found


def _remove_zone(ask: Ask) -> Answer:
    return _remove(ask, Zone, _zone(ask))


def _remove_point(ask: Ask) -> Answer:
    return _remove(ask, Point, _point(ask))


def _remove(ask: Ask, kind: type[Zone | Point], thing: Zone | Point | None) -> Answer:
    if thing is not None:
        with ask.changing() as tx:
            layout.remove_thing(tx, ask.site, kind, id_=thing.id)
            layout.check(layout.layout(tx, ask.site))
            ask.record(tx, f"{kind.__name__.lower()}_removed", thing.id, before=short(thing))
    return Moved(f"{ask.home}/places", "to_publish")


ROUTES: tuple[Route, ...] = (
    read("/sites/<site>/places", _all, "Zones and points, and whether they are published."),
    act("/sites/<site>/places/publish", _publish, "Publish the layout to every gate."),
    *desk.routes_of("/sites/<site>/settings", SETTINGS, "change the site's own settings."),
    *desk.routes_of("/sites/<site>/zones/new", Desk(_zone_form, _save_zone), "enter a zone."),
    *desk.routes_of("/sites/<site>/zones/<zone>", Desk(_zone_form, _save_zone), "change a zone."),
    act("/sites/<site>/zones/<zone>/remove", _remove_zone, "Remove a zone that nothing stands in."),
    *desk.routes_of("/sites/<site>/points/new", Desk(_point_form, _save_point), "enter a point."),
    *desk.routes_of("/sites/<site>/points/<point>", Desk(_point_form, _save_point), "change a point."),
    act("/sites/<site>/points/<point>/remove", _remove_point, "Remove a point."),
)
