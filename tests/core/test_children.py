"""Whose band is a child's: who is young, who came as one, and whose head of family lets them pay nothing."""

from __future__ import annotations

import pytest

from edge.core.bands import Band
from edge.core.children import is_child
from edge.core.entitlements import Party
from edge.core.profiles import Profile
from edge.core.wallet import WalletLink

PAYS = WalletLink(id="w1", currency="EUR")
NOTHING = WalletLink(id="w1", currency="EUR", no_charge=True)


@pytest.mark.parametrize(
    ("party", "wallet", "age_band", "child"),
    [
        (None, None, None, False),
        (Party(id="p", size=2), PAYS, "30-39", False),
        (None, PAYS, "6-8", True),
        (Party(id="p", size=2, role="child"), PAYS, None, True),
        (None, NOTHING, None, True),
    ],
)
def test_who_may_be_a_child_is_one(
    party: Party | None, wallet: WalletLink | None, age_band: str | None, child: bool
) -> None:
    told = Profile(band=Band(id=bytes(16)), rev=1, guest="g1", party=party, wallet=wallet, age_band=age_band)
    assert is_child(told) is child
