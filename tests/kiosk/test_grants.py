"""What each screen and person may hear."""

from __future__ import annotations

import msgspec
import pytest

from edge.errors import NotAllowed
from kiosk.ask import Ask
from kiosk.grants import granted
from tests.kiosk.listener import Open

GRANTS = [
    ("gate", "north", ["gate-north", "help", "devices"]),
    ("kiosk", "kiosk", ["kiosk-kiosk", "help", "devices"]),
    ("staff", "north", ["staff-north"]),
    ("ops", "north", ["help", "devices"]),
]


ALL = [
    *("gate-north", "gate-castle", "kiosk-kiosk", "kiosk-hall", "staff-north", "staff-castle"),
    *("ops", "help", "devices", "demo", "screen-gate-1", "nothing", ""),
]


@pytest.mark.parametrize(("kind", "point", "heard"), GRANTS)
def test_a_screen_hears_only_what_its_record_grants(
    open_desk: Open, kind: str, point: str, heard: list[str]
) -> None:
    _, screen = open_desk.desk.screen(kind, point)
    own = next(one for one in open_desk.desk.house.staff.screens() if one.id == screen)
    found = granted(Ask(house=open_desk.desk.house, screen=own), ALL)
    assert sorted(found) == sorted([*heard, f"screen-{screen}"])


@pytest.mark.parametrize(
    ("roles", "heard"),
    [
        (["gate"], ["staff-north", "help", "devices"]),
        (["till"], ["staff-north", "help", "devices"]),
        (["supervisor"], ["staff-north", "staff-castle", "ops", "help", "devices"]),
        (["operator"], ["staff-north", "staff-castle", "ops", "help", "devices"]),
        ([], []),
    ],
)
def test_a_person_hears_only_what_their_roles_grant(
    open_desk: Open, roles: list[str], heard: list[str]
) -> None:
    session = msgspec.structs.replace(open_desk.desk.edge.session("gate"), roles=tuple(roles))
    assert granted(Ask(house=open_desk.desk.house, session=session), ALL) == tuple(
        topic for topic in ALL if topic in heard
    )


@pytest.mark.parametrize(
    "query", ["", "topics=", "topics=gate-castle", "topics=ops,staff-north", "as=demo&topics=demo"]
)
def test_nothing_granted_is_refused(open_desk: Open, query: str) -> None:
    client, screen = open_desk.desk.screen("gate")
    assert open_desk.listen(client, f"{query}&screen={screen}").status == 403
    assert open_desk.listen(open_desk.desk.client(), query).status == 403
    assert granted(Ask(house=open_desk.desk.house), ["gate-north"]) == ()


def test_a_view_without_a_person_or_screen_says_what_is_missing(open_desk: Open) -> None:
    ask = Ask(house=open_desk.desk.house)
    with pytest.raises(NotAllowed, match="signed in"):
        _ = ask.person
    with pytest.raises(NotAllowed, match="enrolled"):
        _ = ask.seat
