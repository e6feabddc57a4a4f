"""The demo park of the tests of screens: its bands, a printer with paper, and a stored card."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.park import CardTurn, DemoBand, DemoCard, DemoPrinter, DemoRow, DemoSlip, Story
from kiosk.tales import DemoScene, DemoTale, Scene, Tale


def some_bands() -> tuple[DemoBand, ...]:
    names = [
        "giulia",
        "marco",
        "nonna-pia",
        "leo",
        "anna",
        "orlando",
        "sofia",
        "tommaso",
        "copia",
        "telefono",
        "tessera",
        "nuovo",
    ]
    stories = (
        Story.DAY_TICKET, Story.YEAR_TICKET, Story.FAMILY_ADULT, Story.FAMILY_CHILD, Story.SLOT_LATER,
        Story.LOST,
        Story.HOTEL_GUEST, Story.UNPAID, Story.CLONE, Story.PHONE, Story.FOREIGN, Story.BLANK,
    )  # fmt: skip
    return tuple(
        DemoBand(
            id=name,
            name=name.replace("-", " ").title(),
            story=story,
            chip="NTAG 424 DNA",
            trust="SUN",
            language="it",
        )
        for name, story in zip(names, stories, strict=True)
    )


def a_printer(**changes: Any) -> DemoPrinter:
    rows = (
        DemoRow(text="Parco Aurora", big=True, centred=True),
        DemoRow(text=f"{'Espresso':<42}€ 1,50"),
        DemoRow(text=f"{'Totale':<18}€ 1,50", big=True, strong=True),
    )
    printer = DemoPrinter(
        id="printer-park",
        point="park",
        names={"it": "Bar del Lago"},
        slips=(DemoSlip(rows=rows, code="polso:receipt"),),
    )
    return msgspec.structs.replace(printer, **changes)


def a_stored_card(**changes: Any) -> DemoCard:
    card = DemoCard(
        guest="Giulia", next=CardTurn.PAID, state="active", owes_minor=1_240, denied=True, charge="declined",
        charge_minor=1_240,
    )  # fmt: skip
    return msgspec.structs.replace(card, **changes)


class Telling:
    """What the demo's park tells of a story: it is over at once."""

    def play(self, tale: Tale, *, cut: bool = False) -> DemoTale:
        return DemoTale(tale=tale, scenes=(DemoScene(scene=Scene.CUT),) if cut else (), over=True)
