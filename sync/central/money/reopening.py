"""Reopening: a grant that a central which was put back has forgotten, by the journal of who holds it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import msgspec

from edge.core.lease import Counters, LeaseKind, Placed, PlacedState, Report, doubtful_ms, is_sound
from edge.core.payment import LeasePassed, LeaseTaken
from edge.errors import Refused
from sync.central.machines import devices
from sync.central.machines.lanes import Stream
from sync.central.money import ledger, placed, policy, restored
from sync.central.money.foreseen import Step, returned_by, steps_of
from sync.central.money.ledger import Entry, Posting
from sync.central.money.passings import passing_of
from sync.central.money.placed import KIND_CHARS_MAX, PlacedRow
from sync.central.money.placing import BAND_HEX_CHARS, make_ready
from sync.central.money.pots import MONEY, counted_in, is_lost, pot, unit_for
from sync.central.money.restored import Claim
from sync.central.money.rising import rising_ms
from sync.central.money.risk import OF_SITE, RISK
from sync.central.registry import layout, wallets
from sync.central.registry.localday import day_at
from sync.central.store import Connection

# What proves such a grant is the holder's own signed and chained journal, or a part that its giver signed,
# and only while that device is awaited (or where an operator has its events tried again). It makes no money:
# it is taken out of what is free of the wallet, within what is lent at once. The rest is not booked.
ENTER = (
    "`polso replay` once all were heard. If it stays: enter again what came in since the backup, and replay."
)
"""Short: a note keeps 200 characters. What a till that is heard later gives back may be what is missing."""


class Holder(NamedTuple):
    """Who holds a lease: a device and its incarnation."""

    device: str
    incarnation: int


class SoFar(NamedTuple):
    """Where a batch stands at an event: its time, and what the events before it moved."""

    at_ms: int
    ahead: int
    """What the lease passed on as only those have told so far who took it."""
    pending: tuple[Posting, ...]


class Reopened(NamedTuple):
    """A lease with all that was granted of it."""

    row: PlacedRow
    posting: Posting
    returned: int
    """How much of it has come back by now as the batch goes on: without that it may not be covered."""


class _Means(NamedTuple):
    """In what a lease counts, and out of which account it was granted."""

    unit: str
    day: int | None
    account: str
    counted: str


class Reopener:
    """What is believed of forgotten grants while a batch of one device is booked."""

    def __init__(self, tx: Connection, stream: Stream, *, again: bool) -> None:
        """``again``: an operator has events tried again that were set aside before."""
        self._tx, self._site, self._device, self._again = tx, stream.site, stream.device, again
        self._awaited = restored.awaited(tx, stream.site)
        self.told: dict[str, Claim] = {}
        """What was told of grants that are not known here, by lease: booked or not."""
        self._steps: dict[str, list[Step]] = {}
        self.givers: frozenset[str] = frozenset()
        """Whose leases may be reopened by a part beside the reader's own: their numbers are held with its."""

    def believes(self, device: str) -> bool:
        """Say whether a device's word for a grant counts that is not known here."""
        return self._again or device in self._awaited

    def wallets(self, reports: Iterable[Report], said: Iterable[msgspec.Struct]) -> set[str]:
        """Return, and hold as far as it is the operator's, whose money may be counted; none, as a rule."""
        told = tuple(said)
        givers = givers_in(told)
        if not self._again and self._awaited.keys().isdisjoint({self._device, *givers}):
            return set()
        self._steps, self.givers = steps_of(told), givers
        found = {one.wallet for one in reports}
        for one in told:
            if isinstance(one, LeasePassed | LeaseTaken):
                found |= set(wallets_named(one))
        if OF_SITE in found:
            policy.lock(self._tx, self._site)
        return found - {OF_SITE}

    def reopen(self, report: Report, holder: Holder, known: PlacedRow | None, *, so_far: SoFar) -> Reopened:
        """Return a lease with all that its holder was granted, and what books it; else why it cannot be."""
        _demand_sound(report, holder, known)
        granted = Counters() if known is None else known.placed.counters
        more = report.counters.granted - granted.granted
        device = devices.device(self._tx, self._site, holder.device)
        self.told[report.lease] = Claim(
            report.lease, report.wallet, holder.device, more, report.counters.granted
        )
        means = self._means(report, known, at_ms=so_far.at_ms)
        lost = self._is_given_up(holder) if known is None else is_lost(known)
        returned = granted.returned
        if lost:
            self._demand_lost(report, known, means, more=more)
        else:
            foreseen = returned_by(self._steps.get(report.lease, ()), report) + so_far.ahead
            returned = max(returned, foreseen)
            needs = more - (returned - granted.returned)
            self._demand_bounded(report, granted, needs)
            self._demand_covered(report, means, needs, pending=so_far.pending)
        row = (
            self._fresh(report, holder, means, kind=device.kind, at_ms=so_far.at_ms)
            if known is None
            else known
        )
        entries = (
            Entry("loss:in_doubt" if lost else means.account, -more),
            Entry(f"lease:{report.lease}", more),
        )
        posting = Posting(
            site=self._site,
            key=f"grant:{report.lease}:{report.counters.granted}",
            kind="grant",
            at_ms=so_far.at_ms,
            currency=means.counted,
            entries=entries,
            device=holder.device,
            lease=report.lease,
            wallet=report.wallet,
        )
        return Reopened(_larger(row, more, lost=lost), posting, returned)

    def _means(self, report: Report, known: PlacedRow | None, *, at_ms: int) -> _Means:
        """Return how a lease counts, with the units made that a want for it had made."""
        if report.wallet:
            wallet = wallets.wallets_of(self._tx, self._site, [report.wallet]).get(report.wallet)
            currency = None if wallet is None else wallet.currency
        else:
            wallet, told = None, layout.published(self._tx, self._site)
            currency = None if told is None else told.currency
        if currency is None or unit_for(report.kind, currency) != report.unit:
            raise Refused(f"Nothing is known here of wallet {report.wallet[:64]} in {report.unit}. {ENTER}")
        dated = report.kind.partition(":")[0] == LeaseKind.DAY
        day = known.day if known is not None else day_at(self._tx, self._site, at_ms) if dated else None
        make_ready(self._tx, self._site, report.kind, wallet=wallet, day=day)
        account, counted = pot(report.wallet, report.kind), counted_in(report.kind, report.unit, day)
        return _Means(report.unit, day, account, counted)

    def _demand_bounded(self, report: Report, known: Counters, more: int) -> None:
        """Refuse more than this central would lend one device at once."""
        most = self._most(report)
        if most is not None and known.spendable - known.minted + more > most:
            lent = f"Lease {report.lease} tells of {more} more; at most {most} are lent at once."
            raise Refused(f"{lent} Choose that limit as it was, then `polso replay`.")

    def _demand_lost(self, report: Report, known: PlacedRow | None, means: _Means, *, more: int) -> None:
        """Refuse more than could be lent at once at the operator's cost: it is a device's mere word."""
        had = Counters() if known is None else known.placed.late
        needs = more - max(0, report.counters.returned - had.returned)
        self._demand_bounded(report, had, needs)
        if self._most(report) is None:
            self._demand_covered(report, means, needs, pending=())

    def _most(self, report: Report) -> int | None:
        """Return how much of a kind one device is lent at once; None: as much as there is."""
        chosen = policy.policy(self._tx, self._site)
        if report.kind == RISK and not report.wallet:
            return chosen.risk_slice_minor
        return chosen.lease_minor_max if report.kind == MONEY else None

    def _demand_covered(
        self, report: Report, means: _Means, more: int, *, pending: Iterable[Posting]
    ) -> None:
        """Refuse what is not there: nobody makes money by telling of a grant."""
        free = ledger.balance(self._tx, self._site, means.account, currency=means.counted)
        free += sum(
            entry.minor
            for posting in pending
            if posting.currency == means.counted
            for entry in posting.entries
            if entry.account == means.account
        )
        if more > free:
            raise Refused(f"Lease {report.lease} took {more} of {means.account}, which has {free}. {ENTER}")

    def _is_given_up(self, holder: Holder) -> bool:
        waits = self._awaited.get(holder.device)
        return waits is not None and waits.given_up

    def _fresh(self, report: Report, holder: Holder, means: _Means, *, kind: str, at_ms: int) -> PlacedRow:
        """Return a lease of nothing yet; its time is all that a device of its kind ever gets, from now on."""
        ttl_s = policy.policy(self._tx, self._site).ttl_s(kind)
        given_up = self._is_given_up(holder)
        bare = Placed(
            lease=report.lease,
            wallet=report.wallet,
            kind=report.kind,
            unit=report.unit,
            device=holder.device,
            incarnation=holder.incarnation,
            state=PlacedState.WRITTEN_OFF if given_up else PlacedState.OPEN,
            closing=given_up,
            doubt_ms=doubtful_ms(rising_ms(self._tx, self._site), ttl_s),
            band=report.band,
        )
        return PlacedRow(
            placed=bare,
            day=means.day,
            why="written_off" if given_up else "",
            serial=placed.next_serial(self._tx, self._site, holder.device),
            ttl_s=ttl_s,
            opened_ms=at_ms,
        )


