"""The day's proof: every accepted op has one posting and one receipt, and whatever does not is named."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from edge.core.events import Kind
from edge.core.lease import Placed
from edge.core.shift import ShiftClosed, expected_minor
from sync.central.accounting import ops, voucher_sums
from sync.central.accounting.ops import What
from sync.central.accounting.records import PROVED, Heard, told_by
from sync.central.accounting.sums import Figures, TillSum, figures, till_sums
from sync.central.accounting.voucher_sums import Campaign
from sync.central.books import BOOKS, Book
from sync.central.machines.lanes import event_table
from sync.central.money import ledger, placed
from sync.central.money.ledger import entry_table, posting_table
from sync.central.money.placed import PlacedRow
from sync.central.money.pots import counted_in, is_lost
from sync.central.money.repeats import PAYERS
from sync.central.store import Connection, Store, and_, case, func, or_, select
from sync.packing import UNREADABLE

NAMED_MAX = 200
"""Findings that are named; further ones are only counted."""
POSTED_BY = ("sale", "void", "top_up", "capture", "refund", "cash_out")
"""Kinds of posting that an event of a device stands behind."""


class Fault(enum.StrEnum):
    """What can be wrong with a day."""

    NO_POSTING = "no_posting"
    """A device recorded it, and the ledger does not have it."""
    NO_RECEIPT = "no_receipt"
    """The ledger has it, and no device's record stands behind it."""
    AMOUNT = "amount"
    """Record and posting say two amounts."""
    UNITS = "units"
    """Record and posting say two numbers of a voucher's units."""
    DOUBLED = "doubled"
    """Two records of one op, and no word that the second was suppressed."""
    ASIDE = "aside"
    """It could not be booked."""
    UNREADABLE = "unreadable"
    LEASE = "lease"
    """What the ledger holds of a lease is not what its totals leave."""
    UNBALANCED = "unbalanced"
    """The sum over all accounts is not zero."""
    DRAWER = "drawer"
    """Cash that was taken in for wallets is not what its drawer's postings say."""
    PROVIDER = "provider"
    """The payment provider's book is not what was posted."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not add up: what, of what, where, and by how much."""

    fault: Fault
    of: str
    device: str = ""
    minor: int = 0
    why: str = ""


class LeaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lease's totals as the day ends; ``age_ms``: since its device last spoke of it."""

    lease: str
    wallet: str
    device: str
    kind: str
    unit: str
    state: str
    granted: int
    spent: int
    voided: int
    minted: int
    returned: int
    loss: int
    age_ms: int


class DayProof(msgspec.Struct, frozen=True, kw_only=True):
    """What a day comes to; it is proven when nothing is unexplained."""

    site: str
    from_ms: int
    until_ms: int
    ops: int
    postings: int
    unexplained: int
    findings: tuple[Finding, ...]
    tills: tuple[TillSum, ...]
    leases: tuple[LeaseLine, ...]
    trial: dict[str, int]
    figures: Figures
    books: tuple[Book, ...] = ()
    """Each payment provider's own book beside ours; none where none was ever read."""
    vouchers: tuple[Campaign, ...] = ()
    """What was used of each campaign that day, and what it was worth."""

    @property
    def proven(self) -> bool:
        """Whether every op, posting and receipt is explained."""
        return self.unexplained == 0


