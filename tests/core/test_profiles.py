"""A profile: under whose key words about the wearer of a band are sealed."""

from __future__ import annotations

from edge.core.bands import Band
from edge.core.profiles import Profile, RemarkKey, remark_key_of

BAND, KEY = bytes([1]) * 16, bytes([2]) * 32


def test_words_about_a_guest_go_under_the_guests_key() -> None:
    worn = Profile(band=Band(id=BAND), rev=1, guest="g-1", remark_key=KEY)
    assert remark_key_of(worn) == RemarkKey(owner="g:g-1", public=KEY)


def test_words_about_a_band_that_nobody_wears_go_under_its_own() -> None:
    stock = Profile(band=Band(id=BAND), rev=1, remark_key=KEY)
    assert remark_key_of(stock) == RemarkKey(owner=f"b:{BAND.hex()}", public=KEY)


def test_without_a_key_of_centrals_there_is_none() -> None:
    assert remark_key_of(Profile(band=Band(id=BAND), rev=1, guest="g-1")) is None
