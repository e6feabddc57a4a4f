"""Case: what became of one matter, as its steps tell it; the same steps always tell the same case."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from edge.core.calendar import DAY_MS, MINUTE_MS
from edge.core.events import Sealed
from edge.errors import Refused
from sync.central.journey.entry import Via


class Subject(enum.StrEnum):
    """What it is about: the closed list."""

    HELP = "help"
    """Somebody pressed for help at a kiosk."""
    FEEDBACK = "feedback"
    """Somebody was unhappy, and wants to be spoken to."""
    BAND = "band"
    MONEY = "money"
    ORDER = "order"
    RIGHT = "right"
    """A ticket, a booked time, a way in that was refused."""
    PRIVACY = "privacy"
    OTHER = "other"


class State(enum.StrEnum):
    """Whose turn it is."""

    OPEN = "open"
    """Nobody has answered yet."""
    WAITING_GUEST = "waiting_guest"
    WAITING_US = "waiting_us"
    SOLVED = "solved"
    """Put right; it goes on where the guest says that it is not."""
    CLOSED = "closed"


class Priority(enum.StrEnum):
    """What comes first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Result(enum.StrEnum):
    """How a case ended: the closed list."""

    ON_THE_SPOT = "on_the_spot"
    PUT_RIGHT = "put_right"
    EXPLAINED = "explained"
    MADE_GOOD = "made_good"
    NOT_OURS = "not_ours"
    NO_ANSWER = "no_answer"
    """The guest could not be reached."""
    ERASED = "erased"
    """Whose case it was is erased: there is nobody left to answer."""


class Step(enum.StrEnum):
    """What can happen to a case."""

    OPENED = "opened"
    NOTED = "noted"
    """Written for colleagues; the guest hears nothing of it."""
    ANSWERED = "answered"
    """The guest had a word from us."""
    HEARD = "heard"
    """We had another one from the guest."""
    TAKEN = "taken"
    """Somebody made it theirs."""
    RANKED = "ranked"
    PROMISED = "promised"
    """We said until when the guest hears from us."""
    ACTED = "acted"
    """Something was done for the guest, which its own room wrote down, too."""
    SOLVED = "solved"
    CLOSED = "closed"
    JOINED = "joined"
    """Another teller told of the same matter: whose it is, and how soon they wait to be spoken to."""


ANSWER_MS: Mapping[Subject, int] = MappingProxyType({Subject.HELP: 5 * MINUTE_MS})
"""How soon somebody hears from us at the latest, where nobody promised anything else."""
FIRST: Mapping[Subject, Priority] = MappingProxyType(
    {Subject.HELP: Priority.HIGH, Subject.MONEY: Priority.HIGH, Subject.OTHER: Priority.LOW}
)
UNHEARD = frozenset({Result.ERASED, Result.NO_ANSWER})
"""Ends of which the guest was told nothing."""