def prove(store: Store, site: str, from_ms: int, *, until_ms: int) -> DayProof:
    """Prove what happened at a site between two moments; reads only, and names whatever it cannot explain."""
    with store.reading() as tx:
        found: list[Finding] = []
        heard = _heard(tx, site, (from_ms, until_ms), found=found)
        posted = _posted(tx, site, (from_ms, until_ms))
        found += _compared(tx, site, heard, posted=posted)
        leases = placed.every(tx, site)
        found += _leases(tx, site, leases)
        trial = ledger.trial_balance(tx, site)
        found += [Finding(Fault.UNBALANCED, unit, minor=minor) for unit, minor in trial.items() if minor]
        found += _drawers(tx, site, (from_ms, until_ms))
        books = tuple(book for read in BOOKS for book in read(tx, site, (from_ms, until_ms)))
        found += [one for book in books for one in _apart(book)]
        asides = ops.notes(tx, site, what=What.ASIDE, from_ms=from_ms, until_ms=until_ms)
        found += [
            Finding(Fault.ASIDE, f"{one.stream.lane}/{one.seq}", one.stream.device, one.minor, one.why)
            for one in asides
        ]
        return DayProof(
            site=site,
            from_ms=from_ms,
            until_ms=until_ms,
            ops=len(heard),
            postings=len(posted),
            unexplained=len(found),
            findings=tuple(found[:NAMED_MAX]),
            tills=till_sums(tx, site, from_ms, until_ms=until_ms),
            leases=tuple(_line(one, until_ms) for one in leases if one.living or is_lost(one))[:NAMED_MAX],
            trial=trial,
            books=books,
            vouchers=voucher_sums.of_day(tx, site, (from_ms, until_ms)),
            figures=figures(tx, site, from_ms, until_ms=until_ms),
        )


def _heard(tx: Connection, site: str, when: tuple[int, int], *, found: list[Finding]) -> list[Heard]:
    """Return what the devices recorded, by the keys under which it must stand in the ledger."""
    own, heard = event_table.c, []
    query = select(own.device_id, own.lane, own.seq, own.kind, own.body).where(
        own.site_id == site,
        own.hlc >= when[0] << 16,
        own.hlc < when[1] << 16,
        own.kind.in_([int(kind) for kind in PROVED]),
    )
    aside = {(one.stream.device, one.stream.lane, one.seq) for one in ops.notes(tx, site, what=What.ASIDE)}
    for device, lane, seq, kind, body in tx.execute(query):
        if (device, lane, seq) in aside:
            continue
        try:
            told = told_by(kind, bytes(body), device)
        except UNREADABLE as error:
            found.append(Finding(Fault.UNREADABLE, f"{lane}/{seq}", device, why=str(error)))
            continue
        if told is not None:
            heard.append(told)
    return heard


def _posted(tx: Connection, site: str, when: tuple[int, int]) -> dict[str, int]:
    """Return the postings of the day that devices stand behind, with what came out of payers' accounts."""
    own, lines = posting_table.c, entry_table.c
    # The character after a colon ends the range of its prefix, on both databases.
    payers = or_(*(and_(lines.account >= one, lines.account < one[:-1] + ";") for one in PAYERS))
    given = func.sum(case((payers, lines.minor), else_=0))
    query = (
        select(own.key, given)
        .join(entry_table, and_(lines.site_id == own.site_id, lines.key == own.key))
        .where(
            own.site_id == site,
            lines.site_id == site,
            own.at_ms >= when[0],
            own.at_ms < when[1],
            own.kind.in_(POSTED_BY),
            own.device_id != "",
        )
        .group_by(own.key)
    )
    return {key: int(minor) for key, minor in tx.execute(query)}


def _compared(tx: Connection, site: str, heard: list[Heard], *, posted: Mapping[str, int]) -> list[Finding]:
    found, seen = [], set()
    twice = {one.of for one in ops.notes(tx, site, what=What.DUPLICATE)}
    counted = _counted(posted)
    for one in heard:
        if one.key in seen:
            if one.key not in twice:
                found.append(Finding(Fault.DOUBLED, one.key, one.device))
            continue
        seen.add(one.key)
        minor = posted.get(one.key)
        if minor is None:
            if one.minor != 0 or one.key.startswith(("topup:", "cashout:")):
                found.append(Finding(Fault.NO_POSTING, one.key, one.device, one.minor or 0))
        elif one.minor is not None and minor != one.minor:
            found.append(Finding(Fault.AMOUNT, one.key, one.device, minor - one.minor))
        found += _units(one, counted.get(one.key, {}))
    for key, minor in posted.items():
        if key.partition("/")[0] not in seen:
            found.append(Finding(Fault.NO_RECEIPT, key, minor=minor))
    return found


