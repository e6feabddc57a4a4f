"""Limited: what people and bands may do only so often, summed over a site's devices and told to each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from edge.core import elsewhere
from edge.core.elsewhere import DEVICES_MAX, PINS, Limited, Seen, Spans, times_within
from edge.core.events import Acted, Decided, Kind
from edge.core.payment.bodies import PinTried, Voided
from edge.core.pins import Tried
from sync.central.feed import Change, item_table, publish
from sync.central.registry.tables import parts
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, and_, now_of, select
from sync.packing import UNREADABLE
from sync.wire import KEY_CHARS_MAX

LOG = logging.getLogger(__name__)
ACTED = (Kind.PIN_PROVED, Kind.SIGN_IN_REFUSED, Kind.UNDONE, Kind.LOOKED_UP)
COUNTED = frozenset({*ACTED, Kind.OVERRIDDEN, Kind.PAYMENT_VOIDED, Kind.PIN_TRIED})
"""Kinds of events of which something is limited."""
_acted = msgspec.msgpack.Decoder(Acted).decode
_voided = msgspec.msgpack.Decoder(Voided).decode
_mistyped = msgspec.msgpack.Decoder(PinTried).decode
_encode = msgspec.msgpack.Encoder().encode
_BODIES: dict[bool, msgspec.msgpack.Decoder[Any]] = {
    True: msgspec.msgpack.Decoder(dict[str, Tried]),
    False: msgspec.msgpack.Decoder(dict[str, Spans]),
}
Key = tuple[Limited, str]


def read(kind: int, body: bytes, decided: Decided | None, *, band: bytes | None, at_ms: int) -> Seen | None:
    """Return what an event counts as; one that cannot be read counts as nothing."""
    try:
        if kind == Kind.OVERRIDDEN:
            return elsewhere.let_pass(decided, at_ms=at_ms) if decided is not None else None
        if kind == Kind.PAYMENT_VOIDED:
            return elsewhere.voided(_voided(body), at_ms=at_ms)
        if kind == Kind.PIN_TRIED:
            return elsewhere.mistyped(_mistyped(body), band=band, at_ms=at_ms)
        return elsewhere.acted(kind, _acted(body), band=band, at_ms=at_ms)
    except UNREADABLE as error:
        LOG.warning("limited.unread kind=%d: %s", kind, error)
        return None


def merge(tx: Connection, site: str, told: Iterable[Seen], *, device: str) -> int:
    """Add what is new of one device to its own totals and tell them; return for how many people or bands.

    Each event comes here once, and what is told is always the whole of it: heard twice it is the same, and
    the sum over the devices does not depend on who told first. What the feed holds is the memory.
    """
    fresh: dict[Key, list[Seen]] = {}
    now_ms = now_of(tx)
    for one in told:
        late = one.what not in PINS and times_within([elsewhere.counted({}, one.at_ms)], now_ms) == 0
        if 0 < len(one.who) <= KEY_CHARS_MAX and not late:
            # No device's clock says that somebody was right next year: until then nothing wrong would count.
            seen = msgspec.structs.replace(one, at_ms=min(one.at_ms, now_ms))
            fresh.setdefault((one.what, one.who), []).append(seen)
    if not fresh:
        return 0
    take_turn(tx, site)  # or a total could be published over a higher one
    known = _known(tx, site, list(fresh))
    changes = [
        Change(what, who, _encode(_added(known.get((what, who), {}), seen, device=device)))
        for (what, who), seen in fresh.items()
    ]
    publish(tx, site, changes)
    return len(changes)


def _added(known: Mapping[str, Any], seen: list[Seen], *, device: str) -> dict[str, Any]:
    """Return the totals of all devices with what is new of one; who counted last stands last."""
    own = known.get(device)
    for one in seen:
        if one.what in PINS:
            own = elsewhere.tried(own if own is not None else Tried(), one)
        else:
            own = elsewhere.counted(own if own is not None else {}, one.at_ms)
    others = {name: total for name, total in known.items() if name != device}
    kept = list(others.items())[-(DEVICES_MAX - 1) :]
    return {**dict(kept), device: own}


def _known(tx: Connection, site: str, keys: list[Key]) -> dict[Key, dict[str, Any]]:
    own, found = item_table.c, {}
    for what in dict.fromkeys(what for what, _ in keys):
        decode = _BODIES[what in PINS].decode
        for part in parts([who for kind, who in keys if kind is what]):
            these = and_(own.site_id == site, own.kind == what, own.key.in_(part))
            for row in tx.execute(select(own.key, own.body).where(these)):
                if row.body is not None:
                    found[what, row.key] = decode(bytes(row.body))
    return found
