"""The ledger on SQLite and on a real PostgreSQL: one suite, the same promises."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from sync.central.money import ledger
from sync.central.money.ledger import Entry, OtherContent, Posting, Unbalanced, balance, post, post_all
from sync.central.store import Store, text
from tests.sync.builders import SITE, Clockwork


def a_posting(key: str = "op:1", *, minor: int = 600, currency: str = "EUR", at_ms: int = 1) -> Posting:
    """A sale paid from a lease."""
    return Posting(
        site=SITE,
        key=key,
        kind="sale",
        at_ms=at_ms,
        currency=currency,
        entries=(Entry("lease:l1", -minor), Entry("sales:edge-1", minor)),
        device="edge-1",
        lease="l1",
        wallet="w1",
    )


def test_what_is_posted_moves_both_accounts_and_sums_to_zero(store: Store) -> None:
    with store.transaction() as tx:
        assert post(tx, a_posting())
    with store.reading() as tx:
        assert balance(tx, SITE, "lease:l1", currency="EUR") == -600
        assert balance(tx, SITE, "sales:edge-1", currency="EUR") == 600
        assert ledger.trial_balance(tx, SITE) == {"EUR": 0}
        assert ledger.postings_of(tx, SITE, ["op:1", "op:2"]) == {"op:1": a_posting()}


def test_a_key_is_posted_once_however_often_it_comes(store: Store) -> None:
    with store.transaction() as tx:
        assert post(tx, a_posting())
        assert not post(tx, a_posting())
    with store.transaction() as tx:
        assert not post(tx, a_posting(at_ms=99)), "when it was heard of makes no other posting"
        assert post_all(tx, [a_posting(), a_posting("op:2"), a_posting("op:2")]) == [a_posting("op:2")]
    with store.reading() as tx:
        assert balance(tx, SITE, "sales:edge-1", currency="EUR") == 1200


@pytest.mark.parametrize(
    "other",
    [a_posting(minor=601), a_posting(currency="USD"), a_posting().__class__(**{
        **{name: getattr(a_posting(), name) for name in a_posting().__struct_fields__}, "device": "edge-2"
    })],
    ids=["amount", "currency", "device"],
)  # fmt: skip
def test_other_content_under_a_key_raises_and_changes_nothing(store: Store, other: Posting) -> None:
    with store.transaction() as tx:
        post(tx, a_posting())
    with pytest.raises(OtherContent), store.transaction() as tx:
        post_all(tx, [a_posting("op:9"), other])
    with store.reading() as tx:
        assert balance(tx, SITE, "sales:edge-1", currency="EUR") == 600
        assert "op:9" not in ledger.postings_of(tx, SITE, ["op:9"])


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (Entry("lease:l1", 5),),
        (Entry("lease:l1", -600), Entry("sales:edge-1", 599)),
        (Entry("lease:l1", 0), Entry("sales:edge-1", 0)),
        (Entry("lease:l1", -(2**53)), Entry("sales:edge-1", 2**53)),
    ],
)
def test_what_does_not_balance_is_refused(store: Store, entries: tuple[Entry, ...]) -> None:
    bad = Posting(site=SITE, key="op:1", kind="sale", at_ms=1, currency="EUR", entries=entries)
    with pytest.raises(Unbalanced), store.transaction() as tx:
        post(tx, bad)
    with store.reading() as tx:
        assert ledger.trial_balance(tx, SITE) == {}


POSTED = (
    "INSERT INTO ledger_posting (site_id, key, kind, at_ms, currency, device_id, lease_id, wallet_id, digest,"
    " lines) VALUES ('park', 'op:x', 'sale', 1, 'EUR', 'd', 'l', 'w', '', 2)"
)
ENTRY = (
    "INSERT INTO ledger_entry (site_id, key, line, account, currency, minor)"
    " VALUES ('park', '{key}', {line}, 'a:{line}', '{currency}', {minor})"
)


def _entries(key: str, *minors: int, currency: str = "EUR", first: int = 0) -> str:
    head, _, values = ENTRY.partition("VALUES")
    rows = ", ".join(
        values.format(key=key, line=line, currency=currency, minor=minor)
        for line, minor in enumerate(minors, first)
    )
    return f"{head}VALUES{rows}"


def _execute(store: Store, statements: tuple[str, str]) -> None:
    with store.transaction() as tx:
        for statement in statements:
            tx.execute(text(statement))


PAST_US = {
    "entries that sum to no zero": (POSTED, _entries("op:x", 600, -599)),
    "one entry alone": (POSTED, _entries("op:x", 600)),
    "entries of another currency": (POSTED, _entries("op:x", 600, -600, currency="USD")),
    "entries without a posting": ("SELECT 1", _entries("op:none", 600, -600)),
    "an entry of nothing": (POSTED, _entries("op:x", 0, 0)),
    "entries added later": ("SELECT 1", _entries("op:1", 5, -5, first=2)),
    "an entry changed": ("SELECT 1", "UPDATE ledger_entry SET minor = minor + 1 WHERE line = 0"),
    "a posting changed": ("SELECT 1", "UPDATE ledger_posting SET kind = 'gift'"),
    "an entry deleted": ("SELECT 1", "DELETE FROM ledger_entry WHERE key = 'op:1'"),
    "a posting deleted": ("SELECT 1", "DELETE FROM ledger_posting WHERE key = 'op:1'"),
}


@pytest.mark.parametrize("bad", PAST_US.values(), ids=PAST_US)
def test_the_database_itself_refuses(store: Store, bad: tuple[str, str]) -> None:
    """Plain SQL past all our own code: the triggers and keys are what is under test."""
    with store.transaction() as tx:
        post(tx, a_posting())
    # SQLite wants the entries before the posting that seals them, PostgreSQL after.
    ordered = bad if store.is_postgres else (bad[1], bad[0])
    with pytest.raises(DBAPIError):
        _execute(store, ordered)
    with store.reading() as tx:
        assert ledger.trial_balance(tx, SITE) == {"EUR": 0}
        assert balance(tx, SITE, "sales:edge-1", currency="EUR") == 600


def test_plain_sql_that_balances_is_let_in(store: Store) -> None:
    """The control of the test above: what it plants is refused for being wrong, not for being plain SQL."""
    good = (POSTED, _entries("op:x", 600, -600))
    _execute(store, good if store.is_postgres else (good[1], good[0]))
    with store.reading() as tx:
        assert balance(tx, SITE, "a:0", currency="EUR") == 600


def test_sites_do_not_share_keys_or_accounts(store: Store) -> None:
    with store.transaction() as tx:
        post(tx, a_posting())
        other = Posting(
            site="pool", key="op:1", kind="sale", at_ms=1, currency="EUR",
            entries=(Entry("lease:l1", -7), Entry("sales:edge-1", 7)),
        )  # fmt: skip
        assert post(tx, other)
    with store.reading() as tx:
        assert balance(tx, "pool", "sales:edge-1", currency="EUR") == 7
        assert balance(tx, SITE, "sales:edge-1", currency="EUR") == 600


def test_standings_by_prefix_name_those_accounts_and_no_neighbour(store: Store) -> None:
    with store.transaction() as tx:
        post(tx, a_posting())
        post(tx, a_posting("op:2", currency="free_drink/piece"))
    with store.reading() as tx:
        found = ledger.standings(tx, SITE, prefix="lease:")
    assert found == (
        ledger.Standing("lease:l1", "EUR", -600),
        ledger.Standing("lease:l1", "free_drink/piece", -600),
    )


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(1, 10**9))
    )
)
def test_any_movements_in_any_order_with_any_repeats_keep_the_sum(
    moves: list[tuple[int, str, str, int]],
) -> None:
    """The accounts are what the first posting of each key says, whatever else is tried."""
    with ExitStack() as stack:
        tmp = stack.enter_context(__import__("tempfile").TemporaryDirectory())
        store = Store(f"{tmp}/c.db", now_ms=Clockwork())
        stack.callback(store.close)
        kept: dict[int, tuple[str, str, int]] = {}
        for number, source, target, minor in moves:
            if source == target:
                continue
            entries = (Entry(source, -minor), Entry(target, minor))
            one = Posting(site=SITE, key=f"op:{number}", kind="x", at_ms=1, currency="EUR", entries=entries)
            try:
                with store.transaction() as tx:
                    fresh = post(tx, one)
            except OtherContent:
                assert kept[number] != (source, target, minor)
                continue
            assert fresh is (number not in kept)
            kept.setdefault(number, (source, target, minor))
        with store.reading() as tx:
            for account in "abcd":
                gained = sum(minor for _, target, minor in kept.values() if target == account)
                given = sum(minor for source, _, minor in kept.values() if source == account)
                assert balance(tx, SITE, account, currency="EUR") == gained - given
            assert not any(ledger.trial_balance(tx, SITE).values())


@pytest.mark.postgres
@pytest.mark.timeout(40)
def test_two_workers_that_post_one_key_at_once_post_it_once(
    emptied_postgres_url: str, clock: Clockwork
) -> None:
    with ExitStack() as stack:
        stores = [Store(emptied_postgres_url, now_ms=clock) for _ in range(2)]
        for store in stores:
            stack.callback(store.close)
        told: list[bool] = []
        start = threading.Barrier(4)

        def enter(store: Store) -> None:
            start.wait()
            for number in range(20):
                with store.transaction() as tx:
                    told.append(post(tx, a_posting(f"op:{number}")))

        threads = [threading.Thread(target=enter, args=(store,)) for store in stores * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with stores[0].reading() as tx:
            assert balance(tx, SITE, "sales:edge-1", currency="EUR") == 20 * 600
        assert (told.count(True), told.count(False)) == (20, 60)
