"""What a campaign says by a channel: the words of every other one, and letters only to who takes them."""

from __future__ import annotations

import pytest

from edge.core.consent import Channel
from edge.core.offers import worth_of
from edge.core.renderings import app, say
from sync.central.channels.telling import written
from sync.central.offers import bundles
from sync.central.people import unsubscribing
from sync.central.people.unsubscribing import Mailed
from sync.central.registry import catalogue, guests, layout
from sync.central.registry.guests import Guest
from sync.central.store import Store
from sync.central.tongues import Spoken
from tests.service.offered import a_message
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_offering import Stand, an_offer
from tests.sync.journey.book import GUEST

BY_MAIL = ("offers", "offers:behaviour", "offers@email", "offers:behaviour@email")


@pytest.fixture
def stand(sealed_store: Store, clock: Clockwork) -> Stand:
    made = Stand(sealed_store, clock)
    told = {"it": a_message("Tazza")["it"], "en": a_message("Mug")["it"]}
    made.publishes(an_offer("mug", messages=told), an_offer("other", campaign="winter"))
    with sealed_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia", language="en")])
    return made


@pytest.fixture
def mail(stand: Stand) -> Stand:
    stand.says_of(BY_MAIL)
    return stand.by(id="mail", via=Channel.EMAIL)


def test_a_campaign_says_by_the_channel_what_it_says_everywhere(stand: Stand) -> None:
    status, told = stand.asks("GET", "/v1/campaigns/summer/messages")
    assert (status, [(one["offer"], one["language"]) for one in told["said"]]) == (
        200,
        [("mug", "it"), ("mug", "en")],
    )
    with stand.book.store.reading() as tx:
        version = bundles.in_force(tx, SITE)
        assert version is not None
        offer, currency = version.draft.bundle.offers_by_id["mug"], layout.layout(tx, SITE).currency
        worth = worth_of(offer, catalogue.catalogue(tx, SITE))
    said = say(offer, worth, version=version.version, tongue=Spoken("en", currency))
    assert said is not None
    assert told["said"][1]["digest"] == app(said, worth, period=offer.period, currency=currency).digest
    status, one = stand.asks("GET", "/v1/campaigns/summer/messages?locale=it")
    assert (status, one["said"]) == (200, told["said"][:1])
    assert stand.asks("GET", "/v1/campaigns/spring/messages")[0] == 404


def test_a_letter_is_in_its_reader_s_words_and_ends_by_one_press(mail: Stand) -> None:
    exposure = str(mail.offers()["mug"]["exposure"])
    status, told = mail.asks("GET", f"/v1/exposures/{exposure}/letter")
    assert (status, "https" in told["detail"]) == (400, True), "whoever presses must be believed"
    with mail.book.store.transaction() as tx:
        letter = written(tx, mail.member, exposure, public_url="https://central.example")
    address = letter.headers["List-Unsubscribe"].strip("<>")
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (letter.subject, address in letter.text) == ("Mug", True)
    with mail.book.store.reading() as tx:
        assert unsubscribing.read(tx, address.partition("?t=")[2]) == Mailed(SITE, GUEST, "offers@email")
    path = "/" + address.partition("://")[2].partition("/")[2]
    assert mail.http.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert mail.asks("GET", f"/v1/exposures/{exposure}/letter")[0] == 403, "and no other letter is made"
    assert mail.offers() == {}


def test_no_letter_is_made_of_what_is_anybody_s_another_s_or_not_for_mail(stand: Stand, mail: Stand) -> None:
    mine = str(mail.offers()["mug"]["exposure"])
    assert stand.asks("GET", f"/v1/exposures/{mine}/letter")[0] == 403, "an app sends no letters"
    other = mail.by(id="other")
    assert other.asks("GET", f"/v1/exposures/{mine}/letter")[0] == 404
    mail.publishes(an_offer("for-all", public=True))
    mail.says_of(("offers@email",), given=False)
    everybody_s = str(mail.offers()["for-all"]["exposure"])
    assert mail.asks("GET", f"/v1/exposures/{everybody_s}/letter")[0] == 403
