"""The table of the console's routes: what is not in it is not there."""

from __future__ import annotations

from sync.central.console.pages import (
    bands,
    devices,
    entrance,
    events,
    guests,
    imports,
    people,
    places,
    products,
    rights,
    sites,
    staff,
)
from sync.central.console.routes import Route

ROUTES: tuple[Route, ...] = (
    *entrance.ROUTES,
    *sites.ROUTES,
    *events.ROUTES,
    *guests.ROUTES,
    *imports.ROUTES,
    *bands.ROUTES,
    *rights.ROUTES,
    *products.ROUTES,
    *places.ROUTES,
    *staff.ROUTES,
    *devices.ROUTES,
    *people.ROUTES,
)
