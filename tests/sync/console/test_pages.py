"""What an operator does on the console's pages reaches the registry, the gates' feed and the record."""

from __future__ import annotations

import csv
import io
import re

import msgspec
import pytest

from edge.core.bands import BandAct, BandState
from edge.core.entitlements import Hours, Product, Question, Reentry, RuleText, Status, Terms
from edge.core.events import Acted, Kind
from edge.core.places import Point, PointKind
from edge.core.profiles import ProfileItem
from sync.central import enrolment, feed, intake
from sync.central.console import acts
from sync.central.console.looks import COUNTED
from sync.central.console.pages.bands import POSSIBLE
from sync.central.feed import item_table
from sync.central.machines import devices
from sync.central.registry import bands, guests, layout, rights
from sync.central.store import Store, select
from sync.wire import BandNotice, DeviceReport, EnrolRequest, ReaderState
from tests.sync.builders import KEY, SITE, a_device, a_journal
from tests.sync.console.desk import HOME, Browser, an_admin, form_of, words_of

UID = "04A1B2C3D4E501"


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


def done(store: Store) -> list[str]:
    """What was changed and recorded, newest first; looks have tests of their own."""
    with store.reading() as tx:
        return [one.what for one in acts.acts(tx) if one.what not in COUNTED]


def a_guest(browser: Browser, id_: str = "g1", **fields: str) -> None:
    reply = browser.post(f"{HOME}/guests/new", id=id_, **{"name": "Giulia", **fields})
    assert reply.status_code == 303, words_of(reply)


def a_band(browser: Browser, store: Store, **fields: str) -> str:
    reply = browser.post(f"{HOME}/bands/new", **{"uid": UID, "chip": "ntag424", **fields})
    assert reply.status_code == 303, words_of(reply)
    return reply.headers["Location"].rpartition("/")[2].partition("?")[0]


def test_a_guest_is_entered_found_changed_and_all_of_it_recorded(
    browser: Browser, small_store: Store
) -> None:
    a_guest(browser, age_from="8", age_to="11", party="fam", party_size="3")
    assert "Giulia" in browser.says(f"{HOME}/guests?q=giu")
    browser.post(f"{HOME}/guests/g1/change", name="Giulietta", tags="vip, sweet", language="it")
    with small_store.reading() as tx:
        guest = guests.guest(tx, SITE, "g1")
    assert (guest.name, guest.tags, guest.age_band, guest.party) == ("Giulietta", ("vip", "sweet"), "", None)
    assert done(small_store)[:2] == ["guest_changed", "guest_created"]
    assert "Giulietta" in browser.says(f"{HOME}/acts")


def test_a_form_sent_twice_does_its_act_once(browser: Browser, small_store: Store) -> None:
    a_guest(browser)
    a_guest(browser)
    form = {"id": "e1", "product": "day", "status": "valid"}
    for _ in range(2):
        assert browser.post(f"{HOME}/guests/g1/grant", **form).status_code == 303
    assert a_band(browser, small_store) == a_band(browser, small_store)
    with small_store.reading() as tx:
        assert rights.count_rights(tx, SITE) == {"valid": 1}
    assert done(small_store).count("guest_created") == 1
    assert done(small_store).count("band_created") == 1


def test_a_refused_form_keeps_what_was_typed_and_names_the_field(browser: Browser) -> None:
    reply = browser.post(f"{HOME}/guests/new", id="g1", name="Giulia", height_cm="tall")
    assert reply.status_code == 422
    assert "Height (cm): a whole number from 30 to 260" in words_of(reply)
    assert 'value="Giulia"' in reply.text
    assert 'value="tall"' in reply.text


def test_an_anothers_id_is_refused(browser: Browser) -> None:
    a_guest(browser)
    assert browser.post(f"{HOME}/guests/new", id="g1", name="Marco").status_code == 422
    assert browser.post(f"{HOME}/guests/new", id="a/b").status_code == 422
    assert browser.post(f"{HOME}/guests/new", id="g2", age_from="9").status_code == 422


