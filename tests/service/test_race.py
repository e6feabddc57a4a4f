"""Two readers, one right, one moment: exactly one green by the product's own rules, again and again."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import pytest

from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Redemption, Reentry
from edge.views import StaffView
from hardware.port import Tap
from tests.builders import a_day_ticket
from tests.portions import sample_and_whole
from tests.service.house import House, an_edge, band_of, worn

READERS = ("reader-1", "reader-2")


class Hand(Thread):
    """Holds bands to one reader, each at the same moment as the other hand does."""

    def __init__(self, house: House, taps: list[Tap], moment: Barrier) -> None:
        super().__init__()
        self._house, self._taps, self._moment = house, taps, moment
        self.views: list[StaffView] = []

    def run(self) -> None:
        for tap in self._taps:
            self._moment.wait()
            self.views.append(self._house.service.present(tap))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rights", sample_and_whole(20, 1_000))
def test_of_each_right_at_two_readers_at_once_there_is_exactly_one_green(tmp_path: Path, rights: int) -> None:
    uids = [b"\x04" + number.to_bytes(6, "big") for number in range(rights)]
    with an_edge(tmp_path) as house:
        house.tell(
            *(
                worn(
                    house,
                    uid,
                    guest=f"guest-{number}",
                    entitlements=(a_day_ticket(f"ticket-{number}", reentry=Reentry.NEVER),),
                )
                for number, uid in enumerate(uids)
            )
        )
        moment = Barrier(len(READERS))
        hands = [
            Hand(house, [house.tap(uid, reader=reader, counter=1 + n) for uid in uids], moment)
            for n, reader in enumerate(READERS)
        ]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        for number, pair in enumerate(zip(*(hand.views for hand in hands), strict=True)):
            greens = [view for view in pair if view.outcome is Outcome.GRANTED]
            others = [view.reason for view in pair if view.outcome is not Outcome.GRANTED]
            assert len(greens) == 1, (number, pair)
            assert others[0] in (Reason.ALREADY_USED_HERE, Reason.TAP_REPLAYED), (number, others)
            right, band = f"ticket-{number}", band_of(house, uids[number])
            held = house.sequencer.submit(lambda tx, band=band, right=right: tx.held(band, (right,)))
            assert [use.redemption for use in held.uses] == [Redemption.VALID]
        assert len(house.gate.opened) == rights
