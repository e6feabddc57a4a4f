"""Checkpoints: bytes to sign, and what contradicts them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.checkpoint import (
    CHECKPOINT_BYTES_MAX,
    TAG,
    Checkpoint,
    Contradiction,
    Doubt,
    Mark,
    contradictions,
    decoded,
    encoded,
    message,
)

SEEN = Checkpoint(
    site="park", device="edge-1", incarnation=1, boot="b", hlc=7, marks=(Mark(5, b"five"), Mark(2, b"two"))
)
HASHES = {(0, 5): b"five", (1, 2): b"two"}


def against(heads: tuple[int, int], hashes: dict[tuple[int, int], bytes]) -> tuple[Contradiction, ...]:
    """Compare the checkpoint with a journal of these heads and hashes."""
    return contradictions(SEEN, heads, lambda lane, seq: hashes.get((lane, seq)))


def test_a_journal_that_has_grown_fits() -> None:
    assert against((5, 2), HASHES) == against((9, 4), HASHES) == ()


def test_a_mark_that_is_no_longer_kept_contradicts_nothing() -> None:
    assert against((9, 4), {}) == ()


def test_a_journal_that_ends_before_is_behind_from_the_first_record_that_it_lacks() -> None:
    assert against((3, 2), HASHES) == (Contradiction(0, 4, Doubt.BEHIND),)


def test_another_record_at_the_mark_is_another_history() -> None:
    assert against((9, 9), HASHES | {(1, 2): b"zwei"}) == (Contradiction(1, 2, Doubt.OTHER),)


def test_it_stands_for_the_records_of_both_lanes() -> None:
    assert SEEN.events == 7


def test_bytes_come_back_as_what_they_were() -> None:
    signed = replace(SEEN, signature=b"s" * 64)
    assert decoded(encoded(signed)) == signed


@pytest.mark.parametrize("body", [b"", b"\xc0", b"\x97", b"\xa2\xff\xff", bytes(CHECKPOINT_BYTES_MAX + 1)])
def test_other_bytes_are_none(body: bytes) -> None:
    assert decoded(body) is None


def test_what_is_nested_too_deep_to_be_read_is_no_fault() -> None:
    """A part more than this version knows, arrays within arrays (msgpack: fixarray of one, 0x91).

    How deep an interpreter looks is its own affair: 3.13 steps over what 3.11 and 3.12 give up at.
    """
    plain = encoded(SEEN)
    later = bytes([plain[0] + 1]) + plain[1:] + b"\x91\xc0"
    assert decoded(later) == SEEN
    deep = b"\x91" * (CHECKPOINT_BYTES_MAX - len(plain) - 1) + b"\xc0"
    assert decoded(bytes([plain[0] + 1]) + plain[1:] + deep) in (None, SEEN)


def test_what_is_signed_names_its_purpose_and_leaves_the_signature_out() -> None:
    assert TAG.encode() in message(SEEN)
    assert message(SEEN) == message(replace(SEEN, signature=b"s"))


@pytest.mark.parametrize(
    "other",
    [
        replace(SEEN, site="x"),
        replace(SEEN, device="x"),
        replace(SEEN, incarnation=2),
        replace(SEEN, boot="c"),
        replace(SEEN, hlc=8),
        replace(SEEN, marks=(Mark(6, b"five"), Mark(2, b"two"))),
        replace(SEEN, marks=(Mark(5, b"fife"), Mark(2, b"two"))),
        replace(SEEN, marks=(Mark(5, b"five"), Mark(3, b"two"))),
    ],
)
def test_whatever_is_said_is_signed(other: Checkpoint) -> None:
    assert message(other) != message(SEEN)
