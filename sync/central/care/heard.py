"""Heard: cases that devices tell of: somebody pressed for help, or was unhappy and wants to be spoken to."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

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

CALLED, WORD = "called", "word"
"""Names of what joins a case: there is one call in it, and seldom more than one word."""


def called(tx: Connection, site: str, said: Acted, *, device: str, at_ms: int) -> None:
    """Open a case for a call for help."""
    if said.target and bearable.names(said.target, said.point or ""):
        links = Links(device=device, point=said.point or "")
        at_ms = min(at_ms, now_of(tx))
        first = _first(_call(device, said.target), Subject.HELP, at_ms=at_ms, links=links)
        _one_case(tx, site, first, join=CALLED)


def acknowledged(tx: Connection, site: str, said: Acted, *, device: str, at_ms: int) -> None:
    """Note who went to a call for help: on the spot it is solved, unless care hears otherwise."""
    if not said.target or not bearable.names(said.target):
        return
    case = cases.find(tx, site, cases.id_of(_call(device, said.target)))
    if case is not None and case.state is State.OPEN and case.steps < cases.STEPS_MAX:
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
    """Open a case for somebody who chose one of the two lowest faces and let us know who they are.

    Where somebody was sent to them as well, the call and the word are one case, whichever came first.
    """
    said, at_ms, text = word
    texts = (said.guest, said.point, said.about, said.call)
    if said.score > UNHAPPY_MAX or not said.guest or not bearable.names(*texts):
        return
    if said.guest not in guests.guests_of(tx, site, [said.guest]):
        return  # erased meanwhile: nobody is left to be spoken to
    links = Links(guest=said.guest, ref=said.about, device=device, point=said.point)
    op = f"feedback/{device}/{at_ms}/{said.guest}"
    if said.call and _may_join(tx, site, cases.id_of(_call(device, said.call)), guest=said.guest):
        op = _call(device, said.call)
    first = _first(op, Subject.FEEDBACK, at_ms=min(at_ms, now_of(tx)), links=links)
    _one_case(tx, site, first, join=f"{WORD}/{at_ms}", note=text)


def _one_case(tx: Connection, site: str, first: Told, *, join: str, note: str = "") -> None:
    """Open a case, or join the one that the same call has opened; ``join`` names who tells."""
    known = cases.find(tx, site, cases.id_of(first.op))
    if known is not None and known.steps >= cases.STEPS_MAX:  # refused, it would keep back all that follows
        first = replace(first, op=f"{first.op}/{join}")
        known = cases.find(tx, site, cases.id_of(first.op))
    if known is None:
        cases.open_case(tx, site, first, note=note)
        return
    begun = cases.steps_of(tx, site, known.id)[0]
    if (begun.word, begun.at_ms) != (first.word, first.at_ms):
        cases.tell(tx, site, known.id, told=replace(first, op=join, step=Step.JOINED), note=note)


def _may_join(tx: Connection, site: str, id_: str, *, guest: str) -> bool:
    """Whether a word goes into the case of a call: it is not somebody else's, and nobody erased was in it."""
    known = cases.find(tx, site, id_)
    return known is None or (known.links.guest in ("", guest) and known.result != Result.ERASED)


def _call(device: str, call: str) -> str:
    return f"help/{device}/{call}"


def _first(op: str, subject: Subject, *, at_ms: int, links: Links) -> Told:
    via = Via.KIOSK.value
    return Told(op=op, step=Step.OPENED, at_ms=at_ms, word=subject.value, via=via, links=links)
