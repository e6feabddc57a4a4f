"""What the console keeps and asks is the same over a SQLite file and over PostgreSQL."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Presented
from edge.core.decision import Act as Next
from edge.core.decision import Decision, Outcome, Reason, WhatNext
from edge.core.events import Acted, Decided, Kind
from sync.central import intake
from sync.central.console import acts, happenings, operators, sessions
from sync.central.console.acts import Act
from sync.central.console.happenings import Wanted
from sync.central.console.operators import NotLetIn, Role
from sync.central.imports import jobs
from sync.central.imports.jobs import State
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, a_device, a_journal
from tests.sync.console.desk import PASSWORD, an_operator

MINUTE_MS = 60_000


def decided(reason: Reason, point: str) -> bytes:
    decision = Decision(
        outcome=Outcome.DENIED, reason=reason, next=WhatNext(act=Next.SEE_STAFF), point=point, direction="in"
    )
    presented = Presented(tap_id="t", reader="r", band=b"b" * 16)
    return msgspec.msgpack.encode(Decided(decision=decision, presented=presented, now_ms=NOW_MS))


def test_events_are_counted_by_the_minute_filtered_and_turned_over_page_by_page(store: Store) -> None:
    device, _ = a_device(store)
    journal = a_journal(device)
    for number in range(happenings.PAGE_MAX + 30):
        reason = Reason.UNPAID if number % 2 else Reason.TOO_EARLY
        minute = NOW_MS - (2 if number < 10 else 0) * MINUTE_MS
        journal.append(0, decided(reason, "gate"), kind=int(Kind.DECIDED), hlc=(minute << 16) + number)
    intake.take(store, device, journal.batch(1, happenings.PAGE_MAX + 30))
    with store.reading() as tx:
        assert happenings.minutes(tx, SITE, now_ms=NOW_MS, count=3) == (10, 0, happenings.PAGE_MAX + 20)
        first, mark = happenings.page(tx, SITE, Wanted())
        rest, end = happenings.page(tx, SITE, Wanted(), before=mark)
        unpaid, _ = happenings.page(tx, SITE, Wanted(reason="unpaid", outcome="denied", point="gate"))
        assert happenings.page(tx, SITE, Wanted(point="elsewhere")) == ((), 0)
    seen = [one.hlc for one in (*first, *rest)]
    assert seen == sorted(set(seen), reverse=True)
    assert (len(seen), end) == (happenings.PAGE_MAX + 30, 0)
    assert {one.reason for one in unpaid} == {"unpaid"}
    assert len(unpaid) == (happenings.PAGE_MAX + 30) // 2


def test_a_band_has_its_latest_events(store: Store) -> None:
    device, _ = a_device(store)
    journal = a_journal(device)
    for _ in range(2):
        journal.append(0, msgspec.msgpack.encode(Acted()), kind=int(Kind.HELP_CALLED))
    intake.take(store, device, journal.batch(1, 2))
    with store.reading() as tx:
        assert [one.kind for one in happenings.latest_of(tx, SITE, [bytes([1]) * 16])] == ["help_called"]
        assert happenings.latest_of(tx, SITE, []) == ()


def test_acts_are_kept_in_order_and_shortened(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(acts.PAGE_MAX + 1):
            acts.record(tx, Act(site=SITE, who="olga", what="published", target=str(number), after="x" * 999))
        acts.record(tx, Act(who="olga", what="signed_in"))
    with store.reading() as tx:
        of_site = acts.acts(tx, SITE)
        older = acts.acts(tx, SITE, before=of_site[-1].id)
        assert acts.acts(tx)[0].what == "signed_in"
    assert [one.target for one in of_site][:2] == ["100", "99"]
    assert [one.target for one in older] == ["0"]
    assert len(of_site[0].after) == acts.STATE_CHARS_MAX


def test_operators_sign_in_and_are_kept_out(store: Store) -> None:
    an_operator(store, "otto", Role.OPERATOR)
    with pytest.raises(NotLetIn):
        operators.sign_in(store, "otto", "wrong password")
    token = operators.sign_in(store, " otto ", PASSWORD)
    with store.transaction() as tx:
        who = operators.signed_in(tx, token)
        assert who is not None
        assert (who.name, who.role) == ("otto", Role.OPERATOR)
        sessions.end(tx, token)
        assert operators.signed_in(tx, token) is None


def test_jobs_move_and_lost_ones_are_interrupted(store: Store) -> None:
    with store.transaction() as tx:
        lost = jobs.begin(tx, SITE, name="a.csv", who="olga")
        whole = jobs.begin(tx, SITE, name="b.csv", who="olga")
        jobs.move(tx, SITE, whole, state=State.DONE.value, done=7)
        jobs.interrupt(tx, silent_since_ms=NOW_MS - 1)
        assert jobs.job(tx, SITE, lost).state is State.WAITING, "it may still be alive on another worker"
        jobs.interrupt(tx, silent_since_ms=NOW_MS)
        assert jobs.job(tx, SITE, lost).state is State.INTERRUPTED
        assert (jobs.job(tx, SITE, whole).state, jobs.job(tx, SITE, whole).done) == (State.DONE, 7)
