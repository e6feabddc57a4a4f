"""A birthday on a guest's own page: declared while they allow offers by it, shown to them, taken back."""

from __future__ import annotations

import pytest

from sync.central.registry import birthdays, guests
from sync.central.registry.birthdays import Birthday
from sync.central.registry.guests import Guest
from sync.central.store import Store, update
from tests.sync.builders import SITE
from tests.sync.console.desk import words_of
from tests.sync.money.tills import a_wallet
from tests.sync.own.test_family import Phone

ALLOWED = ("offers", "offers:demographic", "offers@app")


@pytest.fixture
def phone(sealed_store: Store) -> Phone:
    a_wallet(sealed_store, guest="anna")
    return Phone(sealed_store)


def allows(phone: Phone) -> None:
    for topic in ALLOWED:
        assert phone.post("/allowed", topic=topic, given="yes").status_code == 303


def known(store: Store, guest: str = "anna") -> Birthday | None:
    with store.reading() as tx:
        return birthdays.known(tx, SITE, [guest]).get(guest)


def test_a_guest_declares_day_and_month_sees_them_and_takes_them_back(
    phone: Phone, sealed_store: Store
) -> None:
    allows(phone)
    assert "Tell my birthday" in phone.says("/allowed")
    assert phone.post("/birthday", day="29", month="2").status_code == 303
    assert known(sealed_store) == Birthday(2, 29)
    page = phone.says("/allowed")
    assert "We know it: February 29." in page
    assert "Tell my birthday" not in page
    assert phone.post("/birthday/back").status_code == 303
    assert known(sealed_store) is None
    assert "We know it" not in phone.says("/allowed")


def test_nothing_is_kept_of_who_does_not_allow_it(phone: Phone, sealed_store: Store) -> None:
    assert "To tell us, first allow offers" in phone.says("/allowed")
    assert "To tell us, first allow offers" in words_of(phone.post("/birthday", day="1", month="5"))
    assert known(sealed_store) is None


@pytest.mark.parametrize(
    ("day", "month"), [("31", "2"), ("0", "1"), ("1", "13"), ("x", "1"), ("", ""), ("111", "1")]
)
def test_no_day_of_any_year_is_refused_in_words(
    phone: Phone, sealed_store: Store, day: str, month: str
) -> None:
    allows(phone)
    reply = phone.post("/birthday", day=day, month=month)
    assert reply.status_code == 422
    assert "No year has such a day" in words_of(reply)
    assert known(sealed_store) is None


def test_a_child_is_not_asked(phone: Phone, sealed_store: Store) -> None:
    with sealed_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna", age_band="6-8")])
    allows(phone)
    assert "birthday" not in phone.says("/allowed")
    assert phone.post("/birthday", day="1", month="5").status_code == 403
    assert known(sealed_store) is None


def test_where_nothing_can_be_sealed_nobody_is_asked(small_store: Store) -> None:
    a_wallet(small_store, guest="anna")
    assert "birthday" not in Phone(small_store).says("/allowed")


def test_a_birthday_that_no_key_opens_keeps_no_guest_from_taking_a_yes_back(
    phone: Phone, sealed_store: Store
) -> None:
    allows(phone)
    assert phone.post("/birthday", day="1", month="5").status_code == 303
    with sealed_store.transaction() as tx:
        tx.execute(update(birthdays.birthday_table).values(sealed=b"by another key"))
    page = phone.says("/allowed")
    assert "birthday" not in page
    assert "Offers" in page
