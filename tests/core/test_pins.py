"""PINs keyed with the site's secret."""

from __future__ import annotations

from edge.core.pins import keyed_pin


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
