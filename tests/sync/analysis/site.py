"""A site of twelve guests who allow everything, and their diaries as a test writes them."""

from __future__ import annotations

from edge.core.entitlements import Party
from sync.central.analysis import facts
from sync.central.analysis.run import Ran, analyse
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.registry import consents, guests, segments
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork, a_device

DAY_MS = 86_400_000
TOPICS = ("offers", "offers:behaviour", "offers:demographic", "research")
PEOPLE = [f"g{n:02}" for n in range(12)]


class Site:
    """Twelve guests who allow everything, and their diaries as the test writes them."""

    def __init__(self, store: Store, clock: Clockwork, name: str = SITE) -> None:
        """They said so two days ago."""
        self.store, self.name = store, name
        a_device(store, name)
        clock.ms -= 2 * DAY_MS
        with store.transaction() as tx:
            take_turn(tx, self.name)
            party = Party(id="", size=2, role="")
            guests.put_guests(tx, self.name, [Guest(id=one, age_band="30-39", party=party) for one in PEOPLE])
            for one in PEOPLE:
                for topic in TOPICS:
                    consents.set_here(tx, self.name, one, purpose=topic, given=True)
            self.today = facts.Calendar(tx, self.name).day(NOW_MS)
        clock.ms += 2 * DAY_MS
        self._number = 0

    def told(self, guest: str, days_ago: int, what: What, **said: object) -> Entry:
        """One entry, at noon of a day."""
        self._number += 1
        known = {"source": "/test", "id": str(self._number), "owner": f"g:{guest}", "uncertainty_ms": 0,
                 "hlc": (NOW_MS - days_ago * DAY_MS) << 16, "via": Via.GATE, "what": what, "point": "gate",
                 "subject": "", "ref": str(self._number), "amount_minor": None, "currency": "",
                 "weight": 1}  # fmt: skip
        return Entry(**{**known, **said})  # type: ignore[arg-type]  # as the test says it

    def writes(self, *entries: Entry) -> None:
        with self.store.transaction() as tx:
            take_turn(tx, self.name)
            diary.put(tx, self.name, entries)

    def runs(self, *, anew: bool = False) -> Ran:
        return analyse(self.store, self.name, self.today - 1, anew=anew)

    def codes(self, guest: str) -> tuple[str, ...]:
        with self.store.reading() as tx:
            return segments.segments_of(tx, self.name, [guest]).get(guest, ())


def every_week(site: Site, people: list[str]) -> list[Entry]:
    return [site.told(guest, 1 + 7 * week, What.ENTERED) for guest in people for week in range(5)]
