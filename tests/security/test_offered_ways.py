"""Nobody is offered what is refused to them: every link and form of every page of the console, by role."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import HTTPException

from sync.central.console.ask import Ask
from tests.security.matrix import CONSOLE_FILE, CONSOLE_ROLES, NOBODY
from tests.security.matrix import rights as rows_of
from tests.security.walking import PAGES, Walk, walk

__all__ = ["walk"]
pytestmark = pytest.mark.timeout(30)  # the first test makes the site
ALLOWED = {(row.method, row.route): row.allowed for row in rows_of(CONSOLE_FILE)}
NOT_OFFERED = {
    "/sign-in", "/assets/<digest>/<path:name>", "/sites/<site>/imports/<job>/wrong.csv",
    "/sites/<site>/alarms/seen", "/sites/<site>/topups/<topup>",
    "/sites/<site>/imports/<job>/parts/<at>", "/sites/<site>/imports/<job>/start",
    "/sites/<site>/imports/<job>/state",
    "/sites/<site>/guests/<guest>/diary.csv",
    "/sites/<site>/campaigns/<campaign>/arms.csv", "/sites/<site>/campaigns/<campaign>/nights.csv",
    "/me/codes", "/me/factor/confirm", "/me/factor/remove", "/me/sessions",
}  # fmt: skip
"""For who is not signed in; once it is said what a diary is looked into for;
where an experiment was read, an import has wrong lines, an alarm or a top-up waits, a second factor or
another session stands; and what a script sends."""


def dead_ways(walk: Walk, role: str, route: str) -> list[tuple[str, str, str]]:
    """Ways that a page offers to a role and that lead it nowhere, or to a refusal."""
    dead = []
    for here, method, address in walk.ways(role, route):
        try:
            open_to = ALLOWED[method, walk.route_of(method, address)]
        except HTTPException:
            open_to = frozenset()
        if not open_to & {role, NOBODY}:
            dead.append((here, method, address))
    return dead


@pytest.mark.parametrize("role", CONSOLE_ROLES)
@pytest.mark.parametrize("route", PAGES)
def test_every_way_that_a_page_offers_to_a_role_is_open_to_it(walk: Walk, role: str, route: str) -> None:
    assert dead_ways(walk, role, route) == []


def test_a_page_that_offers_everything_is_noticed(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: were all ways shown to everybody, care and marketer would walk into refusals."""
    monkeypatch.setattr(Ask, "may", lambda *_: True)
    assert dead_ways(walk, "care", "/sites/<site>/guests/<guest>")
    assert dead_ways(walk, "care", "/sites/<site>/bands")
    assert dead_ways(walk, "marketer", "/")


@pytest.mark.timeout(30)  # it walks every page there is
@pytest.mark.parametrize("role", CONSOLE_ROLES)
def test_what_a_role_may_do_is_offered_to_it_somewhere(walk: Walk, role: str) -> None:
    offered = {
        (method, walk.route_of(method, address))
        for route in PAGES
        for _, method, address in walk.ways(role, route)
    }
    may = {way for way, who in ALLOWED.items() if role in who and way[1] not in NOT_OFFERED}
    assert sorted(may - offered) == []
