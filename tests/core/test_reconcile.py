"""Which use stands: the same whatever arrives first, twice or late."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.entitlements import Redemption, Use
from edge.core.reconcile import reconcile, scan_key, settled

DEVICES = ("edge-1", "edge-2", "edge-3")


def a_use(scan_ms: int, device: str = "edge-1", **changes: object) -> Use:
    use = Use(
        entitlement="ticket-1", ordinal=1, scan_ms=scan_ms, device=device, point="north", tap_id="tap", seq=1
    )
    return replace(use, **changes)


any_use = st.builds(
    a_use,
    st.integers(0, 20),
    st.sampled_from(DEVICES),
    seq=st.integers(1, 3),
    redemption=st.sampled_from(Redemption),
    reentry=st.booleans(),
    uncertainty_ms=st.integers(0, 5),
    point=st.sampled_from(["north", "west"]),
)


def test_the_earlier_scan_stands_and_the_later_is_the_duplicate() -> None:
    early, late = a_use(1_000, "edge-2"), a_use(2_000, "edge-1")
    for order in itertools.permutations([early, late]):
        judged = reconcile(order, 1)
        assert judged.valid == (early,)
        (conflict,) = judged.duplicates
        assert (conflict.use, conflict.stands, conflict.uncertain) == (late, early, False)


def test_a_late_upload_of_an_earlier_scan_moves_the_mark() -> None:
    first, second, late_upload = a_use(1_000), a_use(2_000, "edge-2"), a_use(500, "edge-3")
    assert reconcile([first, second], 1).valid == (first,)
    judged = reconcile([first, second, late_upload], 1)
    assert judged.valid == (late_upload,)
    assert [conflict.use for conflict in judged.duplicates] == [first, second]


def test_an_undone_use_makes_room_for_the_next() -> None:
    first, second = a_use(1_000), a_use(2_000, "edge-2")
    undone = replace(first, redemption=Redemption.UNDONE)
    for order in itertools.permutations([first, undone, second]):
        judged = reconcile(order, 1)
        assert (judged.valid, judged.duplicates) == ((second,), ())


def test_an_annulled_pending_use_counts_no_more() -> None:
    pending = a_use(1_000, redemption=Redemption.PENDING)
    annulled = replace(pending, redemption=Redemption.ANNULLED)
    assert reconcile([pending], 1).valid == (pending,)
    assert reconcile([annulled, pending], 1).valid == ()


def test_ties_break_by_device_and_then_by_number() -> None:
    uses = [a_use(1_000, "edge-2"), a_use(1_000, "edge-1", seq=2), a_use(1_000, "edge-1")]
    (winner,) = reconcile(uses, 1).valid
    assert (winner.device, winner.seq) == ("edge-1", 1)


def test_overlapping_clocks_leave_the_order_uncertain_and_the_verdict_fixed() -> None:
    first, second = a_use(1_000, uncertainty_ms=30), a_use(1_050, "edge-2", uncertainty_ms=20)
    (conflict,) = reconcile([first, second], 1).duplicates
    assert conflict.uncertain
    (sure,) = reconcile([first, replace(second, uncertainty_ms=19)], 1).duplicates
    assert not sure.uncertain


def test_one_device_knows_its_own_order() -> None:
    uses = [a_use(1_000, uncertainty_ms=500), a_use(1_001, seq=2, uncertainty_ms=500)]
    assert not reconcile(uses, 1).duplicates[0].uncertain


def test_people_of_one_tap_are_uses_of_their_own() -> None:
    family = [a_use(1_000, ordinal=n) for n in range(1, 5)]
    assert len(reconcile(family, 4).valid) == 4
    assert len(reconcile(family, 3).duplicates) == 1


def test_re_entries_and_unlimited_rights_are_never_too_many() -> None:
    assert reconcile([a_use(1_000), a_use(2_000, reentry=True)], 1).duplicates == ()
    assert len(reconcile([a_use(n) for n in range(9)], None).valid) == 9


def test_a_right_without_any_use_has_nothing_to_stand_against() -> None:
    (conflict,) = reconcile([a_use(1_000)], 0).duplicates
    assert (conflict.stands, conflict.uncertain) == (None, False)
    assert reconcile([a_use(1_000)], -1).valid == ()


@given(st.lists(any_use, max_size=8), st.randoms(use_true_random=False), st.integers(0, 4))
def test_order_and_repetition_never_matter(uses: list[Use], random: object, uses_max: int) -> None:
    shuffled = uses * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' Random
    assert reconcile(shuffled, uses_max) == reconcile(uses, uses_max)


@given(st.lists(any_use, max_size=8), st.integers(0, 8), st.integers(0, 4))
def test_no_batching_of_what_arrives_changes_the_verdict(uses: list[Use], cut: int, uses_max: int) -> None:
    known = reconcile(uses[:cut], uses_max)
    seen = [*known.valid, *(conflict.use for conflict in known.duplicates)]
    dropped = [use for use in uses[:cut] if use.redemption > Redemption.PENDING or use.reentry]
    assert reconcile([*seen, *dropped, *uses[cut:]], uses_max) == reconcile(uses, uses_max)


@given(st.lists(any_use, max_size=8), st.integers(0, 4))
def test_never_more_stand_than_the_right_holds_and_none_is_lost(uses: list[Use], uses_max: int) -> None:
    judged = reconcile(uses, uses_max)
    assert len(judged.valid) <= uses_max
    keys = [scan_key(use) for use in (*judged.valid, *(conflict.use for conflict in judged.duplicates))]
    assert keys == sorted(set(keys))


def test_of_each_use_the_last_word_counts_under_its_first_number() -> None:
    held = replace(a_use(1_000), seq=3, redemption=Redemption.PENDING)
    confirmed = replace(held, seq=4, redemption=Redemption.VALID)
    other = replace(a_use(2_000), tap_id="another", seq=9)
    for order in itertools.permutations([held, confirmed, other, held]):
        assert settled(order) == (replace(confirmed, seq=3), other)
