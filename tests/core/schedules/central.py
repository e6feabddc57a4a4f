"""A simulated central: what it set aside, what it heard, and each operation posted once."""

from __future__ import annotations

from edge.core.lease import (
    Close,
    Grant,
    LateSettled,
    Placed,
    PlacedState,
    Refusal,
    WrittenOff,
    ask_close,
    doubt,
    doubtful_ms,
    free,
    place,
    settle_late,
    take_report,
    write_off,
)
from edge.core.lease.parent import WRITTEN
from tests.core.schedules.device import Row

TTL_S = 3_600
SIGNS = {"sold": 1, "voided": -1}


class Central:
    """One wallet, its money, and a lease per device and life."""

    def __init__(self, confirmed: int) -> None:
        """Begin with so much confirmed money."""
        self.confirmed, self.lost, self.epoch, self.now_ms = confirmed, 0, 0, 0
        self.placed: dict[str, Placed] = {}
        self.granted: dict[str, Grant] = {}
        self.posted: dict[str, tuple[str, str, int]] = {}
        self.known: dict[str, int] = {}
        self.late = 0

    def free(self) -> int:
        """What nobody holds."""
        return free(self.confirmed, self.placed.values())

    def want(self, device: str, life: int, more: int) -> Grant | None:
        """Set more aside for a device, commit, and only then say so; what was granted is said again."""
        key = f"{device}.{life}.{self.count(device, life)}"
        old = self.placed.get(key) or Placed(
            lease=key, wallet="w", kind="money", unit="EUR", device=device, incarnation=life
        )
        others = [one for name, one in self.placed.items() if name != key]
        total = old.counters.granted + max(0, min(more, self.free()))
        ends_ms = doubtful_ms(self.now_ms, TTL_S)
        after = place(old, total, confirmed=self.confirmed, others=others, doubt_ms=ends_ms)
        if isinstance(after, Refusal):
            return self.granted.get(key)
        self.placed[key] = after
        serial = self.granted[key].serial + 1 if key in self.granted else 1
        grant = Grant(
            lease=key, wallet="w", unit="EUR", device=device, incarnation=life, total=after.counters.granted,
            ttl_s=TTL_S, serial=serial, block_epoch=self.epoch,
        )  # fmt: skip
        self.granted[key] = grant
        return grant

    def count(self, device: str, life: int) -> int:
        """A device gets a new lease when its last one closes."""
        mine = [one for one in self.placed.values() if (one.device, one.incarnation) == (device, life)]
        open_ones = [one for one in mine if not one.closing and one.state is PlacedState.OPEN]
        return len(mine) - 1 if open_ones else len(mine)

    def ask_close(self, key: str) -> Close:
        """Ask for a lease to be closed, with all that it was granted."""
        self.placed[key] = ask_close(self.placed[key])
        placed = self.placed[key]
        return Close(lease=key, incarnation=placed.incarnation, total=placed.counters.granted)

    def hear(self, sender: str, rows: tuple[Row, ...]) -> int:
        """Take a batch of a device's journal: in order, each row once, and say how far it is known."""
        known = self.known.get(sender, 0)
        if rows and rows[0].seq <= known + 1:
            for row in rows:
                if row.seq > known:
                    self._take(row)
                    known = row.seq
        self.known[sender] = known
        return known

    def _take(self, row: Row) -> None:
        key = row.report.lease
        placed = self.placed[key]
        if row.kind in SIGNS:
            assert row.op_id not in self.posted, f"I6 {row.op_id} posts twice"
            self.posted[row.op_id] = (key, row.kind, row.amount)
        if placed.state in WRITTEN:
            after = settle_late(placed, row.report)
            assert isinstance(after, LateSettled), after
            self.late += after.consumed
            self.placed[key] = after.placed
            return
        heard = take_report(placed, row.report)
        assert isinstance(heard, Placed), heard
        self.placed[key] = heard

    def pass_time(self, ms: int) -> None:
        """Let leases whose devices are silent fall into doubt."""
        self.now_ms += ms
        self.placed = {key: doubt(one, self.now_ms) for key, one in self.placed.items()}

    def write_off(self, key: str) -> bool:
        """Give a lease in doubt up; the operator bears what it could still have spent."""
        after = write_off(self.placed[key])
        if not isinstance(after, WrittenOff):
            return False
        self.placed[key], self.lost = after.placed, self.lost + after.loss
        return True

    def totals(self, key: str) -> tuple[int, int]:
        """What the posted operations of a lease add up to: spent and voided."""
        mine = [(kind, amount) for lease, kind, amount in self.posted.values() if lease == key]
        return (
            sum(amount for kind, amount in mine if kind == "sold"),
            sum(amount for kind, amount in mine if kind == "voided"),
        )