def _counted(posted: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return the units that were posted beside the money of a record, by its key and the vouchers' kind."""
    found: dict[str, dict[str, int]] = {}
    for key, minor in posted.items():
        of, beside, unit = key.partition("/")
        if beside:
            found.setdefault(of, {})[unit.rpartition("/")[0]] = minor
    return found


def _units(told: Heard, posted: Mapping[str, int]) -> list[Finding]:
    """Return the vouchers of a record of which the ledger says another number, or nothing."""
    return [
        Finding(Fault.UNITS, told.key, told.device, posted.get(kind, 0) - units, kind)
        for kind, units in told.units.items()
        if posted.get(kind, 0) != units
    ]


def _leases(tx: Connection, site: str, rows: Iterable[PlacedRow]) -> list[Finding]:
    """Return the leases of which the ledger holds something else than their totals leave."""
    held = {(one.account, one.currency): one.minor for one in ledger.standings(tx, site, prefix="lease:")}
    found = []
    for row in rows:
        account = (f"lease:{row.id}", counted_in(row.placed.kind, row.placed.unit, row.day))
        wanted, there = _left(row.placed, lost=is_lost(row)), held.pop(account, 0)
        if there != wanted:
            found.append(Finding(Fault.LEASE, row.id, row.placed.device, there - wanted))
    found += [Finding(Fault.LEASE, account, minor=minor) for (account, _), minor in held.items() if minor]
    return found


def _left(one: Placed, *, lost: bool) -> int:
    return one.late.spendable if lost else one.counters.spendable


def _drawers(tx: Connection, site: str, when: tuple[int, int]) -> list[Finding]:
    """Return the drawers whose counts do not follow from the records: nothing is ever smoothed."""
    own, found = event_table.c, []
    query = select(own.device_id, own.body).where(
        own.site_id == site,
        own.hlc >= when[0] << 16,
        own.hlc < when[1] << 16,
        own.kind == int(Kind.SHIFT_CLOSED),
    )
    for device, body in tx.execute(query):
        try:
            told = msgspec.msgpack.decode(bytes(body), type=ShiftClosed)
        except UNREADABLE as error:
            found.append(Finding(Fault.UNREADABLE, "shift", device, why=str(error)))
            continue
        off = told.expected_minor - expected_minor(told.float_minor, told.takings)
        off = off or told.difference_minor - (told.counted_minor - told.expected_minor)
        if off:
            found.append(Finding(Fault.DRAWER, told.drawer, device, off, f"shift {told.shift}"))
        elif told.difference_minor and not told.reason:
            found.append(Finding(Fault.DRAWER, told.drawer, device, told.difference_minor, "no reason"))
    return found


def _apart(book: Book) -> list[Finding]:
    """Return on what a provider's book and our postings differ, each by its name; the sums as a last word."""
    found = [
        Finding(Fault.PROVIDER, gap.of, minor=gap.here - gap.there, why=f"{book.account}: {gap.why}")
        for gap in book.gaps
    ]
    if not found and book.here != book.there:
        found.append(Finding(Fault.PROVIDER, book.account, minor=book.here - book.there))
    return found


def _line(row: PlacedRow, until_ms: int) -> LeaseLine:
    one, counters = row.placed, row.placed.counters
    return LeaseLine(
        lease=row.id,
        wallet=one.wallet,
        device=one.device,
        kind=one.kind,
        unit=one.unit,
        state=one.state.value,
        granted=counters.granted,
        spent=counters.spent,
        voided=counters.voided,
        minted=counters.minted,
        returned=counters.returned,
        loss=row.loss - row.recovered,
        age_ms=max(0, until_ms - (row.heard_ms or row.opened_ms)),
    )
