"""The whole resort around the tray's six readers: its other places, and all that is sold there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources
from io import StringIO

from edge.core.catalogue import LANGUAGES, Article, Group
from edge.core.places import Direction, Passback, Point, PointKind, Zone

FLOORS, ROOMS_EACH, TRAYS_ROOM = range(1, 6), range(1, 13), "door-214"
"""Sixty doors: the sixtieth is the one of the tray, which has a reader."""
RIDES = {
    "giostra-1": ("Giostra dei Cigni", "Swan Carousel", "Manège des Cygnes", "Schwanenkarussell", "Carrusel"),
    "ruota-1": ("Ruota", "Big Wheel", "Grande Roue", "Riesenrad", "Noria"),
    "fiume-1": ("Fiume Lento", "Lazy River", "Rivière Douce", "Stiller Fluss", "Río Lento"),
    "miniera-1": ("Miniera", "Mine Train", "Train de la Mine", "Minenbahn", "Tren de la Mina"),
    "torre-1": ("Torre", "Drop Tower", "Tour de Chute", "Fallturm", "Torre de Caída"),
}
"""With the tray's flight these are six attractions with booked times."""
TILLS = {
    "ristorante-1": ("parco", "Ristorante al Lago", "Lake Restaurant", "Restaurant du Lac", "Seerestaurant",
                     "Restaurante del Lago"),
    "ristorante-2": ("parco", "Locanda", "Inn", "Auberge", "Gasthof", "Posada"),
    "gelateria-1": ("parco", "Gelateria", "Ice Cream Parlour", "Glacier", "Eisdiele", "Heladería"),
    "giocattoli-1": ("parco", "Casa dei Giochi", "Toy House", "Maison des Jouets", "Spielhaus",
                     "Casa de Juguetes"),
    "caffe-1": ("parco", "Bottega del Caffè", "Coffee Shop", "Boutique du Café", "Kaffeeladen",
                "Tienda de Café"),
    "servizi-1": ("parco", "Servizi", "Guest Services", "Services", "Gästeservice", "Servicios"),
    "citta-1": ("citta", "Negozio in Città, cassa 1", "Town Store, till 1", "Magasin en ville, caisse 1",
                "Stadtladen, Kasse 1", "Tienda urbana, caja 1"),
    "citta-2": ("citta", "Negozio in Città, cassa 2", "Town Store, till 2", "Magasin en ville, caisse 2",
                "Stadtladen, Kasse 2", "Tienda urbana, caja 2"),
}  # fmt: skip
SOLD_AT = {
    "biglietti": (("servizi-1",), ("Biglietti", "Tickets", "Billets", "Tickets", "Entradas")),
    "ristorante": (("ristorante-1", "ristorante-2"), ("Cucina", "Kitchen", "Cuisine", "Küche", "Cocina")),
    "gelateria": (("gelateria-1",), ("Gelati", "Ice cream", "Glaces", "Eis", "Helados")),
    "capsule": (("caffe-1", "citta-1"), ("Capsule", "Capsules", "Capsules", "Kapseln", "Cápsulas")),
    "macchine": (("caffe-1", "citta-1"), ("Macchine", "Machines", "Machines", "Maschinen", "Cafeteras")),
    "giocattoli": (("giocattoli-1",), ("Giochi", "Toys", "Jouets", "Spielzeug", "Juguetes")),
    "abbigliamento": (("citta-2",), ("Vestiti", "Clothes", "Vêtements", "Kleidung", "Ropa")),
    "casa": (("citta-2",), ("Casa", "Home", "Maison", "Wohnen", "Hogar")),
    "libri": (("citta-1", "giocattoli-1"), ("Libri", "Books", "Livres", "Bücher", "Libros")),
    "dispensa": (("citta-1",), ("Dispensa", "Pantry", "Épicerie", "Vorrat", "Despensa")),
    "servizi": (("servizi-1",), ("Servizi", "Services", "Services", "Service", "Servicios")),
}
"""Group to the tills that show it and its names."""
ROOM = ("Camera", "Room", "Chambre", "Zimmer", "Habitación")


def zones() -> tuple[Zone, ...]:
    """Return the parts of the resort that no reader of the tray stands in."""
    names = _names(("Negozio in Città", "Town Store", "Magasin en ville", "Stadtladen", "Tienda urbana"))
    return (Zone(id="citta", names=names),)


def points() -> Iterator[Point]:
    """Yield the second gate, five attractions, eight tills, a kiosk in town and fifty-nine doors."""
    yield Point(
        id="gate-2",
        kind=PointKind.GATE,
        zone="aurora",
        to_zone="parco",
        direction=Direction.IN,
        passback=Passback.HARD,
        names=_names(("Porta Sud", "South Gate", "Porte Sud", "Südtor", "Puerta Sur")),
    )
    for id_, names in RIDES.items():
        yield Point(
            id=id_, kind=PointKind.ATTRACTION, zone="parco", from_zone="parco", reserve=True,
            names=_names(names),
        )  # fmt: skip
    for id_, (zone, *words) in TILLS.items():
        yield Point(id=id_, kind=PointKind.TILL, zone=zone, names=_names(words))
    town = _names(("Chiosco in Città", "Town Kiosk", "Borne en ville", "Stadtkiosk", "Quiosco urbano"))
    yield Point(id="kiosk-2", kind=PointKind.KIOSK, zone="citta", names=town)
    for number in rooms():
        if f"door-{number}" != TRAYS_ROOM:
            named = _names([f"{word} {number}" for word in ROOM])
            yield Point(id=f"door-{number}", kind=PointKind.DOOR, zone="albergo", names=named)


def rooms() -> list[int]:
    """Return the numbers of the hotel's rooms; the tray's own is among them in the place of the last."""
    made = [100 * floor + room for floor in FLOORS for room in ROOMS_EACH]
    return [*made[:-1], int(TRAYS_ROOM.removeprefix("door-"))]


def groups() -> Iterator[Group]:
    """Yield the groups of tiles at the other tills."""
    for place, (id_, (tills, names)) in enumerate(SOLD_AT.items()):
        yield Group(id=id_, points=tills, position=place, names=_names(names))


def articles() -> Iterator[Article]:
    """Yield what is sold beside the bar's and the shop's own; each article has its own rate of tax."""
    text = resources.files("edge.run.demo").joinpath("assortment.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(StringIO(text), delimiter=";"):
        yield Article(
            id=row["id"],
            group=row["group"],
            price_minor=int(row["minor"]),
            tax_permille=int(row["permille"]),
            category=row["category"],
            names={language: row[language] for language in LANGUAGES},
        )


def _names(words: tuple[str, ...] | list[str]) -> dict[str, str]:
    return dict(zip(LANGUAGES, words, strict=True))
