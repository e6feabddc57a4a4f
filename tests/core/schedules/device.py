"""A simulated device: its leases and journal on a disk that can be lost, put back or cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from edge.core.lease import (
    Close,
    Grant,
    Lease,
    LeaseState,
    Refusal,
    Report,
    block,
    close,
    expire,
    freeze,
    give_back,
    mint,
    report_of,
    resumed,
    spend,
    take_grant,
    void,
)

Part = tuple[str, int]
"""What a basket takes of one lease: its name, and how much of its unit."""


class Row(NamedTuple):
    """One durable row of the journal: what was done under an id, and the totals of each lease after it."""

    seq: int
    op_id: str
    kind: str
    parts: tuple[tuple[int, Report], ...]


class Disk(NamedTuple):
    """All that a power cut leaves, and a backup holds."""

    leases: dict[str, Lease]
    journal: tuple[Row, ...]
    answers: dict[str, bool]
    epoch: int


class Device:
    """One till: what it did is counted beside its disk, which may forget it."""

    def __init__(self, name: str) -> None:
        """Begin with an empty disk."""
        self.name, self.life = name, 1
        self.disk = Disk({}, (), {}, 0)
        self.backup: Disk | None = None
        self.up_ms = 0
        self.frozen = self.dead = False
        self.acked = 0
        self.mark = 0
        """The newest row, noted on a second medium with each commit: no copy of the disk takes it along."""
        self.goods: Counter[str] = Counter()
        """Delivered less taken back, by what it was paid with."""
        self.cash = 0
        self.blocked_spends = 0

    # What happens at the counter

    def sell(self, op_id: str, parts: tuple[Part, ...], *, cut: bool) -> bool | None:
        """Sell once per op_id, all parts or none: the same id gets the same answer.

        None: the power went before the answer.
        """
        if self.dead:
            return None
        known = self.disk.answers.get(op_id)
        if known is not None:
            return known
        after = self._all(parts, lambda lease, amount: spend(lease, amount, now_ms=self.up_ms))
        if not after:
            return False
        self.blocked_spends += sum(lease.block_epoch < self.disk.epoch for lease, _ in after)
        for lease, amount in after:
            self.goods[lease.kind] += amount
        self._commit(after, op_id, "sold")
        return None if cut else True

    def take_back(self, op_id: str, parts: tuple[Part, ...]) -> bool:
        """Void what was sold here under an id of its own, once."""
        return self._moved(op_id, parts, "voided", act=void)

    def take_cash(self, op_id: str, lease_id: str, amount: int) -> bool:
        """Count cash that was paid in, once."""
        return self._moved(op_id, ((lease_id, amount),), "minted", act=mint)

    def give(self, op_id: str, lease_id: str, amount: int) -> bool:
        """Give a part back to the parent."""
        return self._moved(op_id, ((lease_id, amount),), "returned", act=give_back)

    def _moved(
        self, op_id: str, parts: tuple[Part, ...], kind: str, *, act: Callable[[Lease, int], Lease | Refusal]
    ) -> bool:
        after = () if self.dead or op_id in self.disk.answers else self._all(parts, act)
        for lease, amount in after:
            self.goods[lease.kind] -= amount if kind == "voided" else 0
            self.cash += amount if kind == "minted" else 0
        if after:
            self._commit(after, op_id, kind)
        return bool(after)

    def _all(
        self, parts: tuple[Part, ...], act: Callable[[Lease, int], Lease | Refusal]
    ) -> tuple[tuple[Lease, int], ...]:
        """Every lease as it is afterwards, or nothing if one of them refuses."""
        found = []
        for name, amount in parts:
            lease = self.disk.leases.get(name)
            after = Refusal.OTHER_LEASE if lease is None else act(lease, amount)
            if isinstance(after, Refusal):
                return ()
            found.append((after, amount))
        return tuple(found)

    # What arrives

    def hear(self, message: object, asked_ms: int) -> None:
        """Take a grant, a close or a block; what is for another life is left alone."""
        if self.dead:
            return
        match message:
            case Grant():
                if message.incarnation == self.life:
                    self._grant(message, asked_ms)
            case Close():
                lease = self.disk.leases.get(message.lease)
                if lease is not None:
                    self._state(close(lease, message))
            case int():
                self.disk = self.disk._replace(epoch=max(self.disk.epoch, message))
                for lease in list(self.disk.leases.values()):
                    self._state(block(lease, message))

    def _grant(self, grant: Grant, asked_ms: int) -> None:
        lease = self.disk.leases.get(grant.lease)
        if self.frozen and lease is None:
            return
        self._state(take_grant(lease, grant, asked_ms=asked_ms, block_epoch=self.disk.epoch))

    def _state(self, after: Lease | Refusal) -> None:
        if not isinstance(after, Refusal) and after != self.disk.leases.get(after.id):
            self._commit(((after, 0),), f"state-{len(self.disk.journal)}-{self.name}-{self.life}", "state")

    # Time, power and disks

    def pass_time(self, ms: int) -> None:
        """Let the clock that only rises rise, and leases run out."""
        self.up_ms += ms
        for lease in list(self.disk.leases.values()):
            self._state(expire(lease, self.up_ms))

    def reboot(self, left_ms: int) -> None:
        """Start without a clock: the leases have at most what was left at the last tick."""
        ends = {key: lease.ends_ms - self.up_ms for key, lease in self.disk.leases.items()}
        self.up_ms = 0
        leases = {
            key: resumed(lease, min(left_ms, ends[key]), now_ms=0) for key, lease in self.disk.leases.items()
        }
        self.disk = self.disk._replace(leases=leases)

    def back_up(self) -> None:
        """Copy the disk."""
        self.backup = self.disk

    def put_back(self, *, marked: bool) -> None:
        """Start from the copy: spend on only if the newest mark is at hand and proves that all is there."""
        if self.backup is None or self.dead:
            return
        self.disk = self.backup
        if not marked or self.mark > len(self.disk.journal):
            self.frozen = True
            frozen = {key: freeze(lease) for key, lease in self.disk.leases.items()}
            self.disk = self.disk._replace(leases=frozen)

    def lose(self) -> None:
        """Lose the disk for good."""
        self.dead = True
        self.backup = None

    def renew(self) -> None:
        """Come back with an empty disk and a new life, opened by central."""
        self.life += 1
        self.disk, self.backup = Disk({}, (), {}, self.disk.epoch), None
        self.dead = self.frozen = False
        self.acked = self.mark = 0

    def _commit(self, after: tuple[tuple[Lease, int], ...], op_id: str, kind: str) -> None:
        told = tuple((amount, report_of(lease)) for lease, amount in after)
        row = Row(len(self.disk.journal) + 1, op_id, kind, told)
        answers = self.disk.answers if kind == "state" else self.disk.answers | {op_id: True}
        leases = self.disk.leases | {lease.id: lease for lease, _ in after}
        self.disk = Disk(leases, (*self.disk.journal, row), answers, self.disk.epoch)
        self.mark = max(self.mark, row.seq)

    def is_silent(self) -> bool:
        """Whether nobody will hear of this life any more."""
        return self.dead or self.frozen

    def open_leases(self) -> list[Lease]:
        """The leases of this life that are not closed."""
        return [lease for lease in self.disk.leases.values() if lease.state is not LeaseState.CLOSED]
