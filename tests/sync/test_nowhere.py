"""An address of nothing: people read what to do, each in a language of theirs, and machines a status."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from sync.central.app import create_app
from sync.central.console import guard
from sync.central.settings import Settings
from sync.central.store import Store

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture
def client(small_store: Store) -> FlaskClient:
    return create_app(small_store, Settings()).test_client()


@pytest.mark.parametrize(
    ("path", "language", "said"),
    [
        ("/console/nowhere", "en", "Look whether it was typed right"),
        ("/nowhere", "it", "Riparti dalla prima pagina"),
        ("/own/nowhere", "de", "Halten Sie Ihr Band an einen Kiosk"),
        ("/own/nowhere", "es", "Acerca tu pulsera a un quiosco"),
    ],
)
def test_a_browser_is_told_what_to_do(client: FlaskClient, path: str, language: str, said: str) -> None:
    reply = client.get(path, headers={"Accept": BROWSER, "Accept-Language": language})
    assert reply.status_code == 404
    assert said in reply.text
    assert f'lang="{language}"' in reply.text
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "said"),
    [("/own/birthday", "There is nothing at this address"), ("/console/sign-out", "typed right")],
)
def test_what_only_a_form_sends_to_is_no_address_to_open(client: FlaskClient, path: str, said: str) -> None:
    reply = client.get(path, headers={"Accept": BROWSER, "Accept-Language": "en"})
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")
    assert said in reply.text


@pytest.mark.parametrize(
    ("path", "said"), [("/console/sign-in", "it is our fault"), ("/own/", "Please see our staff")]
)
def test_a_fault_of_ours_is_a_page_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, said: str
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(guard, "refuse_foreign_host", fails)
    reply = client.get(path, headers={"Accept": BROWSER, "Accept-Language": "en"})
    assert reply.status_code == 500
    assert said in reply.text
    assert "ZeroDivision" not in reply.text


def test_a_machine_reads_the_status(client: FlaskClient) -> None:
    for accept in ("", "*/*", "application/json"):
        reply = client.get("/v1/nowhere", headers={"Accept": accept} if accept else {})
        assert reply.status_code == 404
        assert "Polso" not in reply.text
