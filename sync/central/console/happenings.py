"""Happenings: the events of a site's devices in words, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from edge.core.decision import Outcome
from edge.core.events import Acted, Decided, Kind
from edge.core.offers.said import KINDS as OFFERED
from edge.core.offers.said import Told
from edge.remarks import sealed_in
from sync.central.machines.lanes import event_table
from sync.central.privacy.remarks import SPOKEN
from sync.central.seals import Written, opened
from sync.central.store import Connection, Row, func, select

PAGE_MAX = 100
LATEST_MAX = 20
SCANNED_MAX = 20_000
"""Events looked at for one page of a rare kind."""
BLOCK = 500
_decided = msgspec.msgpack.Decoder(Decided)
_acted = msgspec.msgpack.Decoder(Acted)
_told = msgspec.msgpack.Decoder(Told)
KINDS = {int(kind): kind.name.lower() for kind in Kind}
DECISIONS = (Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN)


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a person reads it; ``hlc`` is its place in time."""

    hlc: int
    at_ms: int
    device: str
    kind: str
    band: str = ""
    point: str = ""
    outcome: str = ""
    reason: str = ""
    guest: str = ""
    note: str = ""
    who: str = ""
    """Staff who did it, and who stood for it."""
    written: Written | None = None
    """A note that is still sealed."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to see; empty: everything."""

    device: str = ""
    point: str = ""
    outcome: str = ""
    reason: str = ""
    band: str = ""

    def fits(self, one: Happening) -> bool:
        """Say whether an event is wanted."""
        return (
            self.device in ("", one.device)
            and self.point in ("", one.point)
            and self.outcome in ("", one.outcome)
            and self.reason in ("", one.reason)
            and one.band.startswith(self.band)
        )


def page(tx: Connection, site: str, wanted: Wanted, *, before: int = 0) -> tuple[tuple[Happening, ...], int]:
    """Return one page of wanted events, newest first, and the mark of the next page (0: no more)."""
    found: list[Happening] = []
    last = 0
    for scanned, one in enumerate(_newest(tx, site, before), 1):
        last = one.hlc
        if wanted.fits(one):
            found.append(one)
        if len(found) == PAGE_MAX or scanned == SCANNED_MAX:
            return _read_out(tx, site, found), last
    return _read_out(tx, site, found), 0


def latest_of(tx: Connection, site: str, bands: Sequence[bytes]) -> tuple[Happening, ...]:
    """Return the newest events of a guest's bands."""
    if not bands:
        return ()
    own = event_table.c
    query = select(event_table).where(own.site_id == site, own.band.in_(list(bands)))
    rows = tx.execute(query.order_by(own.hlc.desc()).limit(LATEST_MAX))
    return _read_out(tx, site, [told(row) for row in rows])


def minutes(tx: Connection, site: str, *, now_ms: int, count: int) -> tuple[int, ...]:
    """Return how many events happened in each of the last minutes, the oldest first."""
    own, first = event_table.c, now_ms // 60_000 - count + 1
    # An hlc holds milliseconds above 16 bits of counter; both databases divide whole numbers to whole ones.
    minute = own.hlc // ((1 << 16) * 60_000)
    query = select(minute, func.count()).where(own.site_id == site, own.hlc >= first * 60_000 << 16)
    counted = {int(row[0]): int(row[1]) for row in tx.execute(query.group_by(minute))}
    return tuple(counted.get(first + at, 0) for at in range(count))


def told(row: Row[tuple[object, ...]]) -> Happening:
    """Return one stored event in words; a body that cannot be read is shown as its kind alone."""
    kind = KINDS.get(row.kind, str(row.kind))
    plain = Happening(
        hlc=row.hlc,
        at_ms=row.hlc >> 16,
        device=row.device_id,
        kind=kind,
        band=bytes(row.band).hex() if row.band else "",
    )
    try:
        return _with_body(plain, row.kind, bytes(row.body))
    except msgspec.MsgspecError:
        return plain


def _with_body(plain: Happening, kind: int, body: bytes) -> Happening:
    if kind in DECISIONS:
        try:
            return _decision(plain, _decided.decode(body))
        except msgspec.ValidationError:
            pass  # A confirmation or override of a person is told by Acted.
    if kind in SPOKEN:
        return _money(plain, kind, body)
    if kind in OFFERED:
        return _offered(plain, _told.decode(body))
    acted = _acted.decode(body)
    note = acted.note or acted.target or ""
    reason = acted.reason or ""
    told = {"point": acted.point or "", "note": note, "reason": reason, "who": _people(acted)}
    band = bytes.fromhex(plain.band) or None
    written = Written(acted.sealed, kind, band) if acted.sealed is not None else None
    return msgspec.structs.replace(plain, **told, written=written)


def _money(plain: Happening, kind: int, body: bytes) -> Happening:
    """Return an act about money with the words that somebody gave for it."""
    told = msgspec.msgpack.decode(body, type=SPOKEN[Kind(kind)])
    sealed = sealed_in(told.reason)
    band = bytes.fromhex(plain.band) or None
    return msgspec.structs.replace(
        plain,
        point=getattr(told, "point", "") or getattr(told, "drawer", ""),
        note="" if sealed is not None else told.reason,
        written=Written(sealed, kind, band) if sealed is not None else None,
    )


def _offered(plain: Happening, told: Told) -> Happening:
    """Return what became of an offer: which one, for whom, and who did it in the guest's place."""
    guest = told.guest or ""
    return msgspec.structs.replace(plain, point=told.point, note=told.offer, guest=guest, who=told.staff)


def _decision(plain: Happening, body: Decided) -> Happening:
    decision = body.decision
    return msgspec.structs.replace(
        plain,
        point=decision.point,
        outcome=Outcome(decision.outcome).value,
        reason=decision.reason.value,
        guest=decision.guest or "",
        note=body.note,
        who=_people(body),
    )


def _people(body: Acted | Decided) -> str:
    return ", ".join(filter(None, (body.staff, body.approver)))


def _read_out(tx: Connection, site: str, found: Sequence[Happening]) -> tuple[Happening, ...]:
    """Return events with what staff wrote in clear, as far as the key of whom it is about still exists."""
    clear = iter(opened(tx, site, [one.written for one in found if one.written is not None]))
    return tuple(
        one
        if one.written is None
        else msgspec.structs.replace(one, note=next(clear) or one.note, written=None)
        for one in found
    )


def _newest(tx: Connection, site: str, before: int) -> Iterator[Happening]:
    own = event_table.c
    while True:
        query = select(event_table).where(own.site_id == site)
        if before:
            query = query.where(own.hlc < before)
        rows = tx.execute(query.order_by(own.hlc.desc()).limit(BLOCK)).all()
        yield from (told(row) for row in rows)
        if len(rows) < BLOCK:
            return
        before = rows[-1].hlc
