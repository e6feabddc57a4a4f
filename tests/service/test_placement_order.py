"""In which order money is asked for: who stands at a till first, a guess more and more seldom."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import msgspec
import pytest

from edge.service.payments.placement import WANTS_MAX
from edge.service.payments.wanting import AGAIN_MS
from tests.service.house import House
from tests.service.purses import WALLET, a_grant, a_guest, granted


def test_it_is_asked_for_more_and_more_seldom_until_its_guest_is_seen_again(house: House) -> None:
    guest = a_guest(house)
    house.service.present(house.tap(reader="reader-1"))
    assert house.service.placement.wants()
    house.hands.forward(ms=AGAIN_MS)
    assert house.service.placement.wants()
    house.hands.forward(ms=AGAIN_MS)
    assert not house.service.placement.wants(), "twice as long after the second time"
    house.hands.forward(ms=AGAIN_MS)
    assert house.service.placement.wants()
    house.service.placement.expects(guest)
    house.hands.forward(ms=AGAIN_MS)
    assert house.service.placement.wants(), "whoever is seen again is asked for as at first"


def test_a_basket_that_stands_here_is_asked_for_alone_and_before_all_guesses(house: House) -> None:
    mine = a_guest(house)
    assert mine.wallet is not None
    placement = house.service.placement
    for number in range(WANTS_MAX + 1):
        link = msgspec.structs.replace(mine.wallet, id=f"w-{number}")
        placement.expects(msgspec.structs.replace(mine, wallet=link))
    placement.needs(mine, 700)
    assert placement.waits
    assert [(want.wallet, want.why) for want in placement.wants()] == [(WALLET, "basket")]
    assert not placement.waits
    assert len(placement.wants()) == WANTS_MAX


def test_what_a_second_basket_lacks_while_it_is_asked_for_the_first_is_asked_for_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, placement, submit = a_guest(house), house.service.placement, house.sequencer.submit
    later = [900]

    def slowly(act: Any) -> Any:
        if later:
            placement.needs(mine, later.pop())
        return submit(act)

    placement.needs(mine, 700)
    monkeypatch.setattr(house.sequencer, "submit", slowly)
    assert [want.needs for want in placement.wants()] == [700]
    assert placement.waits
    assert [want.needs for want in placement.wants()] == [900]
    assert not placement.waits


@pytest.mark.parametrize("other", [False, True])
def test_who_is_seen_while_a_basket_waits_takes_nothing_of_its_question_away(
    house: House, *, other: bool
) -> None:
    mine = a_guest(house)
    band = msgspec.structs.replace(mine.band, id=b"o" * 16) if other else mine.band
    placement = house.service.placement
    placement.needs(mine, 700)
    placement.expects(msgspec.structs.replace(mine, band=band))
    assert placement.waits
    assert [(want.why, want.needs) for want in placement.wants()] == [("basket", 700)]


def test_a_basket_larger_than_what_is_usual_asks_for_all_that_it_lacks(house: House) -> None:
    mine = a_guest(house)
    granted(house, a_grant(4_000))
    house.service.placement.needs(mine, 4_500)
    [want] = house.service.placement.wants()
    assert want.total == 8_500


WAIT_MS = 60


@pytest.mark.parametrize(
    ("grant", "coming", "waits"),
    [("wallet-2", (), True), ("", (WALLET,), True), (WALLET, (WALLET,), False), ("", (), False)],
)
def test_a_tap_waits_for_its_own_money_or_for_the_answer_and_for_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch, grant: str, coming: tuple[str, ...], *, waits: bool
) -> None:
    mine, placement = a_guest(house), house.service.placement
    patient = WAIT_MS if waits else 5_000
    limits = msgspec.structs.replace(placement._rooms.limits, lease_wait_ms=patient)
    monkeypatch.setattr(placement, "_rooms", dataclasses.replace(placement._rooms, limits=limits))

    def central() -> None:
        placement.wants()
        if grant:
            placement.take([a_grant(900, grant)], [], asked_ms=0, after=1)
        if grant in ("", WALLET):
            placement.heard((), coming)

    placement.listen(central)
    began = time.monotonic()
    placement.fetch(mine, 700)
    took_ms = (time.monotonic() - began) * 1_000
    assert (took_ms >= WAIT_MS) if waits else (took_ms < patient)
