"""Boxes, the device's side: what is left at central, and asked back for at each start."""

from __future__ import annotations

from typing import NamedTuple

from sync.client.cable import Cable
from sync.client.line import Line, Unreachable
from sync.routes import BOX, BOXES
from sync.signing import NEW_DEVICE, Keys, public_half
from sync.wire import BoxAnswer, BoxDeposit, BoxRequest

TRIES_MAX = 3


def leave(url: str, device: str, *, keys: Keys, deposit: BoxDeposit, cable: Cable | None = None) -> None:
    """Leave something at central, proved by the device's own key; the same twice is the same."""
    line = Line(url, cable or Cable(), device=device, keys=keys)
    for _ in range(TRIES_MAX - 1):
        try:
            line.post(BOX.format(device=device), deposit, BoxAnswer)
        except Unreachable:
            continue
        return
    line.post(BOX.format(device=device), deposit, BoxAnswer)


class Ask(NamedTuple):
    """By which key something is asked back for, whom to believe, and what shall lie in its place."""

    private_key: bytes
    central_key: bytes
    sealed: bytes = b""


def fetch(url: str, ask: Ask, *, cable: Cable | None = None) -> bytes:
    """Ask back for what was left, by the key made for that alone."""
    keys = Keys(key_id=NEW_DEVICE, private_key=ask.private_key, central=ask.central_key)
    line = Line(url, cable or Cable(), keys=keys)
    asked = BoxRequest(public_key=public_half(ask.private_key), sealed=ask.sealed)
    return line.post(BOXES, asked, BoxAnswer).sealed
