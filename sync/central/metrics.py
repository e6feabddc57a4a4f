"""Metrics: central's figures for Prometheus, counted by this worker or read from the database when asked."""

from __future__ import annotations

import hmac
import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.errors import StoreError
from sync.central.accounting.sums import exposure
from sync.central.answers import describe, problem
from sync.central.arrears import arrears
from sync.central.machines.devices import ACTIVE, device_table
from sync.central.machines.lanes import lane_table, quarantine_table
from sync.central.money.losses import Losses
from sync.central.settings import Settings
from sync.central.sites import site_table
from sync.central.store import Connection, Store, func, select
from sync.wire import DeviceReport, Problem

ONLINE_MS_MAX = 90_000
"""A device reports every half minute; one that missed three times is not online."""
LOOPBACK = ("127.0.0.1", "::1")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)
"""The last one is for feed requests, which wait for news."""
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


class Meters:
    """What this worker counts as it works; several workers are added up by whoever asks them all."""

    def __init__(self) -> None:
        """Declare every figure."""
        self.registry = CollectorRegistry()
        self.events = Counter(
            "polso_central_events", "Events taken, by what became of them", ["became"], registry=self.registry
        )
        self.refusals = Counter(
            "polso_central_refusals", "Requests refused, by problem", ["problem"], registry=self.registry
        )
        self.violations = Counter(
            "polso_central_csp_violations",
            "Pages that broke their policy",
            ["directive"],
            registry=self.registry,
        )
        self.polls = Gauge(
            "polso_central_open_polls", "Feed requests held open by this worker", registry=self.registry
        )
        self.times = Histogram(
            "polso_central_request_seconds",
            "From request to answer",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )

    def taken(self, *, stored: int, duplicates: int, quarantined: int) -> None:
        """Count what became of one batch."""
        for became, count in (
            ("stored", stored),
            ("duplicate", duplicates),
            ("quarantined", quarantined),
        ):
            self.events.labels(became).inc(count)

    def refused(self, what: Problem) -> None:
        """Count one refusal."""
        self.refusals.labels(what.value).inc()


class State(Collector):
    """What the database knows, read anew each time somebody asks; no label names a device or a guest."""

    def __init__(self, store: Store) -> None:
        """Read from this store."""
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family per figure, each with one sample per site."""
        with self._store.reading() as tx:
            figures = _figures(tx, self._store.now_ms())
        for name, (about, by_site) in figures.items():
            family = GaugeMetricFamily(f"polso_central_{name}", about, labels=["site"])
            for site, value in sorted(by_site.items()):
                family.add_metric([site], value)
            yield family


class Fleet(NamedTuple):
    """How the devices of all sites stand, by site."""

    enrolled: Tally[str]
    online: Tally[str]
    alarmed: Tally[str]
    lag: Tally[str]
    lag_ms: dict[str, int]


def mount(app: Flask, store: Store, settings: Settings, *, meters: Meters) -> None:
    """Give an app its ``/metrics`` and time every request that it answers."""
    meters.registry.register(State(store))
    meters.registry.register(Losses(store))

    def begin() -> None:
        g.began = time.perf_counter()

    def end(reply: Response) -> Response:
        if request.endpoint and "began" in g:
            meters.times.labels(request.endpoint).observe(time.perf_counter() - g.began)
        return reply

    def metrics() -> Response:
        if not _may_look(settings):
            return problem(describe(Problem.NOT_FOUND, time_ms=store.now_ms(), detail="Only from here."))
        try:
            return Response(generate_latest(meters.registry), content_type=MEDIA)
        except StoreError as error:
            return Response(f"{error} {error.hint}\n", status=503, mimetype="text/plain")

    app.before_request(begin)
    app.after_request(end)
    app.add_url_rule("/metrics", "metrics", metrics)


def _may_look(settings: Settings) -> bool:
    """Whether who asks is on this machine or has the token; behind a proxy everybody seems to be here."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.metrics_token and hmac.compare_digest(token.encode(), settings.metrics_token.encode()):
        return True
    return not settings.behind_tls and request.remote_addr in LOOPBACK


