"""The search: every reachable state of a small world, breadth first: the first violation is the shortest."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.core.lease import Grant, LeaseState, Placed, PlacedState, Report, free, is_sound
from edge.core.lease.messages import Drain
from edge.core.lease.parent import WRITTEN
from tests.core.lease_model import world
from tests.core.lease_model.world import AS_BUILT, Block, Bounds, Edge, Message, Rules

State = tuple[tuple[int, ...], tuple[int, ...], int, int, int]
"""Numbers of the edges' and the parent's values, the messages ever sent (a bit each), block epoch, D."""
Move = tuple[str, State]


class Violation(msgspec.Struct, frozen=True):
    """Which invariant broke, and the shortest way there."""

    invariant: str
    trace: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """What a search saw."""

    states: int
    exhausted: bool
    violation: Violation | None = None


class Numbered:
    """Numbers values as they come, so that a state is a few small numbers."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.values: list[object] = []
        self._numbers: dict[object, int] = {}

    def number(self, value: object) -> int:
        """Return the number of a value, a new one if it is new."""
        known = self._numbers.get(value)
        if known is None:
            known = self._numbers[value] = len(self.values)
            self.values.append(value)
        return known


class Search:
    """One small world under one set of rules; each real function is asked once per distinct situation."""

    def __init__(self, bounds: Bounds, rules: Rules | None = None) -> None:
        """Prepare the world before anything happened."""
        self.bounds, self.rules = bounds, rules or Rules()
        self._edges, self._placed, self._messages = Numbered(), Numbered(), Numbered()
        self._alone: dict[int, list[tuple[str, int, int]]] = {}
        self._at_parent: dict[tuple[object, ...], list[tuple[str, tuple[int, ...], int, int]]] = {}
        self._heard: dict[tuple[int, int], int] = {}
        self._learnt: dict[tuple[int, int], int] = {}
        self._sound: dict[tuple[int, int], str] = {}
        self._free: dict[tuple[int, ...], int] = {}

    def run(self, states_max: int = 10**9, *, settle_every: int = 0) -> Found:
        """Visit every state, or stop at the first that breaks an invariant; settle each n-th one, too."""
        first = self._first()
        came: dict[State, tuple[State, str] | None] = {first: None}
        layer = [first]
        while layer:
            following = []
            for state in layer:
                for label, after in self.moves(state):
                    if after in came:
                        continue
                    came[after] = (state, label)
                    broken = self.broken(after)
                    if not broken and settle_every and len(came) % settle_every == 0:
                        broken = self.settles(after)
                    if broken:
                        return Found(len(came), False, Violation(broken, self._trace(came, after)))
                    following.append(after)
                if len(came) > states_max:
                    return Found(len(came), False)
            layer = following
        return Found(len(came), True)

    def moves(self, state: State) -> Iterator[Move]:
        """Everything that can happen next: at a device, at the parent, or a message that arrives (again)."""
        edges, placed, sent, epoch, lost = state
        for index, number in enumerate(edges):
            for label, after, mask in self._moves_alone(number):
                yield label, (_with(edges, index, after), placed, sent | mask, epoch, lost)
        for label, slots, mask, loss in self._parent_moves(edges, placed, epoch):
            yield label, (edges, slots, sent | mask, epoch, lost + loss)
        if "block" in self.bounds.acts and epoch == 0:
            blocks = [Block(f"e{index}", 1) for index in range(len(edges))]
            yield "block", (edges, placed, sent | self._mask(blocks), 1, lost)
        if self.bounds.lives > 1:
            yield from self._renewals(state)
        yield from self._arrivals(state)

    def broken(self, state: State) -> str:
        """Name the invariant that a state breaks; empty: all hold."""
        edges, placed, _, _, lost = state
        if self._free_of(placed) < 0:
            return "I2 free >= 0"
        values = [self._edge(number) for number in edges]
        room = self.bounds.confirmed + sum(edge.cash for edge in values) + lost
        if sum(edge.goods for edge in values) > room:
            return "I4 P <= T + C + D" if lost else "I3 P <= T + C"
        for index, number in enumerate(edges):
            life = values[index].life
            fault = self._pair_fault(number, placed[index * self.bounds.lives + life - 1])
            if fault and self.rules.name == AS_BUILT:
                return fault
        return ""

    def settles(self, state: State) -> str:
        """Connect everybody and let every message arrive: then nothing is owed any more (I8, I12)."""
        before = None
        while state != before:
            before = state
            state = self._with_closes_asked(state)
            after = next((after for _, after in self._arrivals(state) if after[:2] != state[:2]), None)
            state = state if after is None else after
        return self._unsettled(state)

    # The pieces

    def _with_closes_asked(self, state: State) -> State:
        edges, placed, sent, epoch, lost = state
        for index, number in enumerate(edges):
            slot = index * self.bounds.lives + self._edge(number).life - 1
            closing = world.asked_close(self._slot(placed[slot]))
            if closing is not None:
                placed = _with(placed, slot, self._placed.number(closing[0]))
                sent |= self._mask([closing[1]])
        return edges, placed, sent, epoch, lost

    def _first(self) -> State:
        names = [f"e{index}" for index in range(self.bounds.edges)]
        lives = range(1, self.bounds.lives + 1)
        edges = tuple(self._edges.number(Edge(name=name)) for name in names)
        placed = tuple(self._placed.number(world.opened(name, life)) for name in names for life in lives)
        return edges, placed, 0, 0, 0

    def _edge(self, number: int) -> Edge:
        edge = self._edges.values[number]
        assert isinstance(edge, Edge)
        return edge

    def _slot(self, number: int) -> Placed:
        placed = self._placed.values[number]
        assert isinstance(placed, Placed)
        return placed

    def _mask(self, messages: list[Message]) -> int:
        return sum(1 << self._messages.number(message) for message in dict.fromkeys(messages))

    def _moves_alone(self, number: int) -> list[tuple[str, int, int]]:
        known = self._alone.get(number)
        if known is None:
            edge = self._edge(number)
            found = world.at_counter(edge, self.bounds)
            back = world.restored(edge, self.rules)
            if back is not None:
                found.append(("restore", back))
            known = self._alone[number] = [
                (f"{label} {edge.name}", self._edges.number(after), self._report(after, edge))
                for label, after in found
            ]
        return known

    def _report(self, after: Edge, before: Edge) -> int:
        report = world.told(after, before, rules=self.rules)
        return 0 if report is None else self._mask([report])

    def _parent_moves(
        self, edges: tuple[int, ...], placed: tuple[int, ...], epoch: int
    ) -> list[tuple[str, tuple[int, ...], int, int]]:
        lives = tuple(self._edge(number).life for number in edges)
        key = (lives, placed, epoch)
        known = self._at_parent.get(key)
        if known is None:
            known = self._at_parent[key] = []
            for index, life in enumerate(lives):
                slot = index * self.bounds.lives + life - 1
                for label, after, message, loss in self._slot_moves(placed, slot, epoch):
                    slots = _with(placed, slot, self._placed.number(after))
                    known.append((f"{label} e{index}", slots, self._mask(message), loss))
        return known

    def _slot_moves(
        self, placed: tuple[int, ...], slot: int, epoch: int
    ) -> Iterator[tuple[str, Placed, list[Message], int]]:
        one = self._slot(placed[slot])
        others = [self._slot(number) for at, number in enumerate(placed) if at != slot]
        confirmed, most = self.bounds.confirmed, self.bounds.granted_max
        for total in range(one.counters.granted + 1, most + 1):
            more = world.larger(one, total, confirmed=confirmed, others=others)
            if more is not None:
                grant: list[Message] = [world.grant_of(one, total, epoch)]
                yield f"place {total}", more if self.rules.commits_first else one, grant, 0
        if "doubt" in self.bounds.acts:
            yield "doubt", self.rules.doubting(one), [], 0
        gone = world.given_up(one) if "write_off" in self.bounds.acts else None
        if gone is not None:
            yield "write off", gone[0], [], gone[1]
        closing = world.asked_close(one) if "ask_close" in self.bounds.acts else None
        if closing is not None:
            yield "ask close", closing[0], [closing[1]], 0

    def _renewals(self, state: State) -> Iterator[Move]:
        """A device comes back with a new disk once its former life is settled or written off."""
        edges, placed, sent, epoch, lost = state
        for index, number in enumerate(edges):
            edge = self._edge(number)
            slot = self._slot(placed[index * self.bounds.lives + edge.life - 1])
            over = slot.state is PlacedState.SETTLED or slot.state in WRITTEN
            gone = edge.dead or (edge.lease is not None and edge.lease.state is LeaseState.FROZEN)
            if gone and over and edge.life < self.bounds.lives:
                fresh = Edge(name=edge.name, life=edge.life + 1, goods=edge.goods, cash=edge.cash)
                after = _with(edges, index, self._edges.number(fresh))
                yield f"new disk {edge.name}", (after, placed, sent, epoch, lost)

    def _arrivals(self, state: State) -> Iterator[Move]:
        edges, placed, sent, epoch, lost = state
        waiting = sent
        while waiting:
            bit = waiting & -waiting
            waiting ^= bit
            message = bit.bit_length() - 1
            index, slot = self._address(message)
            if slot is not None:
                after = self._learn(message, placed[slot])
                if after != placed[slot] or not self.rules.totals:
                    yield f"hear {message}", (edges, _with(placed, slot, after), sent, epoch, lost)
                continue
            now, mask = self._hear(message, edges[index])
            if now != edges[index]:
                yield f"get {message}", (_with(edges, index, now), placed, sent | mask, epoch, lost)

    def _address(self, number: int) -> tuple[int, int | None]:
        message = self._messages.values[number]
        assert isinstance(message, Grant | Report | world.Close | Block)
        index = int(world.message_device(message)[1:])
        if isinstance(message, Report):
            return index, index * self.bounds.lives + message.incarnation - 1
        return index, None

    def _hear(self, message: int, number: int) -> tuple[int, int]:
        known = self._heard.get((message, number))
        if known is None:
            told, edge = self._messages.values[message], self._edge(number)
            assert isinstance(told, Grant | world.Close | Block)
            after = world.heard(edge, told)
            self._demand_block_wins(told, edge, after)
            known = self._heard[message, number] = self._edges.number(after)
        return known, self._report(self._edge(known), self._edge(number))

    def _demand_block_wins(self, told: Message, before: Edge, after: Edge) -> None:
        """I10: what is blocked is opened by no grant that did not know of the block."""
        blocked = before.lease is not None and before.lease.drain is Drain.BLOCKED
        if blocked and isinstance(told, Grant) and before.lease is not None and after.lease is not None:
            older = told.block_epoch < before.lease.block_epoch
            assert not (older and after.lease.state is LeaseState.OPEN), "I10 an older grant opened a block"

    def _learn(self, message: int, number: int) -> int:
        known = self._learnt.get((message, number))
        if known is None:
            report = self._messages.values[message]
            assert isinstance(report, Report)
            after = world.learnt(self._slot(number), report, rules=self.rules)
            known = self._learnt[message, number] = self._placed.number(after)
        return known

    def _free_of(self, placed: tuple[int, ...]) -> int:
        known = self._free.get(placed)
        if known is None:
            slots = [self._slot(number) for number in placed]
            known = self._free[placed] = free(self.bounds.confirmed, slots)
        return known

    def _pair_fault(self, edge: int, slot: int) -> str:
        known = self._sound.get((edge, slot))
        if known is None:
            known = self._sound[edge, slot] = _pair_fault(self._edge(edge), self._slot(slot))
        return known

    def _unsettled(self, state: State) -> str:
        edges, placed, _, _, _ = state
        for index, number in enumerate(edges):
            edge = self._edge(number)
            slot = self._slot(placed[index * self.bounds.lives + edge.life - 1])
            silent = edge.dead or (edge.lease is not None and edge.lease.state is LeaseState.FROZEN)
            if silent or slot.state in WRITTEN:
                continue
            if edge.lease is None and slot.counters.granted == 0:
                continue
            if slot.state is not PlacedState.SETTLED:
                return f"I12 {edge.name}: {slot.state}"
            if edge.lease is None or slot.counters != edge.lease.counters:
                return f"I8 {edge.name}: what the parent knows is not what the device did"
        return ""

    def _trace(self, came: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
        steps = []
        at = came[state]
        while at is not None:
            steps.append(self._spelled(at[1]))
            at = came[at[0]]
        return tuple(reversed(steps))

    def _spelled(self, label: str) -> str:
        verb, _, number = label.partition(" ")
        return f"{verb} {self._messages.values[int(number)]}" if verb in ("hear", "get") else label


def _with(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])


def _pair_fault(edge: Edge, placed: Placed) -> str:
    """I1 at the device, I5 between both ends."""
    if edge.lease is not None and not is_sound(edge.lease.counters):
        return "I1 a lease's own totals"
    truth, known = edge.truth, placed.counters
    ahead = (
        known.granted >= truth.granted
        and known.spent <= truth.spent
        and known.voided <= truth.voided
        and known.minted <= truth.minted
        and known.returned <= truth.returned
    )
    return "" if ahead else "I5 the parent is on the safe side"
