"""Claiming: what a kiosk and central tell each other where somebody claims the band that they wear."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.core.claimed import CODE_DIGITS, Became

Code = Annotated[str, Meta(pattern=f"^[0-9]{{{CODE_DIGITS}}}$")]


class ClaimAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A band was held to a reader of this device, proved its key, and this code was typed beside it."""

    band: bytes
    code: Code
    point: Annotated[str, Meta(max_length=64)]


class ClaimAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it, for the device that asked."""

    device: str
    became: Became
    time_ms: int
