"""Coupons in words: what care asked to be made anew, as a case shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sync.central.care import anew
from sync.central.care.anew import Ask as Anew
from sync.central.care.anew import State
from sync.central.console import diaries
from sync.central.console.ask import Ask
from sync.central.machines import devices
from sync.central.store import Connection

MARKS = {State.WAITING: "waiting", State.ISSUED: "done", State.USED: "valid"}


class Shown(NamedTuple):
    """One ask as a case shows it."""

    one: Anew
    name: str
    """What the offer is called."""
    state: str
    """Its text's key; of one that waits, whether its home is only away or gone for good."""
    mark: str
    at: str
    """Where the new one is good; where and when the old one was used; else where the old one is good."""


def shown(ask: Ask, tx: Connection, asks: Sequence[Anew]) -> list[Shown]:
    """Return asks as a page shows them."""
    if not asks:
        return []
    names, called = diaries.named(tx, ask), devices.names(tx, ask.site)

    def at(one: Anew) -> str:
        if one.used_ms:
            return f"{names.points.get(one.point, one.point)} {ask.time(one.used_ms)}"
        device = one.to if one.state is State.ISSUED else one.home
        return called.get(device, device)

    return [
        Shown(one, names.offers.get(one.offer, one.offer), _state(tx, ask.site, one),
              MARKS.get(one.state, "running"), at(one))
        for one in asks
    ]  # fmt: skip


def _state(tx: Connection, site: str, one: Anew) -> str:
    if anew.is_refused(tx, site, one):
        return "coupon_state.refused"
    gone = one.state is State.WAITING and anew.is_gone(tx, site, one.home)
    return "coupon_state.home_gone" if gone else f"coupon_state.{one.state}"
