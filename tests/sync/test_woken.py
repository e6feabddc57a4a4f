"""A database that sleeps within an act: what ran out meanwhile is over when it wakes (a lock held is one)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event

from edge.core.claimed import Became
from edge.core.entitlements import Entitlement
from edge.core.slots import Slot
from edge.errors import Refused
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync import passes
from sync.central import claims, doors, enrolment
from sync.central.console import desks, factors, operators, sessions, totp
from sync.central.doors import NoDoor
from sync.central.enrolment import Invitation
from sync.central.hooks import subscriptions
from sync.central.hooks.subscriptions import Wanted, hook_table
from sync.central.machines import devices
from sync.central.machines.devices import NewDevice
from sync.central.money.rising import advance
from sync.central.near import reserving, slots
from sync.central.near.reserving import Over
from sync.central.people import aliases, claiming, codes, merging
from sync.central.people.aliases import Kind, Proof, named
from sync.central.people.codes import Told
from sync.central.registry import guests, rights
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store, insert, now_of, select
from sync.central.store.engine import STALE_MS
from sync.signing import public_half
from sync.wire import EnrolRequest
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import PASSWORD, an_operator
from tests.sync.ends import until
from tests.sync.people.folk import Folk

MAIL = named(Kind.EMAIL, "ada@park.example")
PRIVATE, SECRET = bytes(range(32)), b"12345678901234567890"
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def sleeping_in(words: str, clock: Clockwork, *, ms: int) -> Iterator[list[str]]:
    """Let so much time pass before the first statement that speaks of ``words`` is answered."""
    slept: list[str] = []

    def before(_tx: object, _cursor: object, statement: str, *_rest: object) -> None:
        if words in " ".join(statement.split()) and not slept:
            slept.append(statement)
            clock.ms += ms

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield slept
    finally:
        event.remove(Engine, "before_cursor_execute", before)


class Case(NamedTuple):
    """Something that ends: for how long it is good, which statements it may be waited for in, and the end."""

    begin: Callable[[Folk], Callable[[Connection], object]]
    """Makes it, and returns how it is used."""
    good_ms: int
    words: tuple[str, ...]
    over: object
    """What is answered, or raised, once it is over."""


def a_device_code(folk: Folk) -> Callable[[Connection], object]:
    with folk.store.transaction() as tx:
        code = enrolment.invite(tx, Invitation(site=SITE))
    return lambda tx: enrolment._spend(tx, EnrolRequest(code=code, public_key=b"p" * 32))


def a_link(folk: Folk) -> Callable[[Connection], object]:
    with folk.store.transaction() as tx:
        token = doors.invite(tx, SITE, "ada", by="carla")
    return lambda tx: doors.enter(tx, token)


def a_pass(folk: Folk) -> Callable[[Connection], object]:
    public = public_half(PRIVATE)
    with folk.store.transaction() as tx:
        new = NewDevice(site=SITE, kind="edge", name="Kiosk", points=(), public_key=public)
        key = devices.add_device(tx, new)[1]
    token = passes.issue(key, PRIVATE, guest="ada", at_ms=folk.clock.ms)
    return lambda tx: doors.enter(tx, token)


def a_session_of_a_guest(folk: Folk) -> Callable[[Connection], object]:
    enter = a_link(folk)
    with folk.store.transaction() as tx:
        _, session = enter(tx)  # type: ignore[misc]  # what a link gives
    return lambda tx: doors.inside(tx, session)


def an_address_code(folk: Folk) -> Callable[[Connection], object]:
    claim = aliases.Claim(MAIL, "ada")
    with folk.store.transaction() as tx:
        take_turn(tx, SITE)
        code = codes.begin(tx, SITE, claim)

    def tells(tx: Connection) -> object:
        take_turn(tx, SITE)
        return codes.tell(tx, SITE, claim, code=code, by="mail")

    return tells


def a_band_code(folk: Folk) -> Callable[[Connection], object]:
    with folk.store.transaction() as tx:
        take_turn(tx, SITE)
        aliases.prove(tx, SITE, aliases.Claim(MAIL, "ada"), proof=Proof.CODE, by="mail")
        guests.put_guests(tx, SITE, [Guest(id="bea", age_band="18-99")])
        claim = claiming.begin(tx, SITE, op="app/1", guest="ada", channel="app")
        code, _ = claiming.code(tx, SITE, claim.id, name=MAIL)
    typed = claiming.Typed(bytes([2]) * 16, code, "kiosk-1", "kiosk")
    return lambda tx: claiming.spend(tx, SITE, typed)


def a_second_factor(folk: Folk) -> Callable[[Connection], object]:
    with folk.store.transaction() as tx:
        row = {"name": "olga", "secret": SECRET, "confirmed": True, "step": 0, "made_ms": 0}
        tx.execute(insert(factors.factor_table).values(row))
    code = totp.code_at(SECRET, folk.clock.ms // totp.STEP_MS)
    return lambda tx: factors.prove(tx, "olga", code)


def a_desk(folk: Folk) -> Callable[[Connection], object]:
    an_operator(folk.store)
    with folk.store.transaction() as tx:
        token = desks.open_desk(tx, SITE, "olga")
    return lambda tx: desks.sit(tx, token)


def a_console(folk: Folk) -> Callable[[Connection], object]:
    an_operator(folk.store)
    session = operators.sign_in(folk.store, "olga", PASSWORD)
    return lambda tx: operators.signed_in(tx, session)


def a_time_to_book(folk: Folk) -> Callable[[Connection], object]:
    start = folk.clock.ms - HOUR_MS
    slot = Slot(point="ride", product="ride", start_ms=start, end_ms=start + 2 * HOUR_MS, outside={"app": 3})
    with folk.store.transaction() as tx:
        slots.put(tx, SITE, [slot])
    wanted = reserving.Wanted(id="1", guest="ada", point="ride", start_ms=start)

    def reserves(tx: Connection) -> object:
        take_turn(tx, SITE)
        return reserving.reserve(tx, SITE, wanted, channel="app")

    return reserves


def a_time_to_move_to(folk: Folk) -> Callable[[Connection], object]:
    a_time_to_book(folk)
    start, later = folk.clock.ms - HOUR_MS, folk.clock.ms + DAY_MS
    now = Slot(point="ride", product="ride", start_ms=later, end_ms=later + HOUR_MS)
    with folk.store.transaction() as tx:
        rights.put_rights(tx, SITE, [Entitlement(id="r", product="ride", slot=now.time)], guest="ada")

    def moves(tx: Connection) -> object:
        take_turn(tx, SITE)
        return reserving.move(tx, SITE, "r", to=("ride", start))

    return moves


def two_who_were_joined(folk: Folk) -> Callable[[Connection], object]:
    folk.merges("bea", "ada")
    return lambda tx: merging.part(tx, SITE, "bea", by="olga", why="two sisters")


TURN = "FROM site"
CASES = {
    "device code": Case(a_device_code, enrolment.LIFE_MS, ("FROM enrolment", TURN), None),
    "link": Case(a_link, doors.LINK_MS, ("FROM guest_door", "DELETE FROM guest_door"), NoDoor),
    "pass": Case(
        a_pass, doors.PASS_MS + 1, ("FROM device_key", "FROM device", "INSERT INTO guest_door"), NoDoor
    ),
    "guest's session": Case(a_session_of_a_guest, doors.SESSION_MS, ("FROM guest_door",), None),
    "address code": Case(an_address_code, codes.GOOD_MS, (TURN, "FROM alias_code"), Told.OVER),
    "band code": Case(a_band_code, claiming.GOOD_MS, (TURN, "FROM band_claim WHERE"), Became.WRONG),
    "second factor": Case(
        a_second_factor, totp.STEP_MS + totp.SLACK_MS + 1, ("FROM operator_factor",), False
    ),
    "desk": Case(a_desk, desks.SITTING_MS, ("FROM desk_token",), desks.NoDesk),
    "console": Case(a_console, sessions.IDLE_MS_MAX, ("FROM operator",), None),
    "time to book": Case(a_time_to_book, HOUR_MS, (TURN, "FROM slot"), Over),
    "time to move to": Case(a_time_to_move_to, HOUR_MS, (TURN, "FROM slot"), Over),
    "joined": Case(two_who_were_joined, merging.BACK_MS + 1, (TURN, "FROM guest_link"), Refused),
}


@pytest.fixture
def folk(sealed_store: Store, clock: Clockwork) -> Folk:
    return Folk(sealed_store, clock)


def outcome(folk: Folk, use: Callable[[Connection], object]) -> Any:
    """What an act answers, or the kind of its refusal."""
    try:
        with folk.store.transaction() as tx:
            return use(tx)
    except Refused as refusal:
        return type(refusal)
    except (NoDoor, desks.NoDesk) as refusal:
        return type(refusal)


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, case in CASES.items() for words in case.words]
)
def test_what_ran_out_while_it_was_waited_for_is_refused(
    folk: Folk, clock: Clockwork, name: str, words: str
) -> None:
    case = CASES[name]
    use = case.begin(folk)
    with sleeping_in(words, clock, ms=case.good_ms) as slept:
        assert outcome(folk, use) == case.over
    assert slept, "the control: nothing was waited for there"


@pytest.mark.parametrize("name", CASES)
def test_what_still_holds_is_taken_however_long_was_waited_before(
    folk: Folk, clock: Clockwork, name: str
) -> None:
    """The control: nobody is refused for having waited."""
    case = CASES[name]
    use = case.begin(folk)
    with sleeping_in(case.words[0], clock, ms=1_000) as slept:
        assert outcome(folk, use) not in (case.over, None, False)
    assert slept


def test_a_transaction_has_one_time_unless_it_waits_and_it_never_goes_back(
    folk: Folk, clock: Clockwork
) -> None:
    with folk.store.transaction() as tx:
        began = now_of(tx)
        clock.ms += STALE_MS - 1
        tx.execute(select(1))
        assert now_of(tx) == began, "what is written together carries one time"
        clock.ms += 1
        assert now_of(tx) == began, "nothing was asked for meanwhile"
        tx.execute(select(1))
        assert now_of(tx) == began + STALE_MS
        clock.ms -= HOUR_MS
        tx.execute(select(1))
        assert now_of(tx) == began + STALE_MS


HELD = [
    ("device code", "enrolment"),
    ("device code", "site"),
    ("link", "guest_door"),
    ("address code", "site"),
    ("second factor", "operator_factor"),
]
"""What somebody else may hold meanwhile, at a database with many workers."""


@pytest.mark.postgres
@pytest.mark.timeout(30)
@pytest.mark.parametrize(("name", "held"), HELD)
def test_what_ends_while_somebody_else_holds_its_row_or_the_sites_turn_is_refused(
    emptied_postgres_url: str, clock: Clockwork, name: str, held: str
) -> None:
    case, said = CASES[name], list[object]()
    with (
        closing(Store(emptied_postgres_url, now_ms=clock, seals=Vault(bytes(32), new_ring()))) as store,
        psycopg.connect(emptied_postgres_url, autocommit=True) as watch,
    ):
        folk = Folk(store, clock)
        use = case.begin(folk)
        guest = threading.Thread(target=lambda: said.append(outcome(folk, use)))
        with psycopg.connect(emptied_postgres_url) as other:
            other.execute(f"SELECT FROM {held} FOR UPDATE")  # type: ignore[arg-type]  # a table's name of ours
            guest.start()
            until(lambda: watch.execute(WAITING).fetchone() is not None, 10)
            clock.ms += case.good_ms
            other.rollback()
        guest.join(10)
    assert said == [case.over]


def test_who_waited_for_a_row_has_it_for_as_long_as_anybody(folk: Folk, clock: Clockwork) -> None:
    with folk.store.transaction() as tx:
        asked = Wanted(url="https://example.org/", kinds=("decided",))
        subscriptions.add(tx, SITE, asked)
        id_ = tx.execute(select(hook_table.c.hook_id)).scalar_one()
    with (
        sleeping_in("FROM hook", clock, ms=claims.CLAIM_MS) as slept,
        folk.store.transaction() as tx,
    ):
        assert subscriptions.claim(tx, SITE, id_, claims=0) is not None
    assert slept
    with folk.store.reading() as tx:
        assert subscriptions.QUEUE.due(tx, clock.ms, limit=1) == [], "another would be at it as well"


def test_a_workers_wait_is_counted_once_by_the_time_of_leases(folk: Folk, clock: Clockwork) -> None:
    """Risen too far, it would call a lease in doubt before its device has stopped."""
    with folk.store.transaction() as tx:
        advance(tx, SITE)
    with sleeping_in("FROM rising_time", clock, ms=30_000), folk.store.transaction() as tx:
        assert advance(tx, SITE) == 30_000
    with folk.store.transaction() as tx:
        assert advance(tx, SITE) == 30_000
    clock.ms -= 400  # another worker's clock, a little behind
    with folk.store.transaction() as tx:
        assert advance(tx, SITE) == 30_000
    clock.ms += 400
    with folk.store.transaction() as tx:
        assert advance(tx, SITE) == 30_000, "what one worker counted another counts again"
