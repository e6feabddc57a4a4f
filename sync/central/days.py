"""Days: which moments a site's local day lies between, and its proof in words for a terminal."""

from __future__ import annotations

import datetime as dt

from edge.errors import Refused
from sync.central.accounting.day import DayProof
from sync.central.accounting.day import prove as prove
from sync.central.books import BOOKS
from sync.central.psp.beside import books_of
from sync.central.registry.localday import turn_of
from sync.central.store import Connection, Store

# Here, whoever proves a day reads the providers' books with it, whether or not they could charge.
BOOKS.append(books_of)


def zone_of(tx: Connection, site: str) -> dt.tzinfo:
    """Return a site's time zone; UTC where it has none that this machine knows."""
    return turn_of(tx, site).zone


def bounds(store: Store, site: str, date: str) -> tuple[int, int]:
    """Return when a site's local day begins and ends; the nights of a clock change count right."""
    with store.reading() as tx:
        zone = zone_of(tx, site)
    try:
        day = dt.date.fromisoformat(date) if date else None
    except ValueError:
        raise Refused(f"{date[:40]!r} is no date.", hint="Write it as 2026-06-30.") from None
    day = day or dt.datetime.fromtimestamp(store.now_ms() / 1000, zone).date()
    first, after = (dt.datetime.combine(one, dt.time(), zone) for one in (day, day + dt.timedelta(days=1)))
    return round(first.timestamp() * 1000), round(after.timestamp() * 1000)


def in_words(proof: DayProof) -> str:
    """Return a proof as a person reads it: the verdict first, then what is wrong, then the figures."""
    told, known = [], proof.figures
    verdict = "proven" if proof.proven else "NOT PROVEN"
    told.append(f"{verdict}: {proof.ops} ops, {proof.postings} postings, {proof.unexplained} unexplained")
    told += [
        f"  {one.fault}: {one.of}{f' at {one.device}' if one.device else ''}"
        f"{f', {one.minor}' if one.minor else ''}{f' ({one.why})' if one.why else ''}"
        for one in proof.findings
    ]
    told += [f"trial balance {unit}: {minor}" for unit, minor in sorted(proof.trial.items())]
    told += [
        f"{one.device} {one.point}: {one.ops} ops, sold {one.sold_minor}, back {one.back_minor},"
        f" held {one.held_minor} {one.currency}"
        for one in proof.tills
    ]
    told += [
        f"{book.account} took {book.there}, posted {book.here} {book.currency}, its book read until"
        f" {dt.datetime.fromtimestamp(book.read_ms // 1000, dt.UTC).isoformat()}"
        for book in proof.books
    ]
    told += [
        f"vouchers {one.campaign}: given {one.given}, used {one.used} {one.unit}, worth {one.worth_minor}"
        for one in proof.vouchers
    ]
    told.append(
        f"at devices {known.set_aside_minor}, in doubt {known.in_doubt_minor}, lost {known.lost_minor}"
    )
    told.append(
        f"at risk: budget {known.risk_budget_minor}, used {known.risk_used_minor},"
        f" at worst {known.risk_worst_minor}"
    )
    told.append(
        f"suppressed duplicates {known.duplicates}, late settlements {known.late} ({known.late_minor}),"
        f" false denials {known.false_denials}, uncertain clocks {known.time_uncertain}"
    )
    told.append(f"waiting at devices: {known.outbox} events, the oldest for {known.outbox_age_ms // 1000} s")
    return "\n".join(told)
