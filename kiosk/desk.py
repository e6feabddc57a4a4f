"""The desk: what a page for staff or operators is told at its start."""

from __future__ import annotations

import msgspec

from edge.core.places import Point, Zone
from edge.staff import Action, may
from kiosk.ask import Ask
from kiosk.assets import texts_address
from kiosk.texts import HOME

ROLES_BY_WEIGHT = ("operator", "supervisor", "care", "gate", "till", "marketer")


class DeskPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's own beginning: who works where, the names of places, where its words are."""

    point: dict[str, str]
    screen: dict[str, str]
    language: str
    timezone: str
    places: dict[str, str]
    """Names of points and zones by id, in the page's language."""
    zones: list[str]
    """Ids of all zones."""
    outermost: list[str]
    """Those that lie in no other: only there is everybody counted once."""
    products: dict[str, str]
    texts: dict[str, str]
    actions: list[str]
    """What the person may do: what the page offers, never instead of asking the service."""
    person: str
    """Id of the person: nobody answers their own request."""
    staff: str
    role_name: str
    after: str
    demo: bool


def desk_page(ask: Ask, *, point: str = "", name: str = "", after: str = "/") -> dict[str, object]:
    """Collect what a desk's page must know to work without asking again, ready for its template."""
    layout = ask.house.service.layout()
    zones = layout.zones if layout is not None else ()
    named: tuple[Zone | Point, ...] = (*zones, *(layout.points if layout is not None else ()))
    session = ask.session
    page = DeskPage(
        point={"id": point, "name": name},
        screen={"id": ask.screen.id} if ask.screen is not None else {},
        language=ask.language,
        timezone=layout.timezone if layout is not None else "UTC",
        places={place.id: name_in(place.names, ask.language, place.id) for place in named},
        zones=[zone.id for zone in zones],
        outermost=[zone.id for zone in zones if zone.parent is None],
        products={
            product.id: name_in(product.names, ask.language, product.id)
            for product in (layout.products if layout is not None else ())
        },
        texts={ask.language: texts_address("staff", ask.language)},
        actions=[action.value for action in Action if session is not None and may(session, action)],
        person=session.staff if session is not None else "",
        staff=session.name if session is not None else "",
        role_name=role_name(ask),
        after=after,
        demo=ask.house.demo is not None,
    )
    return dict(msgspec.to_builtins(page))


def role_name(ask: Ask) -> str:
    """Return the person's weightiest role in words."""
    for role in ROLES_BY_WEIGHT:
        if ask.session is not None and role in ask.session.roles:
            return ask.house.texts.get(ask.language, f"staff.role.{role}")
    return ""


def name_in(names: dict[str, str], language: str, otherwise: str) -> str:
    """Return a name in a language, in Italian, or its id."""
    return names.get(language) or names.get(HOME) or otherwise
