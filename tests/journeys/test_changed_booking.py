"""Sofia changes her flight in the app while she is inside: the kiosk shows it, and the ride goes by it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import requests

from edge.clock import wall_ms
from edge.core.slots import Slot
from edge.errors import Refused
from edge.run.demo.nearby import PRODUCT
from edge.run.demo.park import SLOT_POINT, load
from edge.run.demo.tales.app import NAME, App
from edge.run.demo.tray import tray
from hardware.virtual.bands import Band
from hardware.virtual.field import Field
from kiosk.guard import SCREEN_COOKIE
from sync.central.enrolment import Invitation, invite
from sync.central.journey import diary
from sync.central.near import slots
from tests.journeys.desks import screened
from tests.journeys.devices import SITE, TAPS, Device, House
from tests.journeys.park import polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
GATE, KIOSK, RIDE = "gate-1", "kiosk-1", SLOT_POINT
MINUTE_MS = 60_000
TOLD_S_MAX, ANSWER_S_MAX = 20, 15


class Park(NamedTuple):
    """One device at a gate, a kiosk and a ride, each with a reader of its own; Sofia's band, and her app."""

    house: House
    readers: dict[str, Field]
    sofia: Band
    guest: str
    app: App

    @property
    def device(self) -> Device:
        return self.house.device

    def holds(self, point: str) -> str:
        """Hold her band to a point's reader; returns the reason that it was answered with."""
        before, reader = self.reasons(), self.readers[point]
        reader.place(self.sofia)
        until(lambda: self.reasons() - before, TOLD_S_MAX)
        reader.remove()
        until(self.device.idle, 5)
        (reason,) = self.reasons() - before
        return reason

    def reasons(self) -> Counter[str]:
        """How many taps ended with each reason, at whichever of the points."""
        lines = requests.get(f"{self.device.screens}/metrics", timeout=5).text.splitlines()
        found = [TAPS.match(line) for line in lines]
        told = Counter[str]()
        for one in found:
            if one is not None:
                told[one["reason"]] += int(float(one["count"]))
        return told

    def changes(self, start_ms: int) -> dict[str, object]:
        body = {"guest": self.guest, "point": RIDE, "start": self.app.moment(start_ms)}
        return self.app.asks("PUT", "/v1/reservations/b-1", body)


@pytest.fixture
def park(house: House) -> Iterator[Park]:
    device = house.device
    readers = {GATE: device.radio, KIOSK: Field(), RIDE: Field()}
    more = "".join(
        f'\n[[readers]]\nname = "{point}"\ndriver = "nfcpy"\npoint = "{point}"\n'
        f'settings = {{ path = "{readers[point].path}" }}\n'
        for point in (KIOSK, RIDE)
    )
    device.config.write_text(device.config.read_text() + more)
    app = App(SITE, house.master, central=lambda: house.central.url, now_ms=wall_ms)
    with house.central.store.transaction() as tx:
        code = invite(tx, Invitation(site=SITE, name="all", points=tuple(readers)))
        app.let_in(tx)
    done = polso("enrol", house.central.url, "--code", code, "--config", str(device.config))
    assert done.returncode == 0, done.stderr
    house.publish()
    device.start()
    until(lambda: device.figure("polso_profiles") > 0, TOLD_S_MAX)
    guest = next(one.pseudonym for one in load().guests if one.id == "sofia")
    yield Park(house, readers, tray(load(), house.master, written=set())["sofia"], guest, app)
    for point in (KIOSK, RIDE):
        readers[point].close()


class Screen:
    """The kiosk's screen, as far as its page hears what stands on it."""

    def __init__(self, park: Park) -> None:
        self.park, self.page = park, 0
        self.browser, cookie = requests.Session(), screened(park.device, "kiosk", KIOSK)
        self.browser.cookies.set(cookie["name"], cookie["value"])
        self.id = cookie["name"].removeprefix(SCREEN_COOKIE)

    def times(self) -> list[int]:
        """When her booked things begin, as the kiosk says at her next tap."""
        self.page += 1
        seat = f"screen={self.id}&topics=kiosk-{KIOSK}&page={self.page}"
        address = f"{self.park.device.screens}/events?{seat}"
        with self.browser.get(address, stream=True, timeout=ANSWER_S_MAX) as stream:
            assert stream.status_code == 200, stream.text
            lines, kind = stream.iter_lines(decode_unicode=True), ""
            assert next(lines) is not None, "the stream has begun"
            assert self.park.holds(KIOSK) == "identified"
            for line in lines:
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind == "plan":
                    items = json.loads(line.removeprefix("data: "))["body"]["items"]
                    return [
                        one["start_ms"] for one in items if "start_ms" in one and one.get("point") == RIDE
                    ]
        raise AssertionError("a tap without a plan")


def shown(screen: Screen, wanted: int) -> Callable[[], bool]:
    return lambda: screen.times() == [wanted]


def test_after_a_change_in_the_app_the_kiosk_shows_it_and_the_ride_admits_at_the_new_time_alone(
    park: Park,
) -> None:
    now_ms = wall_ms() // MINUTE_MS * MINUTE_MS
    soon, other, later = now_ms + 4 * MINUTE_MS, now_ms + 3 * MINUTE_MS, now_ms + 120 * MINUTE_MS
    times = [Slot(point=RIDE, product=PRODUCT, start_ms=one, end_ms=one + 30 * MINUTE_MS, outside={NAME: 1})
             for one in (soon, other, later)]  # fmt: skip
    with park.house.central.store.transaction() as tx:
        slots.put(tx, SITE, times)
    body = {"id": "b-1", "guest": park.guest, "point": RIDE, "start": park.app.moment(soon)}
    right = park.app.asks("POST", "/v1/reservations", body)["id"]
    assert park.holds(GATE) == "entered"
    screen = Screen(park)
    until(shown(screen, soon), TOLD_S_MAX)

    assert not park.changes(later)["again"]
    until(shown(screen, later), TOLD_S_MAX)
    assert park.holds(RIDE) == "too_early", "five minutes before the old time it would have let her in"

    assert park.changes(other)["start_ms"] == other
    until(shown(screen, other), TOLD_S_MAX)
    assert park.holds(RIDE) == "entered"
    until(lambda: used(park, right), TOLD_S_MAX)
    assert "used" in refused(park, later)


def used(park: Park, right: str) -> bool:
    with park.house.central.store.reading() as tx:
        return diary.entered_by(tx, SITE, f"g:{park.guest}", right=right)


def refused(park: Park, start_ms: int) -> str:
    with pytest.raises(Refused) as told:
        park.changes(start_ms)
    return str(told.value)
