"""Health: the device's own state in one look, for staff, for machines and for Prometheus."""

from __future__ import annotations

import logging
import shutil
import threading
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from edge.clock import Clock
from edge.core.events import Lane
from edge.core.known import ANSWERS, RULE, judged
from edge.core.site import SiteMode
from edge.errors import StoreError
from edge.payviews import Exposure
from edge.rules import rule_or_broken
from edge.sequencer import Sequencer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.views import DeviceHealth, HealthView, RadioCounts, StaffView
from edge.violations import Violations
from hardware.port import DeviceState, State

LATENCIES_MAX = 1_000
"""Taps whose times are kept for the percentiles."""
UNCOUNTED_MAX = 128
"""Taps that wait to be counted: nobody's answer waits for a figure, and whoever asks has all of them."""
DEVICES_MAX = 256
TREND_MS_MIN = 600_000
"""Time after which the use of the disk says something about the days left."""
ONLINE_MS_MAX = 60_000
"""Central counts as reached if it answered within this time."""
COUNT_MS_MIN = 60_000
"""Profiles are counted no more often than this."""
DAY_MS = 86_400_000
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

LOG = logging.getLogger("polso.health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What health looks at: rooms, the disk, and where each device stands."""

    sequencer: Sequencer
    profiles: Profiles
    journal: Journal
    clock: Clock
    folder: Path
    points: Mapping[str, str] = field(default_factory=dict)
    """Point of each device, by the device's name."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """``reader``, ``gate``, ``light`` and so on, by the device's name."""
    screens: Callable[[], int] = lambda: 0
    """How many screens are connected."""
    witnesses: Callable[[], int] = lambda: 0
    """How many places beside this disk keep signed checkpoints of the journal."""
    money: Callable[[], Exposure | None] = lambda: None
    """What lies at this device of guests' money, and what could be lost with it."""
    modes: Mapping[str, str] = field(default_factory=dict)
    """How each radio listens, by its name."""
    radio: Callable[[], RadioCounts] = RadioCounts
    """What the radios heard."""
    site: Callable[[], SiteMode] = lambda: SiteMode.NONE
    """Whether the site's other devices answer."""
    free_bytes_min: int = 536_870_912
    """Less free space than this is a warning (``store.free_bytes_min``)."""


class Health:
    """Collects what devices, taps and sync report; any thread may report and ask."""

    def __init__(self, watched: Watched) -> None:
        """Begin with nothing reported and central never heard."""
        self._watched = watched
        self._lock = threading.Lock()
        self._latencies: deque[float] = deque(maxlen=LATENCIES_MAX)
        self._uncounted: deque[StaffView] = deque()
        self._taps = 0
        self._devices: dict[str, DeviceHealth] = {}
        self._contact_ms: int | None = None
        self._reached = False
        self._outbox = (0, 0)
        self._counted: tuple[int, int] | None = None
        self._disk_began = (watched.clock.monotonic_ms(), _free_bytes(watched.folder))
        self._erasing = False
        self._meters = meters = Meters()
        self.violations = Violations(lambda directive: meters.violations.labels(directive).inc())

    def known(self) -> tuple[dict[str, str], bool]:
        """Judge the known cases by the rulebook as it runs here; return the answers, and whether all fit."""
        answers = judged({RULE.cel: rule_or_broken(RULE.cel)})
        return answers, answers == ANSWERS

    # What others report

    def tapped(self, view: StaffView) -> None:
        """Take one decision's outcome and time."""
        self._uncounted.append(view)
        if len(self._uncounted) >= UNCOUNTED_MAX:
            with self._lock:
                self._count()

    def false_denial(self) -> None:
        """Take that a supervisor called a denial wrong: a defect of the first order, counted by itself."""
        self._meters.false_denials.inc()

    def device(self, state: DeviceState) -> DeviceHealth:
        """Take a device's new state and return it as staff see it."""
        seen = DeviceHealth(
            device=state.device,
            kind=self._watched.kinds.get(state.device, "reader"),
            state=state.state.value,
            reason=state.reason,
            point=self._watched.points.get(state.device),
            since_ms=self._watched.clock.now_ms(),
            mode=self._watched.modes.get(state.device, ""),
        )
        with self._lock:
            if state.device in self._devices or len(self._devices) < DEVICES_MAX:
                self._devices[state.device] = seen
            else:
                LOG.warning("more than %d devices report; %s is not shown", DEVICES_MAX, state.device)
        return seen

    def contact(self, *, reached: bool) -> None:
        """Take that central answered a request, or did not."""
        with self._lock:
            self._reached = reached
            if reached:
                self._contact_ms = self._watched.clock.monotonic_ms()

    # What others ask

    def sync_age_ms(self) -> int | None:
        """Return how long ago central answered last; None: never since the start."""
        with self._lock:
            contact_ms = self._contact_ms
        return None if contact_ms is None else max(0, self._watched.clock.monotonic_ms() - contact_ms)

    def reached(self) -> bool:
        """Say whether central answered the last request, not long ago."""
        age_ms = self.sync_age_ms()
        with self._lock:
            return self._reached and age_ms is not None and age_ms <= ONLINE_MS_MAX

    def ready(self) -> bool:
        """Say whether decisions can be recorded: the answer to ``/readyz``."""
        return self._watched.sequencer.writable()[0]

    def erasing(self, *, pending: bool) -> None:
        """Note whether what was erased still lies in a file's log, because a reader holds it."""
        self._erasing = pending

    def view(self) -> HealthView:
        """Return the device's state in one look."""
        watched = self._watched
        writable, cause = watched.sequencer.writable()
        moment = watched.clock.moment()
        age_ms = self.sync_age_ms()
        outbox, outbox_age_ms = self._outbox_now(moment.now_ms)
        profiles, cursor, layout = self._profiles_now()
        with self._lock:
            self._count()
            latencies = sorted(self._latencies)
            devices = tuple(sorted(self._devices.values(), key=lambda seen: seen.device))
            taps, reached = self._taps, self._reached
        free_bytes = _free_bytes(watched.folder)
        return HealthView(
            at_ms=moment.now_ms,
            writable=writable,
            cause=cause,
            online=reached and age_ms is not None and age_ms <= ONLINE_MS_MAX,
            sync_age_ms=age_ms,
            outbox=outbox,
            outbox_age_ms=outbox_age_ms,
            clock_trusted=moment.trusted,
            profiles=profiles,
            profile_cursor=cursor,
            layout=layout,
            disk_free_bytes=free_bytes,
            disk_low=free_bytes < watched.free_bytes_min,
            days_left=self._days_left(free_bytes),
            devices=devices,
            taps=taps,
            p50_ms=percentile(latencies, 50),
            p99_ms=percentile(latencies, 99),
            screens=watched.screens(),
            witnesses=watched.witnesses(),
            money=watched.money(),
            radio=watched.radio(),
            site=watched.site(),
            erasing=self._erasing,
        )

    def metrics(self) -> str:
        """Return the figures in Prometheus' text format; no label names a guest or a band."""
        return self._meters.text(self.view())

    def _count(self) -> None:
        views = [self._uncounted.popleft() for _ in range(len(self._uncounted))]
        self._taps += len(views)
        self._latencies.extend([view.took_ms for view in views])
        self._meters.tapped(views)

    def _outbox_now(self, now_ms: int) -> tuple[int, int]:
        """Return how many events central lacks and the oldest one's age; as last seen if the store fails."""
        journal = self._watched.journal
        try:
            waiting = sum(journal.pending(lane) for lane in Lane)
            since = [ms for lane in Lane if (ms := journal.oldest_pending_ms(lane)) is not None]
        except StoreError as error:
            LOG.debug("the outbox cannot be counted: %s", error)
            return self._outbox
        self._outbox = (waiting, max(0, now_ms - min(since)) if since else 0)
        return self._outbox

    def _profiles_now(self) -> tuple[int, int, int]:
        profiles = self._watched.profiles
        try:
            layout = profiles.layout()
            return self._count_profiles(), profiles.cursor().seq, layout.version if layout is not None else 0
        except StoreError as error:
            LOG.debug("the profiles cannot be counted: %s", error)
            return 0, 0, 0

    def _count_profiles(self) -> int:
        """Return how many bands there are, counted at most once a minute: among a million that is work.

        None at all is counted anew: a device that has just met central would say so for a minute.
        """
        now_ms = self._watched.clock.monotonic_ms()
        if self._counted is None or not self._counted[1] or now_ms - self._counted[0] >= COUNT_MS_MIN:
            self._counted = (now_ms, self._watched.profiles.count())
        return self._counted[1]

    def _days_left(self, free_bytes: int) -> float | None:
        """Return in how many days the disk is full at the rate since the start; None: no trend yet."""
        began_ms, began_bytes = self._disk_began
        elapsed_ms = self._watched.clock.monotonic_ms() - began_ms
        used_bytes = began_bytes - free_bytes
        if elapsed_ms < TREND_MS_MIN or used_bytes <= 0:
            return None
        return round(free_bytes / used_bytes * elapsed_ms / DAY_MS, 1)


class Meters:
    """The figures that Prometheus reads, in a registry of their own."""

    def __init__(self) -> None:
        """Declare every figure."""
        self.registry = CollectorRegistry()
        self.taps = Counter("polso_taps", "Decisions", ["point", "outcome", "reason"], registry=self.registry)
        self.times = Histogram(
            "polso_tap_seconds", "From tap to answer", buckets=BUCKETS, registry=self.registry
        )
        self.false_denials = Counter(
            "polso_false_denials", "Denials that a supervisor called wrong", registry=self.registry
        )
        self.violations = Counter(
            "polso_csp_violations", "Pages that broke their policy", ["directive"], registry=self.registry
        )
        self.writable = self._gauge("polso_writable", "1 if decisions can be recorded")
        self.outbox = self._gauge("polso_outbox_events", "Events that central does not hold yet")
        self.outbox_age = self._gauge("polso_outbox_age_seconds", "Age of the oldest of them")
        self.sync_age = self._gauge("polso_sync_age_seconds", "Since central answered last; -1: never")
        self.clock = self._gauge("polso_clock_trusted", "1 if the clock may be believed")
        self.profiles = self._gauge("polso_profiles", "Bands in the local copy")
        self.disk = self._gauge("polso_disk_free_bytes", "Free space beside the journal")
        self.screens = self._gauge("polso_screens", "Screens that are connected")
        self.witnesses = self._gauge("polso_witnesses", "Places that keep the journal's checkpoints")
        self.erasing = self._gauge("polso_erasing", "1 while what was erased still lies in a file's log")
        self.leases = Gauge("polso_leases", "Leases held here", ["state"], registry=self.registry)
        self.ready = self._gauge("polso_money_ready_minor", "What guests could spend here without central")
        self.at_stake = self._gauge("polso_money_at_stake_minor", "In doubt if this device falls silent")
        self.risk_taken = self._gauge("polso_risk_taken_minor", "Accepted on the operator's loss budget")
        self.risk_worst = self._gauge("polso_risk_worst_minor", "The most that an outage could make of it")
        self.heard = self._gauge("polso_sightings", "What radios heard of ours since the start")
        self.dropped = self._gauge("polso_sightings_dropped", "So much of it nobody had time for")
        self.devices = Gauge("polso_device_up", "1 if it works", ["device", "state"], registry=self.registry)

    def tapped(self, views: Sequence[StaffView]) -> None:
        """Count decisions and their times; a figure is looked up once for all that are alike."""
        alike = Tally([(view.point, view.outcome.value, view.reason.value) for view in views])
        for labels, times in alike.items():
            self.taps.labels(*labels).inc(times)
        for view in views:
            self.times.observe(view.took_ms / 1_000)

    def text(self, view: HealthView) -> str:
        """Return everything as text, the gauges as ``view`` says."""
        self.writable.set(view.writable)
        self.outbox.set(view.outbox)
        self.outbox_age.set(view.outbox_age_ms / 1_000)
        self.sync_age.set(-1 if view.sync_age_ms is None else view.sync_age_ms / 1_000)
        self.clock.set(view.clock_trusted)
        self.profiles.set(view.profiles)
        self.disk.set(view.disk_free_bytes)
        self.screens.set(view.screens)
        self.erasing.set(view.erasing)
        self.witnesses.set(view.witnesses)
        self.heard.set(view.radio.heard)
        self.dropped.set(view.radio.dropped)
        self._money(view.money or Exposure())
        self.devices.clear()
        down = {State.LOST.value, State.CLOSED.value}
        for seen in view.devices:
            self.devices.labels(seen.device, seen.state).set(seen.state not in down)
        return generate_latest(self.registry).decode()

    def _money(self, told: Exposure) -> None:
        self.leases.clear()
        for state, count in told.leases.items():
            self.leases.labels(state).set(count)
        self.ready.set(told.ready_minor)
        self.at_stake.set(told.at_stake_minor)
        self.risk_taken.set(told.risk_taken_minor)
        self.risk_worst.set(told.risk_taken_minor + told.risk_left_minor)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self.registry)


def percentile(ordered: list[float], percent: int) -> float | None:
    """Return the value that ``percent`` of the ordered ones do not exceed; None where there are none."""
    if not ordered:
        return None
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 3)


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
