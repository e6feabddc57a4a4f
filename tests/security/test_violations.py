"""ASVS V3.4.7: what a browser keeps out of a page by our policy is reported, counted, and told in sum."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client import Counter as Figure
from werkzeug.test import TestResponse

from edge.errors import Refused
from edge.run.web import Web
from edge.violations import BODY_BYTES_MAX, KINDS_MAX, NEW, OLD, OTHER, REPORTS_MAX, Violations, read
from kiosk import guard as kiosk_guard
from kiosk.app import create_app, serve_options
from kiosk.listening import listening_socket
from sync.central.console import guard as console_guard
from sync.central.store import Store
from sync.central.violations import REPORTS_PER_S_MAX
from sync.routes import VIOLATIONS
from tests.kiosk.desk_park import a_desk
from tests.security.doors import OURS, Doors, Row, all_doors
from tests.sync.builders import Clockwork
from tests.sync.ends import served, until

KIOSK, CENTRAL = Row("kiosk", "POST", kiosk_guard.REPORTS), Row("console", "POST", VIOLATIONS)
SECRET = "r8x2-secret"
PAGE = f"https://gate.example/own/{SECRET}?guest={SECRET}#{SECRET}"


def an_old(**changes: Any) -> bytes:
    told = {
        "document-uri": PAGE,
        "effective-directive": "img-src",
        "blocked-uri": f"https://evil.example/{SECRET}?q={SECRET}",
        "original-policy": f"img-src 'none' {SECRET}",
        "script-sample": SECRET,
    }
    return json.dumps({"csp-report": told | changes}).encode()


def a_new(*bodies: dict[str, Any], type: str = "csp-violation") -> bytes:
    told = {"documentURL": PAGE, "effectiveDirective": "script-src-elem", "blockedURL": "inline"}
    told["sample"] = SECRET
    return json.dumps([{"type": type, "age": 9, "body": told | one} for one in bodies or ({},)]).encode()


JUNK: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", OLD),
    "no JSON": (b"{", OLD),
    "another shape": (b'{"csp-report":[1]}', OLD),
    "no report": (b"{}", OLD),
    "a number for an address": (an_old(**{"blocked-uri": 7}), OLD),
    "bad UTF-8": (b'{"csp-report":{"document-uri":"\xff"}}', OLD),
    "too deep": (b'{"csp-report":{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}}", OLD),
    "a list where one is": (a_new(), OLD),
    "one where a list is": (an_old(), NEW),
    "a form": (an_old(), "application/x-www-form-urlencoded"),
    "plain JSON": (an_old(), "application/json"),
    "text": (an_old(), "text/plain"),
}


def test_either_format_is_read_and_no_query_and_no_room_behind_the_first_is_kept() -> None:
    assert read(an_old(), OLD) == (("img-src", "https://evil.example", "/own"),)
    assert read(a_new(), NEW) == (("script-src-elem", "inline", "/own"),)
    older = an_old(**{"effective-directive": "", "violated-directive": "font-src"})
    assert read(older, OLD)[0][0] == "font-src"
    assert read(a_new(type="deprecation"), NEW) == ()


@pytest.mark.parametrize(
    ("blocked", "told"),
    [
        ("eval", "eval"),
        ("data:text/html,x", "data"),
        ("https://a:b@evil.example:8443/x", "https://evil.example:8443"),
        ("http://[::1", "http"),
        ("<script>", "other"),
        ("https://evil.example\n2026 INFO all is well", "https"),
        ("x" * 99, "other"),
        ("", "other"),
    ],
)
def test_what_was_kept_out_is_told_in_a_word(blocked: str, told: str) -> None:
    [(directive, found, page)] = read(an_old(**{"blocked-uri": blocked, "document-uri": blocked}), OLD)
    assert (directive, found) == ("img-src", told)
    assert all(part.isprintable() and " " not in part for part in (found, page))


def test_no_card_number_in_an_address_is_kept() -> None:
    pan = "4000000000000002"
    blocked, page = f"https://{pan}.example/x", f"http://gate/{pan}/x"
    told = read(an_old(**{"blocked-uri": blocked, "document-uri": page}), OLD)
    assert told == (("img-src", OTHER, OTHER),)


@pytest.mark.parametrize(("body", "media"), JUNK.values(), ids=JUNK)
def test_junk_is_refused_by_both_with_a_word_and_counted_nowhere(
    doors: Doors, body: bytes, media: str
) -> None:
    with pytest.raises(Refused):
        read(body, media)
    for row, refusal in ((KIOSK, 422), (CENTRAL, 400)):
        answer = doors.knock(row, data=body, content_type=media)
        assert (answer.status_code, answer.mimetype) == (refusal, "application/problem+json")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.central.violations.REPORTS_PER_S_MAX", 10_000)
        with all_doors(tmp_path_factory.mktemp("doors")) as opened:
            yield opened


@pytest.mark.parametrize("row", [KIOSK, CENTRAL], ids=lambda row: row.app)
def test_a_body_that_is_too_long_is_not_even_read(doors: Doors, row: Row) -> None:
    large = an_old(**{"script-sample": "x" * BODY_BYTES_MAX})
    assert doors.knock(row, data=large, content_type=OLD).status_code == 413


@pytest.mark.parametrize("row", [KIOSK, CENTRAL], ids=lambda row: row.app)
def test_a_report_is_taken_without_a_word_and_stands_in_the_figures(doors: Doors, row: Row) -> None:
    before = figures(doors, row)
    for body, media in ((an_old(), OLD), (a_new({}, {"effectiveDirective": SECRET}), NEW)):
        answer = doors.knock(row, data=body, content_type=f"{media}; charset=utf-8")
        assert (answer.status_code, answer.data) == (204, b"")
    after = figures(doors, row)
    assert after - before == {"img-src": 1, "script-src-elem": 1, "other": 1}


def figures(doors: Doors, row: Row) -> Counter[str]:
    text: TestResponse = doors.stranger(row).get("/metrics")
    found: Counter[str] = Counter()
    for line in text.text.splitlines():
        if "csp_violations_total{" in line:
            found[line.split('"')[1]] += round(float(line.rpartition(" ")[2]))
    assert SECRET not in text.text
    return found


def test_central_takes_so_many_in_a_second_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.central.pace.monotonic_ms", lambda: 5_000)
    monkeypatch.setattr("sync.central.violations.REPORTS_PER_S_MAX", REPORTS_PER_S_MAX)
    with all_doors(tmp_path) as doors:
        said = [
            doors.knock(CENTRAL, data=an_old(), content_type=OLD).status_code
            for _ in range(REPORTS_PER_S_MAX + 3)
        ]
    assert said == [204] * REPORTS_PER_S_MAX + [503] * 3


def test_the_sum_of_a_minute_is_one_line_and_names_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    later: list[tuple[float, Callable[[], None]]] = []
    figure = Figure("seen", "what is told", ["directive"], registry=CollectorRegistry())
    violations = Violations(
        lambda directive: figure.labels(directive).inc(), later=lambda s, call: later.append((s, call))
    )
    with caplog.at_level(logging.WARNING):
        for number in range(KINDS_MAX + 5):
            host = f"https://evil-{number}.example/{SECRET}"
            violations.take(an_old(**{"blocked-uri": host}), OLD)
            violations.take(an_old(**{"blocked-uri": "https://evil-0.example/"}), OLD)
        assert caplog.records == [], "nothing before the minute is over"
        [(seconds, end)] = later
        assert seconds == 60
        end()
    [line] = [record.getMessage() for record in caplog.records]
    assert f"{KINDS_MAX + 6} x img-src kept out https://evil-0.example at /own" in line
    assert "and 5 others" in line
    assert SECRET not in line
    violations.take(a_new(), NEW)
    assert len(later) == 2, "the next one begins a minute anew"


def test_a_list_without_end_is_counted_up_to_a_number() -> None:
    assert len(read(a_new(*({} for _ in range(REPORTS_MAX + 9))), NEW)) == REPORTS_MAX


def test_both_guards_name_the_address_in_each_policy(doors: Doors) -> None:
    for row, headers in ((KIOSK, kiosk_guard.HEADERS), (CENTRAL, console_guard.HEADERS)):
        assert headers["Content-Security-Policy"].endswith(f"report-uri {row.rule}")
        assert doors.knock(row, data=an_old(), content_type=OLD, headers=OURS).status_code == 204


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_a_real_browser_reports_what_it_kept_out_of_either_page(chromium: Any, tmp_path: Path) -> None:
    """A picture of another house is put into a page; the browser keeps it out, and says so by itself."""
    store = Store(str(tmp_path / "central.db"), now_ms=Clockwork())
    with a_desk(tmp_path / "desk") as desk, served(store) as central:
        web = Web(create_app(desk.house), listening_socket("127.0.0.1", 0), dict(serve_options(8)))
        web.start()
        page = chromium.new_page()
        try:
            for url, way in ((web.url, "/sign-in"), (central, "/console/sign-in")):
                page.goto(url + way)
                metrics = chromium.new_page()
                page.evaluate("() => { new Image().src = 'http://127.0.0.1:9/pixel?of=me'; }")
                until(lambda url=url, metrics=metrics: told_at(metrics, url), 20)
                metrics.close()
        finally:
            page.close()
            web.stop()
    store.close()


def told_at(page: Any, url: str) -> bool:
    page.goto(f"{url}/metrics")
    return 'csp_violations_total{directive="img-src"} 1.0' in page.content()
