"""One schedule: a seed decides who does what, and what is lost, doubled, late, cut off or restored."""

from __future__ import annotations

import random
from collections.abc import Callable

from edge.core.lease import Close, LeaseState, PlacedState, is_sound
from edge.core.lease.parent import WRITTEN
from tests.core.schedules.central import DRINK, MONEY, TTL_S, UNITS, Central
from tests.core.schedules.device import Device, Part

STEPS = 100
RARE = 0.02
"""How often something happens that a till does not come back from by itself."""
IN_FLIGHT_MAX = 24
HOUR_MS = 3_600_000


class Schedule:
    """A park of one wallet and a few tills, driven by one seed; ``run`` raises where it is not safe."""

    def __init__(self, seed: int) -> None:
        """Prepare the park of a seed."""
        self.seed, self.dice = seed, random.Random(seed)  # noqa: S311 - a schedule, no secret
        self.central = Central(self.dice.choice((5, 40, 300)), self.dice.choice((1, 6, 30)))
        self.devices = [Device(f"e{number}") for number in range(self.dice.randint(1, 3))]
        self.away: set[str] = set()
        self.flying: list[Callable[[], None]] = []
        self.ops = 0
        self.sold: list[tuple[Device, int, str, tuple[Part, ...]]] = []
        self.did: dict[str, int] = {}

    def run(self) -> Schedule:
        """Let everything happen, then connect whoever still lives, and check that the books agree."""
        acts = (
            [self.sell] * 24 + [self.want] * 12 + [self.sync] * 12 + [self.arrive] * 24 + [self.void] * 5
            + [self.use] * 8 + [self.want_drinks] * 8
            + [self.mint, self.give, self.close, self.partition, self.reboot, self.wait, self.back_up] * 2
            + [self.heal, self.write_off, self.renew, self.again] * 3
        )  # fmt: skip
        rare = [self.restore, self.restore, self.lose, self.block, self.withdraw]
        for _ in range(STEPS):
            act = self.dice.choice(acts if self.dice.random() > RARE else rare)
            act()
            self.did[act.__name__] = self.did.get(act.__name__, 0) + 1
            self.check()
        self.settle()
        return self

    # What is always true

    def check(self) -> None:
        """Money and units are safe now, whatever anybody knows (I1-I5, I10)."""
        central = self.central
        for kind in UNITS:
            assert central.free(kind) >= 0, f"seed {self.seed}: I2 {kind}"
            delivered = sum(device.goods[kind] for device in self.devices)
            cash = sum(device.cash for device in self.devices) if kind == MONEY else 0
            room = central.pots[kind] + cash + central.lost[kind]
            assert delivered <= room, f"seed {self.seed}: I3/I4 {kind} {delivered} > {room}"
        for device in self.devices:
            assert not device.blocked_spends, f"seed {self.seed}: I10"
            for lease in device.disk.leases.values():
                assert is_sound(lease.counters), f"seed {self.seed}: I1"
                if not device.is_silent():
                    self._safe_side(lease.id, device)

    def _safe_side(self, key: str, device: Device) -> None:
        known, truth = self.central.placed[key].counters, device.disk.leases[key].counters
        ahead = (known.granted >= truth.granted, known.spent <= truth.spent, known.voided <= truth.voided)
        assert all((*ahead, known.minted <= truth.minted, known.returned <= truth.returned)), (
            f"seed {self.seed}: I5 {known} {truth}"
        )

    def settle(self) -> None:
        """Whoever lives is connected, all is closed and told: the books agree to the unit (I6, I8, I12)."""
        self.away.clear()
        self.flying.clear()
        living = [device for device in self.devices if not device.is_silent()]
        for device in living:
            self._close_all(device)
            rows = device.disk.journal[device.acked :]
            self.central.hear(self._stream(device), rows)
        self.check()
        assert not (self.central.withdrawn and self.central.free(DRINK)), f"seed {self.seed}: withdrawn"
        for device in living:
            for lease in device.disk.leases.values():
                placed = self.central.placed[lease.id]
                assert lease.state is LeaseState.CLOSED, f"seed {self.seed}: I12"
                heard = placed.late if placed.state in WRITTEN else placed.counters
                assert heard == lease.counters, f"seed {self.seed}: I8 {heard} {lease.counters}"
                assert placed.state in (PlacedState.SETTLED, *WRITTEN), (
                    f"seed {self.seed}: I12 {placed.state}"
                )
                posted = self.central.totals(lease.id)
                assert posted == (heard.spent, heard.voided), f"seed {self.seed}: I6 {posted} {heard}"

    def _close_all(self, device: Device) -> None:
        for key, placed in self.central.placed.items():
            if (placed.device, placed.incarnation) == (device.name, device.life):
                grant = self.central.granted.get(key)
                if grant is not None:
                    device.hear(grant, device.up_ms)
                device.hear(self.central.ask_close(key), device.up_ms)

    # What happens

    def _device(self) -> Device:
        return self.dice.choice(self.devices)

    def _lease(self, device: Device, kind: str = MONEY) -> str:
        return self.dice.choice([lease.id for lease in device.open_leases() if lease.kind == kind] or [""])

    def _op(self) -> str:
        self.ops += 1
        return f"op-{self.ops}"

    def _stream(self, device: Device) -> str:
        return f"{device.name}.{device.life}"

    def sell(self) -> None:
        """A tap that money pays: the guest has no drink, or declines it."""
        device = self._device()
        self._sell(device, ((self._lease(device), self.dice.randint(1, 6)),))

    def use(self) -> None:
        """A tap of which a drink pays a part, or all."""
        device = self._device()
        drink = (self._lease(device, DRINK), self.dice.randint(1, 2))
        money = (self._lease(device), self.dice.randint(1, 6))
        self._sell(device, (drink,) if self.dice.random() < 0.5 else (drink, money))

    def _sell(self, device: Device, parts: tuple[Part, ...]) -> None:
        """Sell; sometimes the power goes before the light, and the guest taps again."""
        op_id, cut = self._op(), self.dice.random() < 0.1
        answer = device.sell(op_id, parts, cut=cut)
        if cut and answer is None and not device.dead:
            assert device.sell(op_id, parts, cut=False), f"seed {self.seed}: I9 another answer"
        if answer is not False and not device.dead:
            self.sold.append((device, device.life, op_id, parts))

    def again(self) -> None:
        """A stored answer is asked for again: nothing more is sold."""
        if not self.sold:
            return
        device, life, op_id, parts = self.dice.choice(self.sold)
        if device.life == life and not device.is_silent() and op_id in device.disk.answers:
            goods = dict(device.goods)
            assert device.sell(op_id, parts, cut=False), f"seed {self.seed}: I9"
            assert dict(device.goods) == goods, f"seed {self.seed}: I9 sold twice"

    def void(self) -> None:
        """Take a sale back, once: its money and its units."""
        if not self.sold:
            return
        device, life, op_id, parts = self.dice.choice(self.sold)
        if device.life == life and not device.is_silent() and op_id in device.disk.answers:
            device.take_back(f"void-{op_id}", parts)

    def mint(self) -> None:
        """Cash is paid in, connected or not."""
        device = self._device()
        device.take_cash(self._op(), self._lease(device), self.dice.randint(1, 5))

    def give(self) -> None:
        """A part is not needed here."""
        device = self._device()
        kind = self.dice.choice((MONEY, MONEY, DRINK))
        device.give(self._op(), self._lease(device, kind), self.dice.randint(1, 5))

    def want(self) -> None:
        """Ask for money."""
        self._want(MONEY, self.dice.randint(1, 60))

    def want_drinks(self) -> None:
        """Ask for what the guest may drink."""
        self._want(DRINK, self.dice.randint(1, 3))

    def _want(self, kind: str, more: int) -> None:
        """The grant may be lost after it was committed, and come late, twice or never."""
        device = self._device()
        if device.name in self.away or device.is_silent():
            return
        asked_ms = device.up_ms
        grant = self.central.want(device.name, device.life, more, kind=kind)
        if grant is not None:
            self._fly(lambda: device.hear(grant, min(asked_ms, device.up_ms)), device)

    def sync(self) -> None:
        """Send what is not acknowledged; the acknowledgement may be lost."""
        device = self._device()
        if device.name in self.away or device.is_silent():
            return
        rows, stream, life = device.disk.journal[device.acked :], self._stream(device), device.life

        def deliver() -> None:
            seq = self.central.hear(stream, rows)
            if device.life == life and self.dice.random() < 0.7:
                device.acked = max(device.acked, min(seq, len(device.disk.journal)))

        self._fly(deliver, device)

    def _fly(self, message: Callable[[], None], device: Device) -> None:
        def unless_cut() -> None:
            if device.name not in self.away:
                message()

        self.flying += [unless_cut] * self.dice.choice((0, 1, 1, 1, 2))
        del self.flying[:-IN_FLIGHT_MAX]

    def arrive(self) -> None:
        """Any message arrives, in any order."""
        if self.flying:
            self.flying.pop(self.dice.randrange(len(self.flying)))()

    def close(self) -> None:
        """Central asks for a lease back."""
        if self.central.placed:
            self._ask_back(self.central.ask_close(self.dice.choice(list(self.central.placed))))

    def withdraw(self) -> None:
        """The drinks are taken back, wherever they are."""
        for message in self.central.withdraw():
            self._ask_back(message)

    def _ask_back(self, message: Close) -> None:
        device = next(one for one in self.devices if one.name == message.lease.partition(".")[0])
        self._fly(lambda: device.hear(message, device.up_ms), device)

    def block(self) -> None:
        """The wallet is blocked; later grants know of it."""
        self.central.epoch += 1
        epoch = self.central.epoch
        for device in self.devices:
            self._fly(lambda device=device: device.hear(epoch, device.up_ms), device)

    def partition(self) -> None:
        """A device is cut off."""
        self.away.add(self._device().name)

    def heal(self) -> None:
        """Everybody is back."""
        self.away.clear()

    def wait(self) -> None:
        """Time passes at different speeds, sometimes more than a lease lasts."""
        ms = self.dice.choice((1_000, HOUR_MS // 2, 2 * HOUR_MS))
        self.central.pass_time(ms * self.dice.choice((0, 1, 1, 3)))
        for device in self.devices:
            device.pass_time(ms * self.dice.choice((0, 1, 1, 3)))

    def reboot(self) -> None:
        """A device starts without knowing the time."""
        self._device().reboot(self.dice.choice((0, 1_000, TTL_S * 1_000)))

    def back_up(self) -> None:
        """Somebody copies a disk."""
        self._device().back_up()

    def restore(self) -> None:
        """A copy is put back; the newest mark is at hand, or nobody can be asked."""
        self._device().put_back(marked=self.dice.random() < 0.5)

    def lose(self) -> None:
        """A disk dies."""
        self._device().lose()

    def write_off(self) -> None:
        """The operator gives up on whatever is in doubt."""
        for key, placed in list(self.central.placed.items()):
            if placed.state is PlacedState.IN_DOUBT:
                self.central.write_off(key)

    def renew(self) -> None:
        """A silent device gets a new life once its former one is written off or settled."""
        device = self._device()
        mine = [
            one
            for one in self.central.placed.values()
            if (one.device, one.incarnation) == (device.name, device.life)
        ]
        over = all(one.state in (PlacedState.SETTLED, *WRITTEN) for one in mine)
        if device.is_silent() and over:
            device.renew()
