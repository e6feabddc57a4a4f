"""What tests of the console share."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from sync.central.console import passwords
from tests.sync.console import desk


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that takes no tenth of a second, where what is tested is who may do what."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(desk, "HASH", hasher.hash(desk.PASSWORD))