def wallets_named(said: LeasePassed | LeaseTaken) -> list[str]:
    """Return whose money a part is, where it can be read; else it is set aside for that in its turn."""
    try:
        return [passing_of(said).grant.wallet]
    except Refused:
        return []


def givers_in(said: Iterable[msgspec.Struct]) -> frozenset[str]:
    """Return whose leases the parts came out of that were taken, where that can be read."""
    found = set()
    for one in said:
        if isinstance(one, LeaseTaken):
            with suppress(Refused):
                found.add(passing_of(one).giver)
    return frozenset(found)


def _demand_sound(report: Report, holder: Holder, known: PlacedRow | None) -> None:
    named = 0 < len(report.lease) <= KIND_CHARS_MAX and report.lease.isprintable()
    kinds = report.kind.partition(":")[0] in frozenset(LeaseKind) and len(report.kind) <= KIND_CHARS_MAX
    sound = named and kinds and len(report.band) <= BAND_HEX_CHARS and is_sound(report.counters)
    own = known is None or (known.placed.device, known.placed.incarnation) == holder
    if not sound or not own or report.incarnation != holder.incarnation:
        raise Refused(f"Lease {report.lease[:64]} cannot be what its device says of it.")


def _larger(row: PlacedRow, more: int, *, lost: bool) -> PlacedRow:
    """Return a lease with more granted; of one that was given up that is the operator's loss."""
    one = row.placed
    counters = msgspec.structs.replace(one.counters, granted=one.counters.granted + more)
    late = msgspec.structs.replace(one.late, granted=one.late.granted + more) if lost else one.late
    larger = msgspec.structs.replace(one, counters=counters, late=late)
    return msgspec.structs.replace(row, placed=larger, loss=row.loss + more if lost else row.loss)
