"""Threat row 8: what central tells and no reader can use stays out on arrival, beside what is good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.catalogue import ARTICLE, GROUP, Article, Group
from edge.core.entitlements import Product
from edge.core.money import Money
from edge.core.offers.anew import COUPON_ASK, CouponAsk
from edge.core.offers.elsewhere import OFFER_TIMES
from edge.core.orders import ORDER, STOCK, Order, Ordered, Stock
from edge.core.profiles import Cursor, Item, Profile, ProfileItem, RemarkKey, StaffMember
from edge.core.slots import SLOT, Slot
from edge.published import HEAD, PART, Head, Part
from edge.store.profiles import Profiles
from sync.client import sifting
from sync.client.pulling import Puller
from sync.wire import COUNTER, COUNTER_MAX, ITEM_BYTES_MAX, REMARKS, USES, WHEREABOUTS, Page
from tests import builders
from tests.store.test_profiles import VAULT
from tests.sync.paper import SENDER, Paper, Script

BAND = bytes(range(16))
ENORMOUS = 2**63
AT_MS = 1_784_102_400_000
LAYOUT = msgspec.structs.replace(builders.a_layout(), site=SENDER.site)
COLA = Article(id="cola", price_minor=300, names={"en": "Cola"})
SLIDE = Slot(point="slide", product="day", start_ms=AT_MS, end_ms=AT_MS + 1)
PARCEL = Order(id="o1", guest="g1", store="shop", device="edge-1", lines=(Ordered(article="cola"),))
COUNT = Stock(article="cola", store="shop", device="edge-1", on_hand=3, at_ms=AT_MS)
ADA = StaffMember(id="ada", name="Ada", roles=("gate",))
ZOE = ProfileItem(profile=Profile(band=Band(id=BAND), rev=1, guest="g1", name="Zoë"))
BUNDLE = Head(site=SENDER.site, version=2, digest=b"d" * 32, parts=1)
GOOD: dict[str, tuple[str, object]] = {
    "profile": (BAND.hex(), ZOE),
    "layout": ("", LAYOUT),
    "staff": ("ada", ADA),
    REMARKS: ("", RemarkKey(owner="s:park", public=b"k" * 32)),
    ARTICLE: ("cola", COLA),
    GROUP: ("drinks", Group(id="drinks")),
    SLOT: (SLIDE.key, SLIDE),
    ORDER: ("o1", PARCEL),
    STOCK: ("cola/shop", COUNT),
    HEAD: ("0", BUNDLE),
    PART: ("0/0", Part(slot=0, number=0, octets=b"piece")),
}
"""One good thing of each kind that is kept among the profiles, under its key."""


def changed(kind: str, **changes: Any) -> bytes:
    """The good thing of a kind, but for this."""
    return msgspec.msgpack.encode(msgspec.to_builtins(GOOD[kind][1], builtin_types=(bytes,)) | changes)


def deep(levels: int = 3_000) -> bytes:
    """Arrays within each other, as an unknown field of whatever it is."""
    return b"\x81\xa4deep" + b"\x91" * levels + b"\xc0"


def of_product(**changes: Any) -> bytes:
    product = msgspec.structs.replace(Product(id="day"), **changes)
    return msgspec.msgpack.encode(msgspec.structs.replace(LAYOUT, products=(product, *LAYOUT.products)))


FOR_ALL: dict[str, bytes] = {
    "garbage": b"\xc1",
    "another type": msgspec.msgpack.encode("a word"),
    "too deep": deep(),
    "too long": b"\xc6" + (ITEM_BYTES_MAX).to_bytes(4, "big") + bytes(ITEM_BYTES_MAX),
    "bad UTF-8": b"\x81\xa2id\xa1\xff",
}
HOSTILE: dict[tuple[str, str], bytes] = {
    ("profile", "enormous"): changed("profile", profile={"band": {"id": BAND}, "rev": ENORMOUS}),
    ("profile", "negative"): changed("profile", profile={"band": {"id": BAND}, "rev": 1, "height_cm": -1}),
    ("profile", "another's"): changed("profile", profile={"band": {"id": BAND[::-1]}, "rev": 1}),
    ("layout", "another site's"): changed("layout", site="elsewhere"),
    ("layout", "no such zone of time"): changed("layout", timezone="../../etc/passwd"),
    ("layout", "foreign currency"): changed("layout", currency="USD"),
    ("layout", "a product in foreign currency"): of_product(id="night", price=Money(100, "USD")),
    ("layout", "two of one name"): of_product(),
    ("layout", "negative"): changed("layout", day_starts_min=-1),
    ("layout", "enormous"): changed("layout", version=ENORMOUS),
    ("staff", "another's"): changed("staff", id="grace"),
    (REMARKS, "a short key"): changed(REMARKS, public=b"k"),
    (ARTICLE, "another's"): changed(ARTICLE, id="beer"),
    (ARTICLE, "enormous price"): changed(ARTICLE, price_minor=10**9),
    (ARTICLE, "a price of words"): changed(ARTICLE, price_minor="3.00"),
    (ARTICLE, "negative tax"): changed(ARTICLE, tax_permille=-1),
    (ARTICLE, "enormous tax"): changed(ARTICLE, tax_permille=5_000),
    (ARTICLE, "enormous age"): changed(ARTICLE, age_min=1_000),
    (ARTICLE, "too many codes"): changed(ARTICLE, codes=["1"] * 9),
    (ARTICLE, "a code too long"): changed(ARTICLE, codes=["1" * 65]),
    (ARTICLE, "its own deposit"): changed(ARTICLE, deposit="cola"),
    (ARTICLE, "a delivery before itself"): changed(
        ARTICLE, delivery={"first": "2040-12-05", "last": "2040-12-01"}
    ),
    (ARTICLE, "a delivery of words"): changed(ARTICLE, delivery={"first": "soon", "last": "later"}),
    (GROUP, "another's"): changed(GROUP, id="food"),
    (GROUP, "enormous place"): changed(GROUP, position=ENORMOUS),
    (SLOT, "another's"): changed(SLOT, point="ride"),
    (SLOT, "before it begins"): changed(SLOT, end_ms=AT_MS),
    (SLOT, "negative share"): changed(SLOT, shares={"edge-1": -5}),
    (SLOT, "enormous share"): changed(SLOT, shares={"edge-1": ENORMOUS}),
    (SLOT, "more than there is room for"): changed(SLOT, capacity_max=1, gates={"a": 1, "b": 1}),
    (SLOT, "after the calendar"): changed(SLOT, end_ms=10**15),
    (ORDER, "another's"): changed(ORDER, id="o2"),
    (ORDER, "nothing of it"): changed(ORDER, lines=[{"article": "cola", "quantity": 0}]),
    (ORDER, "a negative line"): changed(ORDER, lines=[{"article": "cola", "quantity": -3}]),
    (STOCK, "another's"): changed(STOCK, store="depot"),
    (STOCK, "negative"): changed(STOCK, reserved=-1),
    (STOCK, "enormous"): changed(STOCK, on_hand=ENORMOUS),
    (HEAD, "another's"): msgspec.msgpack.encode(msgspec.structs.replace(BUNDLE, version=3)),
    (HEAD, "of no parts"): msgspec.msgpack.encode(msgspec.structs.replace(BUNDLE, parts=0)),
    (HEAD, "of enormous parts"): msgspec.msgpack.encode(msgspec.structs.replace(BUNDLE, parts=10**9)),
    (PART, "of no place"): msgspec.msgpack.encode(Part(slot=9, number=0, octets=b"")),
    (PART, "of no number"): msgspec.msgpack.encode(Part(slot=0, number=10**9, octets=b"")),
    **{(kind, why): body for kind in GOOD for why, body in FOR_ALL.items()},
}
BESIDE: dict[tuple[str, str], bytes] = {
    (COUNTER, "enormous"): msgspec.msgpack.encode(COUNTER_MAX + 1),
    (COUNTER, "negative"): msgspec.msgpack.encode(-1),
    (USES, "of another right"): msgspec.msgpack.encode([{"entitlement": "other"}]),
    (WHEREABOUTS, "a word"): msgspec.msgpack.encode("here"),
    (OFFER_TIMES, "a word"): msgspec.msgpack.encode("often"),
    (COUPON_ASK, "a word"): msgspec.msgpack.encode("void it"),
    (COUPON_ASK, "under another name"): msgspec.msgpack.encode(
        CouponAsk(id="other", exposure="e.0", home="edge-1", to="edge-1", case="C")
    ),
    **{(kind, why): body for kind in (COUNTER, USES, WHEREABOUTS) for why, body in FOR_ALL.items()},
}
"""What goes into the sequencer's store instead."""


