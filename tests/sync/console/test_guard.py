"""The guard stands before every route of the table, and no route stands beside the table."""

from __future__ import annotations

import re

import pytest

from edge.errors import NotAllowed, Refused
from sync.central import sites
from sync.central.app import create_app
from sync.central.console import guard, operators, sessions, tries
from sync.central.console.guard import SESSION_COOKIE, form_token
from sync.central.console.operators import NotLetIn, Role
from sync.central.console.routes import Audience, Route
from sync.central.console.table import ROUTES
from sync.central.console.tries import Paused
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import ORIGIN, PASSWORD, SETTINGS, Browser, a_browser, an_operator

NAMED = {"site": SITE, "name": "olga", "digest": "x", "at": "0"}
BOUND = [route for route in ROUTES if route.audience is not Audience.ANYONE]
UNSAFE = [route for route in ROUTES if route.unsafe]


def label(route: Route) -> str:
    return f"{route.method} {route.rule}"


def address(route: Route) -> str:
    return "/console" + re.sub(r"<(?:path:)?(\w+)>", lambda found: NAMED.get(found[1], "x"), route.rule)


@pytest.fixture
def browser(small_store: Store) -> Browser:
    an_operator(small_store)
    an_operator(small_store, "otto", Role.OPERATOR)
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
    return a_browser(small_store)


def sent(browser: Browser, route: Route, *, session: str = "", token: str = "", **headers: str) -> int:
    if session:
        browser.client.set_cookie(SESSION_COOKIE, session)
    more = {guard.TOKEN_HEADER: token} if token else {}
    return browser.client.open(address(route), method=route.method, headers={**headers, **more}).status_code


def test_no_route_of_the_console_stands_beside_the_table(small_store: Store) -> None:
    served = {
        (method, rule.rule)
        for rule in create_app(small_store, SETTINGS).url_map.iter_rules()
        if rule.rule.startswith("/console")
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert served == {(route.method, "/console" + route.rule) for route in ROUTES}
    assert len({(route.method, route.rule) for route in ROUTES}) == len(ROUTES)


def test_only_the_way_in_is_open_to_anyone() -> None:
    open_to_all = {label(route) for route in ROUTES if route.audience is Audience.ANYONE}
    assert open_to_all == {
        "GET /sign-in", "POST /sign-in", "POST /language", "GET /assets/<digest>/<path:name>"
    }  # fmt: skip


def test_a_foreign_host_gets_nothing_of_any_route(browser: Browser) -> None:
    foreign = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert {label(route): sent(browser, route, **foreign) for route in ROUTES} == dict.fromkeys(
        map(label, ROUTES), 400
    )


def test_nobody_who_is_not_signed_in_gets_into_any_route(browser: Browser) -> None:
    wanted = {label(route): 401 if route.unsafe else 303 for route in BOUND}
    assert {label(route): sent(browser, route, **ORIGIN) for route in BOUND} == wanted


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {**ORIGIN, "Sec-Fetch-Site": "cross-site"}, {}],
)
def test_another_sites_page_changes_nothing_by_any_route(browser: Browser, headers: dict[str, str]) -> None:
    assert {label(route): sent(browser, route, **headers) for route in UNSAFE} == dict.fromkeys(
        map(label, UNSAFE), 403
    )


def test_a_form_without_its_token_changes_nothing(small_store: Store, browser: Browser) -> None:
    session = operators.sign_in(small_store, "olga", PASSWORD)
    for route in BOUND:
        if route.unsafe:
            assert sent(browser, route, session=session, **ORIGIN) == 403, label(route)
            wrong = form_token("another session")
            assert sent(browser, route, session=session, token=wrong, **ORIGIN) == 403, label(route)


def test_an_operator_is_no_admin(small_store: Store, browser: Browser) -> None:
    session = operators.sign_in(small_store, "otto", PASSWORD)
    admins = [route for route in ROUTES if route.audience is Audience.ADMIN]
    assert len(admins) >= 9
    for route in admins:
        assert sent(browser, route, session=session, token=form_token(session), **ORIGIN) == 403, label(route)


def test_with_all_in_order_every_route_lets_an_admin_through(small_store: Store, browser: Browser) -> None:
    session = operators.sign_in(small_store, "olga", PASSWORD)
    for route in ROUTES:
        if route.rule != "/sign-out":
            got = sent(browser, route, session=session, token=form_token(session), **ORIGIN)
            assert got not in (400, 401, 403) and got < 500, (label(route), got)  # noqa: PT018 - one sentence


