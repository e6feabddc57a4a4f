"""Screens: one-time codes, tokens kept as hashes, settings that last."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import Kind
from edge.errors import Refused, Unknown
from edge.staff import ScreenKind, ScreenSettings
from edge.staff import screens as rooms
from edge.staff.secrets import CODE_CHARS, CODE_SYMBOLS, code_kept_as, new_code
from tests.service.house import House, an_edge


def test_code_enrols_one_screen_once(house: House) -> None:
    code = house.staff.new_screen("gate", "north", language="it")
    screen, token = house.staff.enrol_screen(code)
    assert (screen.kind, screen.point, screen.language) == (ScreenKind.GATE, "north", "it")
    assert house.staff.screen(token) == screen
    with pytest.raises(Unknown):
        house.staff.enrol_screen(code)
    assert house.acted(Kind.SCREEN_ENROLLED)[0].target == screen.id


def test_code_dies_after_a_quarter_of_an_hour(house: House) -> None:
    code = house.staff.new_screen("gate", "north")
    house.hands.forward(s=899)
    other = house.staff.new_screen("gate", "north")
    house.hands.forward(s=2)
    with pytest.raises(Unknown):
        house.staff.enrol_screen(code)
    assert house.staff.enrol_screen(other)


def test_screen_and_its_settings_outlive_a_restart(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        screen, token = house.staff.enrol_screen(house.staff.new_screen("kiosk", "kiosk"))
        house.staff.remember(token, ScreenSettings(language="de", volume=30))
    with an_edge(tmp_path) as house:
        found = house.staff.screen(token)
        assert found is not None
        assert (found.id, found.language, found.volume) == (screen.id, "de", 30)
        assert house.staff.screens() == (found,)


def test_codes_and_tokens_stand_nowhere_in_clear(house: House) -> None:
    code = house.staff.new_screen("gate", "north")
    _, token = house.staff.enrol_screen(house.staff.new_screen("gate", "north"))
    house.sequencer.erase_ghosts()
    kept = (house.folder / "state.db").read_bytes()
    assert b"north" in kept, "control: what is looked for can be found"
    assert token.encode() not in kept
    assert code.replace("-", "").encode() not in kept


def test_revoked_screen_is_known_no_more(house: House) -> None:
    screen, token = house.staff.enrol_screen(house.staff.new_screen("gate", "north"))
    house.staff.revoke_screen(screen.id)
    assert house.staff.screen(token) is None
    assert house.staff.screens() == ()
    with pytest.raises(Unknown):
        house.staff.remember(token, ScreenSettings())


def test_kind_that_no_page_serves_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="kiosk"):
        house.staff.new_screen("billboard", "north")


def test_settings_beyond_their_bounds_are_refused(house: House) -> None:
    _, token = house.staff.enrol_screen(house.staff.new_screen("gate", "north"))
    with pytest.raises(Refused, match="volume"):
        house.staff.remember(token, ScreenSettings(volume=500))


def test_codes_that_wait_are_bounded_and_old_ones_make_place(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "CODES_MAX", 2)
    for _ in range(2):
        house.staff.new_screen("gate", "north")
    with pytest.raises(Refused, match="wait already"):
        house.staff.new_screen("gate", "north")
    house.hands.forward(s=901)
    house.staff.new_screen("gate", "north")


def test_screens_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "SCREENS_MAX", 1)
    house.staff.enrol_screen(house.staff.new_screen("gate", "north"))
    code = house.staff.new_screen("gate", "north")
    with pytest.raises(Refused, match="already"):
        house.staff.enrol_screen(code)


def test_code_is_at_least_64_bits() -> None:
    assert len(CODE_SYMBOLS) ** CODE_CHARS >= 2**64
    assert len({new_code() for _ in range(100)}) == 100


LOOKALIKES = {"0": "0Oo", "1": "1IiLl"}


@given(st.lists(st.tuples(st.sampled_from(CODE_SYMBOLS), st.integers(0, 9)), min_size=13, max_size=13))
def test_code_is_read_as_people_type_it(typed: list[tuple[str, int]]) -> None:
    code = "".join(sign for sign, _ in typed)
    other = "".join((LOOKALIKES.get(sign) or sign + sign.lower())[n % 2] for sign, n in typed)
    for grouping in ("", "-", " "):
        assert code_kept_as(grouping.join([other[:4], other[4:8], other[8:]])) == code_kept_as(code)
