"""The people of a park: staff at a device's screens and an operator at central's console, over HTTP."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

import requests

from edge.run.demo.park import load
from edge.run.platform import Central
from kiosk.guard import SCREEN_COOKIE, STAFF_COOKIE, TOKEN_HEADER, form_token
from sync.central.console import guard, operators
from sync.central.store import Store
from tests.journeys.devices import SITE, Device

ANSWER_S_MAX = 10
HOME = f"/console/sites/{SITE}"


class Desk:
    """Somebody of the staff, signed in at one device's point."""

    def __init__(self, device: Device, point: str, who: str = "dario") -> None:
        self.screens, self.browser, self.seq = device.screens, requests.Session(), 0
        self.page = secrets.token_hex(8)
        self.browser.headers["Origin"] = device.screens
        self.post("sign-in", who=who, pin=pin_of(who), point=point)
        self.browser.headers[TOKEN_HEADER] = form_token(self.browser.cookies[STAFF_COOKIE])

    def ask(self, act: str, /, **body: Any) -> requests.Response:
        """Press a button."""
        self.seq += 1
        said = {"op": f"{self.page}-{self.seq:06d}", **body}
        return self.browser.post(f"{self.screens}/api/v1/{act}", json=said, timeout=ANSWER_S_MAX)

    def post(self, act: str, /, **body: Any) -> dict[str, Any]:
        """Press a button that must do it."""
        answer = self.ask(act, **body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def snapshot(self, topics: str) -> dict[str, Any]:
        """What a page that is opened now shows: the snapshot with which its stream begins."""
        address = f"{self.screens}/events?topics={topics}&page={self.seq}"
        self.seq += 1
        with self.browser.get(address, stream=True, timeout=ANSWER_S_MAX) as stream:
            assert stream.status_code == 200, stream.text
            kind = ""
            for line in stream.iter_lines(decode_unicode=True):
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind == "resync":
                    found: dict[str, Any] = json.loads(line.removeprefix("data: "))["body"]
                    return found
        raise AssertionError("a stream without a snapshot")

    def alarms(self) -> list[dict[str, Any]]:
        """The alarms that nobody has seen yet."""
        found: list[dict[str, Any]] = self.snapshot("alarms")["alarms"]
        return found

    def last(self, point: str) -> dict[str, Any]:
        """The newest tap of a point's list."""
        found: dict[str, Any] = self.snapshot(f"staff-{point}")["recent"][0]
        return found


def screened(device: Device, kind: str, point: str) -> Any:
    """Put a screen, or a reader beyond the network, up with the operator's code; returns its cookie."""
    code = Desk(device, point, "olga").post("screens", kind=kind, point=point)["code"]
    said = {"op": f"enrol-{secrets.token_hex(6)}", "code": code}
    own = {"Origin": device.screens}
    answer = requests.post(f"{device.screens}/api/v1/enrol", json=said, headers=own, timeout=ANSWER_S_MAX)
    assert answer.status_code == 200, answer.text
    (cookie,) = [one for one in answer.cookies if one.name.startswith(SCREEN_COOKIE)]
    return {"name": cookie.name, "value": str(cookie.value), "url": device.screens}


def pin_of(who: str) -> str:
    """The PIN that stands in the park's file."""
    return next(one.pin for one in load().staff if one.id == who)


class Console:
    """The park's operator, signed in at central's console."""

    def __init__(self, central: Central) -> None:
        self.url, self.browser, who = central.url, requests.Session(), load().console
        self.browser.headers["Origin"] = central.url
        _let_in(central.store, who.name, who.word)
        self._sent("/console/sign-in", name=who.name, password=who.word)

    def post(self, path: str, /, **form: str) -> None:
        """Send a form of the site, as its page would."""
        token = guard.form_token(self.browser.cookies[guard.SESSION_COOKIE])
        self._sent(f"{HOME}/{path}", token=token, **form)

    def _sent(self, path: str, /, **form: str) -> None:
        answer = self.browser.post(
            f"{self.url}{path}", data=form, timeout=ANSWER_S_MAX, allow_redirects=False
        )
        assert answer.status_code == 303, (path, answer.status_code, _words(answer.text))

    def says(self, path: str) -> str:
        """The words of one page of the site."""
        answer = self.browser.get(f"{self.url}{HOME}/{path}", timeout=ANSWER_S_MAX)
        assert answer.status_code == 200, (path, answer.status_code, _words(answer.text))
        return _words(answer.text)

    def events(self) -> list[str]:
        """The site's events, each in words, as the console exports them."""
        answer = self.browser.get(f"{self.url}{HOME}/events.csv", timeout=ANSWER_S_MAX)
        assert answer.status_code == 200, (answer.status_code, _words(answer.text))
        return answer.text.splitlines()


def _let_in(store: Store, name: str, word: str) -> None:
    with store.transaction() as tx:
        if name not in {one.name for one in operators.operators(tx)}:
            operators.let_in(tx, name, word)


def _words(page: str) -> str:
    main = page.partition("<main")[2] or page
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
