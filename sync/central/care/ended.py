"""Ended: what goes of cases when a guest is erased, and when they were kept long enough."""

from __future__ import annotations

from msgspec.structs import replace

from sync.central import seals
from sync.central.care.case import Links, Result, State, Step, Told, stood
from sync.central.care.cases import PAGE_MAX, case_table, key_of, rewritten, step_table, steps_of
from sync.central.privacy import erasure, retention
from sync.central.privacy.erasure import Gone
from sync.central.registry.tables import parts
from sync.central.store import Connection, and_, delete, now_of, or_, select

_own, _steps = case_table.c, step_table.c


def forget(tx: Connection, site: str, gone: Gone) -> None:
    """Leave of a guest's cases that there was one, when, and what we did; nothing of whose or about what."""
    bands = [band.hex() for band in gone.bands]
    theirs = or_(_own.guest_id == gone.guest, _own.band.in_(bands))
    found = tx.execute(select(_own.case_id).where(_own.site_id == site, theirs)).scalars().all()
    seals.destroy(tx, site, map(key_of, found))
    for id_ in found:
        left = [
            replace(one, note=None, ref="", links=None if one.links is None else _nobodys(one.links))
            for one in steps_of(tx, site, id_)
        ]
        if stood(id_, left).state is not State.CLOSED:
            end = Told(op="erased", step=Step.CLOSED, at_ms=now_of(tx), word=Result.ERASED.value)
            left.append(end)
        rewritten(tx, site, id_, told=left)


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete cases of which nothing was heard since a moment; returns how many."""
    old = select(_own.site_id, _own.case_id).where(_own.changed_ms < at_ms).limit(PAGE_MAX)
    by_site: dict[str, list[str]] = {}
    for site, id_ in tx.execute(old):
        by_site.setdefault(site, []).append(id_)
    for site, ids in by_site.items():
        seals.destroy(tx, site, map(key_of, ids))
        for part in parts(ids):
            tx.execute(delete(step_table).where(and_(_steps.site_id == site, _steps.case_id.in_(part))))
            tx.execute(delete(case_table).where(and_(_own.site_id == site, _own.case_id.in_(part))))
    return sum(map(len, by_site.values()))


def _nobodys(links: Links) -> Links:
    """Return where something happened, without whose and about what it was."""
    return Links(device=links.device, point=links.point)


erasure.PLACES.append(forget)
retention.SPOKEN.append(delete_before)
