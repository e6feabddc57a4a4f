"""A phone as reader: staff hold a band to it, the edge judges it as any other, the page shows it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import Equipment
from edge.core.decision import Reason
from edge.core.profiles import Cursor, Item, ProfileItem
from edge.run.outside import hear
from hardware.nfc import sun
from hardware.port import State
from hardware.supervisor import Fleet
from hardware.webnfc import WebNfcReader
from kiosk.app import create_app
from tests.barriers import barriers
from tests.kiosk.desk_park import Desk, a_desk, an_op, post, serving
from tests.kiosk.eye import EACH_LANGUAGE
from tests.kiosk.listener import wait_until
from tests.kiosk.scripts import run
from tests.kiosk.test_desk_pages import Page
from tests.service.house import worn

PHONE = {"width": 390, "height": 844}
UID = bytes.fromhex("04A1B2C3D4E501")
KEY = bytes(range(16))
SERIAL = "04:a1:b2:c3:d4:e5:01"
STUB = """
window.NDEFReader = class extends EventTarget {
  scan() {
    window.scanned = this;
    return window.refusal ? Promise.reject(new DOMException("no", window.refusal)) : Promise.resolve();
  }
};
window.hold = (url, serialNumber) => {
  const data = new DataView(new TextEncoder().encode(url).buffer);
  const event = new Event("reading");
  Object.assign(event, { serialNumber, message: { records: [{ recordType: "url", data }] } });
  window.scanned.dispatchEvent(event);
};
"""


def link(counter: int) -> str:
    code = sun.mac(KEY, sun.Claim(UID, counter, b""), b"").hex().upper()
    return f"https://polso.example/b?uid={UID.hex().upper()}&ctr={counter:06X}&cmac={code}"


@contextmanager
def a_desk_with_a_phone(folder: Path) -> Iterator[tuple[Desk, Fleet]]:
    """A desk whose north gate has a phone as its second reader, behind the real supervisor."""
    with a_desk(folder, heartbeat_s=1.0, watch_s=0.2) as desk:
        edge = desk.edge
        profile = worn(edge, UID, name="Giulia")
        body = msgspec.msgpack.encode(ProfileItem(profile=profile, keys={sun.SUN_KEY_NO: KEY}))
        edge.profiles.apply(
            [Item(kind="profile", key=profile.band.id.hex(), version=9, body=body)], Cursor(1, 900)
        )
        readers = {"reader-2": WebNfcReader(edge.vault.key_lookup(edge.profiles))}
        stands = (Equipment(name="reader-2", driver="webnfc", point="north"),)
        fleet = Fleet(readers, edge.service.report)
        house = dataclasses.replace(
            desk.house, webnfc=lambda point, read: hear(stands, readers, point=point, reading=read)
        )
        fleet.start()
        try:
            yield dataclasses.replace(desk, house=house, app=create_app(house)), fleet
        finally:
            fleet.stop()


@pytest.fixture(scope="module")
def phoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Fleet, str]]:
    with a_desk_with_a_phone(tmp_path_factory.mktemp("phone")) as (desk, fleet), serving(desk) as url:
        yield desk, fleet, url


def left(fleet: Fleet) -> None:
    """Wait until the band counts as gone: until then the same band is the same tap."""
    wait_until(lambda: fleet.health()["reader-2"].state is State.IDLE)


def reasons(desk: Desk) -> list[Reason]:
    return [view.reason for view in reversed(desk.edge.service.recent("north"))]


@pytest.mark.timeout(20)
def test_a_reading_is_decided_once_and_its_replay_is_denied(tmp_path: Path) -> None:
    with a_desk_with_a_phone(tmp_path) as (desk, fleet):
        bruno, reading = desk.signed_in("bruno"), {"url": link(7), "serial": SERIAL}
        answer = post(bruno, "/api/v1/web-nfc", reading=reading)
        assert answer.get_json() == {"heard": True, "reader": "reader-2"}
        wait_until(lambda: reasons(desk) == [Reason.ENTERED])
        left(fleet)
        post(bruno, "/api/v1/web-nfc", reading=reading)
        wait_until(lambda: len(reasons(desk)) > 1)
        assert reasons(desk) == [Reason.ENTERED, Reason.TAP_REPLAYED]


def test_only_who_works_at_a_gate_may_read_there(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        reading = {"serial": SERIAL}
        codes = {
            (who, point): post(
                desk.signed_in(who, home), "/api/v1/web-nfc", reading=reading, point=point
            ).status_code
            for who, home, point in (
                ("bruno", "north", ""), ("bruno", "north", "castle"), ("anna", "north", "castle"),
                ("carla", "", "north"),
            )
        }  # fmt: skip
        assert codes == {
            ("bruno", ""): 200, ("bruno", "castle"): 403, ("anna", "castle"): 200, ("carla", "north"): 403,
        }  # fmt: skip
        assert [point for point, _ in desk.heard] == ["north", "castle"]
        assert post(desk.client(), "/api/v1/web-nfc", reading=reading).status_code == 401


@pytest.mark.parametrize(("origin", "code"), [("https://gate.example", 200), ("https://other.example", 403)])
def test_behind_a_proxy_that_ends_tls_only_its_own_address_may_post(
    tmp_path: Path, origin: str, code: int
) -> None:
    with a_desk(tmp_path, origins=("https://gate.example",)) as desk:
        body = {"op": an_op(), "reading": {"serial": SERIAL}}
        answer = desk.signed_in("bruno").post("/api/v1/web-nfc", json=body, headers={"Origin": origin})
        assert answer.status_code == code


def test_the_page_is_for_staff_of_that_gate(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        assert 'id="start"' in desk.signed_in("bruno").get("/phone/north").text
        assert 'id="pad"' in desk.signed_in("bruno").get("/phone/castle").text
        assert 'id="pad"' in desk.signed_in("carla", "").get("/phone/north").text
        assert 'id="pad"' in desk.client().get("/phone/north").text
        assert desk.signed_in("anna").get("/phone/nowhere").status_code == 404
        assert "/phone/north" in desk.signed_in("bruno").get("/staff/north").text


PHASES = """
const { begin, reduce, startable } = await load("phone_state.js");
const told = (state, ...events) =>
  events.reduce((s, [type, body, now = 0]) => reduce(s, { type, body, now }), state);
