"""Tracking by others: no number and no name leaves the house, and two sightings by radio are of nobody."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.feed import Subscription
from hardware.virtual.bands.onair import BandRadio
from kiosk.texts import LANGUAGES
from tests.kiosk.desk_park import Desk, a_desk
from tests.security import linking
from tests.service.house import OTHER_UID, UID, band_of, worn

NAME = "Canarina"
TOPICS = ("gate-north", "kiosk-kiosk", "staff-north", "ops", "devices", "help")
GUESTS = ("gate-north", "help", "devices")
"""Topics that a bystander can read off a screen."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "edge") as desk:
        yield desk


def forms(uid: bytes) -> list[bytes]:
    """A chip's number as octets and as people and programs write them."""
    text = uid.hex()
    return [uid, text.encode(), text.upper().encode(), uid.hex(":").encode(), uid.hex(" ").encode()]


def heard(subscription: Subscription) -> list[tuple[str, bytes]]:
    found = []
    while (event := subscription.get(0)) is not None:
        found.append((event.topic, event.json))
    return found


def lived(desk: Desk) -> list[tuple[str, bytes]]:
    """Taps of a guest, of a stranger and of a torn band; everything that was published."""
    edge = desk.edge
    edge.tell(worn(edge, name=NAME, rev=2))
    with edge.feed.subscribe(TOPICS) as everything:
        for reader in ("reader-1", "reader-kiosk", "reader-out"):
            edge.service.present(edge.tap(reader=reader))
        edge.service.present(edge.tap(OTHER_UID))
        edge.service.present(edge.torn())
        return heard(everything)


def test_no_stream_page_or_figure_shows_a_chips_number(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        told = lived(desk)
        staff = desk.signed_in("anna")
        kiosk, screen = desk.screen("kiosk", "kiosk")
        gate, _ = desk.screen("gate")
        pages = [
            *(staff.get(path).data for path in ("/staff/north", "/ops", "/metrics", "/healthz")),
            *(kiosk.get(f"/k/{screen}?lang={code}").data for code in LANGUAGES),
            gate.get("/g/north").data,
        ]
    assert len(told) > 10
    assert all(len(page) > 2 for page in pages)
    shown = b"".join([*(json for _, json in told), *pages, caplog.text.encode()])
    assert [form for uid in (UID, OTHER_UID) for form in forms(uid) if form in shown] == []


def test_what_a_bystander_reads_names_nobody_and_follows_no_band(desk: Desk) -> None:
    band = band_of(desk.edge)
    public = b"".join(json for topic, json in lived(desk) if topic in GUESTS)
    assert public
    assert NAME.encode() not in public
    assert band.hex()[:8].encode() not in public, "not even the short form that staff speak about"
    assert b"guest-1" not in public


def test_staff_see_a_short_pseudonym_and_never_the_whole_in_lists(desk: Desk) -> None:
    lived(desk)
    recent = msgspec.json.encode(desk.edge.service.recent(None, 50))
    band = band_of(desk.edge)
    assert band.hex()[:8].encode() in recent, "the control: the short form is there"
    assert band.hex().encode() not in recent


def test_a_band_is_another_one_at_every_site() -> None:
    from edge.keys.ring import Ring
    from edge.vault import Vault

    here, there = (Vault(key * 32, Ring({1: b"k" * 64})) for key in (b"a", b"b"))
    assert here.band_id(UID) != there.band_id(UID)
    assert UID not in here.band_id(UID)


# By radio


def test_two_sightings_of_a_band_sixteen_minutes_apart_are_linked_by_nothing_but_guessing() -> None:
    assert 0.45 <= linking.linked(linking.a_band) <= 0.55


@pytest.mark.parametrize(
    "careless",
    [linking.KeptAddress, linking.BridgingCount, linking.FineBattery],
    ids=lambda one: one.__name__,
)
def test_band_that_is_careless_in_one_thing_is_followed(careless: type[BandRadio]) -> None:
    """The control: the same follower finds each of them, so that what they find above is worth something."""
    assert linking.linked(lambda chance: careless(chance.randbytes(16), chance=chance)) > 0.9


def test_battery_in_four_true_steps_would_tell_bands_apart() -> None:
    def of_any_age(chance: random.Random) -> BandRadio:
        return linking.TrueSteps(chance.randbytes(16), chance=chance, battery=chance.randrange(4))

    assert linking.linked(of_any_age) > 0.75


def test_low_battery_is_said_before_long_all_the_same() -> None:
    radio, said = BandRadio(bytes(16), chance=random.Random(7), battery=0), set()  # noqa: S311  # the same band each time
    for period in range(100):
        said.add(radio.says(period * 512).battery)
    assert said == {0, 3}
