"""A word of a profile that its guest waits: whose it is, and that no door reads it."""

from __future__ import annotations

import pytest

from edge.core.consent import Consent
from edge.core.segments import is_code, plain
from edge.core.waiting import WAITS, concerns, waits


def test_the_word_is_no_code_and_none_of_an_operators_own() -> None:
    assert waits(("vip", WAITS))
    assert not waits(("vip", "behaviour:best"))
    assert not is_code(WAITS)
    assert plain(("vip", WAITS)) == ("vip",)


@pytest.mark.parametrize(
    ("topics", "known"),
    [((), False), (("offers",), True), (("research", "presence"), False), (("offers@app",), False)],
)
def test_an_edge_is_told_of_who_allows_offers_on_the_spot_alone(topics: tuple[str, ...], known: bool) -> None:
    assert concerns([Consent(purpose=one, turns=1, source="app") for one in topics]) is known
