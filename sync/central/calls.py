"""Calls: an operator is called, by an alarm, when money waits too long for a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from edge.core.alarms import OF_CENTRAL
from sync.central import alarms, arrears
from sync.central.alarms import Alarm
from sync.central.machines import devices
from sync.central.money import restored
from sync.central.psp import charges
from sync.central.psp.judgement import State
from sync.central.registry.turn import take_turn
from sync.central.rounds import Rounds
from sync.central.sites import sites
from sync.central.store import Connection, Store, now_of

UNKNOWN_MS = 900_000
"""A charge that nobody knows of is asked about again for so long before a person is called."""
UNSENT_MS = 3_600_000
"""An op that lies so long at a device is not on its way any more."""
HOUR_MS = 3_600_000
DENIED_MIN = 10
"""So many wrong refusals within an hour are a plan that does not fit, and no bad luck."""
AGAIN_MS = 86_400_000
"""What somebody has looked at and what has not ended is called out once more after a day."""


class Calls(Rounds):
    """Looks every minute at what of money waits for a word."""

    name: ClassVar[str] = "calls"
    every_ms: ClassVar[int] = 60_000
    failing: ClassVar[str] = "nobody was called about money that waits"

    def __init__(self, store: Store) -> None:
        """Act on an open store; several workers may do so at once."""
        super().__init__()
        self._store = store

    def look(self) -> None:
        """Look once at every site."""
        with self._store.reading() as tx:
            due = {site: [one for one in waiting(tx, site) if _is_news(tx, site, one)] for site in sites(tx)}
        for site in (site for site, found in due.items() if found):
            with self._store.transaction() as tx:
                take_turn(tx, site)  # another worker may have called meanwhile
                for one in due[site]:
                    if _is_news(tx, site, one):
                        alarms.raise_alarm(tx, site, one)


def waiting(tx: Connection, site: str) -> Iterator[Alarm]:
    """Yield what a person should be told of, each under a name of its own."""
    now_ms = now_of(tx)
    for charge in charges.listed(tx, site, states=[State.UNKNOWN]):
        if now_ms - charge.made_ms >= UNKNOWN_MS:
            yield _alarm("charge_unknown", of=charge.id, at_ms=charge.made_ms)
    for device in devices.devices(tx, site):
        age_ms = arrears.unsent_ms(device, now_ms)
        if age_ms >= UNSENT_MS:
            yield _alarm("money_unsent", device=device.id, at_ms=now_ms - age_ms)
    for silent in sorted({row.placed.device for row in arrears.in_doubt(tx, site)}):
        yield _alarm("money_in_doubt", device=silent, at_ms=now_ms)
    for one in restored.silent(tx, site):
        yield _alarm(restored.WITHHELD, device=one.device, of=str(one.since_ms), at_ms=one.since_ms)
    denied = arrears.false_denials(tx, site, since_ms=now_ms - HOUR_MS)
    if denied >= DENIED_MIN:
        yield _alarm("money_denied", at_ms=now_ms, times=denied)


def _alarm(reason: str, *, device: str = OF_CENTRAL, of: str = "", at_ms: int, times: int = 1) -> Alarm:
    id_ = f"{reason}-{of}" if of else reason
    return Alarm(device=device, id=id_, reason=reason, point="", at_ms=at_ms, times=times)


def _is_news(tx: Connection, site: str, one: Alarm) -> bool:
    """Whether nobody was called about this, or it has not ended a day after somebody looked at it."""
    known = alarms.find(tx, site, (one.device, one.id))
    return known is None or (known.seen_ms is not None and now_of(tx) - known.seen_ms >= AGAIN_MS)
