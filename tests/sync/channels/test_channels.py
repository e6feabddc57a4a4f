"""Channels tell of guests and ask about them: signed, within their list, as far as the guest allows."""

from __future__ import annotations

import copy
import json
import re
import secrets
from typing import Any

import msgspec
import pytest
import requests

from edge.core.catalogue import Article
from edge.core.consent import Channel, Namespace
from edge.core.events import Kind
from edge.core.orders import Stock
from edge.core.places import Point, PointKind, Zone
from edge.errors import Refused, Unknown
from sync.central.app import create_app
from sync.central.channels import book as channels
from sync.central.channels.book import May, Member
from sync.central.channels.messages import MEDIA_EVENT, MEDIA_EVENTS, MEDIA_JSON, PREFIX, TOUCHES_MAX
from sync.central.channels.routes import DOCUMENT, ROUTES
from sync.central.near import stock
from sync.central.registry import catalogue, consents, layout
from sync.central.settings import Settings
from sync.central.store import Store
from sync.signing import IDEMPOTENCY, Keys, Signer
from tests.sync.builders import KEY, PRIVATE_KEY, SITE, Clockwork
from tests.sync.caller import URL
from tests.sync.journey.book import GUEST, Book, a_passage

APP = Member(
    site=SITE,
    id="shop-online",
    via=Channel.APP,
    routes=frozenset(May),
    namespaces=frozenset({Namespace.INTEREST, Namespace.BEHAVIOUR}),
    public_key=KEY,
)
INTEREST_HERE = ("offers", "offers:interest", "offers@app", "offers:interest@app")
BY = {
    "rebook": May.RESERVATIONS,
    "stop": May.MANDATES,
    "stock": May.ARTICLES,
    "claim": May.CLAIMS,
    "claim_code": May.CLAIMS,
    "order": May.ORDERS,
    "give_up": May.ORDERS,
    "case": May.CASES,
    "speak": May.CASES,
    "shown": May.OFFERS,
    "redeemed": May.OFFERS,
    "letter": May.OFFERS,
    "members": May.SEGMENTS,
    "withdrawn": May.SEGMENTS,
} | dict.fromkeys(("birthday", "no_birthday"), May.BIRTHDAYS)
"""Routes that another one's right opens."""
NOON = "2025-10-09T08:00:00Z"
"""A little before the tests' own now."""


def a_touch(**said: Any) -> dict[str, Any]:
    plain = {
        "specversion": "1.0", "id": "t1", "source": "/shop", "type": f"{PREFIX}ordered", "subject": GUEST,
        "time": NOON, "data": {"about": "mug", "ref": "o-7", "amount_minor": 900, "currency": "EUR"},
    }  # fmt: skip
    return plain | said


class Shop:
    """A system outside that signs what it asks, as a device does."""

    def __init__(self, store: Store, clock: Clockwork, member: Member = APP) -> None:
        self.book, self.member, self.clock = Book(store), member, clock
        self.http = create_app(store, Settings(public_url=URL)).test_client()
        with store.transaction() as tx:
            channels.add(tx, member)

    def by(self, **said: Any) -> Shop:
        """The same house, asked by another system under the same key."""
        other = copy.copy(self)
        other.member = msgspec.structs.replace(self.member, **said)
        with self.book.store.transaction() as tx:
            channels.add(tx, other.member)
        return other

    def asks(self, method: str, path: str, body: Any = None, **said: Any) -> tuple[int, Any]:
        media = said.pop("media", MEDIA_EVENTS if path == "/v1/touches" else MEDIA_JSON)
        keys = Keys(key_id=said.pop("key_id", self.member.key_id), private_key=said.pop("key", PRIVATE_KEY))
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {IDEMPOTENCY: secrets.token_hex(16), "Content-Type": media}
        signer = Signer(keys, self.clock, dialled=URL)
        asked = requests.Request(method, URL + path, headers=headers, data=sent, auth=signer).prepare()
        return self.sends(asked, path, **said)

    def sends(self, asked: requests.PreparedRequest, path: str, **said: Any) -> tuple[int, Any]:
        headers = {name: value for name, value in asked.headers.items() if name != "Content-Length"}
        reply = self.http.open(
            path, method=str(asked.method), data=said.get("sent", asked.body or b""), headers=headers
        )
        self.answered = reply.headers
        return reply.status_code, json.loads(reply.data)

    def tells(self, *touches: dict[str, Any]) -> dict[str, Any]:
        status, told = self.asks("POST", "/v1/touches", list(touches))
        assert status == 200, told
        return dict(told)

    def says(self, topic: str, given: bool, at: str = NOON) -> tuple[int, Any]:
        words = {"topic": topic, "given": given, "at": at}
        return self.asks("PUT", f"/v1/guests/{GUEST}/consents", words)

    def reads(self, cursor: str = "") -> tuple[list[str], str]:
        query = f"?cursor={cursor}" if cursor else ""
        status, told = self.asks("GET", f"/v1/guests/{GUEST}/journey{query}")
        assert status == 200, told
        return [one["type"].removeprefix(PREFIX) for one in told["events"]], told.get("next", "")


