"""Passages: what each device let in, told to the site's others, and an alarm where two spent one right."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from edge.core.alarms import OF_CENTRAL
from edge.core.decision import Reason
from edge.core.entitlements import Redemption, Use
from edge.core.events import DECISIONS, Acted, Decided, Kind, Lane, decided_in
from edge.core.held import Location
from edge.core.passages import Whereabouts, moved, place_after, taken_back, uses_in
from edge.core.places import Layout
from edge.core.reconcile import Conflict, reconcile, settled
from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.echoes.warnings import see, warn
from sync.central.feed import Change, item_table, publish
from sync.central.machines import lanes
from sync.central.machines.devices import ACTIVE, device_table
from sync.central.machines.lanes import event_table
from sync.central.privacy.retention import MOVED
from sync.central.registry import rights
from sync.central.registry.layout import published
from sync.central.registry.tables import entitlement_table, parts
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, and_, bindparam, delete, or_, select
from sync.central.traces import ALSO
from sync.packing import UNREADABLE
from sync.wire import KEY_CHARS_MAX, USES, WHEREABOUTS

LOG = logging.getLogger(__name__)
USES_TOLD_MAX = 200
"""Uses of one right that are told: the newest, and the first of all."""
PIECE_MAX = 2_000
"""Events between two looks at what is known."""
COUNTS = (Redemption.VALID, Redemption.PENDING)
BACK = {Kind.UNDONE: Redemption.UNDONE, Kind.ANNULLED: Redemption.ANNULLED}
OTHERS = (
    select(device_table.c.device_id)
    .where(
        device_table.c.site_id == bindparam("site"),
        device_table.c.state == ACTIVE,
        device_table.c.device_id != bindparam("but"),
    )
    .limit(1)
)
_acted = msgspec.msgpack.Decoder(Acted)
_uses = msgspec.msgpack.Decoder(tuple[Use, ...])
_place = msgspec.msgpack.Decoder(Whereabouts)
_encode = msgspec.msgpack.Encoder().encode


def forget_places(tx: Connection, at_ms: int) -> int:
    """Forget where bands passed before a moment, and uses of rights that are no more; edges need no word."""
    own, right = item_table.c, entitlement_table.c
    there = and_(right.site_id == own.site_id, right.entitlement_id == own.key)
    held = select(right.entitlement_id).where(there).exists()
    old = or_(own.kind == WHEREABOUTS, and_(own.kind == USES, ~held))
    return tx.execute(delete(item_table).where(own.at_ms < at_ms, old)).rowcount


MOVED.append(forget_places)


class Event(Protocol):
    """An event as far as passages go."""

    @property
    def kind(self) -> int:
        """Its kind."""

    @property
    def band(self) -> bytes | None:
        """Whose band."""

    @property
    def body(self) -> bytes:
        """Its body."""

    @property
    def decided(self) -> Decided | None:
        """Its body, read, if it is a decision."""

    @property
    def seq(self) -> int:
        """Its number."""


class Kept(NamedTuple):
    """An event that central keeps."""

    kind: int
    band: bytes | None
    body: bytes
    decided: Decided | None
    seq: int


class Passed(NamedTuple):
    """One decision of a device that may have let somebody in, or that was taken back."""

    band: bytes
    decided: Decided
    seq: int
    back: Redemption | None = None


def read(tx: Connection, site: str, event: Event, *, device: str) -> Passed | None:
    """Return what an event says of a passage, None for nothing."""
    if event.band is None:
        return None
    if event.kind in DECISIONS:
        return None if event.decided is None else Passed(event.band, event.decided, event.seq)
    if event.kind not in BACK:
        return None
    try:
        acted = _acted.decode(event.body)
        seq = int(acted.target or "")
        decided = lanes.decided_at(tx, site, device, seq=seq)
    except (ValueError, *UNREADABLE) as error:
        LOG.warning("passages.unread device=%s kind=%d: %s", device, event.kind, error)
        return None
    if decided is None or decided.presented.tap_id != acted.tap_id:
        return None
    return Passed(event.band, decided, seq, BACK[Kind(event.kind)])


def take(tx: Connection, site: str, passed: Iterable[Passed | None], *, device: str) -> None:
    """Add what a device tells to what the site knows, unless it is alone there and nobody has to hear."""
    told = [one for one in passed if one is not None]
    if not told:
        return
    take_turn(tx, site)  # or a device that is just being enrolled would hear neither of this nor of what was
    if others(tx, site, device):
        _add(tx, site, told)


def is_used(tx: Connection, site: str, right: str) -> bool:
    """Say whether a use of a right stands by what devices told of; none is kept where no other hears."""
    uses = _read(_known(tx, site, [right], kind=USES).get(right))
    return any(use.redemption in COUNTS for use in uses)


def others(tx: Connection, site: str, device: str) -> bool:
    """Say whether a site has devices in force beside this one (none named: any)."""
    return tx.execute(OTHERS, {"site": site, "but": device}).first() is not None


def catch_up(tx: Connection, site: str) -> None:
    """Tell of all that is known of passages: a device comes to a site where none had to be told before."""
    own = event_table.c
    ordinary = and_(own.site_id == site, own.lane == Lane.ORDINARY, own.kind.in_((*DECISIONS, *BACK)))
    query = select(own.device_id, own.seq, own.kind, own.band, own.body).where(ordinary)
    rows = tx.execute(query.order_by(own.hlc, own.device_id, own.seq))
    while piece := rows.fetchmany(PIECE_MAX):
        merge(tx, site, [read(tx, site, _kept(tuple(row[1:])), device=row[0]) for row in piece])


def _kept(row: tuple[int, int, bytes | None, bytes]) -> Kept:
    seq, kind, band, body = row[0], row[1], row[2] and bytes(row[2]), bytes(row[3])
    return Kept(kind, band, body, decided_in(body, band) if kind in DECISIONS else None, seq)


def merge(tx: Connection, site: str, passed: Iterable[Passed | None]) -> None:
    """Add passages to what the site knows, tell its devices, and look who came in twice.

    What the feed holds is the memory; the same heard twice, or late, or in another order, comes to the same.
    """
    told = [one for one in passed if one is not None]
    if told:
        take_turn(tx, site)  # or what one device told could be published over what another did
        _add(tx, site, told)


def _add(tx: Connection, site: str, told: list[Passed]) -> None:
    layout = published(tx, site)
    fresh = {right: uses for right, uses in _fresh(told).items() if len(right) <= KEY_CHARS_MAX}
    came = [one for one in told if one.back or (layout and place_after(one.decided, layout))]
    if not fresh and not came:
        return
    known = _known(tx, site, fresh, kind=USES)
    after = {right: settled((*_read(known.get(right)), *uses)) for right, uses in fresh.items()}
    changes = [
        Change(USES, right, body)
        for right, uses in after.items()
        if (body := _encode(_bounded(uses))) != known.get(right)
    ]
    publish(tx, site, [*changes, *_places(tx, site, came, layout=layout)])
    owners = {use.entitlement: one.band for one in told for use in uses_in(one.decided, one.seq)}
    _look(tx, site, {right: after[right] for right in owners if right in after}, owners=owners)


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Take what is told of an erased guest's bands and rights out of the feed.

    No tombstone stays, whose key could name somebody: an edge forgets both by the notice of the erasure.
    """
    own = item_table.c
    for kind in (USES, WHEREABOUTS):
        keys = list(_known(tx, site, words, kind=kind))
        if keys:
            tx.execute(delete(item_table).where(own.site_id == site, own.kind == kind, own.key.in_(keys)))


