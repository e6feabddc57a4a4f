"""What a form says of a campaign's limits: nothing of it is dropped in silence."""

from __future__ import annotations

from sync.central.store import Store
from tests.sync.console.desk import HOME, an_open_park
from tests.sync.console.test_campaigns import TYPED, a_marketer


def test_what_holds_everywhere_is_a_limit(small_store: Store) -> None:
    an_open_park(small_store)
    anna = a_marketer(small_store, "anna")
    unsaid = TYPED | {"shown_a_day": "", "redeemed_most": "", "holds_everywhere": "yes"}
    refused = anna.post(f"{HOME}/campaigns/new", **unsaid)
    assert refused.status_code == 422
    assert "there is no limit that could hold everywhere" in refused.text
    assert "soup-days" not in anna.says(f"{HOME}/campaigns")
