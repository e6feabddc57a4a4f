"""The test provider as every test of this room meets it: over real HTTP, by the official library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.central.psp.sandbox import Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys

TIMEOUT_MS = 500
LATE_MS = 700


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A provider that is a little later than our patience."""
    opened = Sandbox(late_ms=LATE_MS, slow_ms=10)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def psp(sandbox: Sandbox) -> Stripe:
    """Our adapter before it."""
    return Stripe(StripeKeys(API_KEY, SECRET), url=sandbox.url, timeout_ms=TIMEOUT_MS)
