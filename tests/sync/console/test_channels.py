"""Admins let channels in by their key, for chosen routes and parts, and close them."""

from __future__ import annotations

from edge.core.consent import Channel, Namespace
from sync.central.channels import book
from sync.central.channels.book import May, Member
from sync.central.console import acts
from sync.central.store import Store
from tests.sync.builders import KEY, SITE
from tests.sync.console.desk import a_browser, an_open_park, an_operator

HERE = f"/console/sites/{SITE}/channels"


def test_a_channel_is_let_in_for_what_was_chosen_and_closed_again(small_store: Store) -> None:
    an_open_park(small_store)
    an_operator(small_store)
    admin = a_browser(small_store, "olga")
    said = {"id": "shop", "via": "app", "routes": ["touches", "journey"], "namespaces": ["interest"]}
    assert admin.post(f"{HERE}/new", **said, public_key="xyz").status_code == 422
    assert admin.post(f"{HERE}/new", **said, public_key="00").status_code == 422
    assert admin.post(f"{HERE}/new", **said, public_key=KEY.hex()).status_code == 303
    wanted = Member(
        site=SITE,
        id="shop",
        via=Channel.APP,
        routes=frozenset({May.TOUCHES, May.JOURNEY}),
        namespaces=frozenset({Namespace.INTEREST}),
        public_key=KEY,
    )
    with small_store.reading() as tx:
        assert book.channels(tx, SITE) == (wanted,)
        assert book.find(tx, wanted.key_id) == wanted
    assert wanted.key_id in admin.says(HERE)
    assert admin.post(f"{HERE}/shop/close").status_code == 303
    assert admin.post(f"{HERE}/none/close").status_code == 422
    with small_store.reading() as tx:
        assert [one.closed for one in book.channels(tx, SITE)] == [True]
        told = [(one.what, one.target) for one in acts.acts(tx) if one.what.startswith("channel")]
    assert sorted(told) == [("channel_added", "shop"), ("channel_closed", "shop")]
