"""Cases at central: opened by devices and staff, each step once, gone with the guest and with their days."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.core.events import Acted, Kind
from edge.core.feedback import FeedbackGiven
from edge.core.retention import DAY_MS
from edge.errors import Refused, Unknown
from sync.central import seals
from sync.central.care import cases, ended, heard
from sync.central.care.case import Case, Links, Result, State, Step, Subject, Told, stood
from sync.central.care.cases import PAGE_MAX, Wanted, case_table, step_table
from sync.central.export import Matter, told_of
from sync.central.journey.ends import open_ends
from sync.central.journey.entry import Via
from sync.central.privacy import erasure
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.store import Store, func, select
from tests.sync.builders import NOW_MS, SITE
from tests.sync.journey.book import BAND, GUEST, OWNER, Book

CALL = Acted(point="kiosk", target="call-1")
WORD = FeedbackGiven(score=2, point="kiosk", about="op-1", because="waiting", guest=GUEST)


@pytest.fixture
def book(small_store: Store) -> Book:
    return Book(small_store)


def found(store: Store, **wanted: Any) -> list[Case]:
    with store.reading() as tx:
        return cases.listed(tx, SITE, Wanted(**wanted))


def a_case(store: Store, op: str = "form-1", *, note: str = "", **links: str) -> Case:
    first = Told(
        op=op,
        step=Step.OPENED,
        at_ms=NOW_MS,
        who="carla",
        word=Subject.BAND.value,
        via=Via.PHONE.value,
        links=Links(**{"guest": GUEST} | links),
    )
    with store.transaction() as tx:
        return cases.open_case(tx, SITE, first, note=note)


def tell(store: Store, case: Case, step: Step, *, note: str = "", op: str = "", **said: Any) -> Case:
    told = Told(op=op or f"{step}/{case.steps}", step=step, at_ms=NOW_MS, who="carla", **said)
    with store.transaction() as tx:
        return cases.tell(tx, SITE, case.id, told=told, note=note)


def lines(store: Store, case: Case) -> list[tuple[str, str]]:
    with store.reading() as tx:
        return [(one.told.step.value, one.note) for one in cases.steps(tx, SITE, case.id)]


# From devices


def test_a_call_for_help_is_a_case_that_has_to_be_answered_soon(store: Store) -> None:
    book = Book(store)
    book.tells(Kind.HELP_CALLED, CALL, band=None)
    (case,) = found(store)
    assert (case.subject, case.via, case.priority) == (Subject.HELP, Via.KIOSK, "high")
    assert case.links == Links(device=book.device.id, point="kiosk")
    assert case.due_ms == case.opened_ms + 5 * 60_000


def test_whoever_is_on_the_way_has_solved_it_on_the_spot(book: Book) -> None:
    book.tells(Kind.HELP_CALLED, CALL, band=None)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", point="kiosk", target="call-1"), band=None)
    (case,) = found(book.store)
    assert (case.state, case.result, case.kept) == (State.SOLVED, Result.ON_THE_SPOT, 1)


def test_an_answer_to_a_call_that_care_took_already_changes_nothing(book: Book) -> None:
    book.tells(Kind.HELP_CALLED, CALL, band=None)
    (case,) = found(book.store)
    tell(book.store, case, Step.ANSWERED)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", target="call-1"), band=None)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", target="another"), band=None)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna"), band=None)
    assert [one.state for one in found(book.store)] == [State.WAITING_GUEST]


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({}, 1),
        ({"score": 1}, 1),
        ({"score": 3}, 0),
        ({"guest": ""}, 0),
        ({"guest": "nobody-here"}, 0),
        ({"about": "line\nbreak"}, 0),
    ],
)
def test_whoever_is_unhappy_and_wants_to_be_known_is_spoken_to(
    book: Book, said: dict[str, object], count: int
) -> None:
    book.tells(Kind.FEEDBACK_GIVEN, msgspec.structs.replace(WORD, **said))
    assert len(found(book.store)) == count


def test_a_case_of_a_word_leads_to_guest_and_purchase(book: Book) -> None:
    book.tells(Kind.FEEDBACK_GIVEN, WORD)
    (case,) = found(book.store, guest=GUEST)
    assert (case.subject, case.links.ref, case.links.point) == (Subject.FEEDBACK, "op-1", "kiosk")


SENT = msgspec.structs.replace(CALL, reason="feedback")
ASKED = msgspec.structs.replace(WORD, call="call-1")


@pytest.mark.parametrize("word_first", [True, False])
def test_a_word_and_the_call_that_goes_with_it_are_one_case_whichever_comes_first(
    book: Book, word_first: bool
) -> None:
    both = [(Kind.FEEDBACK_GIVEN, ASKED, BAND), (Kind.HELP_CALLED, SENT, None)]
    for kind, said, band in both if word_first else reversed(both):
        book.tells(kind, said, band=band)
    (case,) = found(book.store)
    assert (case.subject, case.priority, case.state, case.steps) == ("feedback", "high", State.OPEN, 2)
    assert case.links == Links(guest=GUEST, ref="op-1", device=book.device.id, point="kiosk")
    assert case.due_ms is not None
    assert case.due_ms - case.opened_ms <= 6 * 60_000, "somebody waits at the kiosk"
    with book.store.reading() as tx:
        assert [one.what.value for one in open_ends(tx, SITE, OWNER)] == ["case_opened"]
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", point="kiosk", target="call-1"), band=None)
    assert [(one.state, one.result) for one in found(book.store)] == [(State.SOLVED, Result.ON_THE_SPOT)]


def test_a_word_that_comes_after_somebody_went_finds_the_case_solved_and_whose_it_was(book: Book) -> None:
    book.tells(Kind.HELP_CALLED, SENT, band=None)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", point="kiosk", target="call-1"), band=None)
    book.tells(Kind.FEEDBACK_GIVEN, ASKED)
    (case,) = found(book.store, guest=GUEST)
    assert (case.state, case.due_ms) == (State.SOLVED, None)
    assert [one.what.value for one in book.entries()] == ["fed_back", "case_closed", "case_opened"]
    with book.store.transaction() as tx:
        word = heard.Spoken(ASKED, case.changed_ms - 7, "cold soup")
        for _ in range(2):
            heard.unhappy(tx, SITE, word, device=book.device.id)
    assert [note for _, note in lines(book.store, case) if note] == ["cold soup"], "told twice, noted once"


def test_a_word_to_a_full_case_is_a_case_of_its_own(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "STEPS_MAX", 1)
    book.tells(Kind.HELP_CALLED, SENT, band=None)
    book.tells(Kind.FEEDBACK_GIVEN, ASKED)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", point="kiosk", target="call-1"), band=None)
    assert sorted(one.subject for one in found(book.store)) == ["feedback", "help"]


@pytest.mark.parametrize("end", [Step.SOLVED, Step.CLOSED])
def test_a_call_that_comes_to_a_word_that_had_ended_opens_it_again_until_somebody_went_there(
    book: Book, end: Step
) -> None:
    book.tells(Kind.FEEDBACK_GIVEN, ASKED)
    (case,) = found(book.store)
    tell(book.store, case, end, word="explained")
    book.tells(Kind.HELP_CALLED, SENT, band=None)
    (case,) = found(book.store, living=True)
    assert (case.state, case.priority, case.result, case.closed_ms) == (State.OPEN, "high", "", None)
    assert case.due_ms is not None
    assert case.due_ms - case.opened_ms <= 6 * 60_000
    with book.store.reading() as tx:
        assert stood(case.id, cases.steps_of(tx, SITE, case.id)) == case
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", point="kiosk", target="call-1"), band=None)
    (case,) = found(book.store)
    assert (case.state, case.result) == (State.SOLVED, Result.ON_THE_SPOT)


def test_a_call_to_the_word_of_somebody_erased_opens_nothing(book: Book) -> None:
    book.tells(Kind.FEEDBACK_GIVEN, ASKED)
    with book.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    book.tells(Kind.HELP_CALLED, SENT, band=None)
    (case,) = found(book.store)
    assert (case.state, case.result) == (State.CLOSED, Result.ERASED)


def test_another_guest_s_word_at_the_same_call_is_a_case_of_its_own(book: Book) -> None:
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="zoe"), Guest(id="yan")])
    book.tells(Kind.FEEDBACK_GIVEN, ASKED)
    book.tells(Kind.FEEDBACK_GIVEN, msgspec.structs.replace(ASKED, guest="zoe"))
    assert {one.links.guest for one in found(book.store)} == {GUEST, "zoe"}
    with book.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    book.tells(Kind.FEEDBACK_GIVEN, msgspec.structs.replace(ASKED, guest="yan"))
    assert sorted(one.state for one in found(book.store)) == [State.CLOSED, State.OPEN, State.OPEN]


# Steps


def test_a_case_and_each_step_happen_once_however_often_they_are_sent(store: Store) -> None:
    Book(store)
    case = a_case(store)
    assert a_case(store) == case
    once = tell(store, case, Step.NOTED, op="n", note="she is at gate 2")
    again = tell(store, case, Step.NOTED, op="n", note="another word")
    assert once == again == found(store)[0]
    assert lines(store, case) == [("opened", ""), ("noted", "she is at gate 2")]


def test_where_a_case_stands_is_what_its_steps_tell(store: Store) -> None:
    Book(store)
    case = a_case(store, note="lost her band")
    for step in (Step.TAKEN, Step.ANSWERED, Step.HEARD):
        case = tell(store, case, step)
    tell(store, case, Step.CLOSED, word="put_right")
    with store.reading() as tx:
        assert stood(case.id, cases.steps_of(tx, SITE, case.id)) == cases.find(tx, SITE, case.id)


def test_a_note_is_sealed_and_opens_in_its_own_place_alone(book: Book) -> None:
    case = a_case(book.store, note="lost her band")
    with book.store.reading() as tx:
        (kept,) = tx.execute(select(step_table.c.body)).scalars()
        (first,) = cases.steps_of(tx, SITE, case.id)
        assert first.note is not None
        assert seals.opened(tx, SITE, [seals.Written(first.note, 2, None)]) == [""]
    assert b"lost her band" not in bytes(kept)
    assert lines(book.store, case) == [("opened", "lost her band")]


def test_what_is_refused_leaves_nothing(book: Book) -> None:
    case = a_case(book.store)
    with pytest.raises(Refused, match="characters"):
        tell(book.store, case, Step.NOTED, note="x" * 1_001)
    with pytest.raises(Unknown):
        tell(book.store, msgspec.structs.replace(case, id="another"), Step.NOTED)
    assert lines(book.store, case) == [("opened", "")]


def test_a_case_does_not_grow_for_ever(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "STEPS_MAX", 2)
    case = tell(book.store, a_case(book.store), Step.NOTED)
    with pytest.raises(Refused, match="too long"):
        tell(book.store, case, Step.NOTED)


def test_cases_are_found_by_what_they_are_about_page_by_page(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Book(store)
    by_band = a_case(store, "a", guest="", band=BAND.hex())
    by_order = a_case(store, "b", order="o1")
    tell(store, by_order, Step.CLOSED, word="explained")
    assert [one.id for one in found(store, band=BAND.hex())] == [by_band.id]
    assert [one.id for one in found(store, order="o1")] == [by_order.id]
    assert [one.id for one in found(store, living=True)] == [by_band.id]
    monkeypatch.setattr(cases, "PAGE_MAX", 1)
    (first,) = found(store)
    with store.reading() as tx:
        (second,) = cases.listed(tx, SITE, Wanted(), before=(first.opened_ms, first.id))
        assert [one.id for one in cases.since(tx, SITE, NOW_MS)] == [by_band.id, by_order.id]
        assert [one.id for one in cases.since(tx, SITE, NOW_MS + 1)] == [by_band.id]
    assert {first.id, second.id} == {by_band.id, by_order.id}


# The diary


def test_the_guest_reads_that_they_came_were_answered_and_how_it_ended(book: Book) -> None:
    case = a_case(book.store)
    with book.store.reading() as tx:
        assert [one.ref for one in open_ends(tx, SITE, OWNER)] == [case.id]
    for step in (Step.NOTED, Step.ANSWERED):
        tell(book.store, case, step)
    tell(book.store, case, Step.CLOSED, word="put_right")
    assert book.says() == [("case_opened", 1), ("case_answered", 1), ("case_closed", 1)]
    with book.store.reading() as tx:
        assert open_ends(tx, SITE, OWNER) == ()


def test_a_case_of_somebody_unknown_is_in_no_diary(book: Book) -> None:
    a_case(book.store, guest="g-9")
    assert book.entries("g:g-9") == ()


def test_a_guest_is_handed_what_we_wrote_of_their_case(book: Book) -> None:
    case = tell(book.store, a_case(book.store, note="lost her band"), Step.CLOSED, word="put_right")
    with book.store.reading() as tx:
        (told,) = told_of(tx, SITE, GUEST).cases
    assert told == Matter(
        case=case.id,
        subject="band",
        state="closed",
        result="put_right",
        opened_ms=NOW_MS,
        notes=("lost her band",),
    )


# Erased and over


def test_of_an_erased_guest_s_case_stays_that_there_was_one(store: Store) -> None:
    Book(store)
    case = tell(store, a_case(store, note="lost", band=BAND.hex(), order="o1"), Step.ACTED, ref="w1")
    other = a_case(store, "b", note="mine", guest="")
    with store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    with store.reading() as tx:
        left = cases.must_find(tx, SITE, case.id)
        assert [one.note for one in cases.steps(tx, SITE, other.id)] == ["mine"]
        told = cases.steps_of(tx, SITE, case.id)
        assert stood(case.id, told) == left
    assert (left.state, left.result, left.links) == (State.CLOSED, Result.ERASED, Links())
    assert [(one.step, one.ref, one.note) for one in told] == [
        (Step.OPENED, "", None),
        (Step.ACTED, "", None),
        (Step.CLOSED, "", None),
    ]


def test_a_closed_case_of_an_erased_guest_stays_as_it_ended(book: Book) -> None:
    case = tell(book.store, a_case(book.store), Step.CLOSED, word="explained")
    with book.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
        left = cases.must_find(tx, SITE, case.id)
    assert (left.result, left.steps) == (Result.EXPLAINED, 2)


def test_what_nobody_spoke_of_for_long_goes_with_its_notes(store: Store) -> None:
    Book(store)
    a_case(store, "old", note="old")
    fresh = a_case(store, "fresh")
    late = Told(op="n", step=Step.NOTED, at_ms=NOW_MS + DAY_MS)
    with store.transaction() as tx:
        cases.tell(tx, SITE, fresh.id, told=late)
        assert ended.delete_before(tx, NOW_MS + DAY_MS) == 1
        assert tx.execute(select(case_table.c.case_id)).scalars().all() == [fresh.id]
        assert tx.execute(select(func.count()).select_from(step_table)).scalar_one() == 2
        keys = tx.execute(select(seals.seal_table.c.owner)).scalars().all()
    assert [one for one in keys if one.startswith("c:")] == []
    assert PAGE_MAX > 1