def test_every_answer_carries_the_headers_that_keep_others_out(browser: Browser) -> None:
    for path in ("/console/sign-in", "/console/", "/console/assets/x/console.css"):
        headers = browser.get(path).headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8443", "[::1]:8443", "console.example"])
def test_our_own_names_and_literal_addresses_are_answered(small_store: Store, host: str) -> None:
    settings = Settings(trusted_hosts=("console.example",))
    assert a_browser(small_store, settings=settings).get("/console/sign-in", Host=host).status_code == 200


def test_a_session_travels_where_no_script_and_no_other_site_sees_it(small_store: Store) -> None:
    an_operator(small_store)
    for tls, name in ((False, "polso-console="), (True, "__Host-polso-console=")):
        browser = a_browser(small_store, settings=Settings(behind_tls=tls))
        origin = "https://localhost" if tls else "http://localhost"
        form = {"name": "olga", "password": PASSWORD}
        cookie = browser.client.post("/console/sign-in", data=form, headers={"Origin": origin}).headers[
            "Set-Cookie"
        ]
        assert cookie.startswith(name)
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert ("Secure" in cookie) is tls


def test_signing_out_ends_the_session_at_central_too(small_store: Store) -> None:
    an_operator(small_store)
    browser = a_browser(small_store, "olga")
    assert browser.get("/console/").status_code == 200
    browser.post("/console/sign-out")
    browser.client.set_cookie(SESSION_COOKIE, browser.session)
    assert browser.get("/console/").headers["Location"] == "/console/sign-in"


def test_a_session_ends_by_itself(small_store: Store, clock: Clockwork) -> None:
    an_operator(small_store)
    browser = a_browser(small_store, "olga")
    clock.ms += sessions.SESSION_MS_MAX
    assert browser.get("/console/").status_code == 303


def test_five_wrong_passwords_bring_a_pause_that_grows_and_the_right_one_does_not_help(
    small_store: Store, clock: Clockwork
) -> None:
    an_operator(small_store)
    for wanted_ms in (30_000, 60_000):
        for _ in range(tries.WRONG_MAX):
            with pytest.raises(NotLetIn):
                operators.sign_in(small_store, "olga", "wrong")
        with pytest.raises(Paused, match=f"{wanted_ms // 1000} s"):
            operators.sign_in(small_store, "olga", PASSWORD)
        clock.ms += wanted_ms
    assert operators.sign_in(small_store, "olga", PASSWORD)


def test_a_name_that_nobody_has_is_paused_like_any_other(small_store: Store) -> None:
    for _ in range(tries.WRONG_MAX):
        with pytest.raises(NotLetIn):
            operators.sign_in(small_store, "nobody", "wrong")
    with pytest.raises(Paused):
        operators.sign_in(small_store, "nobody", "wrong")


def test_letting_in_needs_a_long_password_and_ends_old_sessions(small_store: Store) -> None:
    an_operator(small_store)
    browser = a_browser(small_store, "olga")
    with small_store.transaction() as tx:
        with pytest.raises(Refused, match="8 to 256"):
            operators.let_in(tx, "olga", "short")
        operators.let_in(tx, "olga", "another password")
    assert browser.get("/console/").status_code == 303
    with pytest.raises(NotAllowed):
        operators.sign_in(small_store, "olga", PASSWORD)
    assert operators.sign_in(small_store, "olga", "another password")


def test_the_last_admin_stays(small_store: Store) -> None:
    an_operator(small_store)
    an_operator(small_store, "otto", Role.OPERATOR)
    browser = a_browser(small_store, "olga")
    assert browser.post("/console/operators/olga/remove").status_code == 422
    demoted = browser.post("/console/operators/olga", role="operator", password=PASSWORD)
    assert demoted.status_code == 422
    assert browser.post("/console/operators/otto/remove").status_code == 303


def test_before_the_first_operator_the_way_in_says_how_to_let_one_in(small_store: Store) -> None:
    assert "polso operator NAME" in a_browser(small_store).says("/console/sign-in")
    an_operator(small_store)
    assert "polso operator" not in a_browser(small_store).says("/console/sign-in")
