"""Enrolment, the device's side: a typed code and a fresh public key become a name and a credential."""

from __future__ import annotations

from sync.client.cable import Cable
from sync.client.line import Line
from sync.routes import ENROLMENTS
from sync.wire import EnrolAnswer, EnrolRequest


def enrol(url: str, request: EnrolRequest, cable: Cable | None = None) -> EnrolAnswer:
    """Spend the code at central; the answer is given once, so store it before anything else."""
    return Line(url, cable or Cable()).post(ENROLMENTS, request, EnrolAnswer)
