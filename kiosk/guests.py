"""What a guest's screen is told at its start: its settings, the names of places, where its words are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kiosk.assets import texts_address
from kiosk.texts import HOME, LANGUAGES

if TYPE_CHECKING:
    from edge.core.places import Layout
    from kiosk.ask import Ask


class GuestPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's own beginning; it holds nothing of any guest."""

    screen: dict[str, object]
    point: dict[str, object]
    name: str
    """The point's name in the screen's language."""
    language: str
    timezone: str
    places: dict[str, dict[str, str]]
    """Names of points and zones by id, then by language."""
    texts: dict[str, str]
    """Address of the words of each language."""
    demo: bool = False


def guest_page(ask: Ask, audience: str = "guest") -> dict[str, object]:
    """Collect what the screen that asks must know to work without asking again, ready for its template."""
    layout = ask.house.service.layout()
    places = names_of(layout)
    point = ask.seat.point
    names = places.get(point) or {HOME: point}
    page = GuestPage(
        screen={"id": ask.seat.id, **msgspec.to_builtins(ask.seat.settings), **_sizes(ask)},
        point={"id": point, "names": names},
        name=names.get(ask.language) or names.get(HOME) or point,
        language=ask.language,
        timezone=layout.timezone if layout is not None else "Europe/Rome",
        places=places,
        texts={language: texts_address(audience, language) for language in LANGUAGES},
        demo=ask.house.demo is not None,
    )
    return dict(msgspec.to_builtins(page))


def names_of(layout: Layout | None) -> dict[str, dict[str, str]]:
    """Return the names of every zone and point that has one."""
    if layout is None:
        return {}
    zones = {zone.id: zone.names for zone in layout.zones if zone.names}
    return zones | {point.id: point.names for point in layout.points if point.names}


def _sizes(ask: Ask) -> dict[str, object]:
    """The settings that a page always needs, also where they are at their defaults."""
    names = ("ppi", "distance_m", "volume", "contrast", "text_percent", "low_buttons")
    return {name: getattr(ask.seat.settings, name) for name in names}
