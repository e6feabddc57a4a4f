"""Threat 7, one's own band: whoever wears it does nothing about it, not even look."""

from __future__ import annotations

from edge.core.decision import Outcome
from edge.core.events import Kind
from edge.core.outliers import Figure
from edge.errors import Refused
from edge.service.attempts import Objected, OwnBand
from tests.security.dishonest import Gate, refused
from tests.service.house import OTHER_UID, band_of, worn


def test_a_supervisor_lets_their_own_band_pass(gate: Gate) -> None:
    gate.own_band("anna")
    view = gate.refusal()
    act = gate.house.service.override
    refused(gate, lambda: act(gate.at_work("anna"), view.tap_id, reason="goodwill"), OwnBand)
    refused(gate, lambda: gate.ask("anna", view), OwnBand)
    assert Figure.ATTEMPTS in gate.outliers()["anna"]


def test_a_colleague_asks_and_the_owner_approves(gate: Gate) -> None:
    gate.own_band("anna")
    request = gate.ask("bruno")
    refused(
        gate, lambda: gate.house.service.approve(gate.at_work("anna"), request.id, granted=True), Objected
    )


def test_somebody_mends_the_state_of_their_own_band_or_place(gate: Gate) -> None:
    band = gate.own_band("anna")
    service, anna = gate.house.service, gate.at_work("anna")
    for act in ("lost", "found", "replace", "revoke"):
        refused(gate, lambda a=act: service.set_band_state(anna, band, a, reason="said so"), OwnBand)  # type: ignore[misc]  # bound early
    refused(gate, lambda: service.set_location(anna, band, None, reason="said so"), OwnBand)


def test_somebody_takes_back_or_confirms_their_own_passage(gate: Gate) -> None:
    gate.own_band("anna")
    view = gate.house.service.present(gate.house.tap())
    assert view.outcome is Outcome.GRANTED
    refused(gate, lambda: gate.house.service.undo(gate.at_work("anna"), view.tap_id, reason="x"), OwnBand)


def test_somebody_asks_what_their_own_band_would_open(gate: Gate) -> None:
    band = gate.own_band("anna")
    refused(gate, lambda: gate.house.service.check(gate.at_work("anna"), band, "north"), OwnBand)
    assert gate.house.events(Kind.LOOKED_UP) == []
    assert Figure.ATTEMPTS in gate.outliers()["anna"]
    assert gate.house.service.check(gate.at_work("bruno"), band, "north").band_short


def test_somebody_looks_their_own_record_up(gate: Gate) -> None:
    band = gate.own_band("anna")
    refused(gate, lambda: gate.house.service.look_up(gate.at_work("anna"), band[:16]), OwnBand)
    assert gate.house.events(Kind.LOOKED_UP) == []
    assert Figure.ATTEMPTS in gate.outliers()["anna"]
    assert [card.band for card in gate.house.service.look_up(gate.at_work("bruno"), band[:16])] == [band]


def test_a_namesake_is_found_and_ones_own_record_left_out(gate: Gate) -> None:
    gate.house.tell(worn(gate.house, OTHER_UID, name="Giulia"))
    theirs, own = band_of(gate.house, OTHER_UID).hex(), gate.own_band("anna")
    found = [card.band for card in gate.house.service.look_up(gate.at_work("anna"), "Giulia")]
    assert theirs in found
    assert own not in found
    assert own in [card.band for card in gate.house.service.look_up(gate.at_work("bruno"), "Giulia")]


def test_somebody_moves_a_guests_rights_to_their_own_band(gate: Gate) -> None:
    own = bytes.fromhex("04778899aabbcc")
    gate.house.tell(worn(gate.house, own, guest=None, name="", entitlements=(), staff="bruno"))
    mine, theirs = band_of(gate.house, own).hex(), band_of(gate.house).hex()
    ask = gate.house.service.ask_link
    refused(gate, lambda: ask(gate.at_work("bruno"), mine, theirs, reason="torn"), OwnBand)
    refused(gate, lambda: ask(gate.at_work("carlo"), mine, theirs, reason="torn"), Refused)
