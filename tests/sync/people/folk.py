"""A site with guests of whom everything is known, and what is there of them, to compare."""

from __future__ import annotations

from edge.core.bands import Band
from edge.core.entitlements import Entitlement
from edge.core.places import Layout
from sync.central import sites
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.registry import bands, consents, guests, layout, members, rights, segments, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection, Store, metadata, select
from tests.sync.builders import NOW_MS, SITE, Clockwork

PEOPLE = ("ada", "bea", "cleo", "dora")
FACTS = ("guest", "band", "entitlement", "segment", "wallet", "wallet_member", "pickup_order")
"""Tables in which nothing may move when two are found to be one; diaries are compared by their entries."""


def an_entry(guest: str, id: str, *, what: What = What.BOUGHT, via: Via = Via.TILL) -> Entry:
    return Entry(
        source="/paper", id=id, owner=f"g:{guest}", hlc=NOW_MS << 16, uncertainty_ms=0, via=via, what=what
    )


class Folk:
    """Guests who each wear a band, hold a right, pay from a wallet and have a diary."""

    def __init__(self, store: Store, clock: Clockwork) -> None:
        self.store, self.clock = store, clock
        with store.transaction() as tx:
            sites.create_site(tx, SITE)
            layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
            layout.publish_layout(tx, SITE)
            take_turn(tx, SITE)
            for number, guest in enumerate(PEOPLE, 1):
                self._enter(tx, guest, number)

    def _enter(self, tx: Connection, guest: str, number: int) -> None:
        guests.put_guests(tx, SITE, [Guest(id=guest, name=guest.title())])
        bands.put_band(tx, SITE, BandCard(band=Band(id=bytes([number]) * 16), guest=guest))
        rights.put_rights(tx, SITE, [Entitlement(id=f"e-{guest}", product="day")], guest=guest)
        wallets.create(tx, SITE, Wallet(id=f"w-{guest}", currency="EUR"))
        members.join(tx, SITE, Member(guest=guest, wallet=f"w-{guest}", head=True))
        segments.put(tx, SITE, guest, codes=[f"interest:{guest}"])
        diary.put(tx, SITE, [an_entry(guest, f"{guest}-1")])

    def says(self, guest: str, topic: str, *, given: bool) -> None:
        self.clock.ms += 1  # of two words of one moment the no holds
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            consents.set_here(tx, SITE, guest, purpose=topic, given=given)

    def allows(self, guest: str) -> set[str]:
        with self.store.reading() as tx:
            said = consents.consents_of(tx, SITE, [guest]).get(guest, ())
            return {one.purpose for one in said if one.given}

    def merges(self, guest: str, head: str) -> None:
        with self.store.transaction() as tx:
            asked = merging.ask(tx, SITE, Pair(guest, head), by="olga", why="both passports seen")
            merging.rule(tx, SITE, asked.id, by="otto", given=True)

    def parts(self, guest: str) -> None:
        with self.store.transaction() as tx:
            merging.part(tx, SITE, guest, by="olga", why="two sisters")

    def diary(self, guest: str) -> set[str]:
        with self.store.reading() as tx:
            told = diary.of_guest(tx, SITE, f"g:{guest}")
        return {one.id for one in told if one.source == "/paper"}

    def writes(self, guest: str, id: str, *, what: What = What.BOUGHT) -> None:
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            diary.put(tx, SITE, [an_entry(guest, id, what=what)])

    def facts(self) -> dict[str, set[str]]:
        """What there is of anybody, table by table, but for when a row was written and how often told."""
        found: dict[str, set[str]] = {}
        with self.store.reading() as tx:
            for name in FACTS:
                table = metadata.tables[name]
                kept = [one for one in table.columns if one.name not in ("changed_ms", "rev")]
                found[name] = {repr(tuple(row)) for row in tx.execute(select(*kept))}
            own = diary.diary_table.c
            told = select(own.source, own.id, own.owner, own.what).where(own.source == "/paper")
            found["diary"] = {repr(tuple(row)) for row in tx.execute(told)}
        return found
