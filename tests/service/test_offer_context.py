"""What a rule of an offer may ask at a kiosk: of visit, hours, orders, shelves, points and former offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.birthday import Near
from edge.core.birthday import as_word as near_word
from edge.core.calendar import day_of, local
from edge.core.catalogue import ARTICLE, Article
from edge.core.conditions import CONDITIONS, CROWD_GOOD_MS, WEATHER_GOOD_MS, Conditions
from edge.core.consent import Consent, Source
from edge.core.events import Kind
from edge.core.lease import LeaseKind
from edge.core.offers import Cap, Context, Period, Span, Why
from edge.core.offers.asked import Exposed, occasion_of
from edge.core.offers.bundle import OfferRule
from edge.core.offers.choose import choose
from edge.core.offers.context import AboutHistory, AboutOrders, AboutStock
from edge.core.orders import OLD_MS, ORDER, STOCK, Order, Ordered, OrderState, Stock
from edge.core.visits import Visits, as_word
from edge.service import standing_orders
from edge.service.standing_orders import ORDERS
from tests.builders import NOW_MS, ROME, a_layout, all_week
from tests.service.house import House, an_edge
from tests.service.offered import ALLOWS, a_fan, an_offer, budget, published, seen, took
from tests.service.purses import a_grant, granted

CUP = Article(id="cup", names={"it": "Tazza"}, price_minor=900, tax_permille=220)


GUEST = "guest-1"
DECLARES = (*ALLOWS, Consent(purpose="offers:demographic", turns=1, since_ms=5, source=Source.CONSOLE))


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        granted(house)
        budget(house)
        yield house


def asks(house: House, cel: str, band: bytes | None, *, version: int) -> Why | None:
    """Publish an offer with this rule, look at the kiosk, return why it is not shown; None: it is."""
    published(
        house, an_offer(rule="r"), version=version, rules=(OfferRule(id="r", version=1, cel=cel),)
    )  # fmt: skip
    seen(house, band)
    return next((one.why for one in exposed(house)[-1].choice.losers), None)


def context_of(house: House) -> Context:
    """Return what the journal keeps of the last choice."""
    return exposed(house)[-1].asked.context


def exposed(house: House) -> list[Exposed]:
    events = house.journal.of_kind(Kind.OFFERS_EXPOSED, 50)
    return [msgspec.msgpack.decode(one.body, type=Exposed) for one in reversed(events)]


def opens(house: House, **hours: str) -> None:
    """The points of these names keep hours from nine until so late."""
    points = tuple(
        msgspec.structs.replace(one, hours=all_week("09:00", hours[one.id]) if one.id in hours else None)
        for one in a_layout().points
    )
    house.tell(layout=a_layout(*points, version=50 + next(house.seqs)))


def test_an_offer_of_the_last_hour_is_made_in_the_last_hour_alone(edge: House) -> None:
    fan = a_fan(edge).band.id
    minute = local(ROME, NOW_MS).hour * 60 + local(ROME, NOW_MS).minute
    late, soon = f"{(minute + 61) // 60:02}:{(minute + 61) % 60:02}", "now.to_closing_min <= 60"
    assert asks(edge, soon, fan, version=1) is Why.MISSING_FIELD, "nobody wrote down any hours"
    opens(edge, kiosk=late)
    assert asks(edge, soon, fan, version=2) is Why.RULE_SAYS_NO
    edge.hands.forward(s=90)
    assert asks(edge, soon, fan, version=3) is None
    opens(edge, north=late)
    assert asks(edge, soon, fan, version=4) is None, "a kiosk without hours closes with its site"


def test_a_rule_knows_since_when_a_guest_is_in_a_zone_and_came_in(edge: House) -> None:
    fan = a_fan(edge).band.id
    assert asks(edge, "visit.dwell_min >= 20", fan, version=1) is Why.MISSING_FIELD, "not inside yet"
    edge.service.present(edge.tap())
    edge.hands.forward(s=19 * 60)
    assert asks(edge, "visit.dwell_min >= 20", fan, version=2) is Why.RULE_SAYS_NO
    edge.hands.forward(s=90)
    assert asks(edge, "visit.dwell_min >= 20 && visit.arrived_min_ago >= 20", fan, version=3) is None


def test_a_rule_knows_what_waits_for_a_guest(edge: House) -> None:
    fan = a_fan(edge).band.id
    order = Order(id="o-1", guest=GUEST, store="till", device="edge-1", lines=(Ordered(article="cup"),))
    assert asks(edge, "orders.open > 0", fan, version=1) is Why.RULE_SAYS_NO
    ready = msgspec.structs.replace(order, id="o-2", state=OrderState.READY)
    other = msgspec.structs.replace(ready, id="o-3", guest="guest-2")
    over = msgspec.structs.replace(ready, id="o-4", state=OrderState.EXPIRED)
    edge.publish(*((ORDER, one.id, one) for one in (order, ready, other, over)))
    assert asks(edge, "orders.open == 2 && orders.ready == 1", fan, version=2) is None


@pytest.mark.parametrize(
    ("on_hand", "age_ms", "rule"),
    [
        (9, 0, '"cup" in stock.in_stock'),
        (2, 0, '"cup" in stock.last_pieces && !("cup" in stock.in_stock)'),
        (0, 0, '"cup" in stock.out'),
        (2, OLD_MS + 1, '"cup" in stock.call_us && !("cup" in stock.in_stock)'),
    ],
)
def test_a_rule_knows_how_an_article_is_to_be_had(edge: House, on_hand: int, age_ms: int, rule: str) -> None:
    """Of a figure that is old somebody must be asked."""
    stock = Stock(article="cup", store="till", device="edge-1", on_hand=on_hand, at_ms=NOW_MS - age_ms)
    empty = Stock(article="cup", store="town", device="", on_hand=0, at_ms=NOW_MS)
    edge.publish((ARTICLE, "cup", CUP), (STOCK, "cup/till", stock), (STOCK, "cup/town", empty))
    assert asks(edge, rule, a_fan(edge).band.id, version=1) is None


def test_what_was_counted_long_ago_ends_no_offer_of_it(edge: House) -> None:
    """Else a line that is cut for half an hour would end offers one after the other."""
    old = Stock(article="cup", store="till", device="edge-1", on_hand=2, at_ms=NOW_MS - OLD_MS - 1)
    edge.publish((ARTICLE, "cup", CUP), (STOCK, "cup/till", old))
    published(edge, an_offer(needs=("cup",)))
    seen(edge, a_fan(edge).band.id)
    assert exposed(edge)[-1].choice.tiles
    assert context_of(edge).stock.call_us == ("cup",)


def test_a_rule_knows_how_often_a_guest_came_and_counts_today_once(edge: House) -> None:
    today = day_of(ROME, 0, NOW_MS)
    assert asks(edge, "guest.visits >= 0", a_fan(edge).band.id, version=1) is Why.MISSING_FIELD, "nobody said"
    fan = a_fan(edge, tags=(as_word(Visits(4, today - 3)),)).band.id
    assert asks(edge, "guest.visits == 4 && !guest.first_visit", fan, version=2) is None
    edge.service.present(edge.tap())
    assert asks(edge, "guest.visits == 5", fan, version=3) is None
    fan = a_fan(edge, tags=(as_word(Visits(5, today)),)).band.id
    assert asks(edge, "guest.visits == 5", fan, version=4) is None, "central knows of this day, too"
    fan = a_fan(edge, tags=(as_word(Visits()),)).band.id
    assert asks(edge, "guest.visits == 1 && guest.first_visit", fan, version=5) is None
    fan = a_fan(edge, tags=(as_word(Visits(7, today - 365)),)).band.id
    assert asks(edge, "guest.visits == 1 && guest.first_visit", fan, version=6) is None, "as central counts"


def test_a_rule_knows_that_it_is_a_guests_birthday_on_the_day_of_the_word_alone(edge: House) -> None:
    today, rule = day_of(ROME, 0, NOW_MS), "guest.birthday == 'today'"
    assert asks(edge, rule, a_fan(edge, consents=DECLARES).band.id, version=1) is Why.MISSING_FIELD
    fan = a_fan(edge, consents=DECLARES, tags=(near_word(Near.TODAY, today),)).band.id
    assert asks(edge, rule, fan, version=2) is None
    assert context_of(edge).guest.birthday == "today"
    fan = a_fan(edge, consents=DECLARES, tags=(near_word(Near.TODAY, today - 1),)).band.id
    assert asks(edge, rule, fan, version=3) is Why.MISSING_FIELD, "a device that is cut off says nothing"


@pytest.mark.parametrize("changed", [{"consents": ALLOWS}, {"age_band": "8-11"}])
def test_a_birthday_is_not_asked_of_who_does_not_let_it_choose_nor_of_a_child(
    edge: House, changed: dict[str, object]
) -> None:
    word = near_word(Near.TODAY, day_of(ROME, 0, NOW_MS))
    fan = a_fan(edge, **({"consents": DECLARES, "tags": (word,)} | changed)).band.id  # type: ignore[arg-type]  # fields by name
    assert asks(edge, "guest.birthday == 'today'", fan, version=1) is not None
    assert context_of(edge).guest.birthday is None, "nor is it written down"


def test_a_guest_sees_that_a_birthday_is_known_and_not_in_which_word(edge: House) -> None:
    a_fan(edge, tags=("vip", near_word(Near.WEEK, 1)))
    tap = edge.service.present(edge.tap(reader="reader-kiosk")).tap_id
    known = edge.service.what_you_know(tap, "kiosk")
    assert (known.birthday, known.tags) == (True, ("vip",))


def test_how_often_a_guest_came_is_not_asked_of_who_does_not_let_it_choose(edge: House) -> None:
    closed = tuple(one for one in ALLOWS if one.purpose != "offers:behaviour")
    fan = a_fan(edge, tags=(as_word(Visits(4, 1)),), consents=closed).band.id
    assert asks(edge, "guest.visits == 4", fan, version=1) is Why.MISSING_FIELD
    assert context_of(edge).guest.visits is None, "nor is it written down"


def test_a_rule_knows_weather_and_crowd_while_somebodys_word_of_it_is_good(edge: House) -> None:
    fan, rule = a_fan(edge).band.id, "site.weather == 'rain' && site.crowd == 'low'"
    assert asks(edge, rule, fan, version=1) is Why.MISSING_FIELD, "nobody told"
    told = Conditions(weather="rain", weather_ms=NOW_MS, crowd="low", crowd_ms=NOW_MS)
    edge.publish((CONDITIONS, "", told))
    assert asks(edge, rule, fan, version=2) is None
    edge.hands.forward(s=CROWD_GOOD_MS // 1_000 + 1)
    assert asks(edge, rule, fan, version=3) is Why.MISSING_FIELD, "too old: nobody knows"
    assert asks(edge, "site.weather == 'rain'", fan, version=4) is None
    edge.hands.forward(s=WEATHER_GOOD_MS // 1_000)
    assert asks(edge, "site.weather == 'rain'", fan, version=5) is Why.MISSING_FIELD


def test_a_screen_chooses_anew_when_the_weather_turns_and_when_its_word_is_too_old(edge: House) -> None:
    wet, once = OfferRule(id="wet", version=1, cel="site.weather == 'rain'"), Cap(span=Span.SESSION, most=1)
    offers = (
        an_offer("umbrella", budget=None, public=True, rule="wet"),
        an_offer("once", budget=None, caps=(once,)),
    )
    published(edge, *offers, rules=(wet,))
    fan = a_fan(edge).band.id

    def shows(band: bytes | None) -> set[str]:
        return {tile.offer for tile in seen(edge, band).tiles}

    assert (shows(None), shows(fan)) == (set(), {"once"})
    edge.publish((CONDITIONS, "", Conditions(weather="rain", weather_ms=NOW_MS)))
    assert shows(None) == {"umbrella"}, "nobody stands there, and the day goes on"
    assert shows(fan) == {"umbrella"}, "it is the session of before: what may be shown once was"
    edge.hands.forward(s=WEATHER_GOOD_MS // 1_000 + 1)
    assert shows(None) == set()


def test_a_screen_chooses_anew_when_an_hour_begins_and_when_it_is_over(edge: House) -> None:
    """An offer with hours of its own, and one whose rule asks the clock, at a screen where nobody stands."""
    wall = local(ROME, NOW_MS)
    minute = wall.hour * 60 + wall.minute
    late = OfferRule(id="late", version=1, cel=f"now.minute >= {minute + 20}")
    noon = Period(from_min=minute + 10, until_min=minute + 30)
    offers = (
        an_offer("noon", budget=None, public=True, period=noon),
        an_offer("late", budget=None, public=True, rule="late"),
        an_offer("ever", budget=None, public=True),
    )
    published(edge, *offers, rules=(late,))
    shown = []
    for _ in range(8):
        shown.append({tile.offer for tile in seen(edge, None).tiles} - {"ever"})
        edge.hands.forward(s=300)
    assert shown == [set()] * 2 + [{"noon"}] * 2 + [{"noon", "late"}] * 2 + [{"late"}] * 2
    assert len(exposed(edge)) == 4, "and no sooner than it matters"


def test_points_that_lie_here_are_known_and_none_are_no_nought(edge: House) -> None:
    fan = a_fan(edge).band.id
    assert asks(edge, "guest.points >= 0", fan, version=1) is Why.MISSING_FIELD
    grant = a_grant(120, kind=LeaseKind.POINTS.value, unit="piece", lease="points", ttl_s=30 * 86_400)
    granted(edge, grant)
    assert asks(edge, "guest.points == 120", fan, version=2) is None


def test_what_was_shown_and_taken_before_is_known_of_who_lets_it_choose(edge: House) -> None:
    fan = a_fan(edge).band.id
    published(edge)
    took(edge, fan)
    assert asks(edge, '"shown:soup-less" in history.codes', fan, version=2) is None
    closed = tuple(one for one in ALLOWS if one.purpose != "offers:behaviour")
    a_fan(edge, consents=closed)
    assert asks(edge, '"shown:soup-less" in history.codes', fan, version=3) is Why.MISSING_FIELD
    assert context_of(edge).history.codes is None, "nor is it written down"


def test_of_a_stranger_nothing_is_known_but_the_hours_and_the_shelves(edge: House) -> None:
    opens(edge, kiosk="23:59")
    published(edge, an_offer(public=True, needs=("soup",)))
    seen(edge, None)
    context = context_of(edge)
    assert context.now.to_closing_min is not None
    assert context.stock.in_stock == ("soup",)
    empty = Context()
    assert (context.guest, context.visit, context.orders, context.history) == (
        empty.guest, empty.visit, empty.orders, empty.history,
    )  # fmt: skip


def test_a_choice_by_all_of_this_comes_out_equal_when_it_is_made_again(edge: House) -> None:
    fan = a_fan(edge).band.id
    edge.service.present(edge.tap())
    opens(edge, kiosk="23:59")
    bundle = published(edge)
    took(edge, fan)
    told = exposed(edge)[-1]
    again = choose(occasion_of(told.asked, bundle, {}, timezone=ROME))
    assert again == told.choice
    assert told.asked.context.visit.dwell_min == 0


EVERYTHING = (
    '"cup" in stock.in_stock && orders.open == 3 && orders.ready == 0 && "shown:soup-less" in history.codes'
)


@pytest.fixture
def decoded(edge: House, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Orders that this device keeps as they are decoded, three of them, beside nine cups."""
    for n in range(3):
        order = Order(
            id=f"o-{n}", guest=GUEST, store="till", device="edge-1", lines=(Ordered(article="cup"),)
        )
        edge.sequencer.submit(lambda tx, one=order: tx.put(ORDERS, one.id, msgspec.msgpack.encode(one)))
    stock = Stock(article="cup", store="till", device="edge-1", on_hand=9, at_ms=NOW_MS)
    edge.publish((ARTICLE, "cup", CUP), (STOCK, "cup/till", stock))
    read: list[bytes] = []
    decode = msgspec.msgpack.Decoder(Order).decode

    def counted(body: bytes) -> Order:
        read.append(body)
        return decode(body)

    monkeypatch.setattr(standing_orders, "_DECODE", counted)
    return read


