"""PINs keyed with the site's secret."""

from __future__ import annotations

import pytest

from edge.core.pins import (
    GuestTries,
    is_guessed_first,
    is_guest_pin,
    keyed_guest_pin,
    keyed_pin,
    one_more_try,
    tries_now,
)

SITE_KEY = b"s" * 32


def test_a_pin_is_worth_nothing_without_the_site_s_key_and_the_person() -> None:
    known = keyed_pin(b"site", "anna", "1234")
    others = {
        keyed_pin(b"other", "anna", "1234"),
        keyed_pin(b"site", "bruno", "1234"),
        keyed_pin(b"site", "anna", "1235"),
        keyed_pin(b"site", "anna1", "234"),
    }
    assert known == keyed_pin(b"site", "anna", "1234")
    assert len(known) == 32
    assert known not in others
    assert len(others) == 4


@pytest.mark.parametrize(
    "pin",
    [
        *("0000", "1111", "9999", "1234", "6789", "7890", "4321", "0987", "1212", "6969", "12341234"),
        *("1984", "2026", "2580", "0852", "1397", "123456", "654321", "111111", "777777"),
    ],
)
def test_a_pin_that_is_tried_first_is_known_as_one(pin: str) -> None:
    assert is_guessed_first(pin)


@pytest.mark.parametrize("pin", ["2468", "1357", "8642", "7193", "40628", "502913", "1934567", "198420"])
def test_any_other_pin_is_as_good_as_the_next(pin: str) -> None:
    assert not is_guessed_first(pin)


def test_few_pins_are_lost_to_the_rule() -> None:
    refused = sum(is_guessed_first(f"{number:04d}") for number in range(10_000))
    assert 250 < refused < 400


# A guest's


@pytest.mark.parametrize("pin", ["1234", "12345678"])
def test_a_guests_pin_is_four_to_eight_digits(pin: str) -> None:
    assert is_guest_pin(pin)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "١٢٣٤", "-123"])
def test_anything_else_is_no_pin(pin: str) -> None:
    assert not is_guest_pin(pin)


def test_the_same_digits_are_another_secret_for_each_wallet_and_are_no_staff_pin() -> None:
    keyed = keyed_guest_pin(SITE_KEY, "w-1", "2468")
    assert keyed != keyed_guest_pin(SITE_KEY, "w-2", "2468")
    assert keyed != keyed_guest_pin(b"x" * 32, "w-1", "2468")
    assert keyed != keyed_pin(SITE_KEY, "w-1", "2468")


def test_three_wrong_tries_leave_none_and_a_new_pin_begins_anew() -> None:
    tries = tries_now(GuestTries(), "hash")
    left = [tries.left]
    for _ in range(4):
        tries = one_more_try(tries_now(tries, "hash"))
        left.append(tries.left)
    assert left == [3, 2, 1, 0, 0]
    assert tries_now(tries, "another hash").left == 3
