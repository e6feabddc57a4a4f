"""A web server beside clients that speak no HTTP or whose line breaks: one line of log, and it serves on."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from edge.run.waiting import until
from edge.run.web import WAITING, Connection, Web
from kiosk.listening import listening_socket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ASKED = b"GET / HTTP/1.0\r\n\r\n"
PATIENCE_S = 20.0
pytestmark = pytest.mark.timeout(60)


def app(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    if environ["PATH_INFO"] == "/fault":
        raise OSError("the application's own")
    start("200 OK", [])
    return [b"here"]


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web(app, listening_socket("127.0.0.1", 0), {"threads": 2})
    web.start()
    yield web
    web.stop()


def said_to(web: Web, *words: bytes) -> bytes:
    """Send something, and hear until the other end hangs up."""
    heard = b""
    with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE_S) as line:
        line.sendall(b"".join(words))
        with suppress(ConnectionResetError):  # it hung up before it had read all
            while piece := line.recv(4096):
                heard += piece
    return heard


def a_greeting() -> bytes:
    """What a browser says that was told https."""
    out = ssl.MemoryBIO()
    speaking = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="gate")
    with pytest.raises(ssl.SSLWantReadError):
        speaking.do_handshake()
    return out.read()


def test_an_address_that_nobody_can_read_is_one_line_and_the_next_is_served(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    assert said_to(web, b"GET http://[::1 HTTP/1.1\r\n\r\n") == b""
    assert said_to(web, ASKED).endswith(b"here")
    assert caplog.messages == ["web.unreadable cause=ValueError"]


def test_who_greets_in_tls_is_told_that_it_is_no_http_and_nothing_is_traced(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    assert said_to(web, a_greeting(), b"\r\n\r\n").startswith(b"HTTP/1.0 400")
    with socket.create_connection(("127.0.0.1", web.port)) as line:
        line.sendall(a_greeting())
    assert said_to(web, ASKED).endswith(b"here")
    assert caplog.messages == []


def test_a_line_that_breaks_is_one_line_without_a_path_through_the_code(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_self: Connection, _size: int) -> bytes:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "recv", breaks)
        assert said_to(web, ASKED) == b""
    assert said_to(web, ASKED).endswith(b"here")
    (record,) = caplog.records
    assert record.getMessage() == "web.hung_up cause=OSError detail=[Errno 113] No route to host"
    assert (record.levelno, record.exc_info, record.exc_text) == (logging.WARNING, None, None)


def test_a_fault_of_the_application_keeps_its_trace(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    said_to(web, b"GET /fault HTTP/1.0\r\n\r\n")
    assert until(lambda: bool(caplog.records), PATIENCE_S)
    assert "the application's own" in caplog.text
    assert "Traceback" in caplog.text


def test_a_bell_that_somebody_else_rings_while_it_stops_is_nothing_to_it(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell, loop = web._server.trigger, web._thread
    rings = bell._physical_pull

    def late() -> None:
        rings()
        until(lambda: not loop.is_alive(), 0.2)
        rings()

    monkeypatch.setattr(bell, "_physical_pull", late)
    web.stop()
    assert not loop.is_alive()


def test_of_requests_that_have_to_wait_one_is_told_a_minute(
    web: Web, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = logging.getLogger("waitress.queue")
    monkeypatch.setattr(WAITING, "_last_s", float("-inf"))
    for depth in range(1, 500):
        queue.warning("Task queue depth is %d", depth)
    assert caplog.text.count("Task queue depth") == 1
    monkeypatch.setattr(WAITING, "_every_s", 0.0)
    queue.warning("Task queue depth is %d", 500)
    assert "depth is 500" in caplog.text, "the next minute's"
    assert said_to(web, ASKED).endswith(b"here")


def test_central_listens_without_a_screen_of_the_house() -> None:
    """What it never opens was a seventh of its start."""
    tell = "import sys, edge.run.platform; print(sorted({'kiosk.app', 'edge.service'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
