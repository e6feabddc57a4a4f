"""A park of one edge and central, in which staff write of a guest whatever they can."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.core.bands import Band
from edge.core.entitlements import Entitlement
from edge.core.events import Kind, Lane
from edge.core.profiles import Cursor, Item
from sync.central import intake, seals
from sync.central.console import happenings
from sync.central.console.happenings import Wanted
from sync.central.feed import item_table
from sync.central.machines.devices import Device
from sync.central.privacy import erasure
from sync.central.registry import bands, guests, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.client import Sender
from sync.client.pushing import next_batch
from sync.wire import Ack
from tests.service.house import House, band_of
from tests.sync.builders import Clockwork, a_device

CANARY = "Canarina-7f3e was here with her aunt"
SITE, GUEST = "site-1", "guest-1"
STOCK = bytes.fromhex("04778899AABBCC")
WRITES = (Kind.BAND_STATE, Kind.LOCATION_SET, Kind.UNDONE, Kind.APPROVAL_ASKED, Kind.APPROVAL_GIVEN)


class Park:
    """One edge and central, joined by hand: what one says the other hears when the test says so."""

    def __init__(self, folder: Path, edge: House) -> None:
        self.folder, self.edge, self.clock = folder, edge, Clockwork()
        (folder / "central").mkdir()
        self.store = Store(str(folder / "central" / "central.db"), now_ms=self.clock)
        device, _ = a_device(self.store, SITE)
        self.device: Device = msgspec.structs.replace(device, id="edge-1", public_key=b"p" * 32)
        self.band, self.sent = band_of(edge), dict.fromkeys(Lane, 0)
        with self.store.transaction() as tx:
            guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia")])
            cards = [
                BandCard(band=Band(id=self.band), guest=GUEST),
                BandCard(band=Band(id=band_of(edge, STOCK))),
            ]
            bands.add_bands(tx, SITE, cards)
            rights.add_rights(tx, SITE, [(GUEST, Entitlement(id="right-1", product="day"))])
            profiles.publish_bands(tx, SITE, [bands.band(tx, SITE, card.band.id) for card in cards])
            seals.publish_site_key(tx, SITE)

    def told(self) -> None:
        """Have the edge hear all that central's feed says."""
        own = item_table.c
        with self.store.reading() as tx:
            rows = tx.execute(select(own.kind, own.key, own.seq, own.body).where(own.urgent.is_(False))).all()
        items = [Item(kind=row.kind, key=row.key, version=10 + row.seq, body=bytes(row.body)) for row in rows]
        self.edge.profiles.apply(items, Cursor(1, 100))

    def heard(self) -> None:
        """Have central take all that the edge has written since."""
        for lane in Lane:
            sender = Sender(site=SITE, device="edge-1")
            batch = next_batch(sender, self.edge.journal, lane=lane, span=(self.sent[lane], 1_000))
            if batch is not None:
                assert isinstance(intake.take(self.store, self.device, batch), Ack)
                self.sent[lane] = batch.last

    def write(self) -> None:
        """Everything that staff can write of a guest in their own words."""
        edge, hand = self.edge, self.band.hex()
        anna, berta = edge.session("supervisor"), edge.session("supervisor", staff="berta")
        view = edge.service.present(edge.tap())
        edge.service.undo(anna, view.tap_id, reason=CANARY)
        edge.service.set_location(anna, hand, "park", reason=CANARY)
        edge.service.set_band_state(anna, hand, "lost", reason=CANARY)
        edge.service.set_band_state(anna, hand, "found", reason=CANARY)
        edge.service.correct_count(anna, "park", 1, reason=CANARY)
        asked = edge.service.ask_link(anna, band_of(edge, STOCK).hex(), hand, reason=CANARY)
        edge.service.approve(berta, asked.id, granted=True)

    def erase(self) -> None:
        """Erase the guest at central and at the edge, as the notice asks."""
        with self.store.transaction() as tx:
            erasure.erase(tx, SITE, GUEST)
        erasure.clear(self.store)
        self.edge.service.erase(GUEST, [self.band])

    def shown(self) -> list[str]:
        """The notes that the console shows, by the kinds of guests' acts."""
        with self.store.reading() as tx:
            found, _ = happenings.page(tx, SITE, Wanted())
        kinds = {kind.name.lower() for kind in WRITES}
        return [one.note for one in found if one.kind in kinds]

    def hits(self, *, under: str = "") -> int:
        """How often the canary lies in any file, logs of databases and free pages included."""
        files = [path.read_bytes() for path in (self.folder / under).rglob("*") if path.is_file()]
        return sum(octets.count(CANARY.encode()) for octets in files)
