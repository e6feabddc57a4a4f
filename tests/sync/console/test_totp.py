"""The codes of an authenticator app, by the vectors of RFC 6238, and for how long each is good."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from sync.central.console import totp
from sync.central.console.totp import SLACK_MS, STEP_MS, code_at, step_of

SECRET = b"12345678901234567890"
VECTORS = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
]
"""RFC 6238, appendix B, the rows of SHA-1."""
COUNTERS = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]
"""RFC 4226, appendix D."""


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_published_vectors_of_time(seconds: int, code: str) -> None:
    assert code_at(SECRET, seconds * 1_000 // STEP_MS, 8) == code
    assert code_at(SECRET, seconds * 1_000 // STEP_MS) == code[2:]


def test_published_vectors_of_the_counter() -> None:
    assert [code_at(SECRET, count) for count in range(10)] == COUNTERS


def test_a_code_is_good_for_its_half_minute_and_what_clocks_may_differ() -> None:
    begin, code = 40 * STEP_MS, code_at(SECRET, 40)
    good = [
        at for at in range(begin - STEP_MS, begin + 2 * STEP_MS, 1_000) if step_of(SECRET, code, at) == 40
    ]
    assert good == list(range(begin - SLACK_MS, begin + STEP_MS + SLACK_MS, 1_000))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\u0660" * 6, "000000"])
def test_what_is_no_code_of_now_is_none(code: str) -> None:
    assert step_of(SECRET, code, 40 * STEP_MS) is None


def test_secrets_are_long_and_never_the_same() -> None:
    made = {totp.new_secret() for _ in range(50)}
    assert (len(made), {len(one) for one in made}) == (50, {20})


def test_the_address_says_what_apps_ask_for() -> None:
    told = urlsplit(totp.address(SECRET, "olga / nord&co"))
    assert (told.scheme, told.netloc) == ("otpauth", "totp")
    assert unquote(told.path) == "/Polso:olga / nord&co"
    said = parse_qs(told.query)
    assert said["issuer"] == ["Polso"]
    assert base64.b32decode(said["secret"][0]) == SECRET
