"""Acts of staff through the app on the real service, and the files and pages around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.views import StaffView
from kiosk.assets import address, digest, texts_address
from kiosk.guard import form_token
from kiosk.house import Settings
from kiosk.texts import LANGUAGES, choose
from tests.builders import a_gate
from tests.kiosk.desk_park import Desk, a_desk, a_named_layout, post
from tests.service.house import OTHER_UID, UID, band_of, worn


@pytest.fixture
def desk(tmp_path: Any) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def refused(desk: Desk) -> StaffView:
    """Giulia has passed; her second tap is refused."""
    desk.edge.service.present(desk.edge.tap())
    return desk.edge.service.present(desk.edge.tap())


def test_a_supervisor_lets_a_refused_guest_pass_and_takes_it_back(desk: Desk) -> None:
    client, view = desk.signed_in(), refused(desk)
    passed = post(client, "/api/v1/staff/override", tap_id=view.tap_id, reason="ticket_seen").get_json()
    assert (passed["tap_id"], passed["outcome"], passed["notes"]) == (view.tap_id, "granted", ["overridden"])
    undone = post(client, "/api/v1/staff/undo", tap_id=view.tap_id, reason="mistake").get_json()
    assert undone["outcome"] != "granted"
    assert [one.staff for one in desk.edge.acted(Kind.UNDONE)] == ["anna"]


def test_a_second_person_approves_at_the_same_screen_by_name_and_pin(desk: Desk) -> None:
    bruno, view = desk.signed_in("bruno"), refused(desk)
    body = {"tap_id": view.tap_id, "reason": "ticket_seen"}
    asked = post(bruno, "/api/v1/staff/ask/override", **body).get_json()
    second = f"/api/v1/staff/approvals/{asked['id']}/second"
    assert post(bruno, second, who="anna", pin="9753").get_json()["kind"] == "WrongPin"
    own = post(bruno, second, who="bruno", pin="2468")
    assert (own.status_code, own.get_json()["kind"]) == (403, "RoleLacking")
    given = post(bruno, second, who="anna", pin="2468").get_json()
    assert (given["stage"], given["asker"], given["settled_by"]) == ("spent", "Bruno", "Anna")
    assert desk.edge.service.recent("north", 1)[0].outcome == "granted"
    assert post(bruno, second, who="anna", pin="2468").get_json()["kind"] == "Objected"
    assert len(desk.edge.events(Kind.OVERRIDDEN)) == 1


def test_who_asked_takes_it_back(desk: Desk) -> None:
    bruno, view = desk.signed_in("bruno"), refused(desk)
    body = {"tap_id": view.tap_id, "reason": "ticket_seen"}
    asked = post(bruno, "/api/v1/staff/ask/override", **body).get_json()
    gone = post(bruno, f"/api/v1/staff/approvals/{asked['id']}/withdraw")
    assert gone.get_json()["stage"] == "withdrawn"


def test_gate_staff_may_not_override_and_a_reason_must_be_of_the_list(desk: Desk) -> None:
    view = refused(desk)
    body = {"tap_id": view.tap_id, "reason": "goodwill"}
    assert post(desk.signed_in("bruno"), "/api/v1/staff/override", **body).status_code == 403
    strange = post(desk.signed_in(), "/api/v1/staff/override", **(body | {"reason": "because"}))
    assert strange.status_code == 422
    assert desk.edge.events(Kind.OVERRIDDEN) == []


def test_staff_confirm_what_eyes_can_tell(desk: Desk) -> None:
    tall = a_gate(height_cm_min=120)
    layout = a_named_layout()
    points = tuple(tall if point.id == tall.id else point for point in layout.points)
    desk.edge.tell(layout=msgspec.structs.replace(layout, points=points, version=9))
    asked = desk.edge.service.present(desk.edge.tap())
    answer = post(desk.signed_in(), "/api/v1/staff/confirm", tap_id=asked.tap_id, what="height", granted=True)
    assert (asked.reason, answer.get_json()["outcome"]) == ("height_confirm", "granted")
    again = post(desk.signed_in(), "/api/v1/staff/again", tap_id=asked.tap_id, chosen=None, answers={})
    assert again.get_json()["seq"] == answer.get_json()["seq"]


def test_a_look_up_finds_checks_and_is_written_down(desk: Desk) -> None:
    client = desk.signed_in("bruno")
    [card] = post(client, "/api/v1/staff/look-up", text=" Giulia ").get_json()["cards"]
    assert card["name"] == "Giulia"
    would = post(client, "/api/v1/staff/check", band=card["band"], point="north").get_json()
    assert would["outcome"] == "granted"
    assert desk.edge.decided() == []
    assert len(desk.edge.events(Kind.LOOKED_UP)) >= 1
    assert post(client, "/api/v1/staff/look-up", text="Giu").status_code == 422


def test_a_lost_band_is_refused_from_then_on_and_only_a_supervisor_finds_it(desk: Desk) -> None:
    band = band_of(desk.edge).hex()
    lost = {"band": band, "act": "lost", "reason": "guest_asked"}
    assert post(desk.signed_in("bruno"), "/api/v1/staff/band", **lost).status_code == 200
    assert desk.edge.service.present(desk.edge.tap()).reason == "band_lost"
    found = lost | {"act": "found"}
    assert post(desk.signed_in("bruno"), "/api/v1/staff/band", **found).status_code == 403
    assert post(desk.signed_in("anna"), "/api/v1/staff/band", **found).status_code == 200
    assert desk.edge.service.present(desk.edge.tap()).reason == "entered"
    assert post(desk.signed_in("anna"), "/api/v1/staff/band", **(lost | {"act": "sell"})).status_code == 422


def test_a_stock_band_takes_over_the_rights_of_another(desk: Desk) -> None:
    stock = worn(desk.edge, OTHER_UID, guest=None, name="", entitlements=())
    desk.edge.tell(stock)
    body = {"band": band_of(desk.edge, OTHER_UID).hex(), "source": band_of(desk.edge, UID).hex()}
    asked = post(desk.signed_in("bruno"), "/api/v1/staff/ask/link", **body, reason="guest_asked").get_json()
    assert asked["stage"] == "open"
    assert desk.edge.service.present(desk.edge.tap(OTHER_UID)).outcome != "granted"
    path = f"/api/v1/staff/approvals/{asked['id']}"
    assert post(desk.signed_in("bruno"), path, granted=True).status_code == 403
    assert post(desk.signed_in("carla", ""), path, granted=True).get_json()["stage"] == "spent"
    assert desk.edge.service.present(desk.edge.tap(OTHER_UID)).outcome == "granted"


def test_staff_say_where_a_guest_truly_is(desk: Desk) -> None:
    desk.edge.service.present(desk.edge.tap())
    assert desk.edge.service.counters().inside["park"] == 1
    body = {"band": band_of(desk.edge).hex(), "zone": None, "reason": "mistake"}
    assert post(desk.signed_in(), "/api/v1/staff/location", **body).status_code == 200
    assert desk.edge.service.counters().inside.get("park", 0) == 0


def test_a_correction_of_nothing_is_none(desk: Desk) -> None:
    body = {"zone": "park", "reason": "counted"}
    assert post(desk.signed_in(), "/api/v1/staff/count", delta=0, **body).status_code == 422
    assert post(desk.signed_in(), "/api/v1/staff/count", delta=5000, **body).status_code == 422
    assert post(desk.signed_in(), "/api/v1/staff/count", delta=2, zone="moon", reason="x").status_code == 404


def test_the_pin_again_opens_dangerous_acts(desk: Desk) -> None:
    client = desk.signed_in()
    desk.edge.hands.forward(s=400)
    body = {"zone": "park", "delta": 1, "reason": "counted"}
    first = post(client, "/api/v1/staff/count", **body)
    assert (first.status_code, first.get_json()["kind"]) == (403, "AskAgain")
    assert post(client, "/api/v1/refresh", pin="0000").status_code == 403
    old = desk.tokens.pop(("anna", "north"))
    answer = post(client, "/api/v1/refresh", pin="2468")
    assert answer.status_code == 200
    new = client.get_cookie("polso-staff")
    assert new is not None
    assert new.value != old, "the browser goes on with a new token, and the page with one that fits it"
    assert answer.get_json()["token"] == form_token(new.value)
    assert post(client, "/api/v1/staff/count", **body).status_code == 200
    client.set_cookie("polso-staff", old)
    assert post(client, "/api/v1/staff/count", **body).status_code == 401


def test_files_are_kept_for_ever_under_their_digest_and_nothing_else_is_served(desk: Desk) -> None:
    client = desk.client()
    kept = client.get(address("stream.js"))
    assert kept.mimetype == "text/javascript"
    assert "immutable" in kept.headers["Cache-Control"]
    old = client.get(address("stream.js").replace(digest(), "0" * 12))
    assert old.headers["Cache-Control"] == "no-cache"
    for name in ("../house.py", "..%2fhouse.py", "%2e%2e/texts/it.json", "nothing.js", "", "fonts"):
        assert client.get(address(name)).status_code in (404, 308), name
    assert client.get("/manifest.webmanifest").get_json()["name"] == "Polso"
    assert digest() in client.get("/sw.js").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_guests_screen_is_sent_a_word_for_staff(desk: Desk, language: str) -> None:
    guest = desk.client().get(texts_address("guest", language)).get_json()
    staff = desk.client().get(texts_address("staff", language)).get_json()
    reasons = [key for key in guest if key.startswith("reason.")]
    assert reasons
    assert not [key for key in reasons if key.endswith(".staff")]
    assert not [key for key in guest if key.startswith(("staff.", "ops.", "sign_in."))]
    assert not [key for key in staff if key.startswith(("kiosk.", "gate.", "demo."))]
    assert "reason.entered.staff" in staff


def test_a_language_is_chosen_by_page_then_memory_then_browser(desk: Desk) -> None:
    client = desk.client()

    def spoken(path: str, **headers: str) -> str:
        return client.get(path, headers=headers).text.split('<html lang="')[1][:2]

    accept = {"Accept-Language": "fr-CH, en;q=0.8"}
    assert spoken("/sign-in") == "it"
    assert spoken("/sign-in", **accept) == "fr"
    assert spoken("/sign-in?lang=de", **accept) == "de"
    assert spoken("/sign-in", **accept) == "de"
    assert choose(["xx", None, "es-MX"]) == "es"
    assert choose([]) == "it"


def test_a_page_that_is_not_there_says_so_kindly(desk: Desk) -> None:
    page = desk.client().get("/nowhere")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Qui non c" in page.text
    assert "controlla che il nome dello schermo" in page.text, "and what to do"
    api = desk.client().get("/api/v1/nowhere")
    assert (api.status_code, api.mimetype) == (404, "application/problem+json")
    assert desk.signed_in("bruno").get("/ops").status_code == 403
    assert desk.client().get("/staff/nowhere").status_code == 404
    assert Settings().screens_max == 50
