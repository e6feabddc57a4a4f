"""A guest's coupons on their own page: those that care had made anew, to be shown at their till."""

from __future__ import annotations

from edge.codes import qr_code
from sync.central.care import anew, held
from sync.central.care.anew import State
from sync.central.console import diaries
from sync.central.console.answers import Answer, Page
from sync.central.console.ask import Ask
from sync.central.console.routes import Audience, Route, read
from sync.central.machines import devices
from sync.central.registry import links

WAITS = frozenset({State.WAITING, State.ISSUED})


def _coupons(ask: Ask) -> Answer:
    """Show what can be used, and what waits; whoever is one with another person sees both's."""
    with ask.store.reading() as tx:
        people = links.together(tx, ask.site, [ask.path["guest"]])
        found = [one for one in anew.of_guests(tx, ask.site, people) if one.state in WAITS]
        names, called = diaries.named(tx, ask), devices.names(tx, ask.site)
        points = {till.device: till.point for till in anew.tills(tx, ask.site)}
        lines = []
        for one in found:
            made = held.find(tx, ask.site, one.fresh) if one.fresh else None
            if made is not None and made.state is held.State.OVER:
                continue  # made anew in its turn, which has a line of its own, or ended: nobody used it
            point = points.get(one.to, "")
            lines.append({
                "name": names.offers.get(one.offer, one.offer),
                "at": names.points.get(point, point) or called.get(one.to, one.to),
                "until": one.until,
                "used": made is not None and made.state is not held.State.OPEN,
                "code": qr_code(one.code) if one.code else None,
            })  # fmt: skip
    return Page("coupons.html", {"lines": lines})


ROUTES: tuple[Route, ...] = (
    read("/coupons", _coupons, "Coupons that were made anew for the guest.", audience=Audience.GUEST),
)
