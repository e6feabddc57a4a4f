"""Children: whose band may be a child's, of whom less is known and to whom nothing is advertised."""

from __future__ import annotations

from edge.core.offers.occasion import is_young
from edge.core.profiles import Profile


def is_child(profile: Profile) -> bool:
    """Say whether a band may be a child's: it is young, came as one, or its head lets it pay nothing.

    Who came as a child stays one when they may pay, and where nothing at the site asks for an age.
    """
    came = profile.party is not None and profile.party.child
    return (
        came or is_young(profile.age_band or "") or (profile.wallet is not None and profile.wallet.no_charge)
    )
