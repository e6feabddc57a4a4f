"""Opening the demo park: central, one edge, six fields, and the keeper, in one process on loopback."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from edge import logs
from edge.config import Config, parse
from edge.errors import PolsoError
from edge.keys.choice import own_file
from edge.keys.keyfile import KeyFile
from edge.keys.memory import MemoryKey
from edge.keys.source import Source
from edge.run.app import Edge, Own
from edge.run.demo.air import Air
from edge.run.demo.cards import Cards
from edge.run.demo.desk import Desk
from edge.run.demo.disk import DemoDisk
from edge.run.demo.hands import Ground
from edge.run.demo.history.behind import Behind
from edge.run.demo.history.campaigns import open_campaigns
from edge.run.demo.history.load import site_of, yesterday
from edge.run.demo.keeper import Keeper, Parts
from edge.run.demo.nearby import open_nearby
from edge.run.demo.offers import open_offers
from edge.run.demo.onair import radio_key
from edge.run.demo.papers import Papers
from edge.run.demo.park import Park, load
from edge.run.demo.seed import seed, written
from edge.run.demo.tales.app import App
from edge.run.demo.tray import tray
from edge.run.enrol import enrol_in
from edge.run.identity import IDENTITY_FILE, Identity, pinned
from edge.run.identity import load as load_identity
from edge.run.network import names_for, seen_from_outside
from edge.run.platform import Central, opened, settings
from edge.run.unlocking import unlock
from edge.run.waiting import until, until_stopped
from edge.vault import Vault
from hardware.virtual.chip import PtyChip
from hardware.virtual.field import Field
from sync.central.console import operators
from sync.central.enrolment import Invitation, invite
from sync.central.machines.devices import devices
from sync.central.registry.layout import publish_layout
from sync.central.settings import Settings
from sync.central.store import Store
from sync.client import Unpinned

READERS: dict[str, Callable[[], Ground]] = {
    "gate-1": Field,
    "door-214": PtyChip,
    "volo-1": PtyChip,
    "kiosk-1": Field,
    "bar-1": Field,
    "bottega-1": Field,
}
"""The park's readers, named after their points: four behind nfcpy's udp driver, two behind its pn532."""
READY_S_MAX = 20.0


class NotReady(PolsoError):
    """The park did not open in time."""

    hint = "Look at the log above; a slow machine may need a second try."
    retryable = True


class Orphaned(PolsoError):
    """This folder's edge does not belong to this folder's central."""

    hint = "Remove the folder, or name another with --data."


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What whoever opens the park may choose."""

    headless: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    data_dir: Path | None = None
    key: Path | None = None
    """File of the edge's key; else one in the account's own state folder, or none for a park that forgets."""
    guests: int = 0
    """Earlier guests whose past comes in while the park is open."""
    crowd: int = 0
    """Virtual guests a minute who come from the start."""