@pytest.fixture
def profiles(tmp_path: Path) -> Iterator[Profiles]:
    opened = Profiles(tmp_path, VAULT)
    opened.apply([], Cursor(5, 10))
    yield opened
    opened.close()


def a_puller(profiles: Profiles, *pages: Page) -> Puller:
    line: Any = Script(*pages)
    return Puller(SENDER, ports=replace(Paper().ports(), profiles=profiles), line=line)


def good_items(first: int) -> list[Item]:
    return [
        Item(kind=kind, key=key, version=first + place, body=msgspec.msgpack.encode(told))
        for place, (kind, (key, told)) in enumerate(GOOD.items())
    ]


def a_page(*items: Item, after: int = 10) -> Page:
    to = items[-1].version
    return Page(site=SENDER.site, epoch=5, after=after, to=to, head=to, time_ms=1, items=items)


def read_all(profiles: Profiles) -> list[object]:
    """Everything that the edge ever reads of what it was told."""
    return [
        profiles.get(BAND),
        profiles.layout(),
        profiles.staff(),
        profiles.remark_key(),
        profiles.catalogue().articles,
        profiles.catalogue().groups,
        profiles.goods.timetable().slots,
        profiles.goods.orders(),
        profiles.goods.stock(),
        profiles.goods.conditions(),
        profiles.bundles(),
    ]


