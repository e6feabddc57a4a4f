"""Conduct: what the people of a site did within a stretch of time, read from their devices' events."""

from __future__ import annotations

import msgspec

from edge.core.events import Acted, Decided, Kind
from edge.core.outliers import Happened, Outlier, judge_outliers
from sync.central.machines.lanes import event_table
from sync.central.store import Connection, Row, select

ROWS_MAX = 200_000
"""Events looked at for one day; a site with more people's acts than this has other troubles."""
SHORT_BYTES = 4
TIMES_MAX = 100_000
"""No record is believed to tell of more."""
DECISIONS = (Kind.CONFIRMED, Kind.OVERRIDDEN)
ACTS = (
    *(Kind.UNDONE, Kind.BAND_STATE, Kind.LINKED, Kind.LOOKED_UP, Kind.COUNT_CORRECTED, Kind.LOCATION_SET),
    *(Kind.SIGNED_IN, Kind.SIGN_IN_REFUSED, Kind.APPROVAL_ASKED, Kind.APPROVAL_GIVEN),
    *(Kind.APPROVAL_REFUSED, Kind.ATTEMPT_REFUSED),
)
_decided = msgspec.msgpack.Decoder(Decided)
_acted = msgspec.msgpack.Decoder(Acted)


def outliers(tx: Connection, site: str, from_ms: int, *, until_ms: int) -> tuple[Outlier, ...]:
    """Return what stands out among the people of a site from one moment to another."""
    own = event_table.c
    there = (own.site_id == site, own.hlc >= from_ms << 16, own.hlc < until_ms << 16)
    rows = tx.execute(
        select(event_table)
        .where(*there, own.kind.in_([int(kind) for kind in (*DECISIONS, *ACTS)]))
        .order_by(own.hlc.desc())
        .limit(ROWS_MAX)
    )
    people = [_happened(row) for row in rows]
    if any(one.kind == Kind.LOOKED_UP for one in people):
        taps = select(own.hlc, own.kind, own.band).where(*there, own.kind == int(Kind.DECIDED))
        for hlc, kind, band in tx.execute(taps.order_by(own.hlc.desc()).limit(ROWS_MAX)):
            people.append(Happened(at_ms=hlc >> 16, kind=kind, bands=_short(band)))
    return judge_outliers(people)


def _happened(row: Row[tuple[object, ...]]) -> Happened:
    """Return one event as a person's act; a body that cannot be read is nobody's."""
    plain = Happened(at_ms=row.hlc >> 16, kind=row.kind, bands=_short(row.band))
    try:
        if row.kind in DECISIONS:
            decided = _decided.decode(bytes(row.body))
            who = {"staff": decided.staff or "", "approver": decided.approver or ""}
            return msgspec.structs.replace(plain, **who)
        acted = _acted.decode(bytes(row.body))
    except msgspec.MsgspecError:
        return plain
    seen = tuple((acted.target or "").split()) if row.kind == Kind.LOOKED_UP else ()
    return msgspec.structs.replace(
        plain,
        staff=acted.staff or "",
        approver=acted.approver or "",
        reason=acted.reason,
        times=_times(row.kind, acted.amount),
        bands=(*plain.bands, *seen),
    )


def _times(kind: int, amount: int | None) -> int:
    """Return how often it happened: of refusals that came again within a minute one record tells the sum."""
    return max(1, min(amount or 1, TIMES_MAX)) if kind == Kind.ATTEMPT_REFUSED else 1


def _short(band: object) -> tuple[str, ...]:
    return (bytes(band)[:SHORT_BYTES].hex(),) if isinstance(band, bytes | memoryview) and band else ()
