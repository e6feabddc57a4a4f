"""Whys: each decision about a band in words: what was said, by which rule, and what the device knew then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from edge.core.calendar import MINUTE_MS
from edge.core.decision import Basis, Reason
from edge.core.events import DECISIONS, Decided, Kind, decided_in
from edge.core.money import spelled
from edge.core.payment.bodies import Payment
from sync.central.console.ask import Ask
from sync.central.console.diaries import Named
from sync.central.machines.lanes import event_table
from sync.central.store import Connection, Row, select
from sync.packing import UNREADABLE

PAGE_MAX = 20
KINDS = (*DECISIONS, Kind.PAID)
_payment = msgspec.msgpack.Decoder(Payment).decode


class Why(NamedTuple):
    """One decision as somebody at the telephone explains it."""

    at_ms: int
    outcome: str
    reason: str
    where: str
    who: str
    """Staff who took it, or stood for it."""
    knew: tuple[str, ...]


def latest(ask: Ask, tx: Connection, bands: Sequence[bytes], *, names: Named) -> tuple[Why, ...]:
    """Return the latest decisions about these bands, the newest first, each from its own journalled event."""
    if not bands:
        return ()
    own = event_table.c
    here = (own.site_id == ask.site, own.band.in_(list(bands)), own.kind.in_(KINDS))
    rows = tx.execute(select(event_table).where(*here).order_by(own.hlc.desc()).limit(PAGE_MAX))
    return tuple(one for row in rows if (one := _why(ask, row, names)) is not None)


def _why(ask: Ask, row: Row[tuple[object, ...]], names: Named) -> Why | None:
    try:
        if row.kind == Kind.PAID:
            return _paid(ask, _payment(bytes(row.body)), at_ms=row.hlc >> 16, names=names)
        return _decided(ask, row, decided_in(bytes(row.body), row.band and bytes(row.band)), names=names)
    except UNREADABLE:
        return None  # a later version's: the list of what happened shows it by its kind


def _decided(ask: Ask, row: Row[tuple[object, ...]], told: Decided, *, names: Named) -> Why:
    said = told.decision
    return Why(
        at_ms=row.hlc >> 16,
        outcome=said.outcome.value,
        reason=said.reason.value,
        where=names.points.get(said.point, said.point),
        who=", ".join(filter(None, (told.staff, told.approver))),
        knew=tuple(_knew(ask, told, names)),
    )


def _knew(ask: Ask, told: Decided, names: Named) -> Iterator[str]:
    said, t = told.decision, ask.words
    if said.rule:
        yield t("knew.rule", rule=said.rule)
    for failed in said.failures:
        if failed.reason is not said.reason:
            yield t("knew.also", reason=t(f"reason.{failed.reason}"))
    if said.first is not None:
        where = names.points.get(said.first.point, said.first.point)
        yield t("knew.first", where=where, time=ask.time(said.first.at_ms))
    if said.next.at_ms is not None:
        yield t("knew.green", time=ask.time(said.next.at_ms))
    yield from _memory(ask, told)
    yield t(f"basis.{said.basis}")
    if told.profile_rev is None:
        yield t("knew.no_profile")
    else:
        minutes = (told.profile_age_ms or said.age_ms or 0) // MINUTE_MS
        yield t("knew.profile", revision=told.profile_rev, minutes=minutes)
    yield t("knew.layout", version=told.layout)
    if not told.clock_trusted:
        yield t("knew.clock", seconds=told.uncertainty_ms // 1_000)


def _memory(ask: Ask, told: Decided) -> Iterator[str]:
    """Yield what the site itself remembered of the band, whatever the profile said."""
    held = told.held
    if held is None:
        return
    yield ask.words("knew.band", state=ask.words(f"band.{held.state.name.lower()}"))
    if held.location is not None:
        yield ask.words(
            "knew.was", where=held.location.zone or held.location.point, time=ask.time(held.location.since_ms)
        )
    if held.uses:
        yield ask.words("knew.uses", count=len(held.uses) + told.uses_cut)


def _paid(ask: Ask, told: Payment, *, at_ms: int, names: Named) -> Why:
    outcome = "granted" if told.state is not None else "denied"
    where = names.points.get(told.point, told.point)
    knew = tuple(_knew_of_money(ask, told))
    return Why(at_ms, outcome, told.reason.value, where, told.staff, knew)


def _knew_of_money(ask: Ask, told: Payment) -> Iterator[str]:
    def amount(minor: int) -> str:
        return f"{spelled(minor, told.currency)} {told.currency}"

    t, tap = ask.words, told.judged.tap
    yield t("knew.total", amount=amount(told.total_minor))
    if told.missing_minor:
        yield t("knew.missing", amount=amount(told.missing_minor))
    if told.left_minor is not None:
        yield t("knew.left", amount=amount(told.left_minor))
    yield t("knew.ready", amount=amount(told.ready_minor))
    if told.elsewhere_minor:
        yield t("knew.elsewhere", amount=amount(told.elsewhere_minor))
    for note in told.notes:
        yield t("knew.also", reason=t(f"reason.{note}"))
    if tap is not None and tap.decision.basis is Basis.STALE:
        yield t("basis.stale")
    if told.reason is Reason.PAYMENTS_OFF:
        yield t("knew.epoch", number=told.judged.block_epoch)