def after(profiles: Profiles, *items: Item) -> tuple[list[object], str]:
    """What is read after these were told, and what the operator is told."""
    puller = a_puller(profiles, a_page(*items))
    puller.pull(0)
    return read_all(profiles), puller.held_back


@pytest.fixture
def told(profiles: Profiles) -> list[object]:
    """What is read where only good things were told."""
    found, words = after(profiles, *good_items(11))
    assert all(found)
    assert words == ""
    return found


EACH = HOSTILE | BESIDE


@pytest.mark.parametrize(("kind", "why"), EACH, ids=[" ".join(one) for one in EACH])
def test_what_cannot_be_used_stays_out_and_what_is_good_beside_it_is_taken(
    profiles: Profiles, told: list[object], kind: str, why: str
) -> None:
    key = GOOD[kind][0] if kind in GOOD else BAND.hex()
    last = profiles.cursor().seq
    bad = Item(kind=kind, key=key, version=last + 1, body=EACH[kind, why])
    good = Item(kind=ARTICLE, key="tea", version=last + 2, body=msgspec.msgpack.encode(Article(id="tea")))
    puller = a_puller(profiles, a_page(bad, good, after=last))

    puller.pull(0)

    found = read_all(profiles)
    assert found[:4] + found[5:] == told[:4] + told[5:], "the older one stays in force"
    assert [one.id for one in profiles.catalogue().articles] == ["cola", "tea"]
    assert profiles.cursor() == Cursor(5, last + 2), "and is no reason to stand still"
    assert list(profiles.unread().faults) == [f"{kind} {key}"]
    assert puller.held_back.startswith(f"1 of the things it told make no sense here, as {kind} {key}: ")


@pytest.mark.parametrize("kind", sorted({*GOOD} - {"profile"}))
def test_the_control_without_the_sieve_later_reads_raise(
    profiles: Profiles, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sifting, "fault_of", lambda *_, **__: "")
    bad = Item(kind=kind, key=GOOD[kind][0], version=11, body=FOR_ALL["another type"])
    with pytest.raises(msgspec.MsgspecError):
        after(profiles, bad)


def test_what_is_mended_or_taken_back_is_not_complained_of_any_more(profiles: Profiles) -> None:
    bad = [Item(kind=kind, key=key, version=11, body=b"\xc1") for kind, (key, _) in GOOD.items()]
    mended = good_items(12)
    gone = msgspec.structs.replace(mended[-1], body=None)
    puller = a_puller(profiles, a_page(*bad), a_page(*mended[:-1], gone, after=11))
    puller.pull(0)
    assert len(profiles.unread().faults) == len(GOOD)
    assert puller.held_back.startswith(f"{len(GOOD)} of the things")
    puller.pull(0)
    assert profiles.unread().count == 0
    assert puller.held_back == ""


def test_a_start_asks_again_for_what_an_older_release_could_not_read(profiles: Profiles) -> None:
    bad = Item(kind=STOCK, key="cola/shop", version=14, body=b"\xc1")
    good = Item(kind=ARTICLE, key="tea", version=15, body=msgspec.msgpack.encode(Article(id="tea")))
    a_puller(profiles, a_page(bad, good)).pull(0)
    same = msgspec.structs.replace(bad, body=msgspec.msgpack.encode(COUNT))
    started = a_puller(profiles, a_page(same, good, after=13))
    assert "stock cola/shop" in started.held_back, "known before anything is asked"
    started.pull(0)
    assert profiles.goods.stock() == (COUNT,)
    assert (profiles.cursor(), profiles.unread().count) == (Cursor(5, 15), 0)


def test_central_cannot_say_itself_that_something_was_refused(profiles: Profiles) -> None:
    lie = Item(kind="unread", key="", version=11, body=b"\xc1")
    a_puller(profiles, a_page(lie)).pull(0)
    assert (profiles.unread().count, profiles.cursor()) == (0, Cursor(5, 11))