@pytest.fixture
def shop(store: Store, clock: Clockwork) -> Shop:
    return Shop(store, clock)


@pytest.fixture
def small(small_store: Store, clock: Clockwork) -> Shop:
    return Shop(small_store, clock)


def test_stock_is_told_with_the_next_store_that_has_it_first(small: Shop) -> None:
    with small.book.store.transaction() as tx:
        layout.put_thing(tx, SITE, Zone(id="hall"))
        layout.put_thing(tx, SITE, Point(id="hatch", kind=PointKind.TILL, zone="hall"))
        layout.publish_layout(tx, SITE)
        catalogue.put(tx, SITE, [Article(id="mug", names={"it": "Tazza"}, price_minor=900)])
        for store, many in (("bar", 9), ("hatch", 9), ("kiosk", 0)):
            one = Stock(article="mug", store=store, device="d", on_hand=many, at_ms=small.clock.ms)
            stock.put(tx, SITE, [one])

    def stores(near: str) -> list[str]:
        status, told = small.asks("GET", f"/v1/stock?article=mug&near={near}")
        assert status == 200, told
        return [one["store"] for one in told["stores"]]

    assert stores("hatch") == ["hatch", "bar", "kiosk"]
    assert stores("gate") == ["bar", "hatch", "kiosk"], "who has none comes last, however near"
    assert small.asks("GET", "/v1/stock?article=mug&near=moon")[0] == 404
    assert small.asks("GET", "/v1/stock")[0] == 404


def test_one_event_by_itself_is_kept_as_in_a_batch_and_told_both_ways_it_is_one(small: Shop) -> None:
    status, told = small.asks("POST", "/v1/touches", a_touch(), media=MEDIA_EVENT)
    assert (status, told["new"], told["again"]) == (200, 1, 0)
    assert small.tells(a_touch())["again"] == 1
    status, told = small.asks("POST", "/v1/touches", [a_touch()], media=MEDIA_EVENT)
    assert status == 422, "a batch is no event"
    status, told = small.asks("POST", "/v1/touches", a_touch(type="nothing"), media=MEDIA_EVENT)
    assert (status, "$.type" in told["detail"]) == (422, True)


def test_attributes_in_headers_are_not_taken_for_no_signature_covers_them(small: Shop) -> None:
    status, told = small.asks("POST", "/v1/touches", a_touch()["data"], media=MEDIA_JSON)
    assert (status, "cloudevents" in told["detail"]) == (400, True)


def test_what_a_channel_tells_stands_in_the_diary_once_however_often_it_is_told(shop: Shop) -> None:
    assert shop.tells(a_touch(), a_touch(id="t2")) == {"new": 2, "again": 0, "refused": []}
    assert shop.tells(a_touch(), a_touch(id="t3"), a_touch(id="t3")) == {"new": 1, "again": 2, "refused": []}
    entry = shop.book.entries()[-1]
    assert (entry.what.value, entry.via.value, entry.subject, entry.amount_minor) == (
        "ordered",
        "app",
        "mug",
        900,
    )
    assert (entry.source, entry.id) == (f"/sites/{SITE}/channels/shop-online#/shop", "t1")


