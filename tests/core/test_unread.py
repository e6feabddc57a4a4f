"""Unread: what of the feed made no sense is named, counted, and forgotten once it does."""

from __future__ import annotations

from edge.core.unread import KEPT_MAX, NAMED_MAX, WHY_CHARS_MAX, Fault, Unread, in_words, with_fault, without


def some(count: int) -> Unread:
    unread = Unread()
    for number in range(count):
        unread = with_fault(unread, f"stock {number}", Fault(10 + number, "it is none"))
    return unread


def test_nothing_refused_is_nothing_said() -> None:
    assert (Unread().count, Unread().first, in_words(Unread())) == (0, 0, "")


def test_each_thing_is_kept_once_in_its_newest_version() -> None:
    unread = with_fault(some(2), "stock 1", Fault(99, "still none"))
    assert (unread.count, unread.first) == (2, 10)
    assert unread.faults["stock 1"] == Fault(99, "still none")


def test_no_number_of_them_grows_beyond_what_is_kept() -> None:
    unread = some(KEPT_MAX + 5)
    assert (len(unread.faults), unread.more, unread.count) == (KEPT_MAX, 5, KEPT_MAX + 5)
    assert with_fault(unread, "stock 0", Fault(1, "again")).more == 5


def test_a_long_reason_is_cut() -> None:
    assert len(with_fault(Unread(), "x", Fault(1, "y" * 999)).faults["x"].why) == WHY_CHARS_MAX


def test_what_makes_sense_again_is_forgotten_and_nothing_else() -> None:
    unread = some(2)
    assert list(without(unread, "stock 0").faults) == ["stock 1"]
    assert without(unread, "stock 7") is unread


def test_an_operator_is_told_how_many_and_the_last_few_by_name() -> None:
    words = in_words(with_fault(some(5), "order \x1b[31m" + "k" * 99, Fault(1, "no Order")))
    assert words.startswith("6 of the things it told make no sense here, as ")
    assert words.count(": ") == NAMED_MAX
    assert "\x1b" not in words
    assert "k" * 60 not in words
