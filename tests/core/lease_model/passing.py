"""Passing on between two devices of a site, every state of it: a book whose messages come late, or never.

The giver (a) holds a lease, the taker (b) asks. What lies in the book changes only by compare-and-set;
whatever was sent to it may be done at any later moment, and nobody is told. Both may lose what only their
memory holds: each step follows from what is written down, and from the book as it is read then. Central hears
each journal in its own order, and the two in any.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from edge.core.lease import (
    Counters,
    Grant,
    Lease,
    Passing,
    Placed,
    Refusal,
    Report,
    WrittenOff,
    close,
    doubt,
    free,
    give_back,
    heard_ahead,
    home,
    part_of,
    pass_on,
    place,
    report_of,
    spend,
    take_grant,
    take_report,
    taken,
    write_off,
)
from edge.core.lease.parent import WRITTEN
from tests.core.lease_model.site import Known, Sent, State, Want, Word

FAR_MS = 10**9
A, B = "a", "b"
AS_BUILT = "as built"
BEFORE_COMMIT = "offered before it was written down"
TWICE = "taken without comparing"
GIVEN_AND_TAKEN = "taken home while the offer may still arrive"
FREED = "what was passed on counts as given back"
TOTALS_ALONE = "what takers told is forgotten at the giver's next word"
BOOKED_TWICE = "booked again when the giver's own word comes"
MISTAKES = (BEFORE_COMMIT, TWICE, GIVEN_AND_TAKEN, FREED, TOTALS_ALONE, BOOKED_TWICE)


class World:
    """A small world under the protocol as built, or with one mistake in it."""

    def __init__(
        self, units: int, *, wants: int, parts: int, rule: str = AS_BUILT, lossy: bool = False
    ) -> None:
        """``units`` of money lie at the giver; ``lossy``: central may give leases up."""
        self.units, self.wants, self.parts_max, self.rule, self.lossy = units, wants, parts, rule, lossy

    def first(self) -> State:
        """All money at the giver, and every want in the book."""
        placed = Placed(lease="l", wallet="w", kind="money", unit="EUR", device=A, incarnation=1)
        lent = place(placed, self.units, confirmed=self.units, others=[], doubt_ms=0)
        grant = Grant(
            lease="l",
            wallet="w",
            unit="EUR",
            device=A,
            incarnation=1,
            total=self.units,
            ttl_s=FAR_MS,
            serial=1,
        )
        lease = take_grant(None, grant, asked_ms=0)
        assert isinstance(lease, Lease)
        assert isinstance(lent, Placed)
        return State(lease=lease, placed=lent, book=(Want(),) * self.wants)

    def moves(self, now: State) -> Iterator[tuple[str, State]]:
        """Everything that can happen next."""
        yield from self._at_the_tills(now)
        yield from self._at_the_giver(now)
        yield from self._at_the_taker(now)
        for sent in now.net:
            if now.book[sent.want] == sent.before:
                yield f"done {sent.after.stands}", replace(now, book=_with(now.book, sent.want, sent.after))
        for lane in (0, 1):
            if now.heard[lane] < len(now.logs[lane]):
                yield f"central hears {'ab'[lane]}", self._central_hears(now, lane)
        if free(self.units - now.online, _all(now)) > 0:
            yield "sold online", replace(now, online=now.online + 1)
        if self.lossy:
            yield from _given_up(now)

    # The devices

    def _at_the_tills(self, now: State) -> Iterator[tuple[str, State]]:
        for lease in (now.lease, *now.parts):
            after = spend(lease, 1, now_ms=0)
            if isinstance(after, Lease):
                yield f"spend {lease.id}", replace(_kept(now, after), goods=now.goods + 1)
        back = give_back(now.lease, 1)
        if isinstance(back, Lease):
            yield "give back", _kept(now, back)

    def _at_the_giver(self, now: State) -> Iterator[tuple[str, State]]:
        for number, want in enumerate(now.book):
            if want.stands == "wanted" and now.made < self.parts_max:
                given = pass_on(now.lease, 1, part=f"p{now.made}", to=(B, 1), now_ms=0)
                if not isinstance(given, Refusal):
                    yield "pass on", self._passed(now, number, given)
        for row in now.rows:
            yield from self._settled(now, *row)

    def _passed(self, now: State, number: int, given: tuple[Lease, Passing]) -> State:
        lease, passing = given
        now = replace(now, made=now.made + 1)
        if self.rule == BEFORE_COMMIT:  # and the power went before it was written down
            return _sent(now, number, Want(), Want("offered", passing))
        word = Word(report_of(lease), passing)
        logs = ((*now.logs[0], word), now.logs[1])
        return replace(now, lease=lease, logs=logs, rows=(*now.rows, (number, passing)))

    def _settled(self, now: State, number: int, passing: Passing) -> Iterator[tuple[str, State]]:
        """The giver reads back what became of what it offered, and does what follows."""
        there, offered = now.book[number], Want("offered", passing)
        rest = tuple(row for row in now.rows if row != (number, passing))
        if there.stands == "wanted" and self.rule != GIVEN_AND_TAKEN:
            yield "offer", _sent(now, number, there, offered)
        elif there == offered:
            yield "ask home", _sent(now, number, there, Want(A, passing))
        elif there == Want(B, passing):
            yield "it is theirs", replace(now, rows=rest)
        else:
            # Had the mistake been made, this would be done while the key still stands as it was read first.
            if there.stands == "wanted":
                now = _sent(now, number, there, offered)
            yield "home", _opened(replace(now, rows=rest), home(passing), passing)

    def _at_the_taker(self, now: State) -> Iterator[tuple[str, State]]:
        names = {lease.id for lease in now.parts if lease.device == B}
        for number, want in enumerate(now.book):
            if want.stands == "wanted":
                yield "withdraw", _sent(now, number, want, Want("gone"))
            elif want.stands == "offered" and want.passing is not None:
                yield "take", _sent(now, number, want, Want(B, want.passing))
                if self.rule == TWICE and want.passing.grant.lease not in names:
                    yield "opened", _opened(now, want.passing.grant, want.passing)
            elif want.stands == B and want.passing is not None and want.passing.grant.lease not in names:
                yield "opened", _opened(now, want.passing.grant, want.passing)

    # Central

    def _central_hears(self, now: State, lane: int) -> State:
        word = now.logs[lane][now.heard[lane]]
        heard = (now.heard[0] + (lane == 0), now.heard[1] + (lane == 1))
        now = replace(now, heard=heard)
        passing = word.passing
        if passing is not None and word.taken:
            now = _whose(self._placed_part(now, passing), passing, "ab"[lane])
        elif passing is not None:
            return self._given(now, word.report, passing)
        return self._learnt(now, word.report)

    def _placed_part(self, now: State, passing: Passing) -> State:
        """Who took a part is heard before who gave it: central learns of both ends by that."""
        if any(one.placed.lease == passing.grant.lease for one in now.known):
            return now
        placed = heard_ahead(now.placed, passing)
        if isinstance(placed, Refusal):
            return now
        part = Known(part_of(now.placed, passing), passing.grant.total, told=False)
        return replace(now, placed=placed, known=(*now.known, part))

    def _given(self, now: State, report: Report, passing: Passing) -> State:
        known = {one.placed.lease: one for one in now.known}
        part = known.get(passing.grant.lease)
        if part is not None and self.rule == BOOKED_TWICE:
            again = heard_ahead(now.placed, passing)
            now = now if isinstance(again, Refusal) else replace(now, placed=again)
        if part is not None:
            known[part.placed.lease] = replace(part, told=True)
            return self._learnt(replace(now, known=tuple(known.values())), report)
        fresh = part_of(now.placed, passing)
        now = self._learnt(now, report)
        if self.rule == FREED:
            return now
        return replace(now, known=(*now.known, Known(fresh, passing.grant.total, told=True)))

    def _learnt(self, now: State, report: Report) -> State:
        ahead = sum(one.amount for one in now.known if not one.told)
        if self.rule == TOTALS_ALONE:
            ahead = 0
        if report.lease == now.placed.lease:
            placed = take_report(now.placed, report, ahead=ahead)
            return now if isinstance(placed, Refusal) else replace(now, placed=placed)
        known = []
        for one in now.known:
            after = take_report(one.placed, report) if one.placed.lease == report.lease else one.placed
            known.append(one if isinstance(after, Refusal) else replace(one, placed=after))
        return replace(now, known=tuple(known))

    # What must hold

    def broken(self, now: State) -> str:
        """Name what is wrong with a state; empty: nothing is."""
        if free(self.units - now.online, _all(now)) < 0:
            return "I2 free >= 0"
        if now.goods + now.online > self.units + now.lost:
            return "I3 P <= T"
        known, truth = now.placed.counters, now.lease.counters
        safe = known.spent <= truth.spent and known.returned <= truth.returned
        if self.rule == AS_BUILT and now.placed.state not in WRITTEN and not safe:
            return "I5 the parent is on the safe side"
        return ""

    def settles(self, now: State) -> str:
        """Heal everything: every unit is sold, or free at central again (I8, I12)."""
        while now.rows or any(one.stands == "offered" for one in now.book):
            steps = {label: after for label, after in self.moves(now) if after != now}
            wanted = ("done a", "done b", "done offered", "home", "it is theirs", "ask home", "offer", "take")
            now = next(steps[label] for label in wanted if label in steps)
        while any("opened" in label for label, _ in self.moves(now)):
            now = next(after for label, after in self.moves(now) if "opened" in label)
        for lease in (now.lease, *now.parts):
            shut = close(lease)
            assert isinstance(shut, Lease)
            now = _kept(now, shut)
        for lane in (0, 1):
            while now.heard[lane] < len(now.logs[lane]):
                now = self._central_hears(now, lane)
        if now.lost:
            return ""
        left = free(self.units - now.online, _all(now))
        return "" if left == self.units - now.goods - now.online else f"I8 {left} are free at last"


class Seen(msgspec.Struct, frozen=True):
    """What a search came to."""

    states: int
    broken: str = ""
    trace: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()


def search(world: World, *, settle_every: int = 0) -> Seen:
    """Visit every state, or stop at the first that breaks an invariant: the shortest way there."""
    first = world.first()
    came: dict[State, tuple[State | None, str]] = {first: (None, "")}
    layer, labels = [first], set[str]()
    while layer:
        following = []
        for now in layer:
            for label, after in world.moves(now):
                if after in came:
                    continue
                labels.add(label)
                came[after] = (now, label)
                broken = world.broken(after)
                if not broken and settle_every and len(came) % settle_every == 0:
                    broken = world.settles(after)
                if broken:
                    return Seen(len(came), broken, _trace(came, after), frozenset(labels))
                following.append(after)
        layer = following
    return Seen(len(came), labels=frozenset(labels))


def _trace(came: dict[State, tuple[State | None, str]], state: State) -> tuple[str, ...]:
    steps: list[str] = []
    at: State | None = state
    while at is not None:
        at, label = came[at]
        steps.append(label)
    return tuple(reversed(steps[:-1]))


def _all(now: State) -> list[Placed]:
    return [now.placed, *(one.placed for one in now.known)]


def _given_up(now: State) -> Iterator[tuple[str, State]]:
    given = write_off(doubt(now.placed, FAR_MS))
    if isinstance(given, WrittenOff):
        yield "give up l", replace(now, placed=given.placed, lost=now.lost + given.loss)
    for number, one in enumerate(now.known):
        given = write_off(doubt(one.placed, FAR_MS))
        if isinstance(given, WrittenOff):
            part = replace(one, placed=given.placed)
            known = (*now.known[:number], part, *now.known[number + 1 :])
            yield "give up part", replace(now, known=known, lost=now.lost + given.loss)


def _whose(now: State, passing: Passing, device: str) -> State:
    known = []
    for one in now.known:
        after = taken(one.placed, passing, device) if one.placed.lease == passing.grant.lease else one.placed
        known.append(one if isinstance(after, Refusal) else replace(one, placed=after))
    return replace(now, known=tuple(known))


def _kept(now: State, lease: Lease) -> State:
    """A lease as it is now, written down with its totals by whoever holds it."""
    word, lane = Word(report_of(lease)), 1 if lease.device == B else 0
    logs = (now.logs[0] + ((word,) if lane == 0 else ()), now.logs[1] + ((word,) if lane else ()))
    if lease.id == now.lease.id:
        return replace(now, lease=lease, logs=logs)
    mine = (lease.id, lease.device)
    parts = tuple(lease if (one.id, one.device) == mine else one for one in now.parts)
    return replace(now, parts=parts, logs=logs)


def _opened(now: State, grant: Grant, passing: Passing) -> State:
    """A part is opened by who took it, and written down with what the giver said of it."""
    lease = take_grant(None, grant, asked_ms=0)
    assert isinstance(lease, Lease)
    assert lease.counters == Counters(granted=grant.total)
    word = Word(report_of(lease), passing, taken=True)
    lane = 1 if grant.device == B else 0
    logs = (now.logs[0] + ((word,) if lane == 0 else ()), now.logs[1] + ((word,) if lane else ()))
    return replace(now, parts=(*now.parts, lease), logs=logs)


def _sent(now: State, want: int, before: Want, after: Want) -> State:
    return replace(now, net=now.net | {Sent(want, before, after)})


def _with(book: tuple[Want, ...], number: int, want: Want) -> tuple[Want, ...]:
    return (*book[:number], want, *book[number + 1 :])
