"""A guest hears of their card where they are next seen: one word in the profile, and never more than that."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from edge.core.profiles import ProfileItem
from edge.core.wallet import MandateNote, WalletLink
from sync.central.feed import item_table
from sync.central.psp import mandates
from sync.central.psp.handshake import revoke
from sync.central.psp.sandbox import Card
from sync.central.psp.standing import SOON_MS, month_at, tell_wallet
from sync.central.psp.tending import HOUR_MS
from sync.central.registry import members
from sync.central.registry.members import Member
from sync.central.store import select
from tests.sync.builders import SITE
from tests.sync.psp.shop import SEALS, WALLET, Shop, a_card
from tests.sync.psp.test_wants import BAND, work
from tests.sync.psp.test_wants import shop as shop  # the fixture


def link(shop: Shop) -> WalletLink:
    """What the feed says of the wallet."""
    with shop.store.reading() as tx:
        query = select(item_table.c.body).where(
            item_table.c.kind == "profile", item_table.c.key == BAND.hex()
        )
        body = bytes(tx.execute(query).scalar_one())
    found = msgspec.msgpack.decode(body, type=ProfileItem).profile.wallet
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("card", "note"),
    [
        (Card.PAID, MandateNote.NONE),
        (Card.SOFT, MandateNote.NONE),
        (Card.GUEST, MandateNote.GUEST_NEEDED),
        (Card.HARD, MandateNote.ENDED),
        (Card.EXPIRED, MandateNote.EXPIRES_SOON),
    ],
)
def test_a_word_of_the_provider_reaches_the_edges(shop: Shop, card: Card, note: MandateNote) -> None:
    a_card(shop, card)
    work(shop)
    assert link(shop).note is note
    assert shop.books_agree()


def test_a_card_that_expires_soon_is_noticed_in_time_and_a_new_month_ends_it(shop: Shop) -> None:
    id_ = a_card(shop, Card.PAID)
    shop.saga.tend()
    assert link(shop).note is MandateNote.NONE
    last = dt.datetime(2031, 12, 1, tzinfo=dt.UTC)
    shop.clock.ms = int(last.timestamp()) * 1_000 - SOON_MS - HOUR_MS
    shop.saga.tend()
    assert link(shop).note is MandateNote.NONE, "a month before it is no news"
    shop.clock.ms += 2 * HOUR_MS
    shop.saga.tend()
    assert link(shop).note is MandateNote.EXPIRES_SOON
    with shop.store.transaction() as tx:
        mandates.renew(tx, SITE, id_, expires=203_401)
        tell_wallet(tx, SITE, WALLET)
    assert link(shop).note is MandateNote.NONE


def test_who_took_the_card_away_hears_nothing_of_it(shop: Shop) -> None:
    id_ = a_card(shop, Card.GUEST)
    work(shop)
    with shop.store.transaction() as tx:
        revoke(tx, SITE, id_, reason="guest")
    assert link(shop).note is MandateNote.NONE


def test_a_child_who_pays_nothing_hears_nothing(shop: Shop) -> None:
    with shop.store.transaction() as tx:
        members.join(tx, SITE, Member(guest="g1", wallet=WALLET, no_charge=True))
    a_card(shop, Card.GUEST)
    work(shop)
    assert link(shop).note is MandateNote.NONE


def test_no_token_and_no_digit_of_the_card_is_in_the_feed(shop: Shop) -> None:
    id_ = a_card(shop, Card.GUEST)
    work(shop)
    with shop.store.reading() as tx:
        held = mandates.held(tx, SITE, id_, seals=SEALS)
        bodies = b"".join(bytes(body or b"") for body in tx.execute(select(item_table.c.body)).scalars())
    for secret in (held.token, held.customer, "4242", "visa"):
        assert secret
        assert secret.encode() not in bodies


def test_months_are_written_as_cards_write_them() -> None:
    assert month_at(0) == 197_001
