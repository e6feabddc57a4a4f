"""A device's part in its site, by what a node says: nothing that it has not brought counts as heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from edge.core.entitlements import Use
from edge.core.site import Answer, Mark, Pending, Said
from edge.errors import StoreDamaged
from sync.client import Cable
from sync.site import Gateway, Member, Ports, PursePorts, SiteBook, WitnessPorts
from sync.site.book import Entry, Keys
from sync.site.gateway import Pair, WentBack, coded
from sync.site.member import KEPT_MS
from sync.site.purse import Purse

HELD = 2_500


class Node:
    """Says what it is told to say of changes."""

    def __init__(self, *said: dict[str, Any]) -> None:
        self.said = said

    def watch(self, body: object, silence_s: float) -> Iterator[dict[str, Any]]:
        yield from self.said


class Book:
    """Confirms whatever it is asked for."""

    keys = Keys("park")

    def prove_room(self, device: str, wait_s: float) -> None:
        """There is room."""

    def claim(self, uses: tuple[Use, ...], wait_s: float) -> Answer:
        return Answer(Said.MINE, uses)


class Copy(Book):
    """An older copy of a book that once stood higher."""

    def __init__(self, name: str, revision: int) -> None:
        self.name, self.revision = name, revision

    def pulse(self, wait_s: float) -> str:
        if self.revision < 900:
            raise WentBack("from 900 to 5", sent=True)
        return self.name

    def renamed(self, former: str, wait_s: float) -> str:
        self.name = self.name if former != self.name else "new"
        self.revision = 6
        return self.name

    def stands(self, *, at_least: int = 0) -> int:
        return self.revision


class Device:
    """Holds what waits for the site, and hands it out a thousand at a time."""

    device = "edge-1"
    purse = cast(PursePorts, None)
    witness: WitnessPorts | None = None

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.calls = 0
        self.left = [Pending(a_use(number), keep=True) for number in range(HELD)]

    def waiting(self) -> Sequence[Pending]:
        return self.left[:1_000]

    def now_ms(self) -> int:
        return 1

    def mark(self) -> Mark:
        return Mark()

    def remember(self, mark: Mark) -> None:
        self.marks.append(mark)

    def went_back(self) -> None:
        self.calls += 1

    def settle(self, done: Sequence[Pending]) -> None:
        self.left = [one for one in self.left if one not in done]


def a_use(number: int) -> Use:
    return Use(entitlement=f"r{number}", ordinal=1, scan_ms=1, device="edge-1", point="gate", tap_id="t")


def member(node: Node, device: Device) -> Member:
    return Member(cast(Gateway, node), cast(SiteBook, Book()), cast(Ports, device))


def test_a_watch_that_says_how_far_the_book_is_has_brought_nothing_yet() -> None:
    """The first message of a watch bears the book's own revision, before the backlog that was asked for."""
    key = {"key": coded("polso/park/state/x"), "mod_revision": "7"}
    part = member(Node({"created": True, "header": {"revision": "900"}}), Device())
    part._listen()
    assert part._since == 0
    part = member(Node({"header": {"revision": "900"}, "events": [{"type": "DELETE", "kv": key}]}), Device())
    part._listen()
    assert part._since == 8, "what follows the seventh is asked for again"


