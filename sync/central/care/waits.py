"""Waits: which guests have a case that is not solved, so that kiosks keep their offers to themselves."""

from __future__ import annotations

from collections.abc import Collection

from sync.central.care.case import Case, State
from sync.central.care.cases import MOVED, case_table
from sync.central.registry import expected, links, waiting
from sync.central.registry.tables import parts
from sync.central.store import STEPS, Connection, and_, select, update

OVER = frozenset({State.SOLVED, State.CLOSED})
_own = case_table.c


def read(tx: Connection, site: str, guests: Collection[str]) -> set[str]:
    """Return those of these guests of whom, or of who is one with them, a case is not solved."""
    people = links.together(tx, site, guests)
    tops, open_ = links.roots(tx, site, people), set[str]()
    for part in parts(people):
        here = (_own.site_id == site, _own.guest_id.in_(part), _own.state.not_in(sorted(OVER)))
        found = tx.execute(select(_own.guest_id).where(*here).distinct()).scalars()
        open_ |= {tops.get(one, one) for one in found}
    return {one for one in guests if tops.get(one, one) in open_}


def heed(tx: Connection, site: str, turn: tuple[Case | None, Case]) -> None:
    """Have the edges told anew of whom a case now makes wait, or waits no more."""
    told = {_waiting(one) for one in turn}
    if len(told) > 1:
        expected.tell_again(tx, site, links.together(tx, site, told - {""}))


def _waiting(case: Case | None) -> str:
    """Return whom a case makes wait; nobody: empty."""
    return case.links.guest if case is not None and case.state not in OVER else ""


def _tell_of_who_waits(tx: Connection) -> None:
    """Have edges told of who waited before they were told of anybody: no case moves only for an update."""
    own = expected.expected_table.c
    mine = and_(_own.site_id == own.site_id, _own.guest_id == own.guest_id)
    waits_now = select(_own.case_id).where(mine, _own.state.not_in(sorted(OVER))).exists()
    there = and_(own.now.is_(True), waits_now)
    tx.execute(update(expected.expected_table).where(there).values(again_ms=expected.AT_ONCE))


STEPS[14] = _tell_of_who_waits
MOVED.append(heed)
waiting.READERS.append(read)
