"""Limits of a few: messages are full before long in small worlds, too, and what is more has to follow."""

from __future__ import annotations

import importlib

import pytest

FEW = {
    1: (
        *("sync.wire:URGENT_MAX", "sync.client.pulling:URGENT_MAX", "sync.central.telling.pages:URGENT_MAX"),
        *("sync.lending:GRANTS_MAX", "sync.central.money.leases:GRANTS_MAX"),
    ),
    2: (
        *("sync.wire:ROWS_MAX", "sync.client.pushing:ROWS_MAX", "sync.central.intake:ROWS_MAX"),
        *("sync.lending:WANTS_MAX", "edge.service.payments.placement:WANTS_MAX"),
        "sync.central.planning.asking:WANTS_MAX",
    ),
    4: (
        *("sync.wire:PAGE_ITEMS_MAX", "sync.client.pulling:PAGE_ITEMS_MAX"),
        "sync.central.telling.pages:PAGE_ITEMS_MAX",
    ),
    6: ("edge.store.effects:EFFECTS_ROWS_MAX", "edge.sequencer:EFFECTS_ROWS_MAX"),
}
"""How small a limit is, and each module that holds its name."""
FULL = (
    *("rows in a batch", "items in a page", "urgent items beside a report"),
    *("leases in an answer", "wants in a request", "rows that wait for their table"),
)
"""Of what some was full in such worlds."""


def narrow(patch: pytest.MonkeyPatch, *, but: str = "") -> None:
    """Let every limit be a few; who lives at ``but`` goes on by the one that is shipped."""
    assert not but or any(but in places for places in FEW.values()), but
    for few, places in FEW.items():
        for place in places:
            if place != but:
                module, _, name = place.partition(":")
                patch.setattr(importlib.import_module(module), name, few)
