"""In which order money is asked for: who stands at a till first, a guess more and more seldom."""

from __future__ import annotations

import msgspec

from edge.service.payments.placement import WANTS_MAX
from edge.service.payments.wanting import AGAIN_MS
from tests.service.house import House
from tests.service.purses import WALLET, a_guest


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
