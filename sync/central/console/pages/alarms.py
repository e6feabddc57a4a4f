"""Alarms: copied bands and money that waits at a site, until an operator has looked."""

from __future__ import annotations

from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.console.answers import Answer, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import names_of
from sync.central.console.routes import Route, act, read
from sync.central.echoes import warnings

COLUMNS = ("time", "reason", "point", "band", "times", "device", "seen")
CELLS = ("last", *COLUMNS[1:])
"""Where each column's words stand."""


def _all(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        found = alarms.alarms(tx, ask.site)
    shown = [_shown(ask, one) for one in found]
    rows = [tuple(str(one[cell]) for cell in CELLS) for one in shown]
    return Page("alarms.html", {"alarms": shown, "sheet": Sheet(name="alarms", columns=COLUMNS, rows=rows)})


def _shown(ask: Ask, one: Alarm) -> dict[str, object]:
    point = ask.layout.points_by_id.get(one.point)
    reason = f"reason.{one.reason}"
    return {
        "at": ask.time(one.at_ms),
        "last": ask.time(one.last_ms),
        "device": one.device,
        "id": one.id,
        "point": names_of(point.names, ask.words.language, one.point) if point else one.point,
        "reason": ask.words(reason) if ask.words.has(reason) else one.reason,
        "band": one.band.hex() if one.band else "",
        "times": one.times,
        "seen": f"{ask.time(one.seen_ms)}, {one.seen_by}" if one.seen_ms else "",
    }


def _see(ask: Ask) -> Answer:
    key = (ask.typed("device"), ask.typed("alarm"))
    with ask.changing() as tx:
        seen = warnings.see(tx, ask.site, key, by=ask.who.name if ask.who else "")
        ask.record(tx, "alarm_seen", seen.id, before=seen.reason)
    return Moved(f"{ask.home}/alarms")


ROUTES: tuple[Route, ...] = (
    read("/sites/<site>/alarms", _all, "Signs of copied bands, and money that waits."),
    act("/sites/<site>/alarms/seen", _see, "Say that somebody has looked at an alarm."),
)
