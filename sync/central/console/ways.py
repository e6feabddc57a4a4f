"""Ways: where an address of the console leads and whom it lets in, so that no page offers what is refused."""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from sync.central.console.guard import ROLES
from sync.central.console.operators import Operator
from sync.central.console.routes import Audience, Route

PREFIX = "/console"


class Ways:
    """The table's addresses, to be asked by any page."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Know these routes."""
        known = tuple(routes)
        self._audiences = {route.endpoint: route.audience for route in known}
        rules = [Rule(PREFIX + one.rule, methods=[one.method], endpoint=one.endpoint) for one in known]
        self._ways = Map(rules).bind("console")

    def may(self, who: Operator | None, address: str, method: str) -> bool:
        """Say whether somebody is let in at an address of the console; where there is none, nobody is."""
        try:
            endpoint, _ = self._ways.match(address.partition("?")[0], method)
        except HTTPException:
            return False
        audience = self._audiences[endpoint]
        return audience is Audience.ANYONE or (who is not None and who.role in ROLES[audience])
