"""Two guests who are one person: one diary, the stricter consents, nothing moved, and a way back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge.core.consent import Consent
from edge.core.retention import DAY_MS
from edge.errors import NotAllowed, PolsoError, Refused, Unknown
from sync.central.export import told_of
from sync.central.journey import figures
from sync.central.journey.entry import What
from sync.central.people import merging
from sync.central.people.merging import Pair, Step
from sync.central.people.words import stricter, turned
from sync.central.privacy import erasure
from sync.central.registry import consents, guests, links
from sync.central.registry.guests import Guest
from sync.central.store import Store, delete, metadata
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.people.folk import PEOPLE, Folk


@pytest.fixture
def folk(store: Store, clock: Clockwork) -> Folk:
    return Folk(store, clock)


@pytest.fixture
def few(small_store: Store, clock: Clockwork) -> Folk:
    return Folk(small_store, clock)


def test_one_person_has_one_diary_and_gets_two_again(folk: Folk) -> None:
    before = folk.facts()
    folk.merges("bea", "ada")
    assert folk.diary("ada") == folk.diary("bea") == {"ada-1", "bea-1"}
    assert folk.diary("cleo") == {"cleo-1"}
    assert folk.facts() == before, "nothing moves: money, rights and bands stay where they were"
    folk.writes("bea", "bea-2")
    folk.writes("ada", "ada-2")
    folk.parts("bea")
    assert (folk.diary("ada"), folk.diary("bea")) == ({"ada-1", "ada-2"}, {"bea-1", "bea-2"})


def test_the_stricter_consent_holds_for_both_and_each_gets_their_own_back(folk: Folk) -> None:
    for guest, topic, yes in (
        ("ada", "offers", True), ("bea", "offers", True), ("bea", "offers", False),
        ("ada", "presence", True), ("bea", "presence", True), ("ada", "research", True),
    ):  # fmt: skip
        folk.says(guest, topic, given=yes)
    folk.merges("bea", "ada")
    assert folk.allows("ada") == folk.allows("bea") == {"presence"}
    folk.says("bea", "presence", given=False)
    assert folk.allows("ada") == set(), "a no is heard from either"
    folk.parts("bea")
    assert folk.allows("ada") == {"offers", "presence", "research"}
    assert folk.allows("bea") == set()


def test_a_yes_that_one_person_says_holds_for_all_that_they_are(folk: Folk) -> None:
    folk.says("ada", "offers", given=True)
    folk.merges("bea", "ada")
    assert folk.allows("ada") == set()
    folk.says("bea", "offers", given=True)
    assert folk.allows("ada") == folk.allows("bea") == {"offers"}


def test_no_device_brings_back_what_the_stricter_side_took(few: Folk) -> None:
    few.says("ada", "offers", given=True)
    few.says("bea", "offers", given=True)
    few.says("bea", "offers", given=False)
    with few.store.reading() as tx:
        (old,) = consents.consents_of(tx, SITE, ["ada"])["ada"]
    few.merges("bea", "ada")
    with few.store.transaction() as tx:
        assert not consents.take(tx, SITE, "ada", told=[old]), "the device's copy has fewer turns"
    assert few.allows("ada") == set()


def test_what_the_stricter_side_hides_is_kept_for_thirty_days_and_then_gone(
    few: Folk, clock: Clockwork
) -> None:
    few.says("ada", "presence", given=True)
    few.writes("ada", "ada-near", what=What.DWELT)
    few.merges("bea", "ada")
    assert few.diary("ada") == {"ada-1", "bea-1"}
    few.parts("bea")
    assert few.diary("ada") == {"ada-1", "ada-near"}
    few.merges("bea", "ada")
    clock.ms += merging.BACK_MS + DAY_MS
    with pytest.raises(Refused, match="thirty days"):
        few.parts("bea")
    with few.store.transaction() as tx:
        assert merging.settle(tx) == 1
        assert merging.settle(tx) == 0
    assert not any("ada-near" in row for row in few.facts()["diary"])


def test_once_it_stands_for_ever_a_no_of_either_deletes_what_both_had(few: Folk, clock: Clockwork) -> None:
    for guest in ("ada", "bea"):
        few.says(guest, "presence", given=True)
        few.writes(guest, f"{guest}-near", what=What.DWELT)
    few.merges("bea", "ada")
    clock.ms += merging.BACK_MS + DAY_MS
    with few.store.transaction() as tx:
        merging.settle(tx)
    few.says("bea", "presence", given=False)
    assert not any("-near" in row for row in few.facts()["diary"])


def test_nobody_lets_their_own_wish_through_and_it_is_done_once(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        asked = merging.ask(tx, SITE, Pair("bea", "ada"), by="olga", why="passports")
    with folk.store.transaction() as tx, pytest.raises(NotAllowed, match="Whoever asked"):
        merging.rule(tx, SITE, asked.id, by="olga", given=True)
    with folk.store.reading() as tx:
        assert merging.waiting(merging.about(tx, SITE, ["ada"])) == (asked,)
        assert links.together(tx, SITE, ["ada"]) == ("ada",)
    for _ in range(2):
        with folk.store.transaction() as tx:
            assert merging.rule(tx, SITE, asked.id, by="otto", given=True).step is Step.MERGED
    with folk.store.reading() as tx:
        assert merging.waiting(merging.about(tx, SITE, ["bea"])) == ()
        assert links.root(tx, SITE, "bea") == "ada"


def test_what_is_refused_stays_refused(few: Folk) -> None:
    with few.store.transaction() as tx:
        asked = merging.ask(tx, SITE, Pair("bea", "ada"), by="olga", why="passports")
        merging.rule(tx, SITE, asked.id, by="olga", given=False)
        assert merging.rule(tx, SITE, asked.id, by="otto", given=True).step is Step.REFUSED
        assert links.together(tx, SITE, ["ada"]) == ("ada",)


@pytest.mark.parametrize(
    ("guest", "head", "why", "error"),
    [("bea", "bea", "x", Refused), ("bea", "nobody", "x", Unknown), ("bea", "ada", "  ", Refused)],
)
def test_a_merge_is_of_two_who_are_there_and_says_why(
    few: Folk, guest: str, head: str, why: str, error: type[PolsoError]
) -> None:
    with few.store.transaction() as tx, pytest.raises(error):
        merging.ask(tx, SITE, Pair(guest, head), by="olga", why=why)


def test_who_was_not_joined_cannot_be_parted_and_parting_says_why(few: Folk) -> None:
    with few.store.transaction() as tx, pytest.raises(Unknown):
        merging.part(tx, SITE, "ada", by="olga", why="x")
    few.merges("bea", "ada")
    with few.store.transaction() as tx, pytest.raises(Refused, match="says why"):
        merging.part(tx, SITE, "bea", by="olga", why=" ")
    with few.store.transaction() as tx, pytest.raises(Unknown):
        merging.rule(tx, SITE, "g-none", by="olga", given=True)


def test_one_person_is_so_many_guests_and_no_more(few: Folk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "PERSON_MAX", 2)
    few.merges("bea", "ada")
    with pytest.raises(Refused, match="at most 2"):
        few.merges("cleo", "bea")


def test_export_and_erasure_follow_the_one_person(folk: Folk) -> None:
    folk.merges("bea", "ada")
    with folk.store.reading() as tx:
        told = told_of(tx, SITE, "bea")
    assert [one.guest.id for one in told.also] == ["ada"]
    assert len(told.diary) == 2
    assert len(told.also[0].entitlements) == 1
    with folk.store.transaction() as tx:
        gone = erasure.erase(tx, SITE, "bea")
        assert (gone.bands, gone.rights) == (2, 2)
    left = folk.facts()
    assert not any("'ada'" in row or "'bea'" in row for name in ("guest", "band") for row in left[name])
    with folk.store.reading() as tx:
        assert merging.about(tx, SITE, ["ada", "bea"]) == ()


def test_several_who_are_one_person_are_one_among_ten(folk: Folk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PEOPLE_MIN", 2)
    for guest in ("ada", "bea"):
        folk.says(guest, "research", given=True)
    span = (NOW_MS - DAY_MS, NOW_MS + DAY_MS)
    with folk.store.reading() as tx:
        assert {one.people for one in figures.figures(tx, SITE, [span])} == {2}
    folk.merges("bea", "ada")
    with folk.store.reading() as tx:
        assert figures.figures(tx, SITE, [span]) == ()


def test_two_merges_at_once_make_no_ring(folk: Folk) -> None:
    """Each of three threads would close the ring if it did not wait for the site's turn."""
    with folk.store.transaction() as tx:
        wishes = [
            merging.ask(tx, SITE, Pair(one, other), by="olga", why="x").id
            for one, other in (("ada", "bea"), ("bea", "cleo"), ("cleo", "ada"))
        ]
    start, refused = threading.Barrier(3), list[str]()

    def lets_through(id_: str) -> None:
        start.wait()
        try:
            with folk.store.transaction() as tx:
                merging.rule(tx, SITE, id_, by="otto", given=True)
        except Refused:
            refused.append(id_)

    threads = [threading.Thread(target=lets_through, args=(id_,)) for id_ in wishes]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with folk.store.reading() as tx:
        whole = links.together(tx, SITE, ["ada"])
        tops = {links.root(tx, SITE, one) for one in whole}
        found = links.links(tx, SITE, whole)
    assert (len(refused), len(whole), len(tops), len(found)) == (1, 3, 1, 2)
    assert tops.isdisjoint({one.guest for one in found}), "a root leads nowhere"


