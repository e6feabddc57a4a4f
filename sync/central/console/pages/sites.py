"""Sites: an overview of all, and how one is doing now."""

from __future__ import annotations

from typing import Any

from edge.core.money import spelled
from edge.core.places import Layout
from edge.errors import Refused
from sync.central import sites
from sync.central.arrears import Arrears, arrears
from sync.central.console import desk, happenings
from sync.central.console.answers import Answer, Export, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field
from sync.central.console.pages.devices import seen
from sync.central.console.pages.map import inside_of, oldest_of
from sync.central.console.pages.settings import known_zone
from sync.central.console.routes import Audience, Route, read
from sync.central.machines import devices, lanes
from sync.central.registry import bands, guests, layout, rights
from sync.central.store import Connection, func, select

MINUTES = 60
MINUTE_COLUMNS = ("time", "per_minute")
CARD = ("id", "name", "guests", "devices", "online", "ill", "inside", "waiting", "oldest")
COLUMNS = ("site", "name", "guests", "devices", "online", "unwell", "inside", "outbox", "outbox_age")


def _all(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        found = [_card(ask, tx, site) for site in sites.sites(tx)]
    return Page("sites.html", {"sites": found})


def _card(ask: Ask, tx: Connection, site: str) -> dict[str, Any]:
    found = [one for one in devices.devices(tx, site) if one.state == devices.ACTIVE]
    own, inside, oldest_ms = [seen(ask, one) for one in found], inside_of(found), oldest_of(found)
    return {
        "id": site,
        "name": _name(tx, site),
        "guests": guests.count_guests(tx, site),
        "devices": len(own),
        "online": sum(one.online for one in own),
        "ill": sum(bool(one.ills) for one in own),
        "inside": None if inside is None else sum(inside.get(zone, 0) for zone in _outermost(tx, site)),
        "waiting": sum(one.outbox for one in own),
        "oldest": ask.ago(ask.store.now_ms() - oldest_ms) if oldest_ms else "",
    }


def _outermost(tx: Connection, site: str) -> list[str]:
    """Return the zones that lie in no other."""
    known = layout.published(tx, site)
    zones = known.zones if known is not None else ()
    return [zone.id for zone in zones if zone.parent not in {one.id for one in zones}]


def _exported(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        rows = [tuple(_card(ask, tx, site)[column] for column in CARD) for site in sites.sites(tx)]
    return Export("sites", iter([Sheet(name="sites", columns=COLUMNS, rows=rows)]))


def _name(tx: Connection, site: str) -> str:
    found = tx.execute(select(sites.site_table.c.name).where(sites.site_table.c.site_id == site)).scalar()
    return str(found or site)


def _one(ask: Ask) -> Answer:
    ready = bool(ask.layout.version) or bool(ask.layout.zones)
    now_ms = ask.store.now_ms()
    with ask.store.reading() as tx:
        per_minute = happenings.minutes(tx, ask.site, now_ms=now_ms, count=MINUTES)
        told: dict[str, object] = {
            "name": _name(tx, ask.site),
            "guests": guests.count_guests(tx, ask.site),
            "bands": {state.name.lower(): count for state, count in bands.count_bands(tx, ask.site).items()},
            "rights": rights.count_rights(tx, ask.site),
            "devices": [seen(ask, one) for one in devices.devices(tx, ask.site)],
            "quarantined": _quarantined(tx, ask.site),
            "waiting": _waiting(ask, arrears(tx, ask.site)),
        }
    top = max(1, *per_minute)
    minutes = [(now_ms // 60_000 - MINUTES + 1 + at, count) for at, count in enumerate(per_minute)]
    chart = [(ask.time(minute * 60_000)[11:16], count, 100 * count // top) for minute, count in minutes]
    counted = [(time, count) for time, count, _ in reversed(chart) if count]
    minutes_sheet = Sheet(name="per_minute", columns=MINUTE_COLUMNS, rows=counted)
    told |= {"ready": ready, "chart": chart, "top": top, "total": sum(per_minute), "minutes": minutes_sheet}
    return Page("site.html", told)


def _waiting(ask: Ask, known: Arrears) -> list[tuple[str, str, str]]:
    """Return what of money waits for a word: the sentence, where it is told in full, and how much."""
    currency, now_ms = ask.layout.currency, ask.store.now_ms()
    doubted = f"{spelled(known.doubted_minor, currency)} {currency}"
    unsent = ask.ago(now_ms - known.unsent_ms) if known.unsent else ask.words("nothing_waits")
    return [
        ("site.charges_unknown", f"{ask.home}/unresolved", str(known.unknown)),
        ("site.unsent", f"{ask.home}/devices", unsent),
        ("site.in_doubt", f"{ask.home}/limits", doubted),
        ("site.false_denials", f"{ask.home}/day", str(known.false_denials)),
    ]


def _quarantined(tx: Connection, site: str) -> int:
    table = lanes.quarantine_table
    query = select(func.count()).select_from(table).where(table.c.site_id == site)
    return int(tx.execute(query).scalar_one())


def _form(ask: Ask) -> Form:
    fields = (
        Field(name="site", required=True, chars_max=sites.NAME_CHARS_MAX),
        Field(name="name", chars_max=80),
        Field(name="timezone", required=True, chars_max=64),
    )
    return Form(
        name="site_new", fields=fields, values={"timezone": "Europe/Rome"}, back="/console/", act="create"
    )


def _create(ask: Ask, said: dict[str, Any]) -> Answer:
    timezone = known_zone(said["timezone"])
    with ask.store.transaction() as tx:
        if sites.has_site(tx, said["site"]):
            raise Refused(f"There is a site {said['site']} already.")
        sites.create_site(tx, said["site"], name=said["name"])
        layout.put_settings(tx, said["site"], Layout(site=said["site"], version=0, timezone=timezone))
        ask.record(tx, "site_created", said["site"], after=timezone)
    return Moved(f"/console/sites/{said['site']}", "site_saved")


ROUTES: tuple[Route, ...] = (
    read("/", _all, "All sites.", audience=Audience.SIGNED_IN),
    read("/sites.csv", _exported, "The same sites as CSV.", audience=Audience.SIGNED_IN),
    *desk.routes_of("/sites/new", Desk(_form, _create), "open a site.", audience=Audience.ADMIN),
    read("/sites/<site>", _one, "How a site is doing.", audience=Audience.CARE),
)
