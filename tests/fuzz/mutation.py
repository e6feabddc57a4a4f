"""Mutation: a good message made bad as wires, bands and enemies do it, repeatable by seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

OCTETS_MAX = 4_096
TELLING = (0x00, 0x01, 0x7F, 0x80, 0x90, 0xC0, 0xC1, 0xD9, 0xDC, 0xDD, 0xDF, 0xFE, 0xFF)
"""Octets at which lengths, signs and MessagePack's own markers turn over."""


def mutated(samples: Sequence[bytes], seed: int) -> bytes:
    """A sample after one to six mutations, now and then nothing but noise."""
    chance = random.Random(seed)  # noqa: S311  # repeatable, no secret
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(200))
    octets = bytearray(chance.choice(samples))
    for _ in range(chance.randint(1, 6)):
        _mutate(octets, samples, chance)
    return bytes(octets[:OCTETS_MAX])


def _mutate(octets: bytearray, samples: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(octets) + 1)
    match chance.randrange(7):
        case 0 if at < len(octets):
            octets[at] ^= 1 << chance.randrange(8)
        case 1 if at < len(octets):
            octets[at] = chance.choice(TELLING)
        case 2:
            del octets[at : at + chance.randint(1, 8)]
        case 3:
            octets[at:at] = chance.randbytes(chance.randint(1, 8))
        case 4:
            octets[at:at] = octets[at : at + chance.randint(1, 64)] * chance.randint(1, 8)
        case 5:
            del octets[at:]
        case _:
            octets[at:] = chance.choice(samples)[chance.randrange(len(octets) + 1) :]
