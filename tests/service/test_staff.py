"""Staff: signing in, pauses, sessions, and the table of what each role may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.pins import TRIES_MAX
from edge.errors import NotAllowed
from edge.staff import (
    PERMISSIONS,
    Action,
    AskAgain,
    Paused,
    Role,
    Session,
    SignedOut,
    Staff,
    WrongPin,
    may,
    permit,
    sign_in,
)
from edge.staff.pins import hash_pin, pin_matches
from edge.staff.session import IDLE_S_MAX, SESSION_S_MAX
from tests.cheap import TRUE, hashes
from tests.service.house import PIN, Hands, House, a_member, an_edge

BADGE = "ab" * 16


@pytest.fixture
def anna(house: House) -> House:
    house.employ(a_member("anna", "gate", "supervisor", house=house, badge=BADGE))
    return house


# Who may do what


def a_session(*roles: str, until_ms: int = 10, fresh_until_ms: int = 10) -> Session:
    return Session(
        token="t",
        staff="s",
        name="S",
        roles=roles,
        point="north",
        until_ms=until_ms,
        fresh_until_ms=fresh_until_ms,
    )


def test_every_action_has_its_row() -> None:
    assert set(PERMISSIONS) == set(Action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_role_may_do_what_its_row_says_and_nothing_else(role: Role, action: Action) -> None:
    session = a_session(role)
    if role in PERMISSIONS[action].roles:
        permit(session, action, now_ms=0)
        assert may(session, action)
    else:
        with pytest.raises(NotAllowed):
            permit(session, action, now_ms=0)
        assert not may(session, action)


@pytest.mark.parametrize("action", Action)
def test_dangerous_action_asks_again_after_idle_minutes_and_others_do_not(action: Action) -> None:
    idle = a_session(*Role, fresh_until_ms=0)
    if PERMISSIONS[action].dangerous:
        with pytest.raises(AskAgain):
            permit(idle, action, now_ms=1)
    else:
        permit(idle, action, now_ms=1)


@pytest.mark.parametrize("action", Action)
def test_nobody_does_anything_after_the_shift(action: Action) -> None:
    with pytest.raises(SignedOut):
        permit(a_session(*Role), action, now_ms=10)


@pytest.mark.parametrize(
    "action",
    [Action.OVERRIDE, Action.UNDO_ANY, Action.REVOKE, Action.REPORT_FOUND, Action.CORRECT_COUNT],
)
def test_what_lifts_or_ends_a_right_takes_a_supervisor(action: Action) -> None:
    assert PERMISSIONS[action].roles == {Role.SUPERVISOR}
    assert PERMISSIONS[action].dangerous


def test_role_that_nobody_defined_may_do_nothing() -> None:
    assert not any(may(a_session("king"), action) for action in Action)


# Signing in


@pytest.mark.parametrize("who", ["anna", "Anna", " ANNA ", f"badge:{BADGE}", f"badge:{BADGE.upper()}"])
def test_id_name_or_badge_and_the_pin_open_a_session(anna: House, who: str) -> None:
    session = anna.staff.sign_in(who, PIN, "north")
    assert (session.staff, session.roles, session.point) == ("anna", ("gate", "supervisor"), "north")
    assert anna.staff.session(session.token) == session
    assert anna.acted(Kind.SIGNED_IN)[0].staff == "anna"


@pytest.mark.parametrize("who", ["anna", "berta", "", "badge:", "badge:00"])
def test_wrong_pin_and_unknown_name_are_refused_alike(anna: House, who: str) -> None:
    with pytest.raises(WrongPin) as refusal:
        anna.staff.sign_in(who, "1357", "north")
    assert str(refusal.value) == "Name or PIN is not right."
    assert anna.acted(Kind.SIGN_IN_REFUSED)[0].reason == "wrong_pin"


def test_two_people_of_one_name_sign_in_by_their_ids(house: House) -> None:
    twins = [msgspec.structs.replace(a_member(id, house=house), name="Anna") for id in ("a1", "a2")]
    house.employ(*twins)
    with pytest.raises(WrongPin):
        house.staff.sign_in("Anna", PIN, "north")
    assert house.staff.sign_in("a2", PIN, "north").staff == "a2"


def test_somebody_without_a_badge_is_not_found_by_an_empty_one(house: House) -> None:
    house.employ(a_member("anna", house=house))
    with pytest.raises(WrongPin):
        house.staff.sign_in("badge:", PIN, "north")


def test_five_wrong_pins_make_a_pause_in_which_the_right_one_is_refused_too(anna: House) -> None:
    for _ in range(TRIES_MAX):
        with pytest.raises(WrongPin):
            anna.staff.sign_in("anna", "1357", "north")
    with pytest.raises(Paused, match="Too many") as refusal:
        anna.staff.sign_in("anna", PIN, "north")
    assert "5 min" in refusal.value.hint
    anna.hands.forward(s=301)
    assert anna.staff.sign_in("anna", PIN, "north")


def test_four_wrong_pins_and_the_right_one_start_the_count_anew(anna: House) -> None:
    """Control: only a full round makes a pause."""
    for _ in range(2):
        for _ in range(TRIES_MAX - 1):
            with pytest.raises(WrongPin):
                anna.staff.sign_in("anna", "1357", "north")
        assert anna.staff.sign_in("anna", PIN, "north")


def test_pause_outlives_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        house.employ(a_member("anna", house=house))
        for _ in range(TRIES_MAX):
            with pytest.raises(WrongPin):
                house.staff.sign_in("anna", "1357", "north")
    with an_edge(tmp_path, hands) as house, pytest.raises(Paused):
        house.staff.sign_in("anna", PIN, "north")


def test_guessing_names_is_paused_as_well(anna: House) -> None:
    for n in range(TRIES_MAX):
        with pytest.raises(WrongPin):
            anna.staff.sign_in(f"nobody-{n}", "1357", "north")
    with pytest.raises(Paused):
        anna.staff.sign_in("nobody-9", "1357", "north")
    assert anna.staff.sign_in("anna", PIN, "north"), "and it locks nobody real out"


def test_attempt_is_counted_before_it_is_looked_at(anna: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many at once gain nothing: each finds the others' attempts taken as wrong already."""
    seen = []

    def looked_at(*asked: Any) -> bool:
        seen.append(anna.sequencer.submit(lambda tx: len(sign_in._wrong(tx, "anna"))))
        return pin_matches(*asked)

    monkeypatch.setattr(sign_in, "pin_matches", looked_at)
    with pytest.raises(WrongPin):
        anna.staff.sign_in("anna", "1357", "north")
    assert anna.staff.sign_in("anna", PIN, "north")
    assert seen == [1, 2]


