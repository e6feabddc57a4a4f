"""The edge's end of claiming: asks central at once what becomes of a code, while the guest stands there."""

from __future__ import annotations

from collections.abc import Callable

from edge.core.claimed import Became
from edge.errors import Refused
from sync.claiming import ClaimAnswer, ClaimAsk
from sync.client.cable import Cable
from sync.client.client import Place
from sync.client.line import Line
from sync.client.ports import Time
from sync.routes import CLAIMS

Claims = Callable[[bytes, str, str], Became]
"""Says what becomes of a code that was typed beside a band at a point, or raises ``Offline``."""


def claims(device: str, place: Place, cable: Cable, *, clock: Time) -> Claims:
    """Return who asks central for a device; any thread may ask, each on a line of its own."""

    def ask(band: bytes, code: str, point: str) -> Became:
        line = Line(place.url, cable, device=device, keys=place.keys, clock=clock)
        path = CLAIMS.replace("{device}", device)
        told = line.post(path, ClaimAsk(band=band, code=code, point=point), ClaimAnswer)
        if told.device != device:
            raise Refused("An answer about a claim that is not for this device.")
        return told.became

    return ask