const on = told(begin({ secure: true, able: true }), ["start"], ["started"]);
const [posted, read] = [["posted", { reader: "p" }], ["read"]];
const refusals = ["NotAllowedError", "NotReadableError", "NotSupportedError"];
const view = (reader, seq) => ({ tap_id: `${reader}:b:${seq}`, seq, family: "go" });
return {
  begin: [[true, true], [true, false], [false, false]].map(([secure, able]) => begin({ secure, able }).phase),
  stopped: refusals.map((name) => told(on, ["stopped", name]).phase),
  startable: ["off", "denied", "no_nfc", "ready", "insecure"].map((phase) => startable({ phase })),
  other: told(on, read, posted, ["decision", view("q", 1)]).phase,
  own: told(on, read, posted, ["decision", view("p", 2)]).view.seq,
  early: told(on, read, ["decision", view("q", 1)], ["decision", view("p", 2)], posted).view.seq,
  unasked: told(on, posted, ["decision", view("p", 2)]).phase,
  silent: told(on, read, ["tick", null, 4000]).phase,
  stale: told(on, read, posted, ["decision", view("p", 2)], ["link", "stale"]).view,
};
"""


def test_the_phone_shows_its_own_verdict_and_says_what_is_missing() -> None:
    assert run(PHASES) == {
        "begin": ["off", "unsupported", "insecure"],
        "stopped": ["denied", "no_nfc", "no_nfc"],
        "startable": [True, True, True, False, False],
        "other": "reading",
        "own": 2,
        "early": 2,
        "unasked": "ready",
        "silent": "silent",
        "stale": None,
    }


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_bruno_reads_a_band_with_his_phone_and_a_replay_is_refused(
    phoned: tuple[Desk, Fleet, str], chromium: Any
) -> None:
    desk, fleet, url = phoned
    with Page(chromium, url, viewport=PHONE) as bruno:
        bruno.page.add_init_script(STUB)
        bruno.work_as(desk, "bruno", "north", "/phone/north")
        bruno.sees("#now", "Pronti a leggere")
        bruno.page.click("#start")
        bruno.sees("#now", "Avvicina un bracciale")
        hold = f"hold({json.dumps(link(20))}, {json.dumps(SERIAL)})"
        bruno.page.evaluate(hold)
        bruno.sees("#now.allow", "Giulia")
        left(fleet)
        bruno.page.evaluate(hold)
        bruno.sees("#now.deny, #now.attend")
        assert reasons(desk)[-1] is Reason.TAP_REPLAYED


@pytest.mark.browser
@pytest.mark.timeout(60)
@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_axe_finds_nothing_on_the_phone_whatever_it_lacks(
    phoned: tuple[Desk, Fleet, str], chromium: Any, language: str
) -> None:
    desk, _, url = phoned
    desk.signed_in("bruno")
    value = desk.tokens["bruno", "north"]
    for lack in ("", "window.refusal = 'NotAllowedError';" + STUB):
        with Page(chromium, url, viewport=PHONE, locale=language) as bruno:
            bruno.page.add_init_script(lack or "delete window.NDEFReader")
            bruno.context.add_cookies([{"name": "polso-staff", "value": value, "url": url}])
            bruno.open(f"/phone/north?lang={language}")
            bruno.sees("#now .headline")
            if lack:
                bruno.page.click("#start")
                bruno.sees("#now", desk.house.texts.get(language, "staff.phone.denied"))
            else:
                bruno.sees("#now", desk.house.texts.get(language, "staff.phone.unsupported"))
            assert barriers(bruno.page, contrast=language == "it") == []
            assert bruno.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
