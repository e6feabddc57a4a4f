"""A browser that came by https once comes by nothing else; on a plain LAN it is told nothing of the kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sync.central.settings import Settings
from sync.central.store import Store
from tests.kiosk.desk_park import a_desk
from tests.sync.builders import Clockwork
from tests.sync.console.desk import a_browser

HEADER = "Strict-Transport-Security"
YEAR = "max-age=31536000; includeSubDomains"


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[FlaskClient]:
    with a_desk(tmp_path, origins=("https://gate.example",), hosts=("gate.example",)) as desk:
        yield desk.client()


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "central.db"), now_ms=Clockwork())
    yield store
    store.close()


def told(client: FlaskClient, url: str, **headers: str) -> str | None:
    reply = client.get(url, headers=headers)
    reply.close()
    return reply.headers.get(HEADER)


@pytest.mark.parametrize("path", ["/sign-in", "/healthz", "/no-such-page", "/staff/north"])
def test_screens_hold_a_browser_to_https_and_say_nothing_on_a_plain_lan(
    screens: FlaskClient, path: str
) -> None:
    assert told(screens, f"https://localhost{path}") == YEAR
    assert told(screens, f"http://localhost{path}", Host="gate.example") == YEAR
    assert told(screens, f"http://localhost{path}") is None
    assert told(screens, f"http://127.0.0.1:8400{path}") is None
    assert told(screens, f"http://localhost{path}", Host="no/name") is None


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/", "/healthz", "/no-such-page"])
def test_console_holds_a_browser_to_https_and_says_nothing_on_a_plain_lan(central: Store, path: str) -> None:
    plain = a_browser(central, settings=Settings(public_url="http://central.example")).client
    name = ("central.example",)
    settings = Settings(public_url="https://central.example", behind_tls=True, trusted_hosts=name)
    proxied = a_browser(central, settings=settings).client
    assert told(plain, f"https://localhost{path}") == YEAR
    assert told(proxied, f"http://localhost{path}", Host="Central.example") == YEAR
    assert told(proxied, f"http://127.0.0.1:8480{path}") is None
    assert told(plain, f"http://localhost{path}", Host="central.example") is None
    assert told(proxied, f"http://localhost{path}", Host="no/name") is None
    assert told(plain, f"http://localhost{path}", **{"X-Forwarded-Proto": "https"}) is None
