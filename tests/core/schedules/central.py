"""A simulated central: what it set aside, what it heard, and each operation posted once."""

from __future__ import annotations

from edge.core.lease import (
    Close,
    Grant,
    LateSettled,
    Placed,
    PlacedState,
    Refusal,
    Report,
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
MONEY, DRINK = "money", "free_drink"
UNITS = {MONEY: "EUR", DRINK: "piece"}


class Central:
    """One wallet with its money and its free drinks, and of each a lease per device and life."""

    def __init__(self, money: int, drinks: int) -> None:
        """Begin with so much confirmed money, and so many drinks given."""
        self.pots = {MONEY: money, DRINK: drinks}
        """What the wallet has of each, whoever holds it."""
        self.lost = dict.fromkeys(UNITS, 0)
        self.epoch, self.now_ms, self.late, self.gone = 0, 0, 0, 0
        self.withdrawn = False
        self.placed: dict[str, Placed] = {}
        self.granted: dict[str, Grant] = {}
        self.posted: dict[str, tuple[str, tuple[tuple[str, int], ...]]] = {}
        self.known: dict[str, int] = {}

    def free(self, kind: str) -> int:
        """What nobody holds."""
        return free(self.pots[kind], self.of(kind))

    def of(self, kind: str) -> list[Placed]:
        """Every lease of a kind."""
        return [one for one in self.placed.values() if one.kind == kind]

    def want(self, device: str, life: int, more: int, *, kind: str = MONEY) -> Grant | None:
        """Set more aside for a device, commit, and only then say so; what was granted is said again."""
        key = f"{device}.{life}.{kind}.{self.count(device, life, kind)}"
        old = self.placed.get(key) or Placed(
            lease=key, wallet="w", kind=kind, unit=UNITS[kind], device=device, incarnation=life
        )
        if kind == DRINK and self.withdrawn:
            return None
        others = [one for one in self.of(kind) if one.lease != key]
        total = old.counters.granted + max(0, min(more, self.free(kind)))
        ends_ms = doubtful_ms(self.now_ms, TTL_S)
        after = place(old, total, confirmed=self.pots[kind], others=others, doubt_ms=ends_ms)
        if isinstance(after, Refusal):
            return self.granted.get(key)
        self.commit(after)
        serial = self.granted[key].serial + 1 if key in self.granted else 1
        grant = Grant(
            lease=key, wallet="w", kind=kind, unit=UNITS[kind], device=device, incarnation=life,
            total=after.counters.granted, ttl_s=TTL_S, serial=serial, block_epoch=self.epoch,
        )  # fmt: skip
        self.granted[key] = grant
        return grant

    def commit(self, placed: Placed) -> None:
        """Make durable what is set aside: before anybody hears of it."""
        self.placed[placed.lease] = placed

    def count(self, device: str, life: int, kind: str) -> int:
        """A device gets a new lease when its last one closes."""
        mine = [one for one in self.of(kind) if (one.device, one.incarnation) == (device, life)]
        open_ones = [one for one in mine if not one.closing and one.state is PlacedState.OPEN]
        return len(mine) - 1 if open_ones else len(mine)

    def ask_close(self, key: str) -> Close:
        """Ask for a lease to be closed, with all that it was granted."""
        self.placed[key] = ask_close(self.placed[key])
        placed = self.placed[key]
        return Close(lease=key, incarnation=placed.incarnation, total=placed.counters.granted)

    def withdraw(self) -> tuple[Close, ...]:
        """Take the drinks back: what is free at once, what devices hold as soon as they say so."""
        self.withdrawn = True
        self.sweep()
        living = [one for one in self.of(DRINK) if one.state in (PlacedState.OPEN, PlacedState.IN_DOUBT)]
        return tuple(self.ask_close(one.lease) for one in living)

    def sweep(self) -> None:
        """Put back what has come home of withdrawn drinks."""
        if self.withdrawn:
            back = self.free(DRINK)
            self.pots[DRINK], self.gone = self.pots[DRINK] - back, self.gone + back

    def hear(self, sender: str, rows: tuple[Row, ...]) -> int:
        """Take a batch of a device's journal: in order, each row once, and say how far it is known."""
        known = self.known.get(sender, 0)
        if rows and rows[0].seq <= known + 1:
            for row in rows:
                if row.seq > known:
                    self._take(row)
                    known = row.seq
        self.known[sender] = known
        self.sweep()
        return known

    def _take(self, row: Row) -> None:
        if row.kind in SIGNS:
            assert row.op_id not in self.posted, f"I6 {row.op_id} posts twice"
            self.posted[row.op_id] = (row.kind, tuple((said.lease, amount) for amount, said in row.parts))
        for _, said in row.parts:
            self._learn(said)

    def _learn(self, said: Report) -> None:
        placed = self.placed[said.lease]
        if placed.state in WRITTEN:
            after = settle_late(placed, said)
            assert isinstance(after, LateSettled), after
            self.late += after.consumed
            self.placed[said.lease] = after.placed
            return
        heard = take_report(placed, said)
        assert isinstance(heard, Placed), heard
        self.placed[said.lease] = heard

    def pass_time(self, ms: int) -> None:
        """Let leases whose devices are silent fall into doubt."""
        self.now_ms += ms
        self.placed = {key: doubt(one, self.now_ms) for key, one in self.placed.items()}

    def write_off(self, key: str) -> bool:
        """Give a lease in doubt up; the operator bears what it could still have spent."""
        after = write_off(self.placed[key])
        if not isinstance(after, WrittenOff):
            return False
        self.placed[key] = after.placed
        self.lost[after.placed.kind] += after.loss
        self.sweep()
        return True

    def totals(self, key: str) -> tuple[int, int]:
        """What the posted operations of a lease add up to: spent and voided."""
        sums = dict.fromkeys(SIGNS, 0)
        for kind, parts in self.posted.values():
            sums[kind] += sum(amount for lease, amount in parts if lease == key)
        return sums["sold"], sums["voided"]
