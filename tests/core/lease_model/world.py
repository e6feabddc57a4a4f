"""The world of the model: devices with their truth, their parent, and a network that forgets no message."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from edge.core.lease import (
    Close,
    Counters,
    Grant,
    LateSettled,
    Lease,
    LeaseState,
    Placed,
    PlacedState,
    Refusal,
    Report,
    WrittenOff,
    ask_close,
    block,
    close,
    doubt,
    drain,
    freeze,
    give_back,
    mint,
    place,
    report_of,
    settle_late,
    spend,
    take_grant,
    take_report,
    void,
    write_off,
)
from edge.core.lease.messages import Drain
from edge.core.lease.parent import WRITTEN

WALLET, UNIT = "w", "EUR"
AS_BUILT = "as built"
NEVER_MS = 2**40
"""No deadline: in the model clocks say what they like, and time is over whenever the schedule wants."""


class Block(msgspec.Struct, frozen=True):
    """BLOCK of the wallet at one device."""

    device: str
    epoch: int


Message = Grant | Report | Close | Block


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A device: what its disk says, and what really happened at its counter, which no disk can lose."""

    name: str
    life: int = 1
    lease: Lease | None = None
    dead: bool = False
    goods: int = 0
    """Delivered less taken back, ever."""
    cash: int = 0
    truth: Counters = Counters()
    """The totals that its present life has reached."""
    backup: Lease | None = None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """A small world, and what may happen in it."""

    name: str
    confirmed: int
    edges: int
    acts: frozenset[str]
    granted_max: int = 2
    voided_max: int = 0
    minted_max: int = 0
    lives: int = 1


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The protocol as it is, or with one design mistake."""

    name: str = AS_BUILT
    doubting: Callable[[Placed], Placed] = lambda placed: doubt(placed, placed.doubt_ms)
    restoring: Callable[[Lease], Lease] = freeze
    commits_first: bool = True
    totals: bool = True


def opened(name: str, life: int) -> Placed:
    """A lease of nothing yet, as the parent begins one."""
    return Placed(
        lease=f"{name}{life}", wallet=WALLET, kind="money", unit=UNIT, device=name, incarnation=life
    )


def grant_of(placed: Placed, total: int, epoch: int) -> Grant:
    """What the parent says of it; each larger total is a newer grant."""
    return Grant(
        lease=placed.lease, wallet=WALLET, unit=UNIT, device=placed.device, incarnation=placed.incarnation,
        total=total, ttl_s=NEVER_MS // 1_000, serial=total, block_epoch=epoch,
    )  # fmt: skip


def at_counter(edge: Edge, bounds: Bounds) -> list[tuple[str, Edge]]:
    """Everything that a device can do by itself."""
    lease = edge.lease
    if edge.dead or lease is None:
        return []
    found: list[tuple[str, Edge]] = []

    def then(label: str, after: Lease | Refusal, goods: int = 0, cash: int = 0) -> None:
        if label in bounds.acts and not isinstance(after, Refusal) and after != lease:
            done = replace(edge, lease=after, goods=edge.goods + goods, cash=edge.cash + cash)
            found.append((label, replace(done, truth=after.counters)))

    then("spend", spend(lease, 1, now_ms=0), goods=1)
    if lease.counters.voided < bounds.voided_max:
        then("void", void(lease, 1), goods=-1)
    if lease.counters.minted < bounds.minted_max:
        then("mint", mint(lease, 1), cash=1)
    then("give_back", give_back(lease, 1))
    then("close", close(lease))
    then("expire", drain(lease, Drain.EXPIRED))
    if "lose" in bounds.acts:
        found.append(("lose", replace(edge, lease=None, dead=True, backup=None)))
    if "restore" in bounds.acts and lease.state is not LeaseState.FROZEN and edge.backup != lease:
        found.append(("back_up", replace(edge, backup=lease)))
    return found


def restored(edge: Edge, rules: Rules) -> Edge | None:
    """The device after its disk was put back as it was when it was backed up."""
    if edge.backup is None or edge.dead:
        return None
    return replace(edge, lease=rules.restoring(edge.backup), backup=None)


def heard(edge: Edge, message: Message) -> Edge:
    """The device after a message; one that is not for it changes nothing."""
    if edge.dead or message_device(message) != edge.name:
        return edge
    after: Lease | Refusal | None = edge.lease
    match message:
        case Grant() if message.incarnation == edge.life:
            after = take_grant(edge.lease, message, asked_ms=0)
        case Close() if edge.lease is not None:
            after = close(edge.lease, message)
        case Block() if edge.lease is not None:
            after = block(edge.lease, message.epoch)
    if after is None or isinstance(after, Refusal) or after == edge.lease:
        return edge
    return replace(edge, lease=after, truth=after.counters)


def message_device(message: Message) -> str:
    """Which device a message is to or from."""
    match message:
        case Grant() | Block():
            return message.device
        case Close() | Report():
            return message.lease[:-1]


def told(edge: Edge, before: Edge, *, rules: Rules) -> Report | None:
    """What the device reports after a change: its totals, or by mistake what was added to them."""
    lease = edge.lease
    if lease is None or lease == before.lease or lease.state is LeaseState.FROZEN:
        return None
    report = report_of(lease)
    if rules.totals or before.lease is None:
        return report
    was, now = before.lease.counters, lease.counters
    delta = Counters(
        granted=now.granted,
        spent=now.spent - was.spent,
        voided=now.voided - was.voided,
        minted=now.minted - was.minted,
        returned=now.returned - was.returned,
    )
    return replace(report, counters=delta)


def learnt(placed: Placed, report: Report, *, rules: Rules) -> Placed:
    """The parent after a report."""
    if not rules.totals:
        sums = placed.counters
        more = report.counters
        return replace(
            placed,
            counters=Counters(
                granted=sums.granted,
                spent=sums.spent + more.spent,
                voided=sums.voided + more.voided,
                minted=sums.minted + more.minted,
                returned=sums.returned + more.returned,
            ),
        )
    after = settle_late(placed, report) if placed.state in WRITTEN else take_report(placed, report)
    if isinstance(after, LateSettled):
        return after.placed
    return placed if isinstance(after, Refusal) else after


def given_up(placed: Placed) -> tuple[Placed, int] | None:
    """The parent after it wrote a lease off, and the loss."""
    after = write_off(placed)
    return (after.placed, after.loss) if isinstance(after, WrittenOff) else None


def larger(placed: Placed, total: int, *, confirmed: int, others: list[Placed]) -> Placed | None:
    """The parent after it set more aside, if it may."""
    after = place(placed, total, confirmed=confirmed, others=others, doubt_ms=0)
    return None if isinstance(after, Refusal) or after == placed else after


def asked_close(placed: Placed) -> tuple[Placed, Close] | None:
    """The parent after it asked for a lease to be closed, and the message."""
    if placed.state is not PlacedState.OPEN or placed.closing:
        return None
    message = Close(lease=placed.lease, incarnation=placed.incarnation, total=placed.counters.granted)
    return ask_close(placed), message
