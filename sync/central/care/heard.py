"""Heard: cases that devices tell of: somebody pressed for help, or was unhappy and wants to be spoken to."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.events import Acted
from edge.core.feedback import UNHAPPY_MAX, FeedbackGiven
from sync.central.care import cases, ended, waits
from sync.central.care.case import Links, Result, State, Step, Subject, Told
from sync.central.journey.entry import Via
from sync.central.near import bearable
from sync.central.registry import guests
from sync.central.store import Connection, now_of

ROOMS = (ended, waits)
"""What has to be there wherever cases are: what lets them go, and what tells the edges who waits."""


def called(tx: Connection, site: str, said: Acted, *, device: str, at_ms: int) -> None:
    """Open a case for a call for help."""
    if said.target and bearable.names(said.target, said.point or ""):
        links = Links(device=device, point=said.point or "")
        at_ms = min(at_ms, now_of(tx))
        first = _first(_call(device, said), Subject.HELP, at_ms=at_ms, links=links)
        cases.open_case(tx, site, first)


def acknowledged(tx: Connection, site: str, said: Acted, *, device: str, at_ms: int) -> None:
    """Note who went to a call for help: on the spot it is solved, unless care hears otherwise."""
    if not said.target or not bearable.names(said.target):
        return
    case = cases.find(tx, site, cases.id_of(_call(device, said)))
    if case is not None and case.state is State.OPEN:
        told = Told(
            op="acknowledged",
            step=Step.SOLVED,
            at_ms=min(at_ms, now_of(tx)),
            who=said.staff or "",
            word=Result.ON_THE_SPOT.value,
        )
        cases.tell(tx, site, case.id, told=told)


class Spoken(NamedTuple):
    """A word, when it was said, and what was typed with it."""

    said: FeedbackGiven
    at_ms: int
    text: str = ""


def unhappy(tx: Connection, site: str, word: Spoken, *, device: str) -> None:
    """Open a case for somebody who chose one of the two lowest faces and let us know who they are."""
    said, at_ms, text = word
    if said.score > UNHAPPY_MAX or not said.guest or not bearable.names(said.guest, said.point, said.about):
        return
    if said.guest not in guests.guests_of(tx, site, [said.guest]):
        return  # erased meanwhile: nobody is left to be spoken to
    links = Links(guest=said.guest, ref=said.about, device=device, point=said.point)
    op = f"feedback/{device}/{at_ms}/{said.guest}"
    first = _first(op, Subject.FEEDBACK, at_ms=min(at_ms, now_of(tx)), links=links)
    cases.open_case(tx, site, first, note=text)


def _call(device: str, said: Acted) -> str:
    return f"help/{device}/{said.target}"


def _first(op: str, subject: Subject, *, at_ms: int, links: Links) -> Told:
    via = Via.KIOSK.value
    return Told(op=op, step=Step.OPENED, at_ms=at_ms, word=subject.value, via=via, links=links)