def test_what_nobody_may_tell_or_keep_is_named_with_its_place_and_the_rest_is_kept(small: Shop) -> None:
    told = small.tells(
        a_touch(),
        a_touch(id="t2", subject="nobody"),
        a_touch(id="t3", type=f"{PREFIX}searched"),
        a_touch(id="t4", type=f"{PREFIX}entered"),
        a_touch(id="t5", time="2031-01-01T00:00:00Z"),
    )
    assert told["new"] == 1
    assert [(one["at"], one["why"]) for one in told["refused"]] == [
        (1, "unknown_guest"), (2, "no_consent"), (3, "not_yours"), (4, "future"),
    ]  # fmt: skip
    small.book.allows("offers", "offers:interest")
    assert small.tells(a_touch(id="t3", type=f"{PREFIX}searched"))["new"] == 0, "not in this channel"
    for topic in INTEREST_HERE:
        small.says(topic, True)
    assert small.tells(a_touch(id="t3", type=f"{PREFIX}searched"))["new"] == 1


@pytest.mark.parametrize("what", ["tier_changed", "tier_ending", "tier_kept", "made_good"])
def test_no_channel_says_that_a_guest_has_a_tier_or_was_given_something(small: Shop, what: str) -> None:
    (refused,) = small.tells(a_touch(type=f"{PREFIX}{what}"))["refused"]
    assert refused["why"] == "not_yours"


def test_a_part_that_is_not_in_its_list_is_not_the_channel_s_to_tell(
    small_store: Store, clock: Clockwork
) -> None:
    shop = Shop(small_store, clock, msgspec.structs.replace(APP, namespaces=frozenset()))
    (refused,) = shop.tells(a_touch(type=f"{PREFIX}searched"))["refused"]
    assert refused["why"] == "not_yours"


def test_a_channel_reads_those_parts_alone_that_the_guest_allows_it(shop: Shop) -> None:
    shop.book.tells(Kind.DECIDED, a_passage())
    shop.tells(a_touch())
    assert shop.reads() == ([], "")
    shop.book.allows("offers", "offers:behaviour")
    assert shop.reads() == ([], ""), "a yes at the desk is none for the app"
    for topic in ("offers@app", "offers:behaviour@app"):
        assert shop.says(topic, True)[0] == 200
    assert {"entered", "ordered"} <= set(shop.reads()[0])
    shop.says("offers:behaviour@app", False)
    assert shop.reads() == ([], "")