def test_what_no_rule_names_is_not_found_out_and_not_written_down(edge: House, decoded: list[bytes]) -> None:
    """A choice is made at each tap inside the one sequence of a device: a site's shelves are long."""
    fan = a_fan(edge).band.id
    published(edge)
    took(edge, fan)
    decoded.clear()
    assert asks(edge, 'guest.language != "xx" || point.id != ""', fan, version=2) is not Why.RULE_SAYS_NO
    context = context_of(edge)
    assert (context.stock, context.orders, context.history) == (AboutStock(), AboutOrders(), AboutHistory())
    assert decoded == []


def test_all_that_a_rule_names_is_found_out_at_one_reading(edge: House, decoded: list[bytes]) -> None:
    fan = a_fan(edge).band.id
    published(edge)
    took(edge, fan)
    decoded.clear()
    assert asks(edge, EVERYTHING, fan, version=2) is None
    assert len(decoded) == 3
    assert context_of(edge).stock.in_stock == ("cake", "cup", "soup")


@pytest.mark.parametrize("cel", ["has(orders.open)", "!has(orders.open) || orders.open == 3"])
def test_whether_something_is_known_is_asked_of_it_too(edge: House, decoded: list[bytes], cel: str) -> None:
    assert asks(edge, cel, a_fan(edge).band.id, version=1) is None
    assert context_of(edge).orders.open == 3


def test_of_shelves_only_those_that_an_offer_needs_are_looked_at(edge: House, decoded: list[bytes]) -> None:
    fan = a_fan(edge).band.id
    published(edge, an_offer(needs=("soup",)))
    seen(edge, fan)
    assert exposed(edge)[-1].choice.tiles
    assert context_of(edge).stock == AboutStock(in_stock=("soup",), last_pieces=(), call_us=(), out=())
    assert decoded == [], "nobody counts soups"
