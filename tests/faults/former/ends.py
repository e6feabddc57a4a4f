"""Either end of the wire in a process of its own, by whichever release lies first on its path."""

from __future__ import annotations

import json
import socket
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import waitress.server
import waitress.wasyncore

from edge.clock import wall_ms
from edge.core.events import Acted, Kind
from edge.keys.ring import Ring
from edge.run.bench import town
from edge.run.bench.gatehouse import PRIVATE_KEY, Gatehouse, tap_of
from edge.vault import Vault
from sync.client import Cable, Client, Place, Ports, Sender, enrol
from sync.signing import Keys
from sync.wire import WIRE_VERSION, Batch, EnrolAnswer

PLACES = ("sync.central", "sync.central.machines")
"""Where releases keep central's rooms: one that has moved is looked for in each."""


def room(name: str) -> Any:
    """Return one of central's rooms, wherever this release keeps it."""
    for place in filter(find_spec, PLACES):
        if find_spec(f"{place}.{name}"):
            return import_module(f"{place}.{name}")
    raise ModuleNotFoundError(f"{name}: name its place of this release in PLACES")


api, devices, feed, intake, lanes = map(room, ("api", "devices", "feed", "intake", "lanes"))
quarantine, sites, invitations = map(room, ("quarantine", "sites", "enrolment"))
create_app, Settings, Store = room("app").create_app, room("settings").Settings, room("store").Store
SITE, GUESTS = "bench", 20
"""The town's own site: a layout of another one is not taken."""
Said = object


class Device:
    """A gate with a town of guests; a code enrols it, without one its folder is opened again."""

    def __init__(self, folder: str, url: str, code: str = "") -> None:
        place = Path(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        welcome = place.with_suffix(".welcome")
        if code:
            welcome.write_bytes(msgspec.json.encode(enrol(url, code, private_key=PRIVATE_KEY, name="gate")))
        own = msgspec.json.decode(welcome.read_bytes(), type=EnrolAnswer)
        self.house = Gatehouse(place, GUESTS, settled=not code, site=own.site, device=own.device)
        keys = Keys(key_id=own.key_id, private_key=PRIVATE_KEY, central=own.central_key, audience="")
        who = Sender(site=own.site, device=own.device, incarnation=own.incarnation)
        there = Place(url=url, keys=keys, linger_s=0.05, report_s=0.5)
        self.client = Client(who, there, self._ports(), cable=Cable())
        self.house.sequencer.after_commit(self.client.committed)

    def _ports(self) -> Ports:
        return Ports(
            journal=self.house.journal,
            books=self.house.sequencer,
            profiles=self.house.profiles,
            clock=self.house.clock,
            describe=lambda bare: msgspec.structs.replace(bare, boot="b1", version="test"),
            changed=lambda: None,
            checkpoint=lambda: None,
        )

    def tap(self, count: int) -> Said:
        """Let guests in."""
        return [self.house.tap().outcome for _ in range(count)]

    def refuse(self, count: int) -> Said:
        """Send bands that nobody knows to staff."""
        head = self.house.journal.head(0).seq
        taps = (tap_of(number, GUESTS + number) for number in range(head + 1, head + 1 + count))
        return [self.house.service.present(tap).outcome for tap in taps]

    def newest(self, count: int) -> Said:
        """Journal what only this release can name, with the body that central reads of it."""
        bodies = import_module("edge.core.payment.bodies")
        body: Any = Acted(point=town.GATE, note="new")
        if max(Kind).name == "MANDATE_STOPPED":
            body = bodies.MandateStopped(guest="nobody", wallet="none", point=town.GATE)
        if max(Kind).name == "COUPON_ANSWERED":
            said = import_module("edge.core.offers.anew")
            body = said.CouponAnswer(ask="a", exposure="e", became=said.Became.OVER, case="c", to="nowhere")
        for _ in range(count):
            self.house.sequencer.submit(lambda tx: tx.append(max(Kind), body))
        return int(max(Kind))

    def sync(self, _: int) -> Said:
        """Begin to."""
        self.client.start()
        return True

    def state(self, _: int) -> Said:
        """Try now, and say how it is."""
        self.client.kick()
        health, house = self.client.health(), self.house
        return {
            "alarm": health.alarm,
            "frozen": health.frozen,
            "left": sum(house.journal.pending(lane) for lane in (0, 1)),
            "cursor": house.profiles.cursor().seq,
            "guests": house.profiles.count(),
            "kinds": [int(event.kind) for event in house.journal.events(0)],
        }

    def end(self, _: int) -> Said:
        """Stop as a clean shutdown does."""
        self.client.stop()
        self.house.close()
        return True


class Central:
    """Central on a free port of the loopback."""

    def __init__(self, path: str) -> None:
        self.store = Store(path, now_ms=wall_ms)
        with self.store.transaction() as tx:
            if not sites.has_site(tx, SITE):
                sites.create_site(tx, SITE)
        bound = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        app = create_app(self.store, Settings(public_url=self.address))
        self.server = waitress.server.create_server(app, sockets=[bound], threads=4)
        threading.Thread(target=self.server.run, name="central-serve", daemon=True).start()

    def url(self, _: int) -> Said:
        """Say where."""
        return self.address

    def code(self, _: int) -> Said:
        """Invite a device."""
        with self.store.transaction() as tx:
            invitation = invitations.Invitation(site=SITE, points=(town.GATE,))
            return str(invitations.invite(tx, invitation))

    def publish(self, guests: int) -> Said:
        """Tell of a layout, of guests, and of one thing of a kind that nobody knows."""
        with self.store.transaction() as tx:
            vault = Vault(sites.band_key(tx, SITE), Ring({1: bytes(64)}))
            changes = [
                feed.Change(one.kind, one.key, one.body) for one in town.items(vault, guests, wall_ms())
            ]
            return feed.publish(
                tx, SITE, [*changes, feed.Change("from-the-future", "a", b"\x93 another shape")]
            )

    def held(self, _: int) -> Said:
        """Say what came of each device, by its name."""
        with self.store.reading() as tx:
            known: dict[str, Any] = {
                one.id: {"alarm": one.alarm, "rows": []} for one in devices.devices(tx, SITE)
            }
            for arrived in lanes.recent(tx, SITE):
                event = arrived.event
                row = [event.seq, int(event.kind), event.schema, event.body.hex()]
                known[arrived.device]["rows"].append(row)
            return known | {"aside": len(quarantine.kept(tx, SITE))}

    def kinds(self, _: int) -> Said:
        """Say how far this release counts kinds."""
        return int(max(Kind))

    def floor(self, version: int) -> Said:
        """Understand no wire that is older."""
        intake.WIRE_FLOOR, intake.WIRE_VERSION = version, max(version, WIRE_VERSION)
        return version

    def demand(self, _: int) -> Said:
        """Be a central that broke with its devices: it asks for what no former one ever said."""
        broken = msgspec.defstruct("Batch", [("unheard_of", int)], bases=(Batch,), kw_only=True)
        api.Batch = broken
        return True

    def end(self, _: int) -> Said:
        """Stop."""
        self.store.wakes.close()
        self.server.task_dispatcher.shutdown()
        self.store.close()
        return True


def main(which: str, *said: str) -> None:
    """Do what each line of the input asks, and answer with one line; the last word is `end`."""
    end = {"device": Device, "central": Central}[which](*said)
    for line in sys.stdin:
        what, _, number = line.strip().partition(" ")
        sys.stdout.write(json.dumps(getattr(end, what)(int(number))) + "\n")
        sys.stdout.flush()
        if what == "end":
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