ALSO.append(forget)


def _fresh(told: list[Passed]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for one in told:
        for use in uses_in(one.decided, one.seq):
            now = use if one.back is None else msgspec.structs.replace(use, redemption=one.back)
            found.setdefault(use.entitlement, []).append(now)
    return found


def _read(known: bytes | None) -> tuple[Use, ...]:
    return () if known is None else _uses.decode(known)


def _bounded(uses: tuple[Use, ...]) -> tuple[Use, ...]:
    return uses if len(uses) <= USES_TOLD_MAX else (uses[0], *uses[1 - USES_TOLD_MAX :])


def _places(tx: Connection, site: str, came: list[Passed], *, layout: Layout | None) -> list[Change]:
    before = _known(tx, site, (one.band.hex() for one in came), kind=WHEREABOUTS)
    now: dict[str, Whereabouts] = {key: _place.decode(body) for key, body in before.items()}
    for one in came:
        key = one.band.hex()
        if one.back is not None:
            now[key] = taken_back(now.get(key), one.decided)
        elif (there := _there(one, layout)) is not None:
            now[key] = moved(now.get(key), there)
    told = {key: _encode(place) for key, place in now.items()}
    return [Change(WHEREABOUTS, key, body) for key, body in told.items() if body != before.get(key)]


def _there(one: Passed, layout: Layout | None) -> Location | None:
    return None if layout is None else place_after(one.decided, layout)


def _look(
    tx: Connection, site: str, used: Mapping[str, tuple[Use, ...]], *, owners: Mapping[str, bytes]
) -> None:
    """Raise one alarm for each passage too many at another device; withdraw it where it was taken back."""
    shared = {right: uses for right, uses in used.items() if len({use.device for use in uses}) > 1}
    limits = rights.limits(tx, site, list(shared), layout=published(tx, site)) if shared else {}
    for right, uses in shared.items():
        found = {_name(owners[right], one.use): one for one in reconcile(uses, limits.get(right)).duplicates}
        for id_, one in found.items():
            if alarms.find(tx, site, (OF_CENTRAL, id_)) is None:
                _warn(tx, site, one, id_=id_, band=owners[right])
        for id_ in {_name(owners[right], use) for use in uses}.difference(found):
            raised = alarms.find(tx, site, (OF_CENTRAL, id_))
            if raised is not None and raised.seen_ms is None:
                see(tx, site, (OF_CENTRAL, id_), by=OF_CENTRAL)


def _name(band: bytes, use: Use) -> str:
    return f"{band.hex()}-{Reason.DUPLICATE_OFFLINE}-{use.device}-{use.seq}"


def _warn(tx: Connection, site: str, one: Conflict, *, id_: str, band: bytes) -> None:
    stands = one.stands or one.use
    raised = Alarm(
        device=OF_CENTRAL,
        id=id_,
        reason=Reason.DUPLICATE_OFFLINE,
        point=one.use.point,
        at_ms=one.use.scan_ms,
        band=band,
    )
    warn(tx, site, raised, elsewhere=stands.point, devices=(stands.device, one.use.device))


def _known(tx: Connection, site: str, keys: Iterable[str], *, kind: str) -> dict[str, bytes]:
    own, found = item_table.c, dict[str, bytes]()
    for part in parts(sorted(set(keys))):
        these = and_(own.site_id == site, own.kind == kind, own.key.in_(part), own.body.is_not(None))
        found.update({row.key: bytes(row.body) for row in tx.execute(select(own.key, own.body).where(these))})
    return found
