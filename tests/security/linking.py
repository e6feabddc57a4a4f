"""Somebody who follows bands by radio: what they write down of a passage, and how they know it again."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hardware.ble.eid import KEY_BYTES
from hardware.ble.frames import BATTERY_MAX, BandFrame, band_payload
from hardware.virtual.bands.onair import BandRadio

BEGIN_S = 1_700_000_000
APART_S = 16 * 60
"""Nobody listened in between: whoever hears a band all the while needs no name to follow it."""
LISTENS_S = 10
INTERVAL_S = 0.3
DELAY_S = 0.01
"""Each advertisement is late by a chance of up to so much (Core Specification, Vol. 6 Part B, 4.4.2.2.1)."""

Make = Callable[[random.Random], BandRadio]


class Passage(NamedTuple):
    """All that a radio gives away in some seconds: address and octets of the first and the last packet."""

    at_s: float
    first: tuple[str, bytes]
    until_s: float
    last: tuple[str, bytes]


class Pair(NamedTuple):
    """Two passages, and whether it was one band."""

    before: Passage
    after: Passage
    same: bool


def heard(radio: BandRadio, from_s: float, chance: random.Random) -> Passage:
    """Listen for some seconds; a packet in five is lost."""
    packets, at_s = [], from_s
    while at_s < from_s + LISTENS_S:
        frame = radio.says(int(at_s))
        if chance.random() > 0.2:
            packets.append((at_s, radio.address, band_payload(frame)))
        at_s += INTERVAL_S + chance.random() * DELAY_S
    (first_s, *first), (last_s, *last) = packets[0], packets[-1]
    return Passage(first_s, (str(first[0]), bytes(first[1])), last_s, (str(last[0]), bytes(last[1])))


def pairs(make: Make, count: int, seed: int) -> list[Pair]:
    """So many bands that pass twice, each set beside itself and beside another one that passed then."""
    chance = random.Random(seed)  # noqa: S311  # the same bands each time
    both = []
    for _ in range(count):
        radio, begun = make(chance), BEGIN_S + chance.randrange(512)
        before = heard(radio, begun, chance)
        _walk_on(radio, before.until_s, begun + APART_S, chance)
        both.append((before, heard(radio, begun + APART_S, chance)))
    others = [*both[1:], both[0]]
    return [
        *(Pair(before, after, same=True) for before, after in both),
        *(Pair(mine[0], other[1], same=False) for mine, other in zip(both, others, strict=True)),
    ]


def _walk_on(radio: BandRadio, from_s: float, to_s: float, chance: random.Random) -> None:
    """Send to nobody: of so many packets the chance delays sum up to a bell curve."""
    mean_s, spread_s = INTERVAL_S + DELAY_S / 2, DELAY_S / 12**0.5
    packets = (to_s - from_s) / mean_s
    sent = round(chance.gauss(packets, spread_s * packets**0.5 / mean_s))
    radio._count = (radio._count + sent) & 0xFF


def marks(pair: Pair) -> list[int]:
    """What somebody would compare: each a small number, whatever its meaning."""
    before, after = pair.before, pair.after
    address, other = (int(one[0].replace(":", ""), 16) for one in (before.last, after.first))
    ours, theirs = before.last[1], after.first[1]
    steps = (after.at_s - before.until_s) / (INTERVAL_S + DELAY_S / 2)
    bridged = (theirs[10] - ours[10] - round(steps) + 128) % 256
    return [
        (address ^ other).bit_count() // 3,
        (int.from_bytes(ours[1:9]) ^ int.from_bytes(theirs[1:9])).bit_count() // 4,
        bridged // 8,
        (ours[10] - theirs[10]) % 256 // 16,
        ours[9] - theirs[9],
        ours[11] ^ theirs[11],
        ours[12] ^ theirs[12],
        ours[0] ^ theirs[0],
    ]


class Follower:
    """Learns from pairs that it is told the truth of, which differences mean one band (naive Bayes)."""

    def __init__(self, told: Sequence[Pair]) -> None:
        self._seen: dict[bool, list[Counter[int]]] = {True: [], False: []}
        for same, columns in self._seen.items():
            rows = [marks(pair) for pair in told if pair.same is same]
            columns += [Counter(column) for column in zip(*rows, strict=True)]
        self._rows = len(told) / 2

    def suspicion(self, pair: Pair) -> float:
        """How much more likely one band than two."""
        found = 0.0
        for place, mark in enumerate(marks(pair)):
            one, two = (self._seen[same][place][mark] + 1 for same in (True, False))
            found += math.log(one / two)
        return found

    def auc(self, pairs_: Sequence[Pair]) -> float:
        """How often a true pair looks truer than a false one: one half is a guess."""
        scores = sorted((self.suspicion(pair), pair.same) for pair in pairs_)
        ranks, place = dict[float, float](), 0
        for score, count in sorted(Counter(score for score, _ in scores).items()):
            ranks[score] = place + (count + 1) / 2
            place += count
        true = [ranks[score] for score, same in scores if same]
        false = len(scores) - len(true)
        return (sum(true) - len(true) * (len(true) + 1) / 2) / (len(true) * false)


def linked(make: Make, count: int = 800, seed: int = 4) -> float:
    """Return the AUC of a follower who knows such bands, over bands that they never met."""
    known = Follower(pairs(make, count, seed))
    return known.auc(pairs(make, count, seed + 1))


def a_band(chance: random.Random) -> BandRadio:
    """Any band of a house whose batteries are of every age."""
    return BandRadio(chance.randbytes(KEY_BYTES), chance=chance, battery=chance.randrange(BATTERY_MAX + 1))


class KeptAddress(BandRadio):
    """Its address stays; all else changes."""

    def _renew(self) -> None:
        kept = self.address
        super()._renew()
        self.address = kept or self.address


class BridgingCount(BandRadio):
    """Its count goes on over the change."""

    def _renew(self) -> None:
        kept, begun = self._count, bool(self.address)
        super()._renew()
        self._count = kept if begun else self._count


class FineBattery(BandRadio):
    """Says its battery to a hundredth, in the octet that has room for four steps and six flags."""

    def __init__(self, key: bytes, *, chance: random.Random) -> None:
        super().__init__(key, chance=chance)
        self._percent = chance.randrange(100)

    def says(self, place_s: int) -> BandFrame:
        frame = super().says(place_s)
        return BandFrame(frame.eid, frame.power_1m, frame.counter, self._percent >> 6, self._percent & 63)


class TrueSteps(BandRadio):
    """Says its four steps always."""

    def _renew(self) -> None:
        super()._renew()
        self._said = self.battery
