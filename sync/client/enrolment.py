"""Enrolment, the device's side: a typed code and a fresh key become a name, a site and central's own key."""

from __future__ import annotations

from sync.client.cable import Cable
from sync.client.line import Line, Unreachable
from sync.routes import ENROLMENTS
from sync.signing import NEW_DEVICE, Keys, public_half
from sync.wire import EnrolAnswer, EnrolRequest

TRIES_MAX = 3
"""An answer that was lost is given again to the same key."""


def enrol(
    url: str, code: str, *, private_key: bytes, name: str = "", cable: Cable | None = None
) -> EnrolAnswer:
    """Spend the code at central on this key; store the answer before anything else."""
    line = Line(url, cable or Cable(), keys=Keys(key_id=NEW_DEVICE, private_key=private_key))
    request = EnrolRequest(code=code, public_key=public_half(private_key), name=name)
    for _ in range(TRIES_MAX - 1):
        try:
            return line.post(ENROLMENTS, request, EnrolAnswer)
        except Unreachable:
            continue
    return line.post(ENROLMENTS, request, EnrolAnswer)
