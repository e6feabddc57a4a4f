"""The console as its tests meet it: an operator's browser without a screen, before a real app."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from edge.core.entitlements import Product
from edge.core.places import Layout, Point, PointKind, Zone
from sync.central import sites
from sync.central.app import create_app
from sync.central.console import operators
from sync.central.console.guard import SESSION_COOKIE, form_token
from sync.central.console.operators import Role
from sync.central.registry import layout
from sync.central.settings import Settings
from sync.central.store import Store, insert
from tests.cheap import CHEAP
from tests.sync.builders import SITE
from tests.sync.imports.files import keys_of

PASSWORD = "four words in a row"
HASH = CHEAP.hash(PASSWORD)
"""Worked out once."""
ORIGIN = {"Origin": "http://localhost"}
HOME = f"/console/sites/{SITE}"


def pin_hash(site_key: bytes, staff: str, pin: str) -> str:
    """Stands in for the edge's slow hash: what matters here is that a PIN itself is never kept."""
    return f"hash of {staff}"


SETTINGS = Settings(diversify=keys_of, pin_hash=pin_hash)


def an_operator(store: Store, name: str = "olga", role: Role = Role.ADMIN) -> None:
    """Somebody who may sign in, without the time that a new hash takes."""
    with store.transaction() as tx:
        row = {"name": name, "role": role.value, "password_hash": HASH, "made_ms": 0}
        tx.execute(insert(operators.operator_table).values(row))


def an_open_park(store: Store) -> None:
    """A site with a zone, a gate and a product, published."""
    with store.transaction() as tx:
        sites.create_site(tx, SITE, name="Parco Aurora")
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park", names={"en": "The park"}))
        layout.put_thing(tx, SITE, Point(id="gate", kind=PointKind.GATE, zone="park", to_zone="park"))
        layout.put_thing(tx, SITE, Product(id="day", names={"en": "Day ticket"}))
        layout.publish_layout(tx, SITE)


@dataclass
class Browser:
    """One operator's browser."""

    client: FlaskClient
    session: str = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Look at a page."""
        return self.client.get(path, headers=headers)

    def post(self, path: str, **form: Any) -> TestResponse:
        """Send a form, as its page would."""
        return self.send(path, MultiDict({"token": form_token(self.session), **form}))

    def send(self, path: str, form: MultiDict[str, Any]) -> TestResponse:
        """Send just these fields."""
        return self.client.post(path, data=form, headers=ORIGIN)

    def says(self, path: str) -> str:
        """The words of a page."""
        reply = self.get(path)
        assert reply.status_code == 200, (path, reply.status_code, words_of(reply))
        return words_of(reply)


def words_of(reply: TestResponse) -> str:
    """What a person reads of a page's main part."""
    main = reply.text.partition("<main")[2] or reply.text
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def a_browser(store: Store, name: str = "", *, settings: Settings = SETTINGS) -> Browser:
    """A browser, signed in as ``name`` if one is given."""
    app = create_app(store, settings)
    browser = Browser(app.test_client())
    if name:
        browser.session = operators.sign_in(store, name, PASSWORD)
        browser.client.set_cookie(SESSION_COOKIE, browser.session)
    return browser


def an_admin(store: Store) -> Browser:
    """An admin's browser before an open park."""
    an_operator(store)
    an_open_park(store)
    return a_browser(store, "olga")


class FormReader(HTMLParser):
    """What a browser would send if a person pressed the first form's button at once."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._choice = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {key: value or "" for key, value in attrs}
        name, value = said.get("name", ""), said.get("value", "")
        if tag == "input" and name and (said.get("type") != "checkbox" or "checked" in said):
            self.fields.append((name, value))
        elif tag == "select":
            self._choice = name
        elif tag == "option" and "selected" in said:
            self.fields.append((self._choice, value))
        elif tag == "textarea":
            self._area = name

    def handle_data(self, text: str) -> None:
        if self._area:
            self.fields.append((self._area, text))
            self._area = ""


def form_of(page: str) -> MultiDict[str, str]:
    """What stands in the page's form."""
    reader = FormReader()
    reader.feed(page[page.index('class="form"') :])
    return MultiDict(reader.fields)
