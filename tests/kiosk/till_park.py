"""A till over a real edge: its catalogue, a printer with paper, guests with wallets, and who works there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge.core.catalogue import ARTICLE, GROUP
from edge.core.profiles import Cursor, Item
from edge.run.demo.park import load
from edge.service.receipts import Slip
from hardware.port import NotPrinted, PaperFault
from kiosk.app import House, Settings, create_app
from tests.kiosk.desk_park import MEMBERS, Desk, a_named_layout, serving
from tests.service.house import House as Edge
from tests.service.house import a_member, an_edge
from tests.service.purses import TILL

NAMES = {"it": "Bar del Lago", "en": "Lake Bar", "fr": "Bar du Lac", "de": "Seebar", "es": "Bar del Lago"}
ROLES = {"carla": ("till",), "dora": ("supervisor",)}


class Press:
    """A printer that keeps what came out, and fails if told to."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []
        self.drawers = 0
        self.fails: PaperFault | None = None

    @property
    def columns(self) -> int:
        return 42

    def print(self, slip: Slip) -> None:
        if self.fails is not None:
            raise NotPrinted(self.fails, "no")
        self.slips.append(slip)

    def open_drawer(self) -> None:
        self.drawers += 1

    def fault(self) -> PaperFault | None:
        return self.fails

    def close(self) -> None:
        self.slips.clear()


@dataclass
class Till:
    """What a test of a till reaches."""

    desk: Desk
    url: str
    press: Press

    @property
    def edge(self) -> Edge:
        return self.desk.edge

    def cookie(self, who: str, at: str = TILL) -> dict[str, str]:
        """The cookie of somebody who signed in at this till, or elsewhere."""
        token = self.desk.house.staff.sign_in(who, "2468", at).token
        return {"name": "polso-staff", "value": token, "url": self.url}

    def screen(self) -> dict[str, str]:
        """The cookie of the guest's side of this till."""
        staff: Any = self.desk.house.staff
        screen, token = staff.enrol_screen(staff.new_screen("till", TILL, language="it"))
        return {"name": f"polso-screen-{screen.id}", "value": token, "url": self.url}


def stocked(edge: Edge) -> None:
    """Give this edge the demo park's catalogue; what its bar sells is sold at this till."""
    park = load()
    groups = {one.id: msgspec.structs.replace(one, points=()) for one in park.groups if "bar-1" in one.points}
    sold = [one for one in park.articles if one.group in groups]
    things = [*((GROUP, one) for one in groups.values()), *((ARTICLE, one) for one in sold)]
    items = [
        Item(kind=kind, key=one.id, version=at, body=msgspec.msgpack.encode(one))
        for at, (kind, one) in enumerate(things, 1)
    ]
    edge.profiles.apply(items, Cursor(1, next(edge.cursor)))


@contextmanager
def a_till(folder: Path) -> Iterator[Till]:
    """A till that sells, over real HTTP."""
    layout = a_named_layout()
    points = tuple(
        msgspec.structs.replace(one, names=NAMES) if one.id == TILL else one for one in layout.points
    )
    with an_edge(folder, layout=msgspec.structs.replace(layout, points=points)) as edge:
        for who, roles in ROLES.items():
            MEMBERS.setdefault(who + TILL, a_member(who, *roles, house=edge))
        edge.employ(*(MEMBERS[who + TILL] for who in ROLES))
        stocked(edge)
        press = Press()
        object.__setattr__(edge.service.receipts._rooms, "printers", {TILL: press})
        house = House(
            service=edge.service,
            staff=edge.staff,
            feed=edge.feed,
            health=edge.health,
            clock=edge.clock,
            settings=Settings(heartbeat_s=1.0, watch_s=0.3),
        )
        desk = Desk(edge, house, create_app(house))
        with serving(desk) as url:
            yield Till(desk, url, press)