def test_a_band_by_uid_gets_keys_and_its_raw_number_is_never_kept(
    browser: Browser, small_store: Store
) -> None:
    a_guest(browser)
    id_ = a_band(browser, small_store, guest="g1", label="blue")
    with small_store.reading() as tx:
        card = bands.band(tx, SITE, bytes.fromhex(id_))
        body = bytes(tx.execute(select(item_table.c.body).where(item_table.c.key == id_)).scalar_one())
        recorded = "".join(one.after + one.target for one in acts.acts(tx))
    assert (card.guest, bool(card.keys)) == ("g1", True)
    assert msgspec.msgpack.decode(body, type=ProfileItem).keys == card.keys
    assert UID.lower() not in recorded.lower()
    page = browser.get(f"{HOME}/bands/{id_}").text
    assert all(key.hex() not in page for key in card.keys.values())


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"uid": "04"}, "octets"), ({"guest": "nobody"}, "no guest nobody"), ({"chip": "mifare"}, "choose one")],
)
def test_a_band_that_cannot_be_is_refused(browser: Browser, fields: dict[str, str], why: str) -> None:
    reply = browser.post(f"{HOME}/bands/new", **{"uid": UID, "chip": "ntag213", **fields})
    assert reply.status_code == 422
    assert why in words_of(reply)


def test_a_stock_band_is_given_to_a_guest_once(browser: Browser, small_store: Store) -> None:
    a_guest(browser)
    a_guest(browser, "g2")
    id_ = a_band(browser, small_store)
    assert browser.post(f"{HOME}/bands/{id_}/link", guest="g1").status_code == 303
    assert browser.post(f"{HOME}/bands/{id_}/link", guest="g1").status_code == 303
    assert "already has a guest" in words_of(browser.post(f"{HOME}/bands/{id_}/link", guest="g2"))
    assert done(small_store).count("band_linked") == 1


def test_a_lost_band_is_told_to_every_gate_without_the_reason(browser: Browser, small_store: Store) -> None:
    id_ = a_band(browser, small_store)
    for _ in range(2):
        browser.post(f"{HOME}/bands/{id_}/state", act="lost", reason="on the beach")
    with small_store.reading() as tx:
        query = select(item_table).where(item_table.c.kind == feed.BAND, item_table.c.key == id_)
        row = tx.execute(query).one()
    notice = msgspec.msgpack.decode(bytes(row.body), type=BandNotice)
    assert row.urgent
    assert notice.state is BandState.LOST
    assert b"on the beach" not in bytes(row.body), "why stays here: it would stand in every journal"
    assert done(small_store).count("band_lost") == 1
    assert browser.post(f"{HOME}/bands/{id_}/state", act="burn").status_code == 422


@pytest.mark.parametrize("state", BandState)
def test_the_page_offers_just_what_the_rulebook_allows(state: BandState) -> None:
    card = bands.BandCard(band=bands.Band(id=b"b" * 16, state=state))
    for act in BandAct:
        try:
            changed = bands.acted(card, act).band != card.band
        except bands.Refused:
            changed = False
        assert (act in POSSIBLE[state]) is changed, act


def test_an_entitlement_is_granted_changed_and_cancelled(browser: Browser, small_store: Store) -> None:
    a_guest(browser)
    slot = {"slot_start": "2026-06-30T15:00", "slot_end": "2026-06-30T16:00", "slot_point": "gate"}
    browser.post(f"{HOME}/guests/g1/grant", id="e1", product="day", status="unpaid", **slot)
    assert "Unpaid" in browser.says(f"{HOME}/guests/g1")
    assert 'value="2026-06-30T15:00"' in browser.get(f"{HOME}/entitlements/e1").text
    browser.post(f"{HOME}/entitlements/e1", product="day", status="valid", seat="7A")
    browser.post(f"{HOME}/entitlements/e1/end", act="cancel")
    with small_store.reading() as tx:
        _, right = rights.right(tx, SITE, "e1")
    assert (right.status, right.seat, right.slot) == (Status.CANCELLED, "7A", None)
    backwards = {"valid_from": "2026-06-30T15:00", "valid_until": "2026-06-29T15:00"}
    reply = browser.post(f"{HOME}/guests/g1/grant", id="e2", product="day", status="valid", **backwards)
    assert "the end must be after the beginning" in words_of(reply)


