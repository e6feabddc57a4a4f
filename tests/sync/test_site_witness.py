"""The site's nodes as a witness: an older copy of a device is found out with the internet down."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from edge.core.checkpoint import Checkpoint, decoded, encoded
from edge.errors import StoreError
from edge.run.site import Parts, witness
from edge.sequencer import Sequencer
from edge.signature import signer
from edge.store.journal import Journal
from sync.site import SiteBook
from sync.site.book import Keys
from sync.site.witness import Witness
from tests.security.test_journal_tamper import OWNER
from tests.store.house import Hands, a_record
from tests.store.test_checkpoints import a_device


class Book:
    """The nodes' book, as far as one key of it goes."""

    keys = Keys("park")

    def __init__(self) -> None:
        self.said: bytes | None = None
        self.asked = 0

    def tell(self, key: str, told: Callable[[bytes | None], bytes | None]) -> None:
        assert key == f"polso/park/head/{OWNER.device}"
        self.asked += 1
        self.said = told(self.said) or self.said

    def seen(self) -> Checkpoint | None:
        return None if self.said is None else decoded(self.said)


@contextmanager
def a_member(folder: Path, book: Book | SiteBook) -> Iterator[tuple[Sequencer, Witness]]:
    """A device of the site with what compares it."""
    with a_device(folder, Hands()) as (sequencer, notary), closing(Journal(folder)) as journal:
        parts = Parts(sequencer, journal, cast(Any, None), cast(Any, None))
        yield sequencer, Witness(cast(SiteBook, book), OWNER.device, witness(notary, parts))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """The site has seen three records of a device; an older copy of its folder has one."""
    made = Book()
    with a_member(tmp_path / "device", made) as (sequencer, _):
        sequencer.submit(a_record())
    shutil.copytree(tmp_path / "device", tmp_path / "old")
    with a_member(tmp_path / "device", made) as (sequencer, there):
        for _ in range(2):
            sequencer.submit(a_record())
        there.keep("book")
    return made


def test_who_comes_with_an_older_copy_appends_nothing_and_says_why(tmp_path: Path, book: Book) -> None:
    before = book.said
    with a_member(tmp_path / "old", book) as (sequencer, there):
        there.keep("book")
        assert "ends before record 2" in sequencer.frozen
        with pytest.raises(StoreError, match="not believed"):
            sequencer.submit(a_record())
    assert book.said == before, "what the site knows stays there"
    with a_member(tmp_path / "old", book) as (sequencer, _):
        assert "The site's nodes know more" in sequencer.frozen, "after a restart too"


def test_control_where_nobody_compares_the_copy_goes_on(tmp_path: Path, book: Book) -> None:
    with a_member(tmp_path / "old", book) as (sequencer, _):
        assert sequencer.submit(a_record()) == 2


def test_of_two_that_run_as_one_device_the_second_to_tell_stops(tmp_path: Path, book: Book) -> None:
    shutil.copytree(tmp_path / "device", tmp_path / "clone")
    with (
        a_member(tmp_path / "device", book) as (sequencer, there),
        a_member(tmp_path / "clone", book) as (other, beside),
    ):
        sequencer.submit(a_record("here"))
        other.submit(a_record("there"))
        there.keep("book")
        beside.keep("book")
        assert (sequencer.frozen, "is not the one" in other.frozen) == ("", True)


def test_what_the_device_has_not_signed_is_no_witness_and_is_overwritten(tmp_path: Path, book: Book) -> None:
    seen = book.seen()
    assert seen is not None
    forged = signer(b"x" * 32)(replace(seen, marks=(replace(seen.marks[0], seq=900), seen.marks[1])))
    for said in (encoded(forged), encoded(replace(seen, device="another")), b"rubbish"):
        book.said = said
        with a_member(tmp_path / "device", book) as (sequencer, there):
            there.keep("book")
            assert sequencer.frozen == ""
        after = book.seen()
        assert after is not None
        assert after.events >= seen.events


def test_the_nodes_are_asked_only_where_there_is_something_new(tmp_path: Path, book: Book) -> None:
    with a_member(tmp_path / "device", book) as (_, there):
        before = book.asked
        there.keep("book")
        there.keep("book")
        assert book.asked == before + 1
        book.said = None
        there.keep("another book")
        assert book.seen() is not None, "a book that was begun anew is told at once"


def test_a_device_that_makes_no_checkpoints_asks_nothing() -> None:
    book = Book()
    Witness(cast(SiteBook, book), OWNER.device, None).keep("book")
    assert book.asked == 0
