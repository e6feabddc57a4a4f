"""The matrix of rights: every route asked by every role, by nobody, after the shift and after idling."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.staff import PERMISSIONS, Action, Role
from sync.central.own.blueprint import ROUTES as OWN_ROUTES
from tests.docs.rights import RIGHTS, rights_page
from tests.security.doors import OURS, Doors, all_doors, of_console, of_own
from tests.security.matrix import (
    CONSOLE_FILE,
    CONSOLE_ROLES,
    EDGE_FILE,
    EXPIRED,
    NOBODY,
    OWN_FILE,
    PAGES,
    ROLES,
    Crew,
    Office,
    Right,
    a_crew,
    an_office,
    console_routes,
    kind_of,
    kiosk_routes,
    rights,
)

EDGE = rights(EDGE_FILE)
OF_A_PERSON = [row for row in EDGE if row.action]
SAY = f"Add it to {EDGE_FILE.relative_to(EDGE_FILE.parents[2])} and say for each role whether it is let in"


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with a_crew(tmp_path_factory.mktemp("crew")) as made:
        yield made


def name_of(right: Right) -> str:
    return right.name


def test_every_route_of_the_screens_has_its_row_and_every_row_its_route() -> None:
    wanted, there = set(kiosk_routes()), {(row.method, row.route) for row in EDGE}
    assert not wanted - there, f"{sorted(wanted - there)} has no row. {SAY}."
    assert not there - wanted, f"{sorted(there - wanted)} is no route any more: take its rows out."


def test_every_action_is_asked_somewhere_and_every_role_has_its_column() -> None:
    asked = {row.action for row in EDGE if row.action}
    silent = {action.value for action in Action} - asked
    assert not silent, f"No route asks for {sorted(silent)}. {SAY}, or take the action out."
    assert asked <= {action.value for action in Action}
    heading = EDGE_FILE.read_text(encoding="utf-8").splitlines()[0].split(",")
    missing = {role.value for role in Role} - set(heading)
    assert not missing, f"{sorted(missing)} has no column in {EDGE_FILE.name}: say yes or no in each row."


@pytest.mark.parametrize("right", EDGE, ids=name_of)
def test_a_row_names_the_action_that_its_route_asks_for(right: Right) -> None:
    route = kiosk_routes()[right.method, right.route]
    if route.action is not None and not right.act:
        assert right.action == route.action.value
    if route.action is not None:
        assert right.action


@pytest.mark.parametrize("right", OF_A_PERSON, ids=name_of)
def test_the_staffs_own_table_says_the_same_as_the_matrix(right: Right) -> None:
    permission = PERMISSIONS[Action(right.action)]
    assert {role.value for role in permission.roles} == right.allowed - {NOBODY}
    if right.method == "POST":
        assert permission.dangerous is right.again


@pytest.mark.parametrize("who", [NOBODY, *ROLES])
@pytest.mark.parametrize("right", EDGE, ids=name_of)
def test_everybody_gets_what_the_matrix_says_and_nothing_else(crew: Crew, right: Right, who: str) -> None:
    assert crew.lets_in(right, who) is (who in right.allowed)


@pytest.mark.parametrize("right", EDGE, ids=name_of)
def test_after_the_shift_everybody_is_nobody(crew: Crew, right: Right) -> None:
    let_in = {role: crew.lets_in(right, role, state=EXPIRED) for role in ROLES}
    assert let_in == dict.fromkeys(ROLES, NOBODY in right.allowed)


@pytest.mark.parametrize("right", EDGE, ids=name_of)
def test_after_five_idle_minutes_what_is_dangerous_asks_for_the_pin_again(crew: Crew, right: Right) -> None:
    for role in ROLES:
        wanted = role in right.allowed and not right.again
        assert crew.lets_in(right, role, state="idle") is wanted, role
        if right.again and role in right.allowed:
            answer = crew.ask(right, role, state="idle")
            assert kind_of(answer) == "AskAgain", role


@pytest.mark.parametrize("right", OF_A_PERSON, ids=name_of)
def test_every_refused_cell_leaves_its_event_and_no_other_does(crew: Crew, right: Right) -> None:
    for role in ROLES:
        lacks = role not in right.allowed and right.route not in PAGES  # a page shows the way in instead
        why = "rule" if right.route == "/events" else "role"  # a stream is cut to what its hearer may know
        assert crew.left(right, role) == ([(role, why)] if lacks else []), role
        late = [(role, "shift_over")] if kiosk_routes()[right.method, right.route].action is not None else []
        assert crew.left(right, role, state=EXPIRED) == late, role
        if right.again and role in right.allowed:
            assert crew.left(right, role, state="idle") == [(role, "idle")], role
    assert crew.left(right, NOBODY) == []


def test_a_route_that_forgets_its_action_is_noticed(crew: Crew) -> None:
    """The control: were one role more let in than the matrix says, a test would tell."""
    right = next(row for row in EDGE if row.action == "override")
    assert crew.lets_in(right, "supervisor") is not crew.lets_in(right, "gate")


# Central's console

CONSOLE = rights(CONSOLE_FILE)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with all_doors(tmp_path_factory.mktemp("doors")) as opened:
        yield opened


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with an_office(tmp_path_factory.mktemp("office")) as made:
        yield made


def test_every_route_and_every_role_of_the_console_is_in_its_matrix() -> None:
    wanted, there = set(console_routes()), {(row.method, row.route) for row in CONSOLE}
    assert not wanted - there, f"{sorted(wanted - there)} has no row in {CONSOLE_FILE.name}: add it."
    assert not there - wanted, f"{sorted(there - wanted)} is no route any more: take its rows out."
    heading = CONSOLE_FILE.read_text(encoding="utf-8").splitlines()[0].split(",")
    missing = set(CONSOLE_ROLES) - set(heading)
    assert not missing, f"{sorted(missing)} has no column in {CONSOLE_FILE.name}: say yes or no in each row."


@pytest.mark.parametrize("right", CONSOLE, ids=name_of)
def test_the_console_lets_in_whom_the_matrix_names_and_nobody_else(office: Office, right: Right) -> None:
    let_in = {who for who in (NOBODY, *CONSOLE_ROLES) if office.lets_in(right, who)}
    assert let_in == right.allowed


@pytest.mark.parametrize("state", [EXPIRED, "idle"])
@pytest.mark.parametrize("right", CONSOLE, ids=name_of)
def test_at_the_console_an_old_session_is_nobodys(office: Office, right: Right, state: str) -> None:
    let_in = {who for who in CONSOLE_ROLES if office.lets_in(right, who, state=state)}
    assert let_in == (set(CONSOLE_ROLES) if NOBODY in right.allowed else set())


# A guest's own page

OWN = rights(OWN_FILE)


def test_every_route_of_a_guests_page_is_in_its_matrix() -> None:
    assert {(row.method, row.rule) for row in OWN_ROUTES} == {(row.method, row.route) for row in OWN}


@pytest.mark.parametrize("right", OWN, ids=name_of)
def test_a_guests_page_lets_in_that_guest_and_nobody_of_the_console(doors: Doors, right: Right) -> None:
    row = next(row for row in of_own() if (row.method, row.route.rule) == (right.method, right.route))
    clients = {NOBODY: (doors.stranger(row), {}), "guest": doors.insider(row)[:2]}
    clients["operator"] = doors.insider(next(iter(of_console())))[:2]
    let_in = set()
    for who, (client, headers) in clients.items():
        answer = doors.knock(row, client, headers={**OURS, **headers} if row.unsafe else {}, data={})
        if "opens nothing any more" not in answer.text or right.route == "/enter":
            let_in.add(who)
    assert let_in == right.allowed


def test_the_page_of_rights_is_current() -> None:
    assert RIGHTS.read_text(encoding="utf-8") == rights_page(), "Run `python -m tests.docs`."
