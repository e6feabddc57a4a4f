"""Whatever people do in whatever order: counts agree with places, and no right lets in more than once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.entitlements import Redemption, Reentry
from edge.core.held import Held
from edge.errors import NotAllowed, Refused
from edge.views import StaffView
from tests.builders import a_day_ticket, a_gate, a_layout
from tests.service.house import House, an_edge, band_of, worn

UIDS = tuple(bytes([4, n, 1, 1]) for n in range(3))
READERS = ("reader-1", "reader-out", "reader-ride")
ACTS = ("tap", "tap", "tap", "undo", "annul", "override", "confirm", "refuse", "outside", "wait")

steps = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(UIDS), st.sampled_from(READERS)), min_size=1, max_size=14
)


def do(house: House, taps: list[StaffView], step: tuple[str, bytes, str]) -> None:
    """Do one act; what people are not allowed to do at that moment changes nothing."""
    act, uid, reader = step
    lead = house.session("supervisor")
    last = taps[-1].tap_id if taps else ""
    with suppress(NotAllowed, Refused):
        if act == "tap":
            taps.append(house.service.present(house.tap(uid, reader)))
        elif act == "wait":
            house.hands.forward(s=25)
            house.service._watch.round()
        elif act == "outside":
            house.service.set_location(lead, band_of(house, uid).hex(), None, reason="left")
        elif not taps:
            return
        elif act == "undo":
            house.service.undo(lead, last, reason="wrong gate")
        elif act == "annul":
            house.service.annul(last, cause="not_passed")
        elif act == "override":
            house.service.override(lead, last, reason="goodwill")
        else:
            house.service.confirm(lead, last, "passage", granted=act == "confirm")


def counted(house: House) -> dict[str, int]:
    return {zone: people for zone, people in house.service.counters().inside.items() if people}


def placed(house: House) -> dict[str, int]:
    """People in each zone as the bands' own locations say, a zone's children included."""
    layout = house.service.layout()
    assert layout is not None
    people: dict[str, int] = {}
    for uid in UIDS:
        location = held(house, uid).location
        for zone in layout.lineage(location.zone) if location is not None else ():
            people[zone] = people.get(zone, 0) + 1
    return people


@pytest.mark.timeout(60)
@settings(max_examples=30, deadline=None)
@given(script=steps, confirm=st.booleans())
def test_counts_agree_with_places_and_no_right_is_used_up_twice(
    script: list[tuple[str, bytes, str]], confirm: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("edge")
    with an_edge(folder, layout=a_layout(a_gate(confirm=confirm))) as house:
        for n, uid in enumerate(UIDS):
            ticket = a_day_ticket(f"t{n}", uses_max=1, reentry=Reentry.AFTER_EXIT)
            house.tell(worn(house, uid, guest=f"g{n}", entitlements=(ticket,)))
        taps: list[StaffView] = []
        for step in script:
            do(house, taps, step)
        assert counted(house) == placed(house)
        if not any(act == "override" for act, _, _ in script):
            assert all(used(house, uid, f"t{n}") <= 1 for n, uid in enumerate(UIDS))


def used(house: House, uid: bytes, right: str) -> int:
    """How many uses of a right stand."""
    uses = held(house, uid, right).uses
    return sum(1 for use in uses if use.redemption <= Redemption.PENDING and not use.reentry)


def held(house: House, uid: bytes, *rights: str) -> Held:
    """What the site remembers of a band."""
    return house.sequencer.submit(lambda tx: tx.held(band_of(house, uid), rights))
