"""A band is claimed from an app: the app begins, a mail brings the code, a kiosk says by which band."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.claimed import Became
from edge.core.consent import Channel
from sync.central.people import aliases
from sync.central.people.aliases import Claim, Kind, Proof, named
from sync.central.registry import bands, guests, links
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store
from sync.claiming import ClaimAnswer, ClaimAsk
from tests.sync.builders import SITE, Clockwork
from tests.sync.caller import Caller
from tests.sync.channels.test_channels import Shop
from tests.sync.journey.book import GUEST

MAIL = {"kind": "email", "value": "giulia@park.example"}
BAND = b"\x44" * 16


@pytest.fixture
def app(sealed_store: Store, clock: Clockwork) -> Shop:
    shop = Shop(sealed_store, clock)
    with sealed_store.transaction() as tx:
        known = Claim(named(Kind.EMAIL, MAIL["value"]), GUEST)
        aliases.prove(tx, SITE, known, proof=Proof.CODE, by="mail")
        guests.put_guests(tx, SITE, [Guest(id="walk-in")])
        bands.put_band(tx, SITE, BandCard(band=Band(id=BAND), guest="walk-in"))
    return shop


@pytest.fixture
def mail(app: Shop) -> Shop:
    return app.by(id="mail", via=Channel.EMAIL)


def test_an_app_begins_a_mail_brings_the_code_and_a_kiosk_ends_it(app: Shop, mail: Shop) -> None:
    status, claim = app.asks("POST", "/v1/claims", {"id": "1", "guest": GUEST})
    assert (status, claim["state"]) == (200, "waiting")
    assert app.asks("POST", "/v1/claims", {"id": "1", "guest": GUEST}) == (200, claim)
    path = f"/v1/claims/{claim['claim']}"
    assert app.asks("POST", f"{path}/code", MAIL)[0] == 403, "an app learns no code"
    assert mail.asks("POST", f"{path}/code", MAIL | {"value": "thief@park.example"})[0] == 403
    status, brought = mail.asks("POST", f"{path}/code", MAIL)
    assert (status, len(brought["code"])) == (200, 8)
    kiosk = Caller(app.http, app.book.store)
    told = kiosk.post(
        f"/v1/devices/{kiosk.device.id}/claims", ClaimAsk(band=BAND, code=brought["code"], point="kiosk")
    )
    answer = msgspec.msgpack.decode(told[2], type=ClaimAnswer)
    assert (told[0], answer.became, answer.device) == (200, Became.CLAIMED, kiosk.device.id)
    assert app.asks("GET", path)[1]["state"] == "claimed"
    with app.book.store.reading() as tx:
        assert links.root(tx, SITE, "walk-in") == GUEST
    status, journey = app.asks("GET", f"/v1/guests/{GUEST}/journey")
    assert status == 200
    assert isinstance(journey["events"], list)


def test_another_channel_s_claim_is_none_of_its_business(app: Shop, mail: Shop) -> None:
    _, claim = app.asks("POST", "/v1/claims", {"id": "1", "guest": GUEST})
    assert mail.asks("GET", f"/v1/claims/{claim['claim']}")[0] == 404
    assert app.asks("GET", "/v1/claims/none")[0] == 404
    assert app.asks("POST", "/v1/claims", {"id": "2", "guest": "nobody"})[0] == 404


def test_a_kiosk_speaks_for_itself_and_a_code_is_eight_digits(app: Shop) -> None:
    kiosk = Caller(app.http, app.book.store)
    ask = ClaimAsk(band=BAND, code="12345678", point="kiosk")
    assert kiosk.status("/v1/devices/another/claims", ask) == 404
    short = msgspec.structs.replace(ask, code="1234")
    assert kiosk.status(f"/v1/devices/{kiosk.device.id}/claims", short) == 400
