"""The ring: written and read again whole, rolled by version, and printed by nobody."""

from __future__ import annotations

import traceback

import pytest

from edge.keys.memory import MemoryKey
from edge.keys.ring import BadRing, Ring, new_ring, ring_in
from edge.keys.source import NoKey

KEY = bytes(range(64))
BAD = {
    "empty": b"",
    "not ours": b"other-key 1 AAAA\n",
    "short": b"polso-key 1 AAAA\n",
    "no number": b"polso-key one AAAA\n",
    "no base64": b"polso-key 1 !!!!\n",
    "not text": b"\xff\xfe",
    "version 0": Ring({1: KEY}).written().replace(b" 1 ", b" 0 "),
    "version 256": Ring({1: KEY}).written().replace(b" 1 ", b" 256 "),
    "endless": b"polso-key 1 " + b"A" * 10_000,
}


def test_ring_comes_back_as_it_was_written() -> None:
    ring = Ring({1: KEY}).rolled()
    again = ring_in(ring.written())
    assert again.items() == ring.items()
    assert (again.newest, len(dict(again.items()))) == (2, 2)


def test_ring_left_alone_keeps_the_newest_key() -> None:
    rolled = Ring({1: KEY}).rolled()
    assert dict(rolled.alone().items()) == {2: dict(rolled.items())[2]}


def test_two_new_rings_have_two_keys() -> None:
    assert new_ring().items() != new_ring().items()


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_ring_is_refused_without_a_word_of_it(name: str) -> None:
    with pytest.raises(BadRing) as told:
        ring_in(BAD[name])
    shown = "".join(traceback.format_exception(told.value))
    assert "AAAA" not in shown
    assert "AAEC" not in shown, "the first octets of the key"


def test_last_version_does_not_roll_into_nothing() -> None:
    with pytest.raises(BadRing, match="254 times"):
        Ring({255: KEY}).rolled()


def test_memory_forgets_and_keeps_nothing_elsewhere() -> None:
    source = MemoryKey()
    assert not source.has_ring()
    with pytest.raises(NoKey):
        source.ring()
    ring = new_ring()
    source.put(ring)
    assert source.ring() is ring