class Links(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a case is about, by the names of other rooms; empty: none."""

    guest: str = ""
    band: str = ""
    """Its id, in hex."""
    order: str = ""
    ref: str = ""
    """A receipt's operation or a charge."""
    device: str = ""
    point: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step; ``op`` names it for ever: told again it changes nothing."""

    op: str
    step: Step
    at_ms: int
    who: str = ""
    """Who of us; nobody where a device or a channel told of it."""
    word: str = ""
    """A word of a closed list: the subject, a priority, a result, which act it was."""
    ref: str = ""
    """What it leads to: the wallet, band or refund of an act."""
    until_ms: int | None = None
    """When a promise is due, or an answer to what somebody wrote in private; of other steps nothing."""
    minor: int | None = None
    """What care gave by itself, in minor units."""
    points: int = 0
    """How many points were given or asked for."""
    point_minor: int = 0
    """What each of them pays, in minor units."""
    note: Sealed | None = None
    via: str = ""
    links: Links | None = None
    """Of the first step, and of what joined it."""


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a case stands."""

    id: str
    subject: Subject
    via: Via
    state: State
    priority: Priority
    links: Links
    opened_ms: int
    changed_ms: int
    owner: str = ""
    due_ms: int | None = None
    """Until when the guest hears from us; None: nothing is promised that is not done."""
    answered_ms: int | None = None
    """When they first heard from us."""
    closed_ms: int | None = None
    result: str = ""
    kept: int = 0
    """Promises that were kept."""
    broken: int = 0
    """Promises that were done too late, or put off when they were late already."""
    moved: int = 0
    """Promises that were put off before they were due."""
    given_minor: int = 0
    """What care gave by itself in this case."""
    steps: int = 1

    def is_late(self, now_ms: int) -> bool:
        """Say whether somebody waits for longer than we said."""
        return self.due_ms is not None and now_ms > self.due_ms


def stood(id_: str, steps: Iterable[Told]) -> Case:
    """Return where a case stands after all its steps."""
    told = iter(steps)
    case = opened(id_, next(told))
    for one in told:
        case = after(case, one)
    return case


def opened(id_: str, first: Told) -> Case:
    """Return the case that a first step opens."""
    subject = Subject(first.word)
    return Case(
        id=id_,
        subject=subject,
        via=Via(first.via or Via.DESK.value),
        state=State.OPEN,
        priority=FIRST.get(subject, Priority.NORMAL),
        links=first.links or Links(),
        opened_ms=first.at_ms,
        changed_ms=first.at_ms,
        due_ms=first.until_ms or first.at_ms + ANSWER_MS.get(subject, DAY_MS),
    )


def after(case: Case, one: Told) -> Case:
    """Return where a case stands after one more step, or raise ``Refused`` where none such is possible."""
    if case.state is State.CLOSED and one.step not in (Step.HEARD, Step.JOINED):
        raise Refused("This case is closed.", hint="Write down what the guest says: that opens it again.")
    stepped = replace(case, steps=case.steps + 1, changed_ms=max(case.changed_ms, one.at_ms))
    if one.step is Step.OPENED:
        raise Refused("A case is opened once.")
    move = _MOVES.get(one.step)
    return stepped if move is None else move(stepped, one)


def _promised(case: Case, one: Told) -> Case:
    if one.until_ms is None or one.until_ms <= one.at_ms:
        raise Refused("A promise says until when, and that is still to come.")
    late = case.is_late(one.at_ms)
    put_off = case.due_ms is not None and not late and one.until_ms > case.due_ms
    return replace(
        case,
        due_ms=one.until_ms,
        broken=case.broken + late,
        moved=case.moved + put_off,
        state=State.WAITING_US,
    )


def _heard(case: Case, one: Told) -> Case:
    """Return a case in which the guest spoke; what is owed sooner than all before is owed then."""
    due = case.due_ms if case.due_ms is not None else one.until_ms or one.at_ms + DAY_MS
    if one.until_ms is not None:
        due = min(due, one.until_ms)
    return replace(case, state=State.WAITING_US, due_ms=due, closed_ms=None, result="")


def _joined(case: Case, one: Told) -> Case:
    """Return a case of which somebody else told, too: the same one, whoever told first.

    A word says more than a call, and who waits at a point waits for minutes. Whose turn it is stays. Where a
    call comes to what had ended already somebody still waits: it is open again until somebody went there.
    """
    came, more = Subject(one.word), one.links or Links()
    if came is Subject.HELP and case.state in (State.SOLVED, State.CLOSED) and case.result != Result.ERASED:
        due_ms = one.at_ms + ANSWER_MS[came]
        case = replace(case, state=State.OPEN, due_ms=due_ms, closed_ms=None, result="")
    filled = {name: getattr(more, name) for name in Links.__struct_fields__ if not getattr(case.links, name)}
    soon = FIRST.get(came, Priority.NORMAL)
    due = case.due_ms if case.due_ms is None else min(case.due_ms, one.at_ms + ANSWER_MS.get(came, DAY_MS))
    return replace(
        case,
        subject=came if case.subject is Subject.HELP else case.subject,
        priority=soon if soon is Priority.HIGH else case.priority,
        links=replace(case.links, **filled),
        due_ms=due,
    )


def _ended(case: Case, one: Told) -> Case:
    closed = one.at_ms if one.step is Step.CLOSED else None
    result = Result(one.word)
    told = _unheard(case, one, result) if result in UNHEARD else _done(case, one)
    state = State.SOLVED if closed is None else State.CLOSED
    return replace(told, state=state, closed_ms=closed, result=result.value, due_ms=None)


def _unheard(case: Case, one: Told, result: Result) -> Case:
    """Return a case of which the guest heard nothing: no promise is kept by that; a late one is broken."""
    late = case.is_late(one.at_ms) and result is not Result.ERASED
    return replace(case, broken=case.broken + late)


def _done(case: Case, one: Told) -> Case:
    """Return a case of which the guest heard: what was promised is kept by it, or comes too late."""
    promised, late = case.due_ms is not None, case.is_late(one.at_ms)
    return replace(
        case,
        due_ms=None,
        answered_ms=case.answered_ms if case.answered_ms is not None else one.at_ms,
        kept=case.kept + (promised and not late),
        broken=case.broken + late,
    )


_MOVES: Mapping[Step, Callable[[Case, Told], Case]] = MappingProxyType(
    {
        Step.ACTED: lambda case, one: replace(case, given_minor=case.given_minor + (one.minor or 0)),
        Step.TAKEN: lambda case, one: replace(case, owner=one.who),
        Step.RANKED: lambda case, one: replace(case, priority=Priority(one.word)),
        Step.PROMISED: _promised,
        Step.HEARD: _heard,
        Step.JOINED: _joined,
        Step.ANSWERED: lambda case, one: replace(_done(case, one), state=State.WAITING_GUEST),
        Step.SOLVED: _ended,
        Step.CLOSED: _ended,
    }
)
"""What each step changes; what is only written down changes nothing of whose turn it is."""
