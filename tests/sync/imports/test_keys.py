"""Keys of many bands at once are the keys that AN10922 makes one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.run.keys import KEY_NUMBERS, diversify
from hardware.nfc.diversify import band_key, diversified, diversified_all


@given(
    master=st.sampled_from([bytes(range(16)), bytes(range(24)), bytes(range(32))]),
    messages=st.lists(st.binary(min_size=1, max_size=31), max_size=6),
)
def test_many_keys_at_once_are_the_same_as_one_by_one(master: bytes, messages: list[bytes]) -> None:
    assert diversified_all(master, messages) == [diversified(master, message) for message in messages]


def test_each_band_gets_its_keys_by_number() -> None:
    uids = [bytes.fromhex("04a1b2c3d4e501"), bytes.fromhex("04a1b2c3d4e502")]
    wanted = [{number: band_key(bytes(16), uid, number) for number in KEY_NUMBERS} for uid in uids]
    assert diversify(bytes(16), uids) == wanted
    assert diversify(bytes(16), []) == []


@pytest.mark.parametrize("message", [b"", b"x" * 32])
def test_an_identity_that_an10922_cannot_take_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="31 octets"):
        diversified_all(bytes(16), [message])
