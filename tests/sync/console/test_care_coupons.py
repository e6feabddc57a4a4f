"""Care has a coupon made anew at the console: asked, shown as it stands, withdrawn, made good, printed."""

from __future__ import annotations

import pytest

from edge.core.events import Kind
from edge.core.offers.anew import Became
from sync.central.care import anew, cases
from sync.central.care.anew import State
from sync.central.console import acts
from sync.central.console.operators import Role
from sync.central.machines import devices
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.care.anew import OLD, Counter
from tests.sync.console.careful import CARE
from tests.sync.console.desk import Browser, a_browser, an_operator


@pytest.fixture
def counter(small_store: Store) -> Counter:
    made = Counter(small_store)
    an_operator(small_store, "carla", Role.CARE)
    an_operator(small_store, "mara", Role.MARKETER)
    return made


@pytest.fixture
def carla(counter: Counter) -> Browser:
    return a_browser(counter.store, "carla")


@pytest.fixture
def case(counter: Counter) -> str:
    return counter.case().id


def asks(carla: Browser, counter: Counter, case: str, **said: str) -> int:
    form = {"op": "a-1", "coupon": OLD, "good_at": counter.shop.id} | said
    return carla.post(f"{CARE}/{case}/anew", **form).status_code


def noted(counter: Counter) -> list[str]:
    with counter.store.reading() as tx:
        return [one.what for one in acts.acts(tx) if one.what.startswith("coupon")]


def test_a_coupon_is_asked_for_once_and_its_case_shows_it_waiting_and_then_made(
    counter: Counter, carla: Browser, case: str
) -> None:
    assert "Sconto soup-less · gate" in carla.says(f"{CARE}/{case}/anew")
    for _ in range(2):
        assert asks(carla, counter, case) == 303
    assert "Its device has not answered yet" in carla.says(f"{CARE}/{case}")
    assert carla.get(f"{CARE}/{case}/anew/a-1").status_code == 422
    counter.answers()
    page = carla.says(f"{CARE}/{case}")
    assert "Made anew shop" in page
    assert "A coupon to be made anew" in page, "the guest's diary stands beside it"
    paper = carla.get(f"{CARE}/{case}/anew/a-1").text
    assert "Good once, at shop · until 2099-06-30" in " ".join(paper.split())
    assert paper.count("<path d=") == 1
    assert noted(counter) == ["coupon_asked"]


def test_what_was_used_says_where_and_when(counter: Counter, carla: Browser, case: str) -> None:
    asks(carla, counter, case)
    counter.answers(Became.USED, point="bar", at_ms=NOW_MS)
    page = carla.says(f"{CARE}/{case}")
    assert "It was used" in page
    assert "bar 2025-10-09" in page


def test_an_ask_that_waits_is_withdrawn_once_and_another_cases_is_not_found(
    counter: Counter, carla: Browser, case: str
) -> None:
    asks(carla, counter, case)
    other = counter.case("c-2").id
    assert carla.post(f"{CARE}/{other}/anew/a-1/back").status_code == 404
    for _ in range(2):
        assert carla.post(f"{CARE}/{case}/anew/a-1/back").status_code == 303
    assert "Withdrawn" in carla.says(f"{CARE}/{case}")
    assert noted(counter).count("coupon_ask_taken_back") == 1
    assert carla.post(f"{CARE}/{case}/anew/a-1/instead", op="g", amount="1.00").status_code == 422


def test_goodwill_takes_its_place_within_the_limit_and_above_it_another_person_is_asked(
    counter: Counter, carla: Browser, case: str
) -> None:
    with counter.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=300))
    asks(carla, counter, case)
    assert 'value="3.00"' in carla.get(f"{CARE}/{case}/anew/a-1/instead").text
    for _ in range(2):
        assert carla.post(f"{CARE}/{case}/anew/a-1/instead", op="g", amount="2.00").status_code == 303
    with counter.store.reading() as tx:
        assert cases.must_find(tx, SITE, case).given_minor == 200
    counter.took("e-2.0")
    asks(carla, counter, case, op="a-2", coupon="e-2.0")
    assert carla.post(f"{CARE}/{case}/anew/a-2/instead", op="h", amount="2.00").status_code == 303
    with counter.store.reading() as tx:
        assert cases.must_find(tx, SITE, case).given_minor == 200, "the limit is of all goodwill"
        told = [one.word for one in cases.steps_of(tx, SITE, case)]
    assert told[-2:] == ["topup_asked", "coupon_made_good"]
    assert "Goodwill in its place" in carla.says(f"{CARE}/{case}")


def test_a_home_that_is_gone_for_good_is_said_and_is_not_asked(
    counter: Counter, carla: Browser, case: str
) -> None:
    asks(carla, counter, case)
    counter.took("e-2.0")
    with counter.store.transaction() as tx:
        devices.revoke(tx, SITE, counter.home.id)
    assert "gone for good" in carla.says(f"{CARE}/{case}")
    assert asks(carla, counter, case, op="a-2", coupon="e-2.0") == 422


def test_a_case_of_nobody_known_offers_what_its_receipt_brought(counter: Counter, carla: Browser) -> None:
    counter.took("e-paper.0", guest=None, op_id="op-till-1")
    case = counter.case("c-3", guest="", ref="op-till-1").id
    assert f"{case}/anew" in carla.get(f"{CARE}/{case}").text
    assert asks(carla, counter, case, coupon="e-paper.0") == 303
    assert asks(carla, counter, case, op="a-2", coupon=OLD) == 422, "it is somebody else's"
    counter.answers()
    with counter.store.reading() as tx:
        assert anew.must_find(tx, SITE, "a-1").state is State.ISSUED
    assert carla.get(f"{CARE}/{case}/anew/a-1").status_code == 200


def test_a_marketer_sees_and_asks_nothing(counter: Counter, carla: Browser, case: str) -> None:
    asks(carla, counter, case)
    counter.answers()
    mara = a_browser(counter.store, "mara")
    for way in ("", "/a-1", "/a-1/instead"):
        assert mara.get(f"{CARE}/{case}/anew{way}").status_code == 403
    assert mara.post(f"{CARE}/{case}/anew/a-1/back").status_code == 403
    assert counter.must().state is State.ISSUED


def test_what_was_declined_is_offered_to_nobody(counter: Counter, carla: Browser, case: str) -> None:
    counter.took(kind=Kind.OFFER_DECLINED)
    assert OLD not in carla.get(f"{CARE}/{case}/anew").text