class DemoPark:
    """The whole park: ``start`` returns when a band can be tapped."""

    def __init__(self, choices: Choices, folder: Path) -> None:
        """Build everything in ``folder``; a park that was there before goes on."""
        self.choices, self.key, self.host = choices, _key(choices, folder), choices.host
        self.park = load()
        self.fields = {reader: ground() for reader, ground in READERS.items()}
        self.desk_field = Field()
        (folder / "central").mkdir(parents=True, exist_ok=True)
        store = opened(str(folder / "central" / "central.db"), self.key)
        master = seed(store, self.park)
        before = written(store, self.park)
        self._let_in(store)
        if (folder / "edge" / IDENTITY_FILE).exists():
            self.key.ring()  # raises where the key of a park that was there before is not: none is made anew
        cards = Cards(self.park, store, folder / "central", key=self.key, host=choices.host)
        known = cards.settings(settings(names=names_for(choices.host)))
        self.central = Central(store, known, host=choices.host, port=0)
        self.central.start()
        cards.start(self.central.url, known)
        self.cards = cards
        own, disk = self._own(folder / "edge"), DemoDisk()
        self.air = Air(_on_air(self.park, master), lambda: own.clock.central_ms() // 1_000)
        self.air.start()
        self.behind = self._behind(store, known)
        papers = Papers(lambda: self.keeper.printed())
        parts = Parts(
            papers=papers,
            cards=cards,
            fields=self.fields,
            bands=tray(self.park, master, before),
            desk=Desk(self.park, self.desk_field, self.central, written=before),
            disk=disk,
            air=self.air,
            behind=self.behind,
            store=store,
            app=self._app(store, master),
            edge=lambda: seen_from_outside(self.edge.url, choices.host),
            central=lambda: seen_from_outside(self.central.url, choices.host),
        )
        config = _config(choices, folder / "edge", self.fields, radios=self.air.configuration)
        self.edge = Edge(config, replace(own, store=disk.store, printers=papers.printers()))
        self.keeper = Keeper(self.edge, self.park, parts)
        self.edge.demo, self.edge.listener = self.keeper, self.keeper.heard

    def start(self) -> None:
        """Open the gates, and wait until the edge knows the park and its readers look for bands."""
        self.edge.start()
        self.keeper.start()
        profiles = self.edge.profiles
        if not until(lambda: profiles.layout() is not None and profiles.count() > 0, READY_S_MAX):
            raise NotReady

    def stop(self) -> None:
        """Close everything, within two seconds."""
        self.keeper.stop()
        self.edge.stop()
        self.central.stop()
        self.cards.stop()
        self.air.stop()
        for field in (*self.fields.values(), self.desk_field):
            field.close()

    def _app(self, store: Store, master: bytes) -> App:
        app = App(self.park.site.id, master, central=lambda: self.central.url, now_ms=store.now_ms)
        with store.transaction() as tx:
            app.let_in(tx)
        return app

    def _behind(self, store: Store, known: Settings) -> Behind:
        site = site_of(store, self.park, diversify=known.diversify)
        return Behind(site, seed=self.park.crowd.seed, guests=self.choices.guests)

    def _let_in(self, store: Store) -> None:
        """Let the demo's operator into central's console, once: hashing a password is slow on purpose."""
        who = self.park.console
        with store.transaction() as tx:
            if who.name not in {one.name for one in operators.operators(tx)}:
                operators.let_in(tx, who.name, who.word)

    def _own(self, folder: Path) -> Own:
        """Enrol the edge at central as any device is, or take up the name it has."""
        if not (folder / IDENTITY_FILE).exists():
            with self.central.store.transaction() as tx:
                code = invite(
                    tx, Invitation(site=self.park.site.id, name="Porta Nord", points=tuple(READERS))
                )
            enrol_in(folder, self.central.url, code, source=self.key)
        vault = unlock(folder, self.key)
        who = taken_up(folder, vault, self.central.url)
        with self.central.store.transaction() as tx:
            if who.device not in {one.id for one in devices(tx, who.site)}:
                raise Orphaned(f"{folder} belongs to a park whose central is gone.")
            publish_layout(tx, who.site, [who.device])
            open_nearby(tx, self.park, device=who.device, now_ms=self.central.store.now_ms())
            open_offers(tx, self.park)
        if self.choices.guests:
            # Before anybody sees an offer: a new bundle would change what lies before them.
            with self.central.store.transaction() as tx:
                zone = ZoneInfo(self.park.site.timezone)
                open_campaigns(tx, who.site, yesterday(zone, self.central.store.now_ms()), zone=zone)
        pages = seen_from_outside(self.central.url, self.host)
        return Own(vault=vault, identity=who, pages=pages)


def taken_up(folder: Path, vault: Vault, central: str) -> Identity:
    """Return the name of the edge of a park that was there before, whose central is dialled anew."""
    who = msgspec.structs.replace(load_identity(folder, vault), central=central)
    try:
        return pinned(who)
    except Unpinned as error:
        raise Unpinned(f"{folder} was made before central signed its answers.", hint=Orphaned.hint) from error


def serve(choices: Choices) -> None:
    """Open the park, say where it is, and keep it open until it is told to close."""
    logs.begin(parse('log = { level = "warning" }', "the demo").log)
    with ExitStack() as rooms:
        made = choices.data_dir or Path(
            rooms.enter_context(tempfile.TemporaryDirectory(prefix="polso-demo-"))
        )
        park = DemoPark(choices, made)
        until_stopped(park.stop, started=lambda: _open(park, choices))


def _open(park: DemoPark, choices: Choices) -> None:
    park.start()
    park.keeper.crowd(choices.crowd)
    shown = {one.kind: one.url for one in reversed(park.keeper.state().addresses)}
    if choices.headless:
        said = {"ready": True, "edge": park.edge.url, "central": park.central.url}
        said["provider"] = park.cards.url
        said |= {kind: shown[kind] for kind in ("till", "till_guest")}
        click.echo(msgspec.json.encode(said).decode())
        return
    who = park.park.console
    base = shown["ops"].removesuffix("/ops")
    rows = (
        ("the park", f"{base}/demo"),
        ("the gate", shown["gate"]),
        ("the kiosk", shown["kiosk"]),
        ("the till", f"{shown['till']}   Carla sells here; her PIN stands on the park's page"),
        ("its guest", shown["till_guest"]),
        ("staff", f"{shown['staff']}   names and PINs stand on the park's page"),
        ("operators", shown["ops"]),
        ("central", f"{shown['central']}/console   {who.name}, {who.word}"),
        ("provider", f"{park.cards.url}/book   what was charged to stored cards; no real money"),
    )
    click.echo("Parco Aurora is open. Begin with the park.\n")
    for name, address in rows:
        click.echo(f"  {name:<11}{address}")
    if park.air.state() is None:
        click.echo("\nNo radio hears bands here: install dbus-daemon and start again to carry them about.")
    if choices.crowd:
        click.echo(f"\nA crowd of {choices.crowd} a minute comes; the park's page makes it larger, or none.")
    click.echo("\nCtrl-C closes it.")
    if park.behind.state is not None:
        threading.Thread(target=_draw_past, args=[park.behind], name="demo-bar", daemon=True).start()


def _draw_past(behind: Behind) -> None:
    """Draw at the terminal how far the past is, while the park is open."""
    click.echo()
    with click.progressbar(length=behind.guests, label="Earlier guests come in", width=30) as bar:
        behind.steps(lambda past: bar.update(past.guests - bar.pos))


def _key(choices: Choices, folder: Path) -> Source:
    """A park that is kept needs a key that outlives it, elsewhere than in its folder."""
    if choices.data_dir is None and choices.key is None:
        return MemoryKey()
    return KeyFile(choices.key or own_file(folder), folder)


def _on_air(park: Park, master: bytes) -> dict[str, bytes]:
    """Return each band's key on air by its name; who copied a chip did not get at the radio's key."""
    own = {one.id: radio_key(master, one.uid) for one in (*park.guests, *park.visitors)}
    return own | {one.id: radio_key(master, one.id.encode()) for one in park.strangers}


def _config(choices: Choices, folder: Path, fields: Mapping[str, Ground], *, radios: Sequence[str]) -> Config:
    """Write the edge's configuration as an operator would, and read it as any edge does."""
    hosts = ", ".join(map(_quoted, ("localhost", "127.0.0.1", "[::1]", *names_for(choices.host))))
    lines = [
        f"store = {{ folder = {_quoted(folder)} }}",
        f"screens = {{ host = {_quoted(choices.host)}, port = {choices.port}, hosts = [{hosts}] }}",
    ]
    for reader, field in fields.items():
        lines += [
            f'[[readers]]\nname = "{reader}"\ndriver = "nfcpy"\npoint = "{reader}"',
            f'settings = {{ path = "{field.path}" }}',
        ]
        for kind in ("gates", "lights"):
            lines.append(f'[[{kind}]]\nname = "{kind}-{reader}"\ndriver = "virtual"\npoint = "{reader}"')
    return parse("\n".join([*lines, *radios]), "the demo")


def _quoted(text: object) -> str:
    return msgspec.json.encode(str(text)).decode()