# Any sequence of merging and parting

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""An example is a story of a second on a busy machine: what failed is short enough to read."""
ACTS = st.lists(
    st.tuples(st.sampled_from(("merge", "part", "yes", "no")), *(st.sampled_from(PEOPLE),) * 2), max_size=10
)


@pytest.mark.slow
@pytest.mark.timeout(60)
@settings(max_examples=15, phases=NO_SHRINKING)
@given(acts=ACTS)
def test_any_sequence_of_merging_and_parting_keeps_every_fact(
    acts: list[tuple[str, str, str]], few_at_once: Folk
) -> None:
    folk = few_at_once
    before = _anew(folk)
    own = {one: set[str]() for one in PEOPLE}
    for what, one, other in acts:
        try:
            if what == "merge":
                folk.merges(one, other)
            elif what == "part":
                folk.parts(one)
            else:
                folk.says(one, "offers", given=what == "yes")
                own[one] = {"offers"} if what == "yes" else set()
        except (Refused, Unknown):
            continue
        _holds(folk)
    assert folk.facts() == before
    with folk.store.reading() as tx:
        joined = [one.guest for one in links.links(tx, SITE, PEOPLE)]
    for one in reversed(joined):
        folk.parts(one)
    assert {one: folk.allows(one) for one in PEOPLE} == own, "each has their own last word again"
    assert {one: folk.diary(one) for one in PEOPLE} == {one: {f"{one}-1"} for one in PEOPLE}


@pytest.fixture(scope="module")
def few_at_once(empty_central: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folk]:
    """One site for all examples: each begins by forgetting the one before."""
    clock = Clockwork()
    opened = Store(str(shutil.copy(empty_central, tmp_path_factory.mktemp("folk"))), now_ms=clock)
    yield Folk(opened, clock)
    opened.close()


def _anew(folk: Folk) -> dict[str, set[str]]:
    with folk.store.transaction() as tx:
        for name in ("guest_link", "guest_word", "guest_merge", "consent"):
            tx.execute(delete(metadata.tables[name]))
    return folk.facts()


def _holds(folk: Folk) -> None:
    """Everybody leads to a root that leads nowhere, sees one diary and allows the same as who they are."""
    with folk.store.reading() as tx:
        led = links.roots(tx, SITE)
        parts = {one: links.together(tx, SITE, [one]) for one in PEOPLE}
    assert not set(led.values()) & set(led)
    for one, people in parts.items():
        assert one in people
        assert folk.diary(one) == {f"{other}-1" for other in people}
        assert all(parts[other] == people and folk.allows(other) == folk.allows(one) for other in people)


def a_word(topic: str, turns: int) -> Consent:
    return Consent(purpose=topic, turns=turns, source="console")


def test_the_stricter_of_several_accounts() -> None:
    yes, no = a_word("offers", 1), a_word("offers", 2)
    assert stricter([[yes], [yes]]) == {"offers": True}
    assert stricter([[yes], [no]]) == {"offers": False}
    assert stricter([[yes], []]) == {"offers": False}, "who said nothing allows nothing"
    assert stricter([[a_word("offers@till", 2)], []]) == {"offers@till": False}
    assert stricter([[a_word("offers@till", 1)], []]) == {"offers@till": True}, "open until it is closed"
    assert stricter([[a_word("quiet", 1)], []]) == {"quiet": True}, "to be left alone is the stricter wish"


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("yes", [True, False])
def test_a_word_that_turns_outranks_what_was_said(turns: int, yes: bool) -> None:
    known = a_word("offers", turns) if turns else None
    after = turned(known, a_word("offers", 1), given=yes)
    assert after.given is yes
    assert known is None or after.turns > known.turns or after == known


def test_a_chain_of_joinings_is_cut_where_it_was_made(few: Folk) -> None:
    few.merges("bea", "ada")
    few.merges("dora", "cleo")
    few.merges("dora", "bea")
    with few.store.reading() as tx:
        assert set(links.roots(tx, SITE).values()) == {"ada"}
    few.parts("cleo")
    with few.store.reading() as tx:
        assert links.together(tx, SITE, ["dora"]) == ("cleo", "dora")
        assert links.together(tx, SITE, ["bea"]) == ("ada", "bea")


def test_a_guest_who_comes_later_is_nobody_else(few: Folk) -> None:
    few.merges("bea", "ada")
    with few.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="new")])
        assert links.together(tx, SITE, ["new"]) == ("new",)
        assert links.together(tx, SITE, []) == ()
