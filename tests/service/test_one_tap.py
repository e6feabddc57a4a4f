"""One tap at a till: what it costs, whatever stands there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.core import entry
from edge.core.decision import Reason
from edge.service import facts
from tests.service.house import House
from tests.service.purses import a_guest, granted, rung_up


def test_a_tap_that_pays_is_gathered_judged_and_made_durable_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_guest(house)
    granted(house)
    rung_up(house)
    done: list[str] = []

    def counted(what: str, of: Callable[..., object]) -> Callable[..., object]:
        def counting(*args: object, **named: object) -> object:
            done.append(what)
            return of(*args, **named)

        return counting

    # Each gathering asks for the guest's own profile; each judgement at a till is an identification.
    monkeypatch.setattr(facts, "own_profile", counted("gathered", facts.own_profile))
    monkeypatch.setattr(entry, "_identify", counted("judged", entry._identify))
    monkeypatch.setattr(house.sequencer, "submit", counted("committed", house.sequencer.submit))
    seen = house.service.present(house.tap(reader="reader-till"))
    assert seen.reason is Reason.PAID
    assert done == ["committed", "gathered", "judged"]