def test_a_product_takes_typed_rules_and_a_rule_that_cannot_run_is_refused_with_its_reason(
    browser: Browser, small_store: Store
) -> None:
    form = {"reentry": "free", "uses_max": "3", "points": "gate", "hours": "mon 09:00-18:00, 20:00-26:00"}
    rule = {"rules.0.name": "quiet", "rules.0.text_it": "Troppo tardi"}
    bad = browser.post(
        f"{HOME}/products/new", id="quiet", **form, **rule, **{"rules.0.cel": "entries_today <"}
    )
    assert bad.status_code == 422
    assert "The rule cannot be read" in words_of(bad)
    browser.post(f"{HOME}/products/new", id="quiet", **form, **rule, **{"rules.0.cel": "entries_today < 2"})
    with small_store.reading() as tx:
        (terms,) = (one.terms for one in layout.layout(tx, SITE).products if one.id == "quiet")
    assert (terms.uses_max, terms.points, terms.reentry) == (3, ("gate",), "free")
    assert terms.hours is not None
    assert terms.hours.weekdays == {0: ((540, 1_080), (1_200, 1_560))}
    assert (terms.rules[0].cel, terms.rules[0].text) == ("entries_today < 2", {"it": "Troppo tardi"})
    assert "mon 09:00-18:00, 20:00-26:00" in browser.get(f"{HOME}/products/quiet").text


@pytest.mark.parametrize("path", ["products/day", "products/full", "points/gate", "zones/park", "settings"])
def test_a_form_sent_back_as_it_was_changes_nothing(browser: Browser, small_store: Store, path: str) -> None:
    hours = Hours(weekdays={4: ((540, 1_500),)}, closed_dates=("2026-12-25",))
    rule = RuleText(name="quiet", cel="entries_today < 2", text={"it": "Tardi", "es": "Tarde"})
    question = Question(id="size", kind="choice", texts={"de": "Größe"}, choices=("S", "M"), required=False)
    terms = Terms(
        zones=("park",), points=("gate",), hours=hours, uses_max=0, reentry=Reentry.AFTER_EXIT, late_s_max=60,
        together=True, companion_role="adult", confirm=True, rules=(rule,), questions=(question,),
        attention="vip",
    )  # fmt: skip
    with small_store.transaction() as tx:
        layout.put_thing(tx, SITE, Product(id="full", names={"fr": "Tout"}, terms=terms))
        gate = Point(
            id="gate", kind=PointKind.GATE, zone="park", rules=(rule,), hours=hours, age_min=3, choose=True
        )
        layout.put_thing(tx, SITE, gate)
        before = layout.layout(tx, SITE)
    reply = browser.send(f"{HOME}/{path}", form_of(browser.get(f"{HOME}/{path}").text))
    assert reply.status_code == 303, words_of(reply)
    with small_store.reading() as tx:
        assert layout.layout(tx, SITE) == before


def test_changes_of_places_wait_until_they_are_published(browser: Browser, small_store: Store) -> None:
    assert "Gates follow version 1" in browser.says(f"{HOME}/places")
    browser.post(f"{HOME}/zones/new", id="garden", parent="park", capacity="50")
    assert "changes that gates do not follow yet" in browser.says(f"{HOME}/places")
    a_device(small_store, points=())
    browser.post(f"{HOME}/places/publish")
    with small_store.reading() as tx:
        told = layout.published(tx, SITE)
    assert told is not None
    assert [lease.places for lease in told.place_leases] == [50]
    assert "Gates follow version 2" in browser.says(f"{HOME}/places")


def test_nothing_that_something_leans_on_is_removed(browser: Browser) -> None:
    assert "does not exist" in words_of(browser.post(f"{HOME}/zones/park/remove"))
    a_guest(browser)
    browser.post(f"{HOME}/guests/g1/grant", id="e1", product="day", status="valid")
    assert "hold entitlements" in words_of(browser.post(f"{HOME}/products/day/remove"))
    assert browser.post(f"{HOME}/points/gate/remove").status_code == 303


def test_a_zone_within_itself_is_refused_and_not_kept(browser: Browser, small_store: Store) -> None:
    browser.post(f"{HOME}/zones/new", id="garden", parent="park")
    reply = browser.post(f"{HOME}/zones/park", parent="garden")
    assert "within itself" in words_of(reply)
    with small_store.reading() as tx:
        assert {zone.id: zone.parent for zone in layout.layout(tx, SITE).zones} == {
            "park": None,
            "garden": "park",
        }


