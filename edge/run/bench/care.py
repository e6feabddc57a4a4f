"""Care: how soon what is done at the console holds at a gate, and what a gate saw is in a diary."""

from __future__ import annotations

import secrets
import tempfile
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPMessage
from http.cookies import SimpleCookie
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from edge.clock import Clock, wall_ms
from edge.core.bands import Band, Trust
from edge.core.entitlements import Entitlement
from edge.feed import Feed
from edge.health import Health, Watched
from edge.keys.ring import new_ring
from edge.run.bench import town
from edge.run.bench.figures import BenchError, percentile
from edge.run.bench.gatehouse import PRIVATE_KEY, PUBLIC_KEY, tap_of
from edge.run.bench.sync import central_at
from edge.sequencer import Sequencer
from edge.service import Rooms, Service
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.state import Store as Books
from edge.vault import Vault
from sync.central.console import guard, operators
from sync.central.enrolment import Invitation, invite
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import What
from sync.central.registry import bands, guests, layout, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.sites import band_key, create_site
from sync.central.store import Store, select
from sync.client import Cable, Client, Place, Ports, Sender, enrol
from sync.signing import Keys
from sync.wire import EnrolAnswer

TURNS = 20
"""Times that a band is blocked and let go; each is one passage, too."""
WAIT_S_MAX = 30
LOOK_S = 0.01
SITE, WHO, GUEST = "care", "bench", "g-bench"
HOME = f"/console/sites/{SITE}"


class Gate:
    """One gate of real parts, which follows central."""

    def __init__(self, folder: Path, url: str, welcome: EnrolAnswer) -> None:
        """Open and begin to follow."""
        folder.mkdir()
        vault, clock, site, device = (
            Vault(welcome.band_key, new_ring()),
            Clock(),
            welcome.site,
            welcome.device,
        )
        self._sequencer = Sequencer(Books(folder), clock, site=site, device=device, public_key=PUBLIC_KEY)
        self._sequencer.start()
        self._journal, self._profiles, self._taps = Journal(folder), Profiles(folder, vault), 0
        watched = Watched(
            sequencer=self._sequencer,
            profiles=self._profiles,
            journal=self._journal,
            clock=clock,
            folder=folder,
        )
        self._service = Service(
            Rooms(
                sequencer=self._sequencer,
                profiles=self._profiles,
                journal=self._journal,
                vault=vault,
                clock=clock,
                feed=Feed(),
                health=Health(watched),
                device=device,
                readers={town.GATE: town.GATE},
            )
        )
        self._service.start()
        self._follow(url, welcome, clock)

    def _follow(self, url: str, welcome: EnrolAnswer, clock: Clock) -> None:
        ports = Ports(
            journal=self._journal,
            books=self._sequencer,
            profiles=self._profiles,
            clock=clock,
            describe=lambda report: report,
        )
        keys = Keys(key_id=welcome.key_id, private_key=PRIVATE_KEY, central=welcome.central_key)
        sender = Sender(site=welcome.site, device=welcome.device, incarnation=welcome.incarnation)
        self._client = Client(sender, Place(url=url, keys=keys), ports, cable=Cable())
        self._sequencer.after_commit(self._client.committed)
        self._client.start()

    def says(self) -> str:
        """Let the band be read once; return the reason."""
        self._taps += 1
        return str(self._service.present(tap_of(self._taps, 0)).reason)

    def knows(self, reason: str, *, is_said: bool = True) -> float:
        """Let the band be read until the gate says this of it, or no more; return when that was."""
        end = time.monotonic() + WAIT_S_MAX
        while ((said := self.says()) == reason) is not is_said:
            if time.monotonic() > end:
                raise BenchError(f"The gate never heard of it: {said}.")
            time.sleep(LOOK_S)
        return time.monotonic()

    def close(self) -> None:
        """Close everything."""
        self._client.stop()
        self._service.stop()
        self._profiles.close()
        self._journal.close()
        self._sequencer.stop()


