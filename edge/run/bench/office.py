"""An office for measurements: a small park at a central of its own, and somebody at its console."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from http.client import HTTPConnection, HTTPMessage
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from edge.clock import wall_ms
from edge.core.bands import Band, Trust
from edge.core.entitlements import Entitlement, Product
from edge.core.places import Point, PointKind, Zone
from edge.run.bench import town
from edge.run.bench.figures import BenchError
from sync.central.console import guard, operators
from sync.central.enrolment import Invitation, invite
from sync.central.registry import bands, consents, guests, layout, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.sites import band_key, create_site
from sync.central.store import Connection, Store

WAIT_S_MAX = 30
SITE, GUEST, KIOSK = "care", "g-bench", "kiosk-1"
ALLOWED = ("offers", "offers:behaviour")
HOME = f"/console/sites/{SITE}"


class Desk:
    """Somebody signed in at central's console."""

    def __init__(self, url: str, who: str, word: str) -> None:
        """Sign in as anybody does."""
        self._url, self._session = url, ""
        cookie = self._post("/console/sign-in", name=who, password=word).get("Set-Cookie", "")
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
    """What a measurement begins with: codes for its devices, and a word for everybody at its console."""

    codes: tuple[str, ...]
    word: str
    band: str
    worn: list[bytes]
    """Bands of the crowd."""


def settled(database: str, *, devices: int, people: dict[str, operators.Role], crowd: int = 0) -> Park:
    """Open a park with a gate, a kiosk, one guest and these people; central itself begins afterwards.

    ``crowd``: so many further guests, who allow what they do to be used.
    """
    store, word = Store(database, now_ms=wall_ms), secrets.token_urlsafe(24)
    with store.transaction() as tx:
        create_site(tx, SITE)
        _furnish(tx)
        worn = [_let_in(tx, number) for number in range(crowd + 1)]
        for name in names(crowd):
            for topic in ALLOWED:
                consents.set_here(tx, SITE, name, purpose=topic, given=True)
        profiles.publish_guests(tx, SITE, [GUEST, *names(crowd)])
        for name, role in people.items():
            operators.let_in(tx, name, word, role=role)
        invitation = Invitation(site=SITE, points=(town.GATE, KIOSK))
        codes = tuple(invite(tx, invitation) for _ in range(devices))
    store.close()
    return Park(codes, word, worn[0].hex(), worn[1:])


def names(crowd: int) -> list[str]:
    """Return who the crowd is, beside the one guest."""
    return [f"{GUEST}-{number}" for number in range(1, crowd + 1)]


def _let_in(tx: Connection, number: int) -> bytes:
    """Enter the guest who wears the town's n-th band, with a day ticket; return the band."""
    name = GUEST if not number else f"{GUEST}-{number}"
    guests.put_guests(tx, SITE, [Guest(id=name)])
    band = Band(id=bands.band_id(band_key(tx, SITE), town.uid(number)), trust_min=Trust.UID)
    bands.add_bands(tx, SITE, [BandCard(band=band, guest=name)])
    rights.add_rights(tx, SITE, [(name, Entitlement(id=f"t{number}", product="day"))])
    return band.id


def _furnish(tx: Connection) -> None:
    known = town.layout()
    layout.put_settings(tx, SITE, msgspec.structs.replace(known, site=SITE, currency="EUR"))
    kiosk = Point(id=KIOSK, kind=PointKind.KIOSK, zone="park")
    things: list[Zone | Point | Product] = [*known.zones, *known.points, kiosk, *known.products]
    for thing in things:
        layout.put_thing(tx, SITE, thing)
    layout.publish_layout(tx, SITE)
