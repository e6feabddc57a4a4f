"""What each point asks of a band stands in the console, and too little is shown."""

from __future__ import annotations

from edge.core.bands import Trust
from sync.central.registry import layout
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, an_admin, form_of


def test_a_point_asks_for_its_kinds_proof_and_less_is_shown_with_a_warning(
    small_store: Store,
) -> None:
    browser = an_admin(small_store)

    def save(path: str, **said: str) -> None:
        form = form_of(browser.get(f"{HOME}/points/{path}").text)
        for name, value in said.items():
            form[name] = value
        assert browser.send(f"{HOME}/points/{path}", form).status_code == 303

    save("new", id="room-1", kind="door", zone="park")
    assert "These points ask for less proof" not in browser.says(f"{HOME}/places")
    save("new", id="till-1", kind="till", zone="park", trust_min="uid")
    assert "less proof than their kind should: till-1." in browser.says(f"{HOME}/places")
    with small_store.reading() as tx:
        points = layout.layout(tx, SITE).points_by_id
    assert (points["room-1"].demands, points["till-1"].demands) == (Trust.LIVE, Trust.UID)
    save("till-1", trust_min="as_kind")
    assert "These points ask for less proof" not in browser.says(f"{HOME}/places")
