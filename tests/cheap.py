"""Hashes of PINs and passwords that take no tenth of a second, where what is tested is who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher

from edge.staff import pins

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
TRUE = pins._HASHER


@contextmanager
def hashes(hasher: PasswordHasher) -> Iterator[None]:
    """Let the real function take so much; what it truly costs has a test of its own."""
    from sync.central.console import passwords  # central is no part of what an edge's tests need

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pins, "_HASHER", hasher)
        patch.setattr(passwords, "_HASHER", hasher)
        yield
