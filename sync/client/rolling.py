"""Rolling, the device's side: central is told the new key by the old one."""

from __future__ import annotations

from sync.client.cable import Cable
from sync.client.line import Line
from sync.routes import ROLL
from sync.signing import Keys, public_half
from sync.wire import RollAnswer, RollRequest


def roll(url: str, device: str, *, keys: Keys, next_key: bytes, cable: Cable | None = None) -> RollAnswer:
    """Have central go by ``next_key`` from now on; asked again after a lost answer, it says the same."""
    line = Line(url, cable or Cable(), device=device, keys=keys)
    request = RollRequest(public_key=public_half(next_key))
    return line.post(ROLL.replace("{device}", device), request, RollAnswer)
