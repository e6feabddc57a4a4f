"""A park that can seal, and an integrator's system before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import sites
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.hooks.receiver import Receiver, listening


@pytest.fixture
def park(url: str, clock: Clockwork) -> Iterator[Store]:
    """A store that can seal, with a park."""
    opened = Store(url, now_ms=clock, seals=Vault(bytes(32), new_ring()))
    with opened.transaction() as tx:
        sites.create_site(tx, SITE)
    yield opened
    opened.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with listening(tmp_path) as one:
        yield one
