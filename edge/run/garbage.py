"""Garbage: how often the house looks itself over for what nothing refers to any more."""

from __future__ import annotations

import gc

YOUNG_MAX = 20_000
"""Objects made and kept since the last look; a tap leaves about ten of them for the effects log."""


def seldom() -> None:
    """Look over what is young so seldom from here on.

    Central imports 1,500 modules, all of which stay: looking them over took a fifth of its start.
    """
    gc.set_threshold(YOUNG_MAX, *gc.get_threshold()[1:])


def settle() -> None:
    """Set aside all that is built by now, and look over what comes later seldom.

    What is built stays till the end: looking it over would keep some guest waiting (23 ms). What a tap makes,
    and what central reads of a batch, is freed when its last name goes; only circles need the look, and these
    make none. At central the looks took a third of the time that a full journal takes to be handed over.
    """
    gc.collect()
    gc.freeze()
    seldom()