def test_a_devices_code_is_shown_once_and_lets_one_device_in(browser: Browser, small_store: Store) -> None:
    reply = browser.post(f"{HOME}/devices/new", device_name="North Gate", points="gate")
    (code,) = set(re.findall(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}\b", reply.text))
    assert reply.headers["Cache-Control"] == "no-store"
    assert code not in browser.get(f"{HOME}/devices").text + browser.get(f"{HOME}/acts").text
    known = enrolment.enrol(small_store, EnrolRequest(code=code, public_key=KEY, name="x"))
    assert "North Gate" in browser.says(f"{HOME}/devices")
    browser.post(f"{HOME}/devices/{known.device}/revoke")
    with small_store.reading() as tx:
        assert devices.device(tx, SITE, known.device).state == devices.REVOKED


def test_the_dashboard_says_what_is_wrong_with_a_device(browser: Browser, small_store: Store) -> None:
    device, _ = a_device(small_store)
    reader = ReaderState(device="volo", kind="reader", state="lost", reason="unplugged")
    report = DeviceReport(
        device=device.id,
        boot="b",
        outbox=9,
        outbox_age_ms=600_000,
        writable=False,
        cause="disk full",
        readers=(reader,),
    )
    with small_store.transaction() as tx:
        devices.heard(tx, SITE, device.id, report=report)
        devices.alarm(tx, SITE, device.id, why="lane 0: forked")
    told = browser.says(HOME)
    for words in ("disk full", "9 events wait", "Reader volo: unplugged", "forked", "Online", "10 min ago"):
        assert words in told


def test_events_are_told_in_words_filtered_and_saved(browser: Browser, small_store: Store) -> None:
    device, _ = a_device(small_store)
    journal = a_journal(device)
    for _ in range(3):
        journal.append(0, msgspec.msgpack.encode(Acted(point="gate-1")), kind=int(Kind.HELP_CALLED))
    journal.append(0, b"\xc1", kind=int(Kind.LOOKED_UP))
    intake.take(small_store, device, journal.batch(1, 4))
    assert browser.get(f"{HOME}/events").text.count("<td>Help called</td>") == 3
    assert "Here every tap" in browser.says(f"{HOME}/events?point=nowhere")
    rows = list(
        csv.reader(io.StringIO(browser.get(f"{HOME}/events.csv?point=gate-1").text.removeprefix("\ufeff")))
    )
    assert rows[0][:2] == ["Time", "Event"]
    assert len(rows) == 4


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x"])
def test_no_name_becomes_a_formula_in_a_saved_table(browser: Browser, name: str) -> None:
    a_guest(browser, name=name)
    (row,) = csv.DictReader(io.StringIO(browser.get(f"{HOME}/guests.csv").text.removeprefix("\ufeff")))
    assert row["Name"] == f"'{name}"


def test_a_saved_table_holds_every_page(browser: Browser, small_store: Store) -> None:
    with small_store.transaction() as tx:
        guests.add_guests(tx, SITE, [guests.Guest(id=f"g{at:04}") for at in range(guests.PAGE_MAX + 5)])
    text = browser.get(f"{HOME}/guests.csv").text
    assert len(text.splitlines()) == guests.PAGE_MAX + 6
    assert f"after=g{guests.PAGE_MAX - 1:04}" in browser.get(f"{HOME}/guests").text


def test_hostile_words_stay_words(browser: Browser) -> None:
    a_guest(browser, name="<script>alert(1)</script>")
    for path in ("guests", "guests/g1", "guests/g1/change", "acts"):
        assert "<script>alert" not in browser.get(f"{HOME}/{path}").text


def test_a_site_is_opened_and_says_how_to_begin(browser: Browser) -> None:
    assert browser.post("/console/sites/new", site="lido", timezone="Mars/Olympus").status_code == 422
    browser.post("/console/sites/new", site="lido", name="Lido", timezone="Europe/Rome")
    assert "Begin here" in browser.says("/console/sites/lido")
    for room in ["events", "guests", "bands", "entitlements", "products", "places", "staff", "devices"]:
        assert "Here " in browser.says(f"/console/sites/lido/{room}")


def test_the_site_keeps_its_version_when_its_settings_change(browser: Browser, small_store: Store) -> None:
    form = {"timezone": "Europe/Paris", "currency": "eur", "languages": "fr"}
    assert browser.post(f"{HOME}/settings", **form).status_code == 303
    with small_store.reading() as tx:
        now = layout.layout(tx, SITE)
    assert (now.version, now.timezone, now.currency, now.languages) == (1, "Europe/Paris", "EUR", ("fr",))
