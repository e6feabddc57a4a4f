"""Every line is judged by itself: a bad one is named by its number, with what to do, and nothing raises."""

from __future__ import annotations

import zoneinfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.core.entitlements import Status
from edge.errors import Refused
from sync.central.imports.columns import COLUMNS, LINE_CHARS_MAX
from sync.central.imports.lines import Line, Terrain, Wrong, read

TERRAIN = Terrain(frozenset({"day"}), zoneinfo.ZoneInfo("Europe/Rome"))
FULL = ",".join(COLUMNS)


def judged(*lines: str, heading: str = "guest,uid,product,valid_from,valid_until") -> list[Line | Wrong]:
    return list(read([heading + "\n", *(line + "\n" for line in lines)], TERRAIN))


def why(line: str, heading: str = FULL) -> str:
    (found,) = judged(line, heading=heading)
    assert isinstance(found, Wrong), found
    assert found.number == 2
    return found.why


def test_a_whole_line_says_guest_band_and_right() -> None:
    line = (
        "g1,Anna,it,gold,vip sweet,8-11,124,fam,4,child,04:a1:b2:c3:d4:e5:01,ntag424,blue,"
        "e7,day,unpaid,2026-06-01,2026-06-02T18:00"
    )
    (found,) = judged(line, heading=FULL)
    assert isinstance(found, Line)
    assert (found.guest.name, found.guest.tags, found.guest.height_cm) == ("Anna", ("vip", "sweet"), 124)
    assert found.guest.party is not None
    assert (found.guest.party.size, found.guest.party.role) == (4, "child")
    assert found.uid == bytes.fromhex("04a1b2c3d4e501")
    assert found.right is not None
    assert (found.right.id, found.right.status) == ("e7", Status.UNPAID)
    assert found.right.valid_from_ms == 1_780_264_800_000, "midnight in Rome, not in Greenwich"


def test_only_the_guest_is_needed_and_columns_may_come_in_any_order() -> None:
    (found,) = judged("day,g9", heading="product,guest")
    assert isinstance(found, Line)
    assert found.right is not None
    assert (found.guest.id, found.uid, found.right.id) == ("g9", None, "g9.day")


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_what_a_spreadsheet_writes_is_read(delimiter: str) -> None:
    lines = [
        f"\ufeffGuest{delimiter} NAME\r\n",
        f'g1{delimiter}"Anna{delimiter} Rossi"\r\n',
        "\r\n",
        f"{delimiter}\r\n",
    ]
    (found,) = read(lines, TERRAIN)
    assert isinstance(found, Line)
    assert found.guest.name == f"Anna{delimiter} Rossi".strip()


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("guest", "", "give each guest an id"),
        ("guest", "a/b", "slash"),
        ("name", "x" * 81, "80 characters"),
        ("name", "a\u0000b", "unreadable"),
        ("language", "klingon", "none of it, en"),
        ("age_band", "11-8", "as 8-11"),
        ("height_cm", "1.2", "whole number from 30 to 259"),
        ("height_cm", "²", "whole number"),
        ("party_size", "0", "from 1 to 99"),
        ("uid", "04A1", "octets in hexadecimal"),
        ("uid", "nothing", "octets in hexadecimal"),
        ("chip", "mifare", "none of ntag424"),
        ("product", "moon", "make it first"),
        ("status", "lost", "none of valid"),
        ("valid_from", "yesterday", "write it as 2026-06-30"),
        ("valid_from", "0001-01-01", "write it as"),
        ("valid_until", "2026-13-01", "write it as"),
        ("tags", " ".join(map(str, range(17))), "more than 16"),
    ],
)
def test_a_bad_field_is_named_with_what_to_write(column: str, text: str, said: str) -> None:
    row = {"guest": "g1", "product": "day", "party": "fam"} | {column: text}
    told = why(",".join(row.get(name, "") for name in COLUMNS))
    assert column in told
    assert said in told


def test_an_end_before_its_beginning_is_wrong() -> None:
    assert "not after valid_from" in why(
        "g1,,day,2026-06-02,2026-06-01", "guest,uid,product,valid_from,valid_until"
    )


def test_a_wrong_count_of_fields_is_wrong() -> None:
    assert "3 fields, the heading has 1" in why("a,b,c", "guest")


def test_a_huge_line_is_wrong_and_the_next_one_right() -> None:
    huge, good = judged("x" * (LINE_CHARS_MAX + 1), "g1", heading="guest")
    assert isinstance(huge, Wrong)
    assert isinstance(good, Line)
    assert good.number == 3


def test_a_quote_that_never_ends_spoils_its_line_only() -> None:
    first, second = judged('"g1,Anna', "g2,Bea", heading="guest,name")
    assert isinstance(first, Wrong)
    assert isinstance(second, Line)


def test_an_octet_that_is_no_utf8_spoils_its_line_only() -> None:
    first, second = judged("g1,Ann\udce0", "g2,Bea", heading="guest,name")
    assert isinstance(first, Wrong)
    assert isinstance(second, Line)


@pytest.mark.parametrize("heading", ["", "name", "guest,guest", "guest,surname"])
def test_an_unusable_heading_is_refused_with_the_columns_there_are(heading: str) -> None:
    with pytest.raises(Refused, match="Line 1") as refused:
        judged("x", heading=heading)
    assert "valid_until" in refused.value.hint


field = st.one_of(
    st.text(max_size=30), st.sampled_from(["day", "2026-06-01", "04a1b2c3d4e501", "8-11", "9" * 5_000, '"'])
)


@given(st.lists(st.lists(field, min_size=len(COLUMNS), max_size=len(COLUMNS)).map(",".join), max_size=4))
@example(["g,,,,,-,,,,,,,,,day,,9999-12-31T23:59:59-23:59,"])
def test_no_line_whatsoever_raises_and_each_is_told_by_its_number(rows: list[str]) -> None:
    found = list(read([FULL + "\n", *rows], TERRAIN))
    numbers = [one.number for one in found]
    assert numbers == sorted(set(numbers))
    assert all(2 <= number <= len(rows) + 1 for number in numbers)
    assert all(one.why for one in found if isinstance(one, Wrong))
