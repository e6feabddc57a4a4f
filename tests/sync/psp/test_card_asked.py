"""Whose card ends is asked for another one once, in private: by their diary, and whoever is told of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from edge.core.consent import Purpose
from sync.central.channels.messages import OWN_WAY
from sync.central.hooks import happened
from sync.central.hooks.happened import Own
from sync.central.journey import cards, diary
from sync.central.journey.entry import Entry, What
from sync.central.psp import mandates
from sync.central.psp.declines import EXPIRED
from sync.central.psp.handshake import revoke
from sync.central.psp.sandbox import Card
from sync.central.psp.standing import SOON_MS, tell_wallet
from sync.central.psp.tending import HOUR_MS
from sync.central.registry import consents, guests
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import STEPS, delete
from tests.sync.builders import SITE
from tests.sync.psp.shop import WALLET, Shop, a_card
from tests.sync.psp.test_wants import moved, work
from tests.sync.psp.test_wants import shop as shop  # the fixture

LAST = dt.datetime(2031, 12, 1, tzinfo=dt.UTC)
"""The month of a card that the sandbox stores."""
MONTH_MS = 31 * 24 * HOUR_MS


def diaries(shop: Shop, guest: str = "g1") -> list[Entry]:
    """What the guest's page and app show of their card."""
    with shop.store.reading() as tx:
        found = diary.of_guest(tx, SITE, f"g:{guest}")
    return [one for one in found if one.what is What.CARD_EXPIRES]


def heard(shop: Shop) -> list[dict[str, Any]]:
    """What subscribers hear of it whom offers' consent lets hear of a guest."""
    with shop.store.reading() as tx:
        kinds, end = [int(Own.MANDATE_EXPIRING)], happened.last(tx, SITE) or 0
        events = happened.page(tx, SITE, span=(0, end), kinds=kinds, limit=50)
        told = happened.open_now(tx, SITE, events, purpose="offers")
    return [happened.told_in(one).said for one in events if one.seq in told]


def near_its_end(shop: Shop) -> str:
    """A card within its last thirty days; its id."""
    id_ = a_card(shop, Card.PAID)
    shop.clock.ms = int(LAST.timestamp()) * 1_000 - SOON_MS + HOUR_MS
    shop.saga.tend()
    return id_


def told_anew(shop: Shop) -> None:
    with shop.store.transaction() as tx:
        take_turn(tx, SITE)
        tell_wallet(tx, SITE, WALLET)


def test_a_guest_is_asked_once_however_often_their_card_is_looked_at(shop: Shop) -> None:
    id_ = near_its_end(shop)
    (one,) = diaries(shop)
    assert (one.source, one.subject, one.ref) == (cards.BY_CENTRAL, "12/2031", id_)
    for _ in range(3):
        shop.clock.ms += 2 * HOUR_MS
        shop.saga.tend()
        told_anew(shop)
    moved(shop, "op:t1", debt_w1=-1_200, sales_till=1_200)
    told_anew(shop)
    shop.clock.ms += 2 * MONTH_MS
    shop.saga.tend()
    with shop.store.reading() as tx:
        assert mandates.of_wallet(tx, SITE, WALLET)[0].state is mandates.State.EXPIRED
    assert diaries(shop) == [one], "that its month is over as well is no news"


def test_another_word_in_between_asks_no_second_time(shop: Shop) -> None:
    id_ = near_its_end(shop)
    for state in (mandates.State.NEEDS_GUEST, mandates.State.ACTIVE):
        shop.clock.ms += HOUR_MS
        with shop.store.transaction() as tx:
            take_turn(tx, SITE)
            assert mandates.stand(tx, SITE, id_, state=state)
            tell_wallet(tx, SITE, WALLET)
    assert len(diaries(shop)) == 1


def test_a_new_month_ends_it_and_is_asked_about_in_its_own_time(shop: Shop) -> None:
    id_ = near_its_end(shop)
    with shop.store.transaction() as tx:
        take_turn(tx, SITE)
        mandates.renew(tx, SITE, id_, expires=203_401)
        tell_wallet(tx, SITE, WALLET)
    shop.clock.ms += 2 * MONTH_MS
    shop.saga.tend()
    assert len(diaries(shop)) == 1, "not again after it was renewed"
    shop.clock.ms = int(dt.datetime(2034, 1, 1, tzinfo=dt.UTC).timestamp()) * 1_000
    shop.saga.tend()
    assert [one.subject for one in diaries(shop)] == ["01/2034", "12/2031"]


def test_whose_card_ended_soon_before_there_was_any_asking_is_asked(shop: Shop) -> None:
    near_its_end(shop)
    with shop.store.transaction() as tx:
        tx.execute(delete(diary.diary_table))
        STEPS[13](tx)
    shop.clock.ms += 2 * HOUR_MS
    shop.saga.tend()
    assert len(diaries(shop)) == 1


def test_a_card_refused_as_ended_is_asked_about_though_its_month_is_far(shop: Shop) -> None:
    id_ = a_card(shop, Card.PAID)
    shop.saga.tend()
    assert diaries(shop) == []
    with shop.store.transaction() as tx:
        take_turn(tx, SITE)
        mandates.stand(tx, SITE, id_, state=mandates.State.REVOKED, reason=EXPIRED)
        tell_wallet(tx, SITE, WALLET)
    assert len(diaries(shop)) == 1


def test_who_was_asked_long_ago_is_not_asked_again_when_their_diary_forgets_it(shop: Shop) -> None:
    near_its_end(shop)
    with shop.store.transaction() as tx:
        tx.execute(delete(diary.diary_table))
    told_anew(shop)
    assert diaries(shop) == []


@pytest.mark.parametrize("card", [Card.PAID, Card.SOFT, Card.HARD, Card.GUEST])
def test_of_every_other_card_nobody_is_asked(shop: Shop, card: Card) -> None:
    a_card(shop, card)
    work(shop)
    assert diaries(shop) == []


def test_who_took_their_card_away_is_asked_nothing(shop: Shop) -> None:
    id_ = a_card(shop, Card.PAID)
    with shop.store.transaction() as tx:
        revoke(tx, SITE, id_, reason="guest")
    shop.clock.ms = int(LAST.timestamp()) * 1_000
    shop.saga.tend()
    assert diaries(shop) == []


@pytest.mark.parametrize("given", [True, False])
def test_channels_hear_of_it_by_a_kind_of_its_own_as_far_as_the_guest_lets_them(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, given: bool
) -> None:
    monkeypatch.setattr(happened, "LOOKED_AT", [lambda _tx, _site: set(happened.Own)])
    with shop.store.transaction() as tx:
        take_turn(tx, SITE)
        consents.set_here(tx, SITE, "g1", purpose=Purpose.OFFERS, given=given)
    id_ = near_its_end(shop)
    assert heard(shop) == ([{"mandate": id_, "until": "12/2031"}] if given else [])
    assert len(diaries(shop)) == 1, "their own page and app tell them anyway"
    assert "4242" not in str(heard(shop))


def test_only_whoever_stored_the_card_is_asked(shop: Shop) -> None:
    with shop.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2", name="Marco")])
    near_its_end(shop)
    assert diaries(shop, "g2") == []


def test_no_channel_can_ask_in_our_name() -> None:
    assert What.CARD_EXPIRES in OWN_WAY
    assert msgspec.json.decode(b'"card_expires"', type=What) in OWN_WAY
