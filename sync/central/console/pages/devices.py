"""Devices: invited, watched, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sync.central import enrolment
from sync.central.console import desk
from sync.central.console.answers import Answer, Export, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, names_of
from sync.central.console.routes import Route, act, read
from sync.central.enrolment import Invitation
from sync.central.machines import devices
from sync.central.machines.devices import Device
from sync.wire import ReaderState

SILENT_MS_MAX = 90_000
"""Devices report every half minute: after three missed ones a device counts as offline."""
OUTBOX_AGE_MS_MAX = 300_000
COLUMNS = ("device", "name", "state", "contact", "outbox", "outbox_age", "version", "kept_points", "ills")
WELL = frozenset({"idle", "reading", "hold", "open", "closed", "opening", "ready"})


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the console shows it."""

    id: str
    name: str
    state: str
    online: bool
    contact: str
    version: str = ""
    outbox: int = 0
    outbox_age: str = ""
    readers: tuple[ReaderState, ...] = ()
    points: tuple[str, ...] = ()
    ills: tuple[str, ...] = ()
    """What is wrong with it and its readers, each as a sentence."""
    ills_itself: bool = False
    """Whether anything is wrong with it but for its readers."""


def seen(ask: Ask, device: Device) -> Seen:
    """Return how a device is, by its own last word and the time since."""
    now, said = ask.store.now_ms(), device.report
    online = device.state == devices.ACTIVE and now - device.seen_ms < SILENT_MS_MAX
    whole = _ills(ask, device, online=online) if device.state == devices.ACTIVE else ()
    readers = _ills_of_readers(ask, device) if device.state == devices.ACTIVE else ()
    return Seen(
        id=device.id,
        name=device.name,
        state=device.state,
        online=online,
        contact=ask.ago(device.seen_ms),
        version=said.version if said else "",
        outbox=said.outbox if said else 0,
        outbox_age=ask.ago(now - said.outbox_age_ms) if said and said.outbox else "",
        readers=said.readers if said else (),
        points=device.points,
        ills=(*whole, *readers),
        ills_itself=bool(whole),
    )


def bad_readers(readers: Iterable[ReaderState]) -> list[ReaderState]:
    """Return those readers, gates and printers that are not well."""
    return [one for one in readers if one.state not in WELL]


def _ills(ask: Ask, device: Device, *, online: bool) -> list[str]:
    found = [] if online else [ask.words("ill.offline", ago=ask.ago(device.seen_ms))]
    if device.alarm:
        found.append(ask.words("ill.alarm", why=device.alarm))
    said = device.report
    if said is None:
        return found
    if not said.writable:
        found.append(ask.words("ill.store", why=said.cause or "?"))
    if said.held_back:
        found.append(ask.words("ill.held_back", why=said.held_back))
    if said.frozen:
        found.append(ask.words("ill.frozen", why=said.frozen))
    if said.outbox_age_ms > OUTBOX_AGE_MS_MAX:
        found.append(ask.words("ill.outbox", count=said.outbox))
    return found


def _ills_of_readers(ask: Ask, device: Device) -> list[str]:
    bad = bad_readers(device.report.readers if device.report else ())
    return [ask.words("ill.reader", name=one.device, why=one.reason or one.state) for one in bad]


def _all(ask: Ask) -> Answer:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        found = [seen(ask, one) for one in devices.devices(tx, ask.site)]
    return Page("devices.html", {"devices": found})


def _exported(ask: Ask) -> Answer:
    ask.layout  # noqa: B018  # as above
    with ask.store.reading() as tx:
        found = [seen(ask, one) for one in devices.devices(tx, ask.site)]
    rows = [
        (one.id, one.name, _word(ask, one), one.contact, one.outbox, one.outbox_age, one.version,
         " ".join(one.points), " ".join(one.ills))
        for one in found
    ]  # fmt: skip
    return Export("devices", iter([Sheet(name="devices", columns=COLUMNS, rows=rows)]))


def _word(ask: Ask, one: Seen) -> str:
    """Return in a word whether a device is in force, and heard."""
    if one.state != devices.ACTIVE:
        return ask.words("devices.revoked")
    return ask.words("devices.online" if one.online else "devices.offline")


def _revoke(ask: Ask) -> Answer:
    with ask.changing() as tx:
        before = devices.device(tx, ask.site, ask.path["device"])
        if before.state != devices.REVOKED:
            devices.revoke(tx, ask.site, before.id)
            ask.record(tx, "device_revoked", before.id, before=before.state, after=devices.REVOKED)
    return Moved(f"{ask.home}/devices", "device_revoked")


def _form(ask: Ask) -> Form:
    points = [(one.id, names_of(one.names, ask.words.language, one.id)) for one in ask.layout.points]
    fields = (
        Field(name="device_name", required=True, chars_max=80),
        Field(name="points", kind=Kind.MANY, choices=points),
    )
    return Form(name="device_new", fields=fields, back=f"{ask.home}/devices", act="invite")


def _invite(ask: Ask, said: dict[str, Any]) -> Answer:
    invitation = Invitation(site=ask.site, name=said["device_name"], points=said["points"])
    with ask.changing() as tx:
        code = enrolment.invite(tx, invitation)
        ask.record(tx, "device_invited", said["device_name"], after=", ".join(said["points"]))
    minutes = enrolment.LIFE_MS // 60_000
    return Page("code.html", {"code": code, "name": said["device_name"], "minutes": minutes})


ROUTES: tuple[Route, ...] = (
    read("/sites/<site>/devices", _all, "Devices and their health."),
    read("/sites/<site>/devices.csv", _exported, "The same devices as CSV."),
    *desk.routes_of(
        "/sites/<site>/devices/new", Desk(_form, _invite), "invite a device: its code is shown once."
    ),
    act("/sites/<site>/devices/<device>/revoke", _revoke, "Revoke a device."),
)
