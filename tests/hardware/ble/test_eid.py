"""Identities come out as published, and an address resolves for its owner only."""

from __future__ import annotations

import pytest

from hardware.ble.eid import ah, eid, registered, resolves, temporary_key, window
from tests.hardware.vectors.beacons import ADDRESSES, AGREED, AH, BEACON, EID_K10_T0, EID_KEY, IRK, RESOLVER

KEY = bytes.fromhex(EID_KEY)


def test_published_identity() -> None:
    assert eid(KEY, 0, 10).hex() == EID_K10_T0


def test_identity_lasts_its_period_and_not_longer() -> None:
    assert eid(KEY, 512, 9) == eid(KEY, 1023, 9)
    assert eid(KEY, 1023, 9) != eid(KEY, 1024, 9)
    assert eid(KEY, 0, 9) != eid(KEY, 0, 10)


def test_temporary_key_changes_each_18_hours_and_time_begins_again_after_32_bits() -> None:
    assert temporary_key(KEY, 65_535) == temporary_key(KEY, 0) != temporary_key(KEY, 65_536)
    assert window(2**32 - 1) == 65_535
    assert eid(KEY, 2**32 + 7, 9) == eid(KEY, 7, 9)


def test_both_sides_agree_on_the_published_key() -> None:
    resolver, beacon = (bytes.fromhex(side[1]) for side in (RESOLVER, BEACON))
    for own, other in ((RESOLVER, BEACON), (BEACON, RESOLVER)):
        private, peer = bytes.fromhex(own[0]), bytes.fromhex(other[1])
        assert registered(private, peer, resolver=resolver, beacon=beacon).hex() == AGREED


def test_key_that_gives_everybody_the_same_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="shared key"):
        registered(bytes.fromhex(RESOLVER[0]), bytes(32), resolver=bytes(32), beacon=bytes(32))


def test_hash_of_an_address_as_the_specification_samples_it() -> None:
    assert ah(bytes.fromhex(IRK), bytes.fromhex(AH[0])).hex() == AH[1]


@pytest.mark.parametrize(("irk", "address", "whether"), ADDRESSES)
def test_address_resolves_under_its_key_only(irk: str, address: str, whether: bool) -> None:
    assert resolves(bytes.fromhex(irk), address) is whether


def test_address_of_another_length_resolves_for_nobody() -> None:
    assert not resolves(bytes.fromhex(IRK), "40:01:02:b2:12")