def test_all_that_waits_is_settled_however_long_the_site_was_away() -> None:
    device = Device()
    part = member(Node(), device)
    part.nudge()
    for _ in range(HELD // 1_000 + 1):
        part._settle()
    assert device.left == []


class Script(Gateway):
    """Answers with one revision after the other."""

    def __init__(self, *revisions: int) -> None:
        super().__init__(("http://nowhere",), Cable())
        self._revisions = iter(revisions)

    def _one(self, path: str, text: bytes, left_s: float) -> dict[str, Any]:
        return {"header": {"revision": str(next(self._revisions))}}


def test_no_answer_of_a_book_that_went_back_is_believed_until_it_is_begun_anew() -> None:
    gateway = Script(5, 9, 9, 8, 8, 8, 10)
    for _ in range(3):
        gateway.call("kv/range", {}, 1)
    with pytest.raises(WentBack, match="from revision 9 to 8"):
        gateway.call("kv/range", {}, 1)
    with pytest.raises(WentBack):
        gateway.call("kv/txn", {}, 1)
    gateway.call("kv/txn", {}, 1, anew=True)
    gateway.call("kv/range", {}, 1)
    assert gateway.newest == 10


def test_an_answer_that_another_calls_answer_overtook_is_no_older_book() -> None:
    gateway = Script()
    before = gateway.newest
    gateway._believed(before, {"header": {"revision": "9"}}, anew=False)
    gateway._believed(before, {"header": {"revision": "7"}}, anew=False)
    assert gateway.newest == 9


@pytest.mark.parametrize(("there", "now"), [("old", "new"), ("other", "other")])
def test_a_book_that_went_back_while_this_device_was_off_is_given_a_new_name_once(
    there: str, now: str
) -> None:
    """Whoever finds it first names it; the others find that it has another name than they knew."""
    device = Device()
    part = Member(cast(Gateway, Node()), cast(SiteBook, Copy(there, 5)), cast(Ports, device))
    part._mark = Mark("old", 900)
    part._named = part._mark.book
    part._feel()
    part._remember()
    assert part._named == now
    assert device.marks == [Mark(now, 6)]
    assert device.calls == 1, "each device's staff hear of it"
    assert part.in_touch() is False, "what the others did meanwhile is read anew first"


class Claimed(Book):
    """Holds what this device's taps claimed, and frees what it is told to."""

    def __init__(self, *uses: Use) -> None:
        self.there = {self.keys.use(use): use for use in uses}

    def all(self, since: int, prefix: str = "") -> tuple[list[Pair], int]:
        held = {key: msgspec.msgpack.encode(Entry(use, 1)) for key, use in self.there.items()}
        return [Pair(key, value, 1) for key, value in held.items() if key.startswith(prefix)], 1

    def free(self, use: Use, *, revision: int = 0) -> None:
        assert revision == 1, "as it was read"
        self.there.pop(self.keys.use(use))


class Restored(Device):
    """An older copy: its store knows nothing of what its lost life let in."""

    def __init__(self) -> None:
        super().__init__()
        self.proven = False
        self.purse = cast(PursePorts, self)

    def current(self) -> bool:
        return self.proven

    def now_ms(self) -> int:
        return KEPT_MS

    def is_sure(self) -> bool:
        return False

    def strays(self, uses: Sequence[Use]) -> Sequence[Use]:
        return uses


def test_no_use_is_freed_as_a_stray_before_the_journal_is_proven_current() -> None:
    """Its lost life let somebody in by it: free again, the same right would open a second gate."""
    device, book = Restored(), Claimed(a_use(1))
    part = Member(cast(Gateway, Node()), cast(SiteBook, book), cast(Ports, device))
    part._tidy()
    assert book.there, "nobody has compared this journal with the newest that they know"
    device.proven = True
    part._tidy()
    assert book.there == {}, "proven, what the store does not know came to nothing, and was not put off a day"


def test_how_far_the_book_is_is_written_down_now_and_then() -> None:
    device = Device()
    book = Copy("old", 900)
    part = Member(cast(Gateway, Node()), cast(SiteBook, book), cast(Ports, device))
    for book.revision in (900, 901, 1_100, 1_101, 1_500):
        part._feel()
        part._remember()
    assert [one.revision for one in device.marks] == [900, 1_101, 1_500]


def test_at_the_first_touch_the_site_is_asked_what_it_has_seen_of_this_device() -> None:
    class Asked(Copy):
        def tell(self, key: str, told: object) -> None:
            asked.append(key)

    asked: list[str] = []
    device = Device()
    device.witness = WitnessPorts(newest=lambda: None, doubt=lambda seen: None)
    part = Member(cast(Gateway, Node()), cast(SiteBook, Asked("old", 900)), cast(Ports, device))
    part._keep_once()
    assert asked == ["polso/park/head/edge-1"]


class Hurt(Device):
    """A device whose store cannot be read before it is mended."""

    hurt = True

    def mark(self) -> Mark:
        if self.hurt:
            raise StoreDamaged("The journal is damaged.")
        return Mark("old", 900)


def test_a_damaged_store_keeps_nobody_from_starting_and_the_book_waits_until_it_is_read() -> None:
    """Its gate has to answer "see staff"; and without its mark no older book would be noticed."""
    device, book = Hurt(), Copy("old", 5)
    part = Member(cast(Gateway, Node()), cast(SiteBook, book), cast(Ports, device))
    part._threads = []
    part._purse = cast(Purse, SimpleNamespace(start=lambda: None))
    part.start()
    part._keep_once()
    assert not part.in_touch()
    assert book.name == "old", "nothing is asked of the book meanwhile"
    device.hurt = False
    part._recall()
    assert part._mark == Mark("old", 900)
