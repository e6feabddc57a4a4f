"""The world of one seed: a central, devices, guests, weather, and a book of all that people were told."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.events import Event, Kind, Lane
from edge.core.payment import Payment, Voided
from edge.run.simulate.device import Device, Died, Hands
from edge.run.simulate.far import Far, look
from edge.run.simulate.neighbours import Lines, Word
from edge.run.simulate.platform import START_MS, Central, Shared
from edge.run.simulate.records import Saved, entry_in, part_in, part_taken
from edge.run.simulate.weather import Fate, Weather
from edge.run.simulate.wire import Wire
from edge.views import StaffView
from hardware.port import Tap
from sync.central.registry.bands import band_id
from sync.lending import LeaseAnswer

DEVICES, FUNDS = 2, (1_500, 5_000)
"""So many machines, and what each guest's wallet begins with."""
SITED = 0.6
"""How many worlds have a site whose devices share a book."""
HEARD = 0.8
"""How often a device hears of a want while who asked still stands there."""
BEGUN = 0.9
"""How many devices have met central before anything happens."""
TICK_MS_MAX = 60_000
"""A device notes the time twice as often as this at least."""
_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
_VOIDED = msgspec.msgpack.Decoder(Voided).decode


class Guest(NamedTuple):
    """Somebody with a band, a right and a wallet."""

    number: int
    uid: bytes
    band: bytes

    @property
    def wallet(self) -> str:
        """The name of their wallet."""
        return f"w{self.number}"

    @property
    def right(self) -> str:
        """The name of their right."""
        return f"r{self.number}"


class Green(NamedTuple):
    """A right that opened a gate."""

    device: int
    seq: int
    book: int = 0
    """Which of the site's books had this use for just this tap; 0: none, it was decided alone."""


class Told(NamedTuple):
    """What somebody was told of a tap."""

    reason: str
    seq: int


class Life(msgspec.Struct):
    """All that one device ever made durable, in order of its own numbers."""

    events: tuple[list[Event], list[Event]]
    acked: tuple[int, int] = (0, 0)
    """Up to where the device has heard that central holds each lane."""
    known: tuple[int, ...] = ()
    """Up to where central held each device's ordinary lane when this one last had all that it could tell."""
    owed: tuple[int, int] = (0, 0)
    """Up to where central had acknowledged each lane before it was put back to less; 0: it has that again."""
    alone: int = 0
    """Up to here its lane of money tells of what a central that was put back may have forgotten."""
    doomed: bool = False
    """An old copy was put back, and central knows more: what it writes may never be believed."""


