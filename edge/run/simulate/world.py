"""The world of one seed: a central, devices, guests, weather, and a book of all that people were told."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.core.decision import Outcome
from edge.core.events import Event, Kind, Lane
from edge.core.payment import Payment, Voided
from edge.errors import StoreDamaged
from edge.run.simulate.device import Device
from edge.run.simulate.far import Far, look
from edge.run.simulate.limits import Limits
from edge.run.simulate.machine import Died, Hands
from edge.run.simulate.neighbours import Lines, Word
from edge.run.simulate.platform import START_MS, WALLETS, Central, Shared
from edge.run.simulate.records import Saved, entry_in, part_in
from edge.run.simulate.watching import Told, Watch
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


class Heard(NamedTuple):
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
        self.guests = [Guest(at, uid, band_id(shared.band_key, uid)) for at, uid in enumerate(shared.uids)]
        self.left_behind: list[Guest] = []
        """Guests as they were, with bands that others have taken the place of."""
        self.wallets = [*(one.wallet for one in self.guests), *WALLETS]
        self.funded = Counter({one.wallet: FUNDS[one.number] for one in self.guests})
        self.shared, self.saved = shared, Saved()
        self.copies: dict[int, Path] = {}
        """Of a device's disk, as it was once."""
        self.lives = [Life(([], [])) for _ in range(DEVICES)]
        self.devices = [self._device(number, begun) for number in range(DEVICES)]
        self._far: Far | None = None
        self.log: list[str] = []
        self.watch = Watch(frozenset(one.right for one in self.guests))
        self.seen = self.watch.seen
        self.limits = Limits(self.seen)
        self.taps: dict[str, tuple[Tap, int, Heard]] = {}
        self.sold: list[tuple[int, str]] = []
        self.unpaid: list[str] = []
        """What a till showed as sold, and no durable record says."""
        self.contradictions: list[str] = []
        self.answers: dict[tuple[int, str], str] = {}
        """What each device answered to each act that has an id."""
        self.believed: list[str] = []
        """Flipped bits that nobody found."""
        self.revoked: set[bytes] = set()

    def close(self) -> None:
        """End everything."""
        for device in self.devices:
            device.close()

    @property
    def far(self) -> Far:
        """What central holds now."""
        if self.central.moved or self._far is None:
            self._far, self.central.moved = look(self.central, self.wallets), False
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
        for device in self.devices:
            device.disk.fill(full=False)
            device.mend()
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
        except StoreDamaged as error:
            if device.flipped is None:
                raise
            done = f"not done: {error}"
        if done is not None:
            self.note(f"device {device.number} {what}: {done}")
        device.books.dies = ""
        self.remember(device)

    def remember(self, device: Device) -> None:
        """Take what has become durable at a device into its life; of a doomed copy nothing is."""
        life = self.lives[device.number]
        if life.doomed:
            return
        fresh: list[Event] = []
        for lane in Lane:
            known = life.events[lane]
            new = device.journal.range(lane, len(known))
            known.extend(new)
            fresh += new
        book = self.lines.nodes.book if self.lines is not None else 0
        self.watch.take(Told(device.number, fresh, self.now_ms, life.known, book))
        life.acked = (device.journal.acked(0), device.journal.acked(1))

    def green(self, device: Device, op: str) -> None:
        """Take down that a till showed a basket as sold: its payment is durable by then."""
        found = device.journal.range(Lane.PRIORITY, 0)
        if not any(one.kind == Kind.PAID and _PAYMENT(one.body).op_id == op for one in found):
            self.unpaid.append(f"device {device.number} showed {op} as sold")

    def informed(self, device: Device) -> None:
        """Note that a device has all that central could tell by now."""
        self.lives[device.number].known = tuple(len(held[Lane.ORDINARY]) for held in self.far.held)

    def restarted(self, device: Device, *, reboot: bool) -> None:
        """Allow for what a machine without a clock cannot know: when it was off since its last tick."""
        for key in self.watch.until_ms:
            if reboot and key[0] == device.number:
                self.watch.until_ms[key] += TICK_MS_MAX

    def put_back(self, device: Device, copy: Path) -> None:
        """Let a device go on from an old copy of its disk."""
        self.weather.deliver_all()
        device.crash(copy=copy, reboot=True)
        self.start(device)
        # Nobody can ask it again for what it does not remember.
        self.taps = {key: one for key, one in self.taps.items() if one[1] != device.number}
        self.answers = {key: one for key, one in self.answers.items() if key[0] != device.number}
        life = self.lives[device.number]
        heads = [device.journal.head(lane).seq for lane in Lane]
        held = self.far.held[device.number]
        if any(len(held[lane]) > heads[lane] for lane in Lane):
            life.doomed = True
            self.seen["copy that central knows better"] += 1
            return
        # Nobody but the lost disk knew of the rest: what is here is the history now.
        for other in self.lives:
            other.known = tuple(
                min(seq, heads[0]) if at == device.number else seq for at, seq in enumerate(other.known)
            )
        for lane in Lane:
            del life.events[lane][heads[lane] :]
        self.watch.forget(device.number, life.events)
        self.seen["copy that nobody can tell"] += 1

    def tap(self, device: Device, tapped: Tap, who: str) -> None:
        """Let a reader read a band, and take down what is answered."""
        where = tapped.reader.partition("-")[0]
        self.attempt(
            device, f"{where}, {who}", lambda: self.told(device, tapped, device.service.present(tapped))
        )

    def answered(self, device: Device, act: str, answer: str) -> None:
        """Take down what a device answered to an act with an id: for ever the same."""
        before = self.answers.setdefault((device.number, act), answer)
        self.seen["same act again"] += before == answer
        if before != answer:
            self.contradictions.append(f"device {device.number} {act}: {before}, then {answer}")

    def told(self, device: Device, tap: Tap, view: StaffView) -> str:
        """Take down what was answered to a tap; return it in words."""
        if not view.seq:
            self.seen[f"reason {view.reason}"] += 1
            if view.outcome is Outcome.GRANTED:
                self.contradictions.append(f"{tap.tap_id} was let pass without a record")
        told = Heard(view.reason, view.seq)
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
            carried=lambda message, octets: self._carried(device, message, octets),
        )

    def _carried(self, device: Device, message: msgspec.Struct, octets: int) -> None:
        self.limits.carried(message, octets)
        if isinstance(message, LeaseAnswer):
            self._granted(device, message)

    def _granted(self, device: Device, told: LeaseAnswer) -> None:
        """Note until when each lease may be spent at most: its time counts from now at the latest."""
        for grant in told.grants:
            end = self.now_ms + grant.ttl_s * 1_000
            key = (device.number, grant.lease)
            self.seen["money lent after a restore"] += (
                key not in self.watch.until_ms and "central put back" in self.seen
            )
            self.watch.until_ms[key] = max(self.watch.until_ms.get(key, 0), end)
