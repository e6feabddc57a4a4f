"""A family's page: its head sees every purchase and allows less by the band, more only with the PIN."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from edge.core.lease import Limits
from edge.run.keys import guest_pin_hash, guest_pin_matches
from sync.central import doors
from sync.central.app import create_app
from sync.central.console.acts import Act, act_table, record
from sync.central.console.guard import form_token
from sync.central.own.cookie import COOKIE
from sync.central.own.deciding import TRIES_MAX, TRIES_MS
from sync.central.own.family import BOUGHT_MAX, allows_more
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settings import Settings
from sync.central.store import Store, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import ORIGIN, words_of
from tests.sync.money.tills import a_park, a_till, a_wallet

PIN = "7193"
LEO = Member(guest="leo", wallet="w1", limits=Limits(tap_minor_max=500, day_minor_max=1_000))


def matches(site_key: bytes, wallet: str, pin: str, /, *, hashed: str) -> bool:
    """What `polso central` brings takes a tenth of a second a PIN."""
    return hashed == f"{len(site_key)} {wallet} {pin}"


class Phone:
    """The browser of somebody whose band was just read."""

    def __init__(self, store: Store, guest: str = "anna") -> None:
        app = create_app(store, Settings(guest_pin_matches=matches))
        self.client: FlaskClient = app.test_client()
        with store.transaction() as tx:
            link = doors.invite(tx, SITE, guest, by="carla")
        self.post("/enter", key=link)

    def post(self, path: str, **form: str) -> TestResponse:
        cookie = self.client.get_cookie(COOKIE)
        sent = MultiDict({"token": form_token(cookie.value if cookie else ""), **form})
        return self.client.post(f"/own{path}", data=sent, headers=ORIGIN)

    def says(self, path: str = "/family") -> str:
        return words_of(self.client.get(f"/own{path}"))

    def leo(self, **form: str) -> TestResponse:
        return self.post("/family", **{"guest": "leo", "tap_max": "5.00", "day_max": "10.00"} | form)


@pytest.fixture
def family(small_store: Store) -> Store:
    """Anna heads the wallet, Leo pays from it within limits; it has a PIN."""
    a_park(small_store)
    a_wallet(small_store, guest="anna", pin_hash=f"32 w1 {PIN}")
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="leo", name="Leo"), Guest(id="eve")])
        members.join(tx, SITE, LEO)
        wallets.create(tx, SITE, Wallet(id="w2", currency="EUR"))
        members.join(tx, SITE, Member(guest="eve", wallet="w2"))
    return small_store


def leo(store: Store) -> Member:
    with store.reading() as tx:
        return members.members_by_guest(tx, SITE, ["leo"])["leo"]


def limits(store: Store) -> tuple[int | None, int | None]:
    return leo(store).limits.tap_minor_max, leo(store).limits.day_minor_max


def test_less_than_before_takes_the_band_alone(family: Store) -> None:
    phone = Phone(family)
    assert "Leo" in phone.says()
    assert phone.leo(tap_max="4.00", day_max="8,00").status_code == 303
    assert limits(family) == (400, 800)
    assert phone.leo(tap_max="4", day_max="8", no_charge="yes", closed="yes").status_code == 303
    assert (leo(family).no_charge, leo(family).blocked) == (True, True)
    with family.reading() as tx:
        found = tx.execute(
            select(act_table.c.what, act_table.c.target, act_table.c.before, act_table.c.after)
        )
        told = [tuple(row) for row in found if row.what == "own_member_changed"]
    assert told == [
        ("own_member_changed", "leo", "tap_max=5.00 day_max=10.00", "tap_max=4.00 day_max=8.00"),
        (
            *("own_member_changed", "leo", "tap_max=4.00 day_max=8.00"),
            "tap_max=4.00 day_max=8.00 no_charge=True closed=True",
        ),
    ]


@pytest.mark.parametrize("more", [{"tap_max": "5.01"}, {"day_max": ""}, {"day_max": "11"}])
def test_more_than_before_takes_the_pin_as_well(family: Store, more: dict[str, str]) -> None:
    phone = Phone(family)
    assert "That allows more than before" in words_of(phone.leo(**more))
    assert phone.leo(**more, pin="0000").status_code == 422
    assert limits(family) == (500, 1_000)
    assert phone.leo(**more, pin=PIN).status_code == 303
    assert limits(family) != (500, 1_000)


@pytest.mark.parametrize("closed", ["no_charge", "closed"])
def test_a_band_is_opened_again_by_the_pin_alone(family: Store, closed: str) -> None:
    phone = Phone(family)
    phone.leo(**{closed: "yes"})
    assert phone.leo().status_code == 422
    assert phone.leo(pin=PIN).status_code == 303
    assert (leo(family).no_charge, leo(family).blocked) == (False, False)


def test_three_wrong_pins_leave_it_to_staff_for_a_day_or_until_they_make_a_new_one(
    family: Store, clock: Clockwork
) -> None:
    phone = Phone(family)
    for _ in range(TRIES_MAX):
        assert phone.leo(tap_max="9", pin="0000").status_code == 422
    refused = Phone(family).leo(tap_max="9", pin=PIN)
    assert (refused.status_code, limits(family)) == (403, (500, 1_000)), "whoever taps again tries no more"
    assert "ask our staff for a new one" in words_of(refused)
    assert phone.leo(tap_max="4").status_code == 303, "less is always possible"
    clock.ms += TRIES_MS + 1
    assert Phone(family).leo(tap_max="9", pin=PIN).status_code == 303
    for _ in range(TRIES_MAX):
        Phone(family).leo(tap_max="19", pin="0000")
    with family.transaction() as tx:
        record(tx, Act(site=SITE, who="olga", what="wallet_pin_set", target="w1"))
    assert Phone(family).leo(tap_max="19", pin=PIN).status_code == 303


def test_a_wallet_without_a_pin_allows_more_through_staff_alone(family: Store) -> None:
    with family.transaction() as tx:
        wallets.change(tx, SITE, Wallet(id="w1", currency="EUR"))
    phone = Phone(family)
    assert phone.leo(tap_max="9", pin=PIN).status_code == 403
    assert phone.leo(tap_max="1").status_code == 303


def test_nobody_but_the_head_sees_or_changes_a_family_and_none_changes_another_s(family: Store) -> None:
    child = Phone(family, "leo")
    assert "Only who heads the family" in child.says()
    assert child.leo(tap_max="1").status_code == 403
    other = Phone(family, "eve")
    assert "Leo" not in other.says()
    assert other.leo(tap_max="1").status_code == 404
    assert limits(family) == (500, 1_000)


def test_the_head_takes_herself_out_of_nothing(family: Store) -> None:
    phone = Phone(family)
    assert phone.post("/family", guest="anna", tap_max="30", day_max="", closed="yes").status_code == 303
    with family.reading() as tx:
        anna = members.members_by_guest(tx, SITE, ["anna"])["anna"]
    assert (anna.blocked, anna.limits.tap_minor_max) == (False, 3_000)


@pytest.mark.parametrize("wrong", ["x", "-1", "1.234"])
def test_what_is_no_amount_changes_nothing(family: Store, wrong: str) -> None:
    assert Phone(family).leo(tap_max=wrong).status_code == 422
    assert limits(family) == (500, 1_000)


def test_every_purchase_is_there_page_by_page_with_what_came_back(family: Store) -> None:
    till = a_till(family)
    till.want(9_000)
    for number in range(BOUGHT_MAX + 1):
        assert till.sell(f"op-{number:04}", 100)
    till.void("void-1", "op-0000", 40)
    till.send()
    phone = Phone(family)
    first = phone.says()
    assert (first.count("1 Soup"), "Earlier" in first) == (BOUGHT_MAX, True)
    both = first + phone.says("/family?page=1")
    assert all(f"op-{number:04}" in both for number in range(BOUGHT_MAX + 1))
    assert "€0.40 came back" in both


def test_allowing_more_is_told_from_allowing_less() -> None:
    free = Member(guest="g", wallet="w")
    assert not allows_more(free, LEO), "any limit is less than none"
    assert allows_more(LEO, free)


def test_what_central_hashes_it_knows_again() -> None:
    hashed = guest_pin_hash(bytes(32), "w1", PIN)
    assert guest_pin_matches(bytes(32), "w1", PIN, hashed=hashed)
    assert not guest_pin_matches(bytes(32), "w2", PIN, hashed=hashed), "another wallet's is another"
    assert not guest_pin_matches(bytes(32), "w1", "0000", hashed=hashed)
