"""What leaves of people: nobody's name, and only with the consent that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.core.bands import Band
from edge.core.consent import Consent, Consented
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven
from edge.core.offers.said import Told
from sync.central.hooks import reach, subscriptions
from sync.central.hooks.delivery import Delivery
from sync.central.privacy import erasure
from sync.central.registry import bands, consents, guests, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.hooks.acts import CENTRAL, deliver, subscribe
from tests.sync.hooks.receiver import Receiver, listening
from tests.sync.test_echo import BAND, OTHER, Gate


def a_guest(store: Store, guest: str, band: bytes, *, offers: bool) -> None:
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=guest, name="Giulia Rossi")])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=band), guest=guest, label="b-77")])
        if offers:
            consents.set_here(tx, SITE, guest, purpose="offers", given=True)


def test_without_a_purpose_no_letter_names_a_band_or_a_guest(park: Store, receiver: Receiver) -> None:
    a_guest(park, "g-1", BAND, offers=True)
    subscribe(park, receiver)
    gate = Gate(park)
    gate.reads()
    gate.says(Kind.FEEDBACK_GIVEN, FeedbackGiven(score=2, point="hall", guest="g-1", about="visit"))
    gate.says(Kind.OFFER_SHOWN, Told(exposure="e-1", offer="spritz", guest="g-1", staff="anna", point="hall"))
    deliver(park, receiver)
    told = [one["data"] for one in receiver.letters[1:]]
    assert told == [
        {"score": 2, "point": "hall"},
        {"exposure": "e-1", "offer": "spritz", "point": "hall"},
    ]
    sent = b"".join(one.body for one in receiver.posts)
    for secret in (b"g-1", b"Giulia", b"anna", b"b-77", BAND.hex().encode(), b"subject"):
        assert secret not in sent, secret


def test_with_a_purpose_only_who_consents_and_two_receivers_cannot_join_what_they_hold(
    park: Store, receiver: Receiver, tmp_path: Path
) -> None:
    a_guest(park, "g-1", BAND, offers=True)
    a_guest(park, "g-2", OTHER, offers=False)
    subscribe(park, receiver, kinds=("decided",), purpose="offers")
    gate = Gate(park)
    (tmp_path / "other").mkdir()
    with listening(tmp_path / "other") as second:
        subscribe(park, second, kinds=("decided",), purpose="offers")
        gate.reads(band=BAND)
        gate.reads(band=OTHER)
        gate.reads(band=bytes([9]) * 16)
        gate.reads(band=BAND)
        deliver_each(park, receiver, second)
        first = [one["subject"] for one in receiver.letters]
        other = [one["subject"] for one in second.letters]
    assert len(first) == len(other) == 2
    assert len(set(first)) == len(set(other)) == 1, "one band, one name"
    assert set(first).isdisjoint(other)
    assert BAND.hex() not in first


def deliver_each(store: Store, *receivers: Receiver) -> None:
    """Serve each receiver over a line of its own."""
    with store.reading() as tx:
        due = subscriptions.QUEUE.due(tx, store.now_ms(), limit=9)
        urls = {one.id: one.url for one in subscriptions.hooks(tx, SITE)}
    for site, id_, claims in due:
        [mine] = [one for one in receivers if one.url == urls[id_]]
        Delivery(store, public_url=CENTRAL, line=mine.session, draw=lambda: 1.0).serve(site, id_, claims)


def test_no_letter_is_longer_than_a_receiver_has_to_take(park: Store, receiver: Receiver) -> None:
    subscribe(park, receiver, kinds=("offer_shown",))
    gate = Gate(park)
    for exposure in ("\x01" * 15_000, "e-1"):
        gate.says(Kind.OFFER_SHOWN, Told(exposure=exposure, offer="spritz"))
    deliver(park, receiver)
    assert [one["data"] for one in receiver.letters] == [{}, {"exposure": "e-1", "offer": "spritz"}]
    assert max(len(one.body) for one in receiver.posts) < 65_536


def consent(*, given: bool, turns: int) -> Consented:
    said = Consent(purpose="offers", turns=turns, since_ms=NOW_MS, source="kiosk", text=1, point="hall")
    assert said.given == given
    return Consented(guest="g-1", consent=said, point="hall")


@pytest.mark.parametrize("told_before", [True, False])
def test_a_withdrawal_is_the_last_word_and_only_to_who_was_told(
    park: Store, receiver: Receiver, clock: Clockwork, *, told_before: bool
) -> None:
    a_guest(park, "g-1", BAND, offers=True)
    subscribe(park, receiver, kinds=("decided", "consent_set"), purpose="offers")
    gate = Gate(park)
    if told_before:
        gate.reads()
        deliver(park, receiver)
    gate.says(Kind.CONSENT_SET, consent(given=False, turns=2), lane=1)
    gate.reads()
    clock.ms += 60_000
    deliver(park, receiver)
    told = [(one["type"], one["data"].get("given")) for one in receiver.letters]
    if told_before:
        assert told == [
            ("org.polso.decided.v1", None),
            ("org.polso.consent_set.v1", False),
            ("org.polso.consent_changed.v1", False),
        ], "once as the kiosk says it, and once as central does, who hears of every channel"
        entered, here, everywhere = receiver.letters
        assert entered["subject"] == here["subject"]
        assert everywhere["data"]["bands"] == [here["subject"]]
    else:
        assert told == []


def test_an_erased_guest_is_forgotten_here_too(park: Store, receiver: Receiver) -> None:
    a_guest(park, "g-1", BAND, offers=True)
    hook = subscribe(park, receiver, kinds=("decided",), purpose="offers")
    Gate(park).reads()
    deliver(park, receiver)
    with park.transaction() as tx:
        profiles.publish_guests(tx, SITE, {"g-1": True})
        assert reach.known(tx, SITE, hook.id, bands=[BAND]) == {BAND}
        erasure.erase(tx, SITE, "g-1")
        assert reach.known(tx, SITE, hook.id, bands=[BAND]) == set()
