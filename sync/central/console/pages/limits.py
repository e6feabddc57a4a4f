"""Limits: what a site's devices may hold and what may be lost, changed by one operator or by two."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.money import minor_in
from sync.central.accounting import sums
from sync.central.console import amounts, cells, desk
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.routes import Route, act, read
from sync.central.machines import devices
from sync.central.money import caps, choosing, placed, risk
from sync.central.money import policy as policies
from sync.central.money.policy import PERMILLE, Charging, Policy
from sync.central.store import Connection

HERE = "/sites/<site>/limits"
AMOUNTS = (
    "floor_minor",
    "lease_minor_max",
    "device_minor_max",
    "mint_minor_max",
    "risk_minor",
    "risk_slice_minor",
    "risk_tap_minor_max",
    "risk_wallet_minor",
    "goodwill_minor",
)
PLANNED = "device_minor_max"
"""The one amount that may be left to the plan."""
COUNTS = {"reserve_permille": PERMILLE, "refill_permille": PERMILLE, "risk_taps": 1_000}
AMOUNT_CHARS_MAX = 16
EXPOSED = (
    "set_aside_minor",
    "in_doubt_minor",
    "lost_minor",
    "risk_budget_minor",
    "risk_used_minor",
    "risk_worst_minor",
)
SLICE_COLUMNS = ("device", "state", "granted", "spent", "left", "heard")


def _shown(chosen: Policy, currency: str) -> dict[str, str]:
    told = {name: amounts.shown(getattr(chosen, name), currency) for name in AMOUNTS}
    return told | {name: str(getattr(chosen, name)) for name in COUNTS} | {"charging": chosen.charging}


def _read(ask: Ask, chosen: Policy, cap: int) -> dict[str, str]:
    """Return what a page says of a policy: as a form would hold it, with units and words."""
    currency = ask.layout.currency
    told = _shown(chosen, currency) | {"charging": ask.words(f"charging.{chosen.charging}")}
    told |= {name: f"{told[name]} {currency}" for name in AMOUNTS if told[name]}
    told[PLANNED] = told[PLANNED] or ask.words("limits.by_plan", amount=amounts.worded(cap, currency))
    return told


def _all(ask: Ask) -> Answer:
    currency = ask.layout.currency
    with ask.store.reading() as tx:
        chosen, waits = policies.policy(tx, ask.site), choosing.proposal(tx, ask.site)
        known = sums.exposure(tx, ask.site)
        cap = caps.cap_minor(tx, ask.site, msgspec.structs.replace(chosen, device_minor_max=None))
        slices = _slices(ask, tx, currency)
    now = _read(ask, chosen, cap)
    wanted = _read(ask, waits.policy, cap) if waits is not None else {}
    values = {
        "exposed": [(f"day.{name}", amounts.worded(getattr(known, name), currency)) for name in EXPOSED],
        "limits": now,
        "changes": [(name, now[name], after) for name, after in wanted.items() if after != now[name]],
        "asked_by": waits.asked_by if waits is not None else "",
        "slices": slices,
    }
    return Page("limits.html", values)


def _slices(ask: Ask, tx: Connection, currency: str) -> Sheet:
    """Return the parts of the loss budget that lie at devices, and when each was last spoken of."""
    named = devices.names(tx, ask.site)
    shown = [
        (
            named.get(row.placed.device, row.placed.device),
            ask.words(f"lease.{row.placed.state}"),
            cells.amount(row.placed.counters.granted, currency),
            cells.amount(row.placed.counters.consumed, currency),
            cells.amount(row.placed.counters.spendable, currency),
            cells.age(ask, row.heard_ms),
        )
        for row in placed.of_wallet(tx, ask.site, risk.OF_SITE, kind=risk.RISK)
        if row.living
    ]
    return Sheet(name="slices", columns=SLICE_COLUMNS, rows=shown)


def _form(ask: Ask) -> Form:
    currency = ask.layout.currency
    with ask.store.reading() as tx:
        chosen = policies.policy(tx, ask.site)
    sums_of = [Field(name=name, required=name != PLANNED, chars_max=AMOUNT_CHARS_MAX) for name in AMOUNTS]
    counts = [Field(name=name, kind=Kind.NUMBER, required=True, high=high) for name, high in COUNTS.items()]
    ways = [(one.value, f"charging.{one}") for one in Charging]
    fields = (*sums_of, *counts, Field(name="charging", kind=Kind.CHOICE, choices=ways))
    return Form(
        name="limits_change", fields=fields, values=_shown(chosen, currency), back=f"{ask.home}/limits"
    )


def _change(ask: Ask, said: dict[str, Any]) -> Answer:
    currency, wanted = ask.layout.currency, dict[str, int | None]()
    for name in AMOUNTS:
        if name == PLANNED and not said[name]:
            wanted[name] = None
            continue
        minor = minor_in(said[name], currency)
        if minor is None or minor < 0:
            raise Mistyped(name, "wrong.price")
        wanted[name] = minor
    wanted |= {name: said[name] for name in COUNTS}
    with ask.changing() as tx:
        before = policies.policy(tx, ask.site)
        charging = Charging(said["charging"] or before.charging)
        after = msgspec.structs.replace(before, **wanted, charging=charging)
        done = choosing.wish(tx, ask.site, after, by=ask.name)
        word = "limits_changed" if done else "limits_asked"
        ask.record(tx, word, ask.site, before=short(before), after=short(after))
    return Moved(f"{ask.home}/limits", word)


def _agree(ask: Ask) -> Answer:
    with ask.changing() as tx:
        before = policies.policy(tx, ask.site)
        after = choosing.agree(tx, ask.site, by=ask.name)
        ask.record(tx, "limits_agreed", ask.site, before=short(before), after=short(after))
    return Moved(f"{ask.home}/limits", "limits_changed")


def _turn_down(ask: Ask) -> Answer:
    with ask.changing() as tx:
        choosing.drop(tx, ask.site)
        ask.record(tx, "limits_turned_down", ask.site)
    return Moved(f"{ask.home}/limits", "limits_turned_down")


ROUTES: tuple[Route, ...] = (
    read(HERE, _all, "What devices may hold, and what may be lost."),
    *desk.routes_of(f"{HERE}/change", Desk(_form, _change), "change what devices may hold."),
    act(f"{HERE}/agree", _agree, "Agree to limits by which more may be lost."),
    act(f"{HERE}/turn-down", _turn_down, "Turn such limits down."),
)
