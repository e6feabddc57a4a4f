"""A gate where somebody is dishonest: the real edge, its people, and what central reads of its journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from edge.core.outliers import Figure
from edge.core.profiles import StaffMember
from edge.errors import NotAllowed
from edge.staff import Session
from edge.staff.pins import hash_pin
from edge.views import ApprovalView, StaffView
from sync.central import conduct
from sync.central.machines.lanes import event_table
from sync.central.store import Store, insert
from tests.service.house import PIN, UID, House, band_of, worn
from tests.sync.builders import SITE, Clockwork

DAY_MS = 24 * 3_600_000
CREW = {
    "bruno": ("gate",),
    "carlo": ("gate",),
    "anna": ("gate", "supervisor"),
    "dora": ("supervisor",),
    "olga": ("operator",),
    "tina": ("till",),
    "rita": ("care",),
    "mara": ("marketer",),
}


@dataclass
class Gate:
    """One day at one gate."""

    house: House
    folder: Path

    def open(self) -> None:
        keyed = self.house.vault.keyed_pin
        crew = [
            StaffMember(id=who, name=who.title(), roles=roles, pin_hash=hash_pin(keyed(who, PIN)))
            for who, roles in CREW.items()
        ]
        self.house.employ(*crew)

    def at_work(self, who: str, *, point: str = "north", badge: str = "") -> Session:
        return self.house.session(*CREW[who], staff=who, point=point, badge=badge)

    def refusal(self) -> StaffView:
        """A guest whose ticket has passed before stands at the gate again."""
        self.house.service.present(self.house.tap())
        return self.house.service.present(self.house.tap())

    def guests(self, count: int) -> list[str]:
        """So many guests with a name and a band, in hex."""
        uids = [bytes([4, 9, 9, n, 5, 6, 7]) for n in range(count)]
        self.house.tell(
            *(worn(self.house, uid, guest=f"g-{n}", name=f"Ospite {n:02}") for n, uid in enumerate(uids))
        )
        return [band_of(self.house, uid).hex() for uid in uids]

    def ask(self, who: str = "bruno", view: StaffView | None = None) -> ApprovalView:
        tap_id = (view or self.refusal()).tap_id
        return self.house.service.ask_override(self.at_work(who), tap_id, reason="ticket_seen")

    def own_band(self, who: str) -> str:
        """The guest's band is in truth this person's."""
        self.house.tell(worn(self.house, UID, staff=who, rev=5))
        return band_of(self.house).hex()

    def passed(self) -> int:
        return len(self.house.gate.opened)

    def outliers(self) -> dict[str, set[Figure]]:
        """Who stands out at central within the day, and by what."""
        store = Store(str(self.folder / "central.db"), now_ms=Clockwork())
        rows = [
            msgspec.structs.asdict(event) | {"site_id": SITE, "device_id": "edge-1", "incarnation": 1}
            for event in self.house.journal.range(0, 0)
        ]
        try:
            with store.transaction() as tx:
                tx.execute(insert(event_table).values(rows))
                now_ms = self.house.hands.wall_ms
                found = conduct.outliers(tx, SITE, now_ms - DAY_MS, until_ms=now_ms + DAY_MS)
        finally:
            store.close()
        people: dict[str, set[Figure]] = {}
        for one in found:
            people.setdefault(one.staff, set()).add(one.figure)
        return people


def refused(gate: Gate, act: Callable[[], object], kind: type[Exception] = NotAllowed) -> None:
    """Nobody passes by it, and it says why."""
    before = gate.passed()
    with pytest.raises(kind) as refusal:
        act()
    assert str(refusal.value)
    assert gate.passed() == before
