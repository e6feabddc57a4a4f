"""Trouble: what a tap is answered when a disk, a gate or our own code fails."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest

from edge.core.decision import Outcome, Reason
from edge.core.entry import Facts, Ruling
from edge.errors import StoreError
from edge.service import taps, verdict
from hardware.port import DeviceError, Signal
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    a_day_ticket,
    some_uses,
)
from tests.service.house import House, worn


def test_fault_of_one_decision_is_referred_and_leaves_no_trace(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Facts) -> Ruling:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(verdict, "decide", broken)
        view = house.service.present(house.tap())
    assert (view.outcome, view.reason, view.seq) == (Outcome.REFERRED, Reason.INTERNAL_ERROR, 0)
    assert house.events() == []
    assert house.gate.opened == []
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED, "only that one request failed"


def test_store_that_cannot_write_refers_with_the_cause_on_the_staff_screen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(house.sequencer, "submit", full)
    view = house.service.present(house.tap())
    assert (view.outcome, view.reason, view.seq) == (Outcome.REFERRED, Reason.STORE_UNAVAILABLE, 0)
    assert view.cause == "The disk is full."
    assert house.gate.opened == []
    guest = house.told("gate-north")[0].body
    assert b"disk" not in msgspec.json.encode(guest)


def test_history_that_is_not_believed_refers_with_the_cause_and_appends_nothing(house: House) -> None:
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED
    before, opened = house.events(), list(house.gate.opened)
    house.sequencer.freeze("Central holds another event 1 of lane 0.")
    view = house.service.present(house.tap())
    assert (view.outcome, view.reason, view.seq) == (Outcome.REFERRED, Reason.STORE_UNAVAILABLE, 0)
    assert "another event 1" in view.cause
    assert house.health.view().cause == view.cause
    assert house.gate.opened == opened
    assert house.events() == before


def test_stopped_store_refers_and_opens_nothing(house: House) -> None:
    house.sequencer.stop()
    view = house.service.present(house.tap())
    assert view.reason is Reason.STORE_UNAVAILABLE
    assert house.gate.opened == []


def test_unreadable_profiles_refer_and_open_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: bytes) -> None:
        raise StoreError("A profile does not match its digest.")

    monkeypatch.setattr(house.profiles, "get", unreadable)
    view = house.service.present(house.tap())
    assert (view.reason, view.seq) == (Reason.STORE_UNAVAILABLE, 0)
    assert "digest" in view.cause


def test_gate_that_fails_is_shown_and_the_decision_stands(house: House) -> None:
    house.gate.fails = DeviceError("no answer", "Check the relay's cable.")
    view = house.service.present(house.tap())
    assert view.outcome is Outcome.GRANTED
    assert [seen.reason for seen in house.health.view().devices] == ["Check the relay's cable."]
    assert [event.body for event in house.told("staff-north")] == [view]


def test_guest_of_very_many_visits_still_fits_the_journal(house: House) -> None:
    uses = some_uses(*range(NOW_MS - 400 * HOUR_MS, NOW_MS - HOUR_MS, HOUR_MS))
    house.remember_uses(uses)
    house.tell(worn(house, entitlements=(a_day_ticket(uses_max=1_000),), rev=2))
    view = house.service.present(house.tap())
    assert view.outcome is Outcome.GRANTED
    decided = house.decided()[-1]
    assert decided.held is not None
    assert decided.uses_cut > 0
    assert decided.uses_cut + len(decided.held.uses) == len(uses)
    assert decided.held.uses[-1] == uses[-1], "the newest ones stay"


def test_body_without_its_bound_would_be_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: without the cut the same guest's decision does not fit."""
    uses = some_uses(*range(NOW_MS - 400 * HOUR_MS, NOW_MS - HOUR_MS, HOUR_MS))
    house.remember_uses(uses)
    house.tell(worn(house, entitlements=(a_day_ticket(uses_max=1_000),), rev=2))
    monkeypatch.setattr(taps, "within_bounds", lambda decided: decided)
    assert house.service.present(house.tap()).outcome is not Outcome.GRANTED


def test_green_is_never_told_when_the_commit_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control of the order: with a commit that breaks, gate, light and screens have heard of no green."""
    ledger = house.sequencer._ledger
    assert ledger is not None

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(ledger, "run", broken)
    view = house.service.present(house.tap())
    assert view.outcome is not Outcome.GRANTED
    assert house.gate.opened == []
    assert all(signal is not Signal.ALLOW for signal, _ in house.light.shown)