def _figures(tx: Connection, now_ms: int) -> dict[str, tuple[str, dict[str, float]]]:
    heads = {row.site_id: row.seq for row in tx.execute(select(site_table.c.site_id, site_table.c.seq))}
    fleet = _fleet(tx, now_ms)
    aside = select(quarantine_table.c.site_id, func.count().label("n")).group_by(quarantine_table.c.site_id)
    frozen = select(lane_table.c.site_id, func.count().label("n")).where(lane_table.c.frozen != "")
    counted: dict[str, tuple[str, Mapping[str, float]]] = {
        "devices": ("Devices enrolled and not revoked", fleet.enrolled),
        "devices_online": (f"Of these, heard within {ONLINE_MS_MAX // 1000} s", fleet.online),
        "devices_alarmed": ("Of these, with an alarm", fleet.alarmed),
        "lag_events": ("Events that devices last said they have yet to send", fleet.lag),
        "lag_seconds": ("Age of the oldest of them", {s: ms / 1000 for s, ms in fleet.lag_ms.items()}),
        "quarantined_events": ("Events kept aside", {row.site_id: row.n for row in tx.execute(aside)}),
        "frozen_lanes": (
            "Lanes whose history is not believed",
            {row.site_id: row.n for row in tx.execute(frozen.group_by(lane_table.c.site_id))},
        ),
        **_exposed(tx, heads),
        **_waiting(tx, heads),
        "feed_head": ("The last number of the feed", heads),
    }
    return {
        name: (about, {s: float(found.get(s, 0)) for s in heads}) for name, (about, found) in counted.items()
    }


def _exposed(tx: Connection, known: Iterable[str]) -> dict[str, tuple[str, Mapping[str, float]]]:
    """Return what may be lost at each site: a person should know it before the internet goes, not after."""
    found = {site: exposure(tx, site) for site in known}

    def told(name: str) -> Mapping[str, float]:
        return {site: getattr(one, name) for site, one in found.items()}

    return {
        "set_aside_minor": ("Guests' money that devices hold", told("set_aside_minor")),
        "in_doubt_minor": ("Of this, at devices that are silent", told("in_doubt_minor")),
        "risk_budget_minor": (
            "What the operator allows to be lost to payments at risk",
            told("risk_budget_minor"),
        ),
        "risk_used_minor": ("Paid at risk and still owed", told("risk_used_minor")),
        "risk_worst_minor": (
            "The most that it can come to if the internet goes now",
            told("risk_worst_minor"),
        ),
    }


def _waiting(tx: Connection, known: Iterable[str]) -> dict[str, tuple[str, Mapping[str, float]]]:
    """Return what of money waits for a word at each site."""
    found = {site: arrears(tx, site) for site in known}
    seconds = {
        name: {site: getattr(one, name) / 1000 for site, one in found.items()}
        for name in ("unknown_ms", "unsent_ms", "doubted_ms")
    }
    return {
        "charges_unknown": (
            "Charges of which nobody knows whether they were made",
            {site: one.unknown for site, one in found.items()},
        ),
        "charge_unknown_seconds": ("Age of the oldest of them", seconds["unknown_ms"]),
        "op_unsent_seconds": (
            "Age of the oldest that a device was known to hold back, its silence since counted",
            seconds["unsent_ms"],
        ),
        "leases_in_doubt": (
            "Leases of money at devices that are silent beyond their time",
            {site: one.doubted for site, one in found.items()},
        ),
        "lease_in_doubt_seconds": ("How long the oldest of them is in doubt", seconds["doubted_ms"]),
        "false_denials_day": (
            "Guests refused in the last 24 hours although the money was free at central",
            {site: one.false_denials for site, one in found.items()},
        ),
    }


def _fleet(tx: Connection, now_ms: int) -> Fleet:
    own = device_table.c
    fleet = Fleet(Tally(), Tally(), Tally(), Tally(), {})
    found = select(own.site_id, own.seen_ms, own.alarm, own.report).where(own.state == ACTIVE)
    for row in tx.execute(found):
        site = row.site_id
        said = msgspec.msgpack.decode(row.report, type=DeviceReport) if row.report else None
        fleet.enrolled[site] += 1
        fleet.online[site] += said is not None and now_ms - row.seen_ms <= ONLINE_MS_MAX
        fleet.alarmed[site] += bool(row.alarm)
        fleet.lag[site] += said.outbox if said else 0
        fleet.lag_ms[site] = max(fleet.lag_ms.get(site, 0), said.outbox_age_ms if said else 0)
    return fleet