class Desk:
    """Somebody of care, signed in at central's console."""

    def __init__(self, url: str, word: str) -> None:
        """Sign in as anybody does."""
        self._url, self._session = url, ""
        cookie = self._post("/console/sign-in", name=WHO, password=word).get("Set-Cookie", "")
        self._session = SimpleCookie(cookie)[guard.SESSION_COOKIE].value

    def post(self, path: str, **form: str) -> str:
        """Send a form of the site; return where it leads."""
        return str(self._post(f"{HOME}{path}", **form)["Location"])

    def says(self, path: str) -> str:
        """Return a page of the site."""
        return self._asked("GET", f"{HOME}{path}", "")[1]

    def _post(self, path: str, **form: str) -> HTTPMessage:
        body = urlencode({"token": guard.form_token(self._session), **form})
        return self._asked("POST", path, body)[0]

    def _asked(self, method: str, path: str, body: str) -> tuple[HTTPMessage, str]:
        line = HTTPConnection(urlsplit(self._url).netloc, timeout=WAIT_S_MAX)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"{guard.SESSION_COOKIE}={self._session}",
            "Origin": self._url,
        }
        line.request(method, path, body, headers)
        reply = line.getresponse()
        said = reply.read().decode()
        line.close()
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise BenchError(f"The console refused {path}: {reply.status}.")
        return reply.headers, said


class Park(NamedTuple):
    """What a measurement begins with."""

    code: str
    word: str
    band: str


def measure() -> dict[str, float | int]:
    """Return how soon a block or its end holds at the gate, and a passage is in the diary, in seconds."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        database = str(folder / "central.db")
        park = _settled(database)
        with central_at(database) as central:
            welcome = enrol(central.url, park.code, private_key=PRIVATE_KEY, name="bench")
            gate = Gate(folder / "edge", central.url, welcome)
            try:
                to_gate = _timed(gate, Desk(central.url, park.word), park.band)
            finally:
                gate.close()
        return {
            "care_acts": len(to_gate),
            "care_to_gate_p99_s": round(percentile(to_gate, 0.99), 3),
            "event_to_diary_p99_s": round(percentile(_to_diary(database), 0.99), 3),
        }


def _settled(database: str) -> Park:
    """Open a park with one gate, one guest and somebody of care; central itself begins afterwards."""
    store, known = Store(database, now_ms=wall_ms), town.layout()
    word = secrets.token_urlsafe(24)
    with store.transaction() as tx:
        create_site(tx, SITE)
        layout.put_settings(tx, SITE, msgspec.structs.replace(known, site=SITE))
        for zone in known.zones:
            layout.put_thing(tx, SITE, zone)
        layout.put_thing(tx, SITE, known.points[0])
        layout.put_thing(tx, SITE, known.products[0])
        layout.publish_layout(tx, SITE)
        guests.put_guests(tx, SITE, [Guest(id=GUEST)])
        band = Band(id=bands.band_id(band_key(tx, SITE), town.uid(0)), trust_min=Trust.UID)
        bands.add_bands(tx, SITE, [BandCard(band=band, guest=GUEST)])
        rights.add_rights(tx, SITE, [(GUEST, Entitlement(id="t0", product="day"))])
        profiles.publish_guests(tx, SITE, [GUEST])
        operators.let_in(tx, WHO, word, role=operators.Role.CARE)
        code = invite(tx, Invitation(site=SITE, points=(town.GATE,)))
    store.close()
    return Park(code, word, band.id.hex())


def _timed(gate: Gate, desk: Desk, band: str) -> list[float]:
    """Block a band and let it go, again and again; return how long each took to hold at the gate."""
    gate.knows("entered")
    case = desk.post("/care/new", subject="band", via="phone", guest=GUEST, op="bench")
    number = case.rpartition("/")[2].partition("?")[0]
    to_gate = []
    for turn in range(TURNS):
        lost, began = turn % 2 == 0, time.monotonic()
        desk.post(f"/bands/{band}/state?case={number}", act="lost" if lost else "found")
        to_gate.append(gate.knows("band_lost", is_said=lost) - began)
    end = time.monotonic() + WAIT_S_MAX
    while "Came in" not in desk.says(f"/guests/{GUEST}/diary?purpose=check"):
        if time.monotonic() > end:
            raise BenchError("Nobody's passage came into a diary.")
        time.sleep(LOOK_S)
    return to_gate


def _to_diary(database: str) -> list[float]:
    """Return how long each passage took to the guest's diary."""
    store, own = Store(database, now_ms=wall_ms), diary_table.c
    with store.reading() as tx:
        rows = tx.execute(select(own.told_ms, own.hlc).where(own.what == What.ENTERED.value)).all()
    store.close()
    return [(row.told_ms - (row.hlc >> 16)) / 1_000 for row in rows]
