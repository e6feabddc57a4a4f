"""A device's part in its site, by what a node says: nothing that it has not brought counts as heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from edge.core.entitlements import Use
from edge.core.site import Answer, Pending, Said
from sync.site import Gateway, Member, Ports, PursePorts, SiteBook
from sync.site.book import Keys
from sync.site.gateway import coded

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

    def claim(self, uses: tuple[Use, ...], wait_s: float) -> Answer:
        return Answer(Said.MINE, uses)


class Device:
    """Holds what waits for the site, and hands it out a thousand at a time."""

    device = "edge-1"
    purse = cast(PursePorts, None)

    def __init__(self) -> None:
        self.left = [Pending(a_use(number), keep=True) for number in range(HELD)]

    def waiting(self) -> Sequence[Pending]:
        return self.left[:1_000]

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