def test_pages_of_a_diary_follow_each_other(small: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.central.channels.deeds.PAGE_MAX", 2)
    small.book.allows("offers", "offers:behaviour")
    for topic in ("offers@app", "offers:behaviour@app"):
        small.says(topic, True)
    small.tells(*(a_touch(id=f"t{at}", time=f"2025-10-08T0{at}:00:00Z") for at in range(5)))
    found, cursor = small.reads()
    while cursor:
        more, cursor = small.reads(cursor)
        found += more
    assert found.count("ordered") == 5
    assert small.asks("GET", f"/v1/guests/{GUEST}/journey?cursor=x")[0] == 400


def test_a_no_outranks_an_older_yes_that_arrives_later_and_holds_everywhere(shop: Shop) -> None:
    assert shop.says("offers", True, "2025-10-08T10:00:00Z")[1]["given"] is True
    assert shop.says("offers", False, "2025-10-08T12:00:00Z")[1]["given"] is False
    assert shop.says("offers", True, "2025-10-08T11:00:00Z")[1]["given"] is False
    with shop.book.store.reading() as tx:
        (held,) = consents.consents_of(tx, SITE, [GUEST])[GUEST]
    assert (held.given, held.source) == (False, "app")
    assert shop.says("offers", True, "2025-10-08T13:00:00Z")[1]["given"] is True, "a yes of later is one"


@pytest.mark.parametrize(
    ("topic", "given", "status"),
    [("offers@email", True, 403), ("offers@email", False, 200), ("quiet", True, 422), ("all", True, 422)],
)
def test_a_channel_takes_no_yes_for_another_one(small: Shop, topic: str, given: bool, status: int) -> None:
    assert small.says(topic, given)[0] == status


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"type": "org.polso.diary.stolen"}, "$[1].type"),
        ({"time": "yesterday"}, "$[1].time"),
        ({"time": "2025-10-09T08:00:00"}, "$[1].time"),
        ({"subject": ""}, "$[1].subject"),
        ({"subject": "a\0b"}, "$[1].subject"),
        ({"specversion": "0.3"}, "$[1].specversion"),
        ({"data": {"amount_minor": 2**60}}, "$[1].data.amount_minor"),
        ({"data": {"card": "4111"}}, "$[1].data"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_with_its_place_and_nothing_is_kept(
    small: Shop, changed: dict[str, Any], place: str
) -> None:
    status, told = small.asks("POST", "/v1/touches", [a_touch(), a_touch(id="t2", **changed)])
    assert status == 422
    assert f"`{place}`" in told["detail"] or place in told["detail"]
    assert small.book.entries() == ()


def test_a_batch_has_its_limits(small: Shop) -> None:
    assert small.asks("POST", "/v1/touches", [])[0] == 422
    assert small.asks("POST", "/v1/touches", [a_touch()] * (TOUCHES_MAX + 1))[0] == 422
    assert small.asks("POST", "/v1/touches", b"\xff{")[0] == 400
    assert small.asks("POST", "/v1/touches", [a_touch()], media=MEDIA_JSON)[0] == 400


# Who asks


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_that_is_not_in_its_list_is_closed_to_a_channel(
    small_store: Store, clock: Clockwork, route: Any
) -> None:
    others = frozenset(May) - {BY.get(route.name) or May(route.name)}
    shop = Shop(small_store, clock, msgspec.structs.replace(APP, routes=others))
    assert shop.asks(route.method, re.sub(r"{\w+}", GUEST, route.path), [])[0] == 403


@pytest.mark.parametrize(
    "stranger",
    [
        {"key": b"z" * 32},
        {"key_id": f"{SITE}.other.channel"},
        {"key_id": f"elsewhere.{APP.id}.channel"},
        {"key_id": f"{SITE}.{APP.id}.1"},
        {"sent": b"[]"},
    ],
)
def test_nobody_else_s_key_site_or_body_is_believed(small: Shop, stranger: dict[str, Any]) -> None:
    status, _ = small.asks("POST", "/v1/touches", [a_touch()], **stranger)
    assert (status, small.book.entries()) == (401, ())


def test_a_request_that_was_here_before_is_refused(small: Shop) -> None:
    keys = Keys(key_id=APP.key_id, private_key=PRIVATE_KEY)
    headers = {IDEMPOTENCY: "k", "Content-Type": MEDIA_EVENTS}
    body = json.dumps([a_touch()]).encode()
    signer = Signer(keys, small.clock, dialled=URL)
    asked = requests.Request("POST", f"{URL}/v1/touches", headers=headers, data=body, auth=signer).prepare()
    assert [small.sends(asked, "/v1/touches")[0] for _ in range(2)] == [200, 401]


def test_a_channel_that_is_closed_is_refused_and_its_name_is_never_another_s(small: Shop) -> None:
    with small.book.store.transaction() as tx:
        channels.close(tx, SITE, APP.id)
        with pytest.raises(Refused):
            channels.add(tx, APP)
        with pytest.raises(Unknown):
            channels.close(tx, SITE, "none")
    assert small.asks("POST", "/v1/touches", [a_touch()])[0] == 403


@pytest.mark.parametrize("wrong", [{"id": ""}, {"id": "a.b"}, {"id": "x" * 33}, {"public_key": b"short"}])
def test_a_channel_has_a_name_that_a_key_can_bear_and_a_key(small: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused), small.book.store.transaction() as tx:
        channels.add(tx, msgspec.structs.replace(APP, **{"id": "fine"} | wrong))


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_the_document_names_every_route_and_is_a_valid_one(small: Shop) -> None:
    from openapi_spec_validator import validate  # builds grammars for seconds

    told = json.loads(small.http.get(DOCUMENT).data)
    validate(told)
    assert {(method.upper(), path) for path, ways in told["paths"].items() for method in ways} == {
        (route.method, route.path) for route in ROUTES
    }