class World:
    """Everything of one seed; ``step`` counts what happened."""

    def __init__(self, seed: int, folder: Path, shared: Shared, *, begun: Path | None = None) -> None:
        """Let nothing happen yet; ``begun`` holds disks of devices that have met central."""
        self.seed, self.folder = seed, folder
        self.dice = random.Random(seed)  # noqa: S311 - a story, nothing secret
        self.now_ms, self.step = START_MS, 0
        self.central = Central(shared, lambda: self.now_ms)
        bad = tuple(fate for fate in Fate if fate is not Fate.THROUGH and self.dice.random() < 0.5)
        self.weather = Weather(self.dice, bad, permille=self.dice.choice((50, 150, 350)))
        self.lines = self._lines() if self.dice.random() < SITED else None
        """The ways to the site's book, where there is one."""
        self.guests = tuple(
            Guest(number, uid, band_id(shared.band_key, uid)) for number, uid in enumerate(shared.uids)
        )
        self.funded = Counter({one.wallet: FUNDS[one.number] for one in self.guests})
        self.shared, self.saved = shared, Saved()
        self.copies: dict[int, Path] = {}
        """Of a device's disk, as it was once."""
        self.lives = [Life(([], [])) for _ in range(DEVICES)]
        self.devices = [self._device(number, begun) for number in range(DEVICES)]
        self._far: Far | None = None
        self.log: list[str] = []
        self.seen: Counter[str] = Counter()
        self.taps: dict[str, tuple[Tap, int, Told]] = {}
        self.sold: list[tuple[int, str]] = []
        self.unpaid: list[str] = []
        """What a till showed as sold, and no durable record says."""
        self.contradictions: list[str] = []
        self.greens: dict[str, list[Green]] = {}
        self.overdue: list[str] = []
        self.heard_too_late: list[str] = []
        self.revoked: set[bytes] = set()
        self.until_ms: dict[tuple[int, str], int] = {}

    def close(self) -> None:
        """End everything."""
        for device in self.devices:
            device.close()

    @property
    def far(self) -> Far:
        """What central holds now."""
        if self.central.moved or self._far is None:
            self._far, self.central.moved = look(self.central, [one.wallet for one in self.guests]), False
        return self._far

    # What happens

    def note(self, what: str) -> None:
        """Write one line of the story."""
        self.log.append(f"{self.step:3} {self.now_ms - START_MS:>10} ms  {what}")

    def passes(self, ms: int) -> None:
        """Let time pass."""
        self.now_ms += ms

    def heal(self) -> None:
        """Let everything come through from now on."""
        self.weather.heal()
        if self.lines is not None:
            self.lines.heal()
        self.note("healed")

    def fund(self, guest: Guest, act: str, minor: int) -> None:
        """Put money into a guest's wallet."""
        self.central.top_up(guest.number, f"{act}-{guest.wallet}", minor)
        self.funded[guest.wallet] += minor

    def start(self, device: Device) -> None:
        """Start a device's process."""
        device.start(lambda: self._wire(device), self.lines)
        if device.part is not None:
            device.part.meanwhile = lambda: self._meanwhile(device)

    def neighbourly(self, device: Device) -> None:
        """Let a device take a turn with the site's others."""
        self.attempt(device, "site", device.neighbourly)

    def _meanwhile(self, waits: Device) -> None:
        """Let the others go on while a device waits for them, and hear what came of it."""
        for device in self.devices:
            if device is not waits and self.dice.random() < HEARD:
                self.neighbourly(device)
        if waits.part is not None:
            waits.part.follow()

    def attempt(self, device: Device, what: str, act: Callable[[], object]) -> None:
        """Do something at a device that may be killed in the middle of it; then it starts again."""
        try:
            done = act()
        except Died:
            self.note(f"device {device.number} {what}: killed {device.books.dies} the commit")
            self.seen[f"killed {device.books.dies}"] += 1
            device.crash()
            self.start(device)
            done = None
        if done is not None:
            self.note(f"device {device.number} {what}: {done}")
        device.books.dies = ""
        self.remember(device)

    def remember(self, device: Device) -> None:
        """Take what has become durable at a device into its life; of a doomed copy nothing is."""
        life = self.lives[device.number]
        if life.doomed:
            return
        for lane in Lane:
            known = life.events[lane]
            new = device.journal.range(lane, len(known))
            known.extend(new)
            self._watch_leases(device.number, new)
            self._watch_gates(device.number, new)
        life.acked = (device.journal.acked(0), device.journal.acked(1))

    def green(self, device: Device, op: str) -> None:
        """Take down that a till showed a basket as sold: its payment is durable by then."""
        found = device.journal.range(Lane.PRIORITY, 0)
        if not any(one.kind == Kind.PAID and _PAYMENT(one.body).op_id == op for one in found):
            self.unpaid.append(f"device {device.number} showed {op} as sold")

    def informed(self, device: Device) -> None:
        """Note that a device has all that central could tell by now."""
        self.lives[device.number].known = tuple(len(held[Lane.ORDINARY]) for held in self.far.held)

    def _watch_gates(self, number: int, new: list[Event]) -> None:
        """Note where each right opened, and where it must not have."""
        known = self.lives[number].known
        for event in new:
            decided = entry_in(event)
            right = decided.decision.entitlement if decided is not None else None
            if decided is None or right is None:
                continue
            book = self.lines.nodes.book if self.lines is not None and decided.agreed else 0
            before = self.greens.setdefault(right, [])
            for green in before:
                if green.device != number and known and known[green.device] >= green.seq:
                    self.heard_too_late.append(f"{right} at device {number}, which knew of {green}")
            before.append(Green(number, event.seq, book))

    def _watch_leases(self, number: int, new: list[Event]) -> None:
        """Note each payment out of a lease whose time is over."""
        for event in new:
            if event.kind == Kind.LEASE_TAKEN:
                grant = part_taken(event)
                self.until_ms[number, grant.lease] = self.now_ms + grant.ttl_s * 1_000
                self.seen["part taken"] += 1
            legs = _PAYMENT(event.body).legs if event.kind == Kind.PAID else ()
            for lease in {leg.lease for leg in legs if leg.lease}:
                if self.now_ms > self.until_ms.get((number, lease), self.now_ms):
                    self.overdue.append(f"device {number} #{event.seq} paid out of {lease}")

    def restarted(self, device: Device, *, reboot: bool) -> None:
        """Allow for what a machine without a clock cannot know: when it was off since its last tick."""
        for key in self.until_ms:
            if reboot and key[0] == device.number:
                self.until_ms[key] += TICK_MS_MAX

    def put_back(self, device: Device, copy: Path) -> None:
        """Let a device go on from an old copy of its disk."""
        self.weather.deliver_all()
        device.crash(copy=copy, reboot=True)
        self.start(device)
        # Nobody can ask it again for what it does not remember.
        self.taps = {key: one for key, one in self.taps.items() if one[1] != device.number}
        life = self.lives[device.number]
        heads = [device.journal.head(lane).seq for lane in Lane]
        held = self.far.held[device.number]
        if any(len(held[lane]) > heads[lane] for lane in Lane):
            life.doomed = True
            self.seen["copy that central knows better"] += 1
            return
        for key in [one for one in self.until_ms if one[0] == device.number]:
            del self.until_ms[key]  # nobody can say how old the copy is
        # Nobody but the lost disk knew of the rest: what is here is the history now.
        for other in self.lives:
            other.known = tuple(
                min(seq, heads[0]) if at == device.number else seq for at, seq in enumerate(other.known)
            )
        for lane in Lane:
            del life.events[lane][heads[lane] :]
        for opened in self.greens.values():
            opened[:] = [one for one in opened if one.device != device.number or one.seq <= heads[0]]
        self.seen["copy that nobody can tell"] += 1

    def told(self, device: Device, tap: Tap, view: StaffView) -> str:
        """Take down what was answered to a tap; return it in words."""
        self.seen[f"reason {view.reason}"] += 1
        told = Told(view.reason, view.seq)
        if view.seq and tap.tap_id not in self.taps:
            self.taps[tap.tap_id] = (tap, device.number, told)
        return f"{view.reason} #{view.seq}"

    # What the journals tell

    def payments(self, number: int) -> list[tuple[Event, Payment]]:
        """Return all payments that a device made durable."""
        lane = self.lives[number].events[Lane.PRIORITY]
        return [(one, _PAYMENT(one.body)) for one in lane if one.kind == Kind.PAID]

    def voids(self, number: int) -> list[Voided]:
        """Return all that was taken back."""
        lane = self.lives[number].events[Lane.PRIORITY]
        return [_VOIDED(one.body) for one in lane if one.kind == Kind.PAYMENT_VOIDED]

    def is_accepted(self, event: Event) -> bool:
        """Say whether a payment took anything."""
        return bool(_PAYMENT(event.body).legs)

    def opened(self, number: int) -> list[Event]:
        """Return the decisions that let somebody in by a right."""
        return [one for one in self.lives[number].events[Lane.ORDINARY] if entry_in(one) is not None]

    def parts(self) -> dict[str, list[tuple[int, Event]]]:
        """Return which devices wrote down that they took each part, and in which record."""
        found: dict[str, list[tuple[int, Event]]] = {}
        for number, life in enumerate(self.lives):
            for one in life.events[Lane.PRIORITY]:
                if one.kind == Kind.LEASE_TAKEN:
                    found.setdefault(part_in(one), []).append((number, one))
        return found

    def _lines(self) -> Lines:
        bad = tuple(word for word in Word if word is not Word.THROUGH and self.dice.random() < 0.5)
        permille = self.dice.choice((50, 200, 400))
        return Lines(self.dice, bad, permille=permille, passes=self.passes)

    def _device(self, number: int, begun: Path | None) -> Device:
        device = Device(number, self.folder, central=self.central, hands=Hands(lambda: self.now_ms))
        if begun is not None and self.dice.random() < BEGUN:
            shutil.copytree(begun / str(number), device.folder)
            if self.dice.random() < 0.5:
                self.copies[number] = begun / str(number)
        self.start(device)
        device.current.prove("the beginning")
        return device

    def _wire(self, device: Device) -> Wire:
        return Wire(
            device.number,
            self.central,
            self.weather,
            passes=self.passes,
            granted=lambda told: self._granted(device, told),
        )

    def _granted(self, device: Device, told: LeaseAnswer) -> None:
        """Note until when each lease may be spent at most: its time counts from now at the latest."""
        for grant in told.grants:
            end = self.now_ms + grant.ttl_s * 1_000
            key = (device.number, grant.lease)
            self.seen["money lent after a restore"] += (
                key not in self.until_ms and "central put back" in self.seen
            )
            self.until_ms[key] = max(self.until_ms.get(key, 0), end)
