"""PINs keyed with the site's secret."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.pins import (
    GUEST_TRIES_MAX,
    PAUSE_S_MAX,
    TRIES_MAX,
    WRONG_KEPT_MAX,
    GuestTries,
    Tried,
    is_guessed_first,
    is_guest_pin,
    keyed_guest_pin,
    keyed_pin,
    one_wrong,
    pause_s,
    paused_until_ms,
    proved,
    still_wrong,
    verifier_of,
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


def test_what_a_stored_hash_was_made_of_never_changes() -> None:
    """Every PIN that was ever set is checked against it, whatever the release."""
    made = {keyed_pin: b"polso staff pin 1\0\3w-12468", keyed_guest_pin: b"polso guest pin 1\0\3w-12468"}
    for keyed, of in made.items():
        assert keyed(SITE_KEY, "w-1", "2468") == hmac.digest(SITE_KEY, of, "sha256")


def test_three_wrong_tries_leave_none() -> None:
    assert [GuestTries(wrong).left for wrong in range(5)] == [3, 2, 1, 0, 0]
    assert GUEST_TRIES_MAX == 3


def test_a_new_pin_is_another_count() -> None:
    of = verifier_of("hash")
    tried = one_wrong(Tried(of=of), 1)
    assert still_wrong([tried], of) == (1,)
    assert still_wrong([tried], verifier_of("another hash")) == ()


# Pauses of staff


def test_pauses_grow_with_every_round_up_to_an_hour() -> None:
    assert [pause_s(n) for n in range(1, 6)] == [300, 600, 1_200, 2_400, PAUSE_S_MAX]
    assert pause_s(1_000) == PAUSE_S_MAX


@given(st.integers(0, 200))
def test_every_full_round_of_wrong_pins_begins_its_pause_however_many_came_before(attempts: int) -> None:
    tried = Tried()
    for at_ms in range(attempts):
        tried = one_wrong(tried, at_ms)
    assert len(tried.wrong_ms) <= WRONG_KEPT_MAX
    rounds = attempts // TRIES_MAX
    last_ms = rounds * TRIES_MAX - 1
    assert paused_until_ms(tried.wrong_ms) == (last_ms + pause_s(rounds) * 1_000 if rounds else 0)


def test_a_right_pin_ends_the_count_and_never_goes_back_in_time() -> None:
    tried = proved(one_wrong(one_wrong(Tried(), 1), 3), 2)
    assert (tried.wrong_ms, tried.right_ms) == ((3,), 2)
    assert proved(tried, 1) == tried