def test_pin_of_one_person_is_not_the_hash_of_another(house: House) -> None:
    one, other = (house.vault.keyed_pin(name, PIN) for name in ("anna", "berta"))
    assert one != other
    assert pin_matches(hash_pin(one), one)
    assert not pin_matches(hash_pin(one), other)


def test_hash_without_the_sites_key_is_worth_no_try(house: House) -> None:
    member = a_member("anna", house=house)
    assert not pin_matches(member.pin_hash, PIN.encode())
    assert pin_matches(member.pin_hash, house.vault.keyed_pin("anna", PIN))


@pytest.mark.parametrize("broken", ["", "x", "$argon2id$v=19$m=1"])
def test_record_without_a_sound_hash_matches_nothing(broken: str) -> None:
    assert not pin_matches(broken, b"anything")


# Sessions


def test_session_outlives_a_restart_and_stands_nowhere_in_clear(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        house.employ(a_member("anna", house=house))
        token = house.staff.sign_in("anna", PIN, "north").token
        house.sequencer.erase_ghosts()
        assert token.encode() not in (tmp_path / "state.db").read_bytes()
    with an_edge(tmp_path) as house:
        found = house.staff.session(token)
        assert found is not None
        assert found.staff == "anna"


def test_session_ends_with_the_shift(anna: House) -> None:
    token = anna.staff.sign_in("anna", PIN, "north").token
    anna.hands.forward(s=SESSION_S_MAX - 1)
    assert anna.staff.session(token)
    anna.hands.forward(s=1)
    assert anna.staff.session(token) is None


def test_session_ends_when_its_person_no_longer_works_here(anna: House) -> None:
    token = anna.staff.sign_in("anna", PIN, "north").token
    anna.dismiss("anna")
    assert anna.staff.session(token) is None


def test_role_that_is_taken_away_is_gone_at_once(anna: House) -> None:
    token = anna.staff.sign_in("anna", PIN, "north").token
    anna.employ(a_member("anna", "gate", house=anna), version=2)
    session = anna.staff.session(token)
    assert session is not None
    assert session.roles == ("gate",)


def test_sign_out_ends_a_session_once(anna: House) -> None:
    token = anna.staff.sign_in("anna", PIN, "north").token
    anna.staff.sign_out(token)
    anna.staff.sign_out(token)
    assert anna.staff.session(token) is None
    assert len(anna.events(Kind.SIGNED_OUT)) == 1


def test_acts_keep_a_session_fresh_and_looking_does_not(anna: House) -> None:
    token = anna.staff.sign_in("anna", PIN, "north").token
    anna.hands.forward(s=IDLE_S_MAX - 10)
    looked = anna.staff.session(token)
    acted = anna.staff.session(token, active=True)
    assert looked is not None
    assert acted is not None
    assert acted.fresh_until_ms - looked.fresh_until_ms == (IDLE_S_MAX - 10) * 1_000


def test_idle_session_is_fresh_again_only_by_the_pin(anna: House) -> None:
    token = anna.staff.sign_in("anna", PIN, "north").token
    anna.hands.forward(s=IDLE_S_MAX + 1)
    stale = anna.staff.session(token, active=True)
    assert stale is not None
    with pytest.raises(AskAgain):
        anna.staff.permit(stale, Action.OVERRIDE)
    with pytest.raises(WrongPin):
        anna.staff.refresh(token, "1357")
    anna.staff.permit(anna.staff.refresh(token, PIN), Action.OVERRIDE)


def test_the_pin_again_brings_a_new_token_and_the_old_one_is_nobodys(anna: House) -> None:
    old = anna.staff.sign_in("anna", PIN, "north")
    fresh = anna.staff.refresh(old.token, PIN)
    assert fresh.token != old.token
    assert fresh.until_ms == old.until_ms, "the shift does not begin again"
    assert anna.staff.session(old.token) is None
    with pytest.raises(NotAllowed):
        anna.staff.refresh(old.token, PIN)
    assert anna.staff.session(fresh.token) == fresh


def test_what_was_opened_with_the_old_token_goes_on_until_the_session_ends(anna: House) -> None:
    tokens = [anna.staff.sign_in("anna", PIN, "north").token]
    for _ in range(3):
        tokens.append(anna.staff.refresh(tokens[-1], PIN).token)
    other = anna.staff.sign_in("anna", PIN, "north").token
    assert [anna.staff.stands(token) for token in tokens] == [True] * 4
    anna.staff.sign_out(tokens[0])
    assert anna.staff.stands(tokens[0]), "an old token ends nothing either"
    anna.staff.sign_out(tokens[-1])
    assert [anna.staff.stands(token) for token in tokens] == [False] * 4
    assert anna.staff.stands(other)
    assert not anna.staff.stands("x" * 43)


def test_a_token_of_before_the_pin_stays_dead_after_a_restart(tmp_path: Path) -> None:
    with an_edge(tmp_path / "e") as house:
        house.employ(a_member(house=house))
        old = house.staff.sign_in("anna", PIN, "north").token
        fresh = house.staff.refresh(old, PIN).token
    with an_edge(tmp_path / "e") as house:
        assert house.staff.session(old) is None
        assert house.staff.session(fresh) is not None


def test_token_that_was_never_given_is_no_session(anna: House) -> None:
    assert anna.staff.session("") is None
    assert anna.staff.session("x" * 43) is None
    with pytest.raises(NotAllowed):
        anna.staff.refresh("x" * 43, PIN)


def test_session_names_its_person_and_never_its_token(anna: House) -> None:
    session = anna.staff.sign_in("anna", PIN, "north")
    assert session.token not in repr(session)


def test_people_who_are_signed_in_are_bounded(anna: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.staff import sign_in

    monkeypatch.setattr(sign_in, "SESSIONS_MAX", 2)
    anna.staff.sign_in("anna", PIN, "north")
    anna.staff.sign_in("anna", PIN, "north")
    with pytest.raises(Exception, match="signed in already"):
        anna.staff.sign_in("anna", PIN, "north")
    anna.hands.forward(s=SESSION_S_MAX)
    assert anna.staff.sign_in("anna", PIN, "north"), "those whose shift is over make place"


def test_hash_costs_what_the_decision_page_says() -> None:
    with hashes(TRUE):
        assert hash_pin(b"x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_staff_asks_for_nothing_before_the_first_question(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        house.sequencer.stop()
        Staff(house.sequencer, house.profiles, house.vault, house.clock)
