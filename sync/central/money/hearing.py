"""Hearing: what devices say of leases and their parts, learnt once, whichever word comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge.core.lease import (
    Counters,
    LateSettled,
    Passing,
    Placed,
    PlacedState,
    Refusal,
    Report,
    settle_late,
    take_report,
)
from edge.core.payment import LeasePassed, LeaseTaken
from edge.errors import Refused
from sync.central.machines.lanes import Stream
from sync.central.money import passings, placed
from sync.central.money import policy as policies
from sync.central.money.bookings import Booked
from sync.central.money.ledger import Entry, Posting
from sync.central.money.passings import Part
from sync.central.money.placed import PlacedRow
from sync.central.money.pots import MONEY, counted_in, is_lost, pot
from sync.central.money.reopening import Holder, Reopener, SoFar
from sync.central.money.rising import rising_ms
from sync.central.registry import wallets
from sync.central.store import Connection


class Told(NamedTuple):
    """One event of money as a batch brought it."""

    seq: int
    kind: int
    at_ms: int
    body: bytes
    band: bytes | None = None


class Moves(msgspec.Struct, kw_only=True):
    """What one event moves: nothing of it is kept before all of it holds."""

    booked: Booked = Booked(())
    leases: dict[str, PlacedRow] = {}
    parts: dict[str, Part] = {}
    returned: list[Posting] = []
    late: int = 0
    is_late: bool = False

    @property
    def postings(self) -> list[Posting]:
        """All postings of the event."""
        return [*self.booked.postings, *self.returned]


class Hearing:
    """The leases and parts that a batch of one device tells of, as they stand after what was heard of it."""

    def __init__(
        self,
        tx: Connection,
        stream: Stream,
        reports: Sequence[Report],
        *,
        said: Sequence[msgspec.Struct],
        reopener: Reopener,
    ) -> None:
        """Load, and hold, every lease that is reported on, and those out of which parts were taken."""
        self.tx, self.stream, self.reopener = tx, stream, reopener
        self.leases, self.parts = self._held(reports, said)
        self.stored, self.known_parts = set(self.leases), set(self.parts)
        unknown = {one.wallet for one in reports if one.lease not in self.leases}
        self.wallets = wallets.wallets_of(tx, stream.site, unknown)
        self.mint_max = policies.policy(tx, stream.site).mint_minor_max
        self.rising_ms = rising_ms(tx, stream.site)
        self.postings: list[Posting] = []
        """What is to be posted of the events so far."""

    def hear(self, said: msgspec.Struct, reports: Sequence[Report], *, told: Told, moves: Moves) -> None:
        """Learn what an event says of leases; nothing is changed but ``moves``."""
        match said:
            case LeasePassed():
                self._given(said, told, moves)
            case LeaseTaken():
                self._taken(said, told, moves)
            case _:
                for report in reports:
                    self._hear(report, told, moves)

    def _held(
        self, reports: Sequence[Report], said: Sequence[msgspec.Struct]
    ) -> tuple[dict[str, PlacedRow], dict[str, Part]]:
        """Return, and hold, these leases and those out of which parts were taken, with all such parts."""
        tx, site = self.tx, self.stream.site
        leases = placed.by_id(
            tx, site, (*(one.lease for one in reports), *passings.named_in(said)), held=True
        )
        parts = passings.by_leases(tx, site, (*leases, *(one.lease for one in reports)))
        # What another worker opened while this one waited for the giver's lease was not there at first.
        leases |= placed.by_id(tx, site, set(parts) - set(leases), held=True)
        if any(isinstance(one, LeaseTaken) for one in said):
            placed.hold_serials(tx, site, {self.stream.device, *self.reopener.givers})
        return leases, parts

    def _hear(self, report: Report, told: Told, moves: Moves) -> None:
        """Learn a lease's totals: the largest of each; what came back is free at once."""
        before = self._before(report, told, moves)
        if before.placed.device != self.stream.device:
            raise Refused(f"Lease {report.lease} is another device's.")
        moves.is_late |= is_lost(before)
        ahead = passings.ahead(self.parts | moves.parts, report.lease)
        hear = settle_late if is_lost(before) else take_report
        heard = hear(before.placed, report, ahead=ahead)
        if isinstance(heard, Refusal):
            raise Refused(f"Lease {report.lease}: {heard.value}.")
        if isinstance(heard, LateSettled):
            moves.late += heard.consumed
            after, was, now = heard.placed, before.placed.late, heard.placed.late
        else:
            after, was, now = heard, before.placed.counters, heard.counters
        if now.minted > was.minted and self._minted(report.lease) + now.minted > self.mint_max:
            raise Refused(f"More cash than this device may take in before somebody looks: {now.minted}.")
        if before.placed.state is PlacedState.IN_DOUBT:
            # It spoke: if it falls silent now, the days until it is given up begin anew.
            after = msgspec.structs.replace(after, doubt_ms=max(after.doubt_ms, self.rising_ms))
        row = msgspec.structs.replace(before, placed=after, heard_ms=told.at_ms)
        if now.returned > was.returned:
            row, posting = self._given_back(row, was.returned, now.returned, at_ms=told.at_ms)
            moves.returned.append(posting)
        moves.leases[report.lease] = row

    def _before(self, report: Report, told: Told, moves: Moves) -> PlacedRow:
        """Return a lease as it was known, with the grant that a central which was put back has forgotten."""
        known = moves.leases.get(report.lease) or self.leases.get(report.lease)
        granted = report.counters.granted
        if known is None and not (granted and self.reopener.believes(self.stream.device)):
            return self._opened(report)
        if known is not None and granted <= known.placed.counters.granted:
            return known
        holder = Holder(self.stream.device, self.stream.incarnation)
        return self._reopened(report, holder, known, told=told, moves=moves)

    def _reopened(
        self, report: Report, holder: Holder, known: PlacedRow | None, *, told: Told, moves: Moves
    ) -> PlacedRow:
        """Return a lease with all that was granted of it, and book that, where its holder is believed."""
        if not self.reopener.believes(holder.device):
            if known is None:
                raise Refused(f"Nothing is known here of lease {report.lease[:64]}.")
            return known
        ahead = passings.ahead(self.parts | moves.parts, report.lease)
        so_far = SoFar(told.at_ms, ahead, (*self.postings, *moves.returned))
        row, posting, returned = self.reopener.reopen(report, holder, known, so_far=so_far)
        moves.returned.append(posting)
        was = row.placed.counters
        if returned > was.returned:
            row, posting = self._given_back(row, was.returned, returned, at_ms=told.at_ms)
            moves.returned.append(posting)
            smaller = msgspec.structs.replace(was, returned=returned)
            row = msgspec.structs.replace(row, placed=msgspec.structs.replace(row.placed, counters=smaller))
        return row

    def _given(self, said: LeasePassed, told: Told, moves: Moves) -> None:
        """Take a giver's own word of a part: it is smaller by it, and the part stands, if it did not yet."""
        passing = passings.passing_of(said)
        part = self.parts.get(passing.grant.lease)
        if part is not None:
            passings.demand_same(part, passing)
            moves.parts[part.id] = part._replace(told=True)
            self._hear(said.lease, told, moves)
            return
        if passing.grant.lease in self.leases:
            raise Refused("A part has a name of its own.")
        before = self.leases.get(said.lease.lease)
        self._hear(said.lease, told, moves)
        after = moves.leases[said.lease.lease]
        self._add(passings.given(said, passing, (before or after, after), at_ms=told.at_ms), moves)

    def _taken(self, said: LeaseTaken, told: Told, moves: Moves) -> None:
        """Take the word of who has a part now, whether or not its giver was heard before."""
        passing = passings.passing_of(said)
        id_, site = passing.grant.lease, self.stream.site
        passings.demand_signed(self.tx, site, said, passing=passing)
        part, row = self.parts.get(id_), self.leases.get(passing.of)
        if part is not None:
            passings.demand_same(part, passing)
        elif said.lease.lease != id_:
            raise Refused(f"Nothing is known here of lease {passing.of[:64]}.")
        elif id_ in self.leases:
            raise Refused("A part has a name of its own.")
        else:
            row = self._giver_s(passing, row, told=told, moves=moves)
            was = row.placed.late if is_lost(row) else row.placed.counters
            booked = passings.told_first(row, passing, at_ms=told.at_ms)
            self._add(booked, moves)
            smaller = moves.leases[row.id]
            back = (was.returned, was.returned + passing.grant.total)
            moves.leases[row.id], posting = self._given_back(smaller, *back, at_ms=told.at_ms)
            moves.returned.append(posting)
        mine = moves.leases.get(id_) or self.leases[id_]
        held = passings.held_by(self.tx, site, mine, passing=passing, device=self.stream.device)
        moves.leases[id_] = held
        self._hear(said.lease, told, moves)

    def _giver_s(self, passing: Passing, known: PlacedRow | None, *, told: Told, moves: Moves) -> PlacedRow:
        """Return the lease that a part came out of, with so much of a forgotten grant as its giver signed."""
        grant = passing.grant
        had = Counters() if known is None else known.placed.counters
        if known is not None and is_lost(known):
            had = known.placed.late
        granted = grant.total + had.spent + had.returned
        if known is not None and granted <= had.granted:
            return known
        signed = Report(
            lease=passing.of,
            wallet=grant.wallet,
            kind=grant.kind,
            unit=grant.unit,
            incarnation=passing.incarnation,
            counters=Counters(granted=granted),
        )
        holder = Holder(passing.giver, passing.incarnation)
        return self._reopened(signed, holder, known, told=told, moves=moves)

    def _add(self, booked: passings.Booked, moves: Moves) -> None:
        moves.parts[booked.part.id] = booked.part
        moves.leases |= booked.leases
        moves.returned += [msgspec.structs.replace(one, site=self.stream.site) for one in booked.postings]

    def _given_back(self, row: PlacedRow, was: int, now: int, *, at_ms: int) -> tuple[PlacedRow, Posting]:
        """Return the posting of what came back: to where it was taken from, or against what was lost."""
        mended = min(now - was, max(0, row.loss - row.recovered)) if is_lost(row) else 0
        sums = {f"lease:{row.id}": was - now, "loss:in_doubt": mended}
        sums[pot(row.placed.wallet, row.placed.kind)] = now - was - mended
        entries = tuple(Entry(account, minor) for account, minor in sums.items() if minor)
        posting = Posting(
            site=self.stream.site,
            key=f"return:{row.id}:{now}",
            kind="return",
            at_ms=at_ms,
            currency=counted_in(row.placed.kind, row.placed.unit, row.day),
            entries=entries,
            device=row.placed.device,
            lease=row.id,
            wallet=row.placed.wallet,
        )
        return msgspec.structs.replace(row, recovered=row.recovered + mended), posting

    def _minted(self, but: str) -> int:
        """Return what this device's other leases known here have taken in."""
        mine = (row for row in self.leases.values() if row.placed.device == self.stream.device)
        return sum(row.placed.counters.minted for row in mine if row.id != but)

    def _opened(self, report: Report) -> PlacedRow:
        """Return a lease that a device opened by itself for cash: nothing was granted to it."""
        wallet = self.wallets.get(report.wallet)
        own = report.kind == MONEY and report.counters.granted == 0 and 0 < len(report.lease) <= 64
        if not own or wallet is None or wallet.currency != report.unit or not report.lease.isprintable():
            raise Refused(f"Nothing is known here of lease {report.lease[:64]}.")
        fresh = Placed(
            lease=report.lease,
            wallet=report.wallet,
            kind=report.kind,
            unit=report.unit,
            device=self.stream.device,
            incarnation=self.stream.incarnation,
            band=report.band[:32],
        )
        return PlacedRow(placed=fresh)
