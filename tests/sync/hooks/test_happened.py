"""What central itself tells integrators: diaries, cases and segments of those who let it, and their no."""

from __future__ import annotations

from typing import Any

import pytest

from edge.errors import Refused
from sync.central.care import cases
from sync.central.care.case import Links, Step, Told
from sync.central.hooks import happened, reach, subscriptions
from sync.central.hooks.subscriptions import Hook
from sync.central.journey import diary
from sync.central.journey.entry import Via, What
from sync.central.privacy import erasure
from sync.central.registry import segments
from sync.central.registry.turn import take_turn
from sync.central.store import Store, func, select
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.hooks.acts import deliver, subscribe
from tests.sync.hooks.receiver import Receiver
from tests.sync.people.folk import Folk, an_entry

KINDS = ("diary_entry", "case_opened", "case_closed", "segment_entered", "segment_left")


class Listening(Folk):
    """A park of four guests, and an integrator who is told of them."""

    def __init__(self, store: Store, clock: Clockwork, to: Receiver) -> None:
        super().__init__(store, clock)
        self.to, self.read = to, 0

    def hears(self, kinds: tuple[str, ...] = KINDS, purpose: str = "offers") -> Hook:
        hook = subscribe(self.store, self.to, kinds=kinds, purpose=purpose)
        deliver(self.store, self.to)
        return hook

    def news(self) -> list[tuple[str, dict[str, Any]]]:
        """What it was told since the last question."""
        self.clock.ms += 2_000
        deliver(self.store, self.to)
        fresh = self.to.letters[self.read :]
        self.read = len(self.to.letters)
        return [(one["type"].removeprefix("org.polso.").removesuffix(".v1"), one["data"]) for one in fresh]

    def puts(self, guest: str, *codes: str) -> None:
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            segments.put(tx, SITE, guest, codes=codes)


@pytest.fixture
def folk(park: Store, clock: Clockwork, receiver: Receiver) -> Listening:
    from sync.central.sites import site_table
    from sync.central.store import delete

    with park.transaction() as tx:
        tx.execute(delete(site_table))
    return Listening(park, clock, receiver)


def test_of_who_allows_it_every_entry_case_and_segment_is_told_in_order_once(folk: Listening) -> None:
    for topic in ("offers", "offers:behaviour", "offers:interest"):
        folk.says("ada", topic, given=True)
    folk.writes("ada", "before")
    folk.hears()
    folk.writes("ada", "a-2")
    folk.writes("bea", "b-2")
    folk.puts("ada", "interest:boats", "behaviour:often")
    opened = Told(
        op="c1", step=Step.OPENED, at_ms=NOW_MS, word="order", via="phone", links=Links(guest="ada")
    )
    with folk.store.transaction() as tx:
        case = cases.open_case(tx, SITE, opened, note="Where is it?")
    told = folk.news()
    assert [kind for kind, _ in told] == [
        "diary_entry", "segment_entered", "segment_entered", "segment_left", "diary_entry", "case_opened",
    ]  # fmt: skip
    assert told[0][1] == {"what": "bought", "via": "till", "weight": 1}
    assert [data["code"] for kind, data in told if kind == "segment_entered"] == [
        "behaviour:often",
        "interest:boats",
    ]
    assert told[-1][1] == {"case": case.id, "subject": "order", "via": "phone"}
    assert folk.news() == []
    subjects = {one["subject"] for one in folk.to.letters}
    assert len(subjects) == 1
    assert str(folk.to.letters).count("ada") == 1, "in the code of a segment, and nowhere else"
    numbers = [int(one["id"]) for one in folk.to.letters]
    assert numbers == sorted(set(numbers))
    assert {one["source"] for one in folk.to.letters} == {f"/sites/{SITE}/central"}


def test_what_is_taken_back_before_it_is_sent_is_not_told_and_the_no_itself_is(folk: Listening) -> None:
    for topic in ("offers", "offers:interest"):
        folk.says("ada", topic, given=True)
    folk.hears()
    folk.puts("ada", "interest:boats")
    assert [kind for kind, _ in folk.news()] == ["segment_entered", "segment_left"]
    folk.puts("ada", "interest:boats", "interest:trains")
    folk.writes("ada", "a-2")
    folk.says("ada", "offers", given=False)
    told = folk.news()
    assert [(kind, data) for kind, data in told if kind != "consent_changed"] == []
    assert [(data["topic"], data["given"]) for _, data in told] == [("offers", False)]
    folk.writes("ada", "a-3")
    assert folk.news() == []


def test_a_part_that_is_closed_is_not_told_though_the_purpose_stands(folk: Listening) -> None:
    folk.says("ada", "offers", given=True)
    folk.says("ada", "offers:interest", given=True)
    folk.hears()
    folk.puts("ada", "interest:boats", "behaviour:often")
    codes = [data["code"] for kind, data in folk.news() if kind == "segment_entered"]
    assert codes == ["interest:boats"]
    with folk.store.transaction() as tx:
        take_turn(tx, SITE)
        diary.put(tx, SITE, [an_entry("ada", "s", what=What.SEARCHED, via=Via.KIOSK)])
    assert [data["what"] for kind, data in folk.news() if kind == "diary_entry"] == ["searched"]
    folk.says("ada", "offers:interest", given=False)
    told = folk.news()
    assert [data["topic"] for _, data in told] == ["offers:interest"]


def test_of_whom_nothing_was_told_the_no_is_not_told_either(folk: Listening) -> None:
    folk.hears()
    folk.says("bea", "research", given=True)
    folk.says("bea", "offers", given=False)
    assert folk.news() == []


def test_a_no_of_somebody_who_is_one_with_the_guest_is_told_of_both(folk: Listening) -> None:
    for guest in ("ada", "bea"):
        folk.says(guest, "offers", given=True)
    folk.hears()
    folk.writes("ada", "a-2")
    folk.writes("bea", "b-2")
    folk.merges("ada", "bea")
    assert len(folk.news()) >= 2
    folk.says("ada", "offers", given=False)
    folk.news()
    told = [one for one in folk.to.letters if one["type"].startswith("org.polso.consent_changed")]
    assert [one["data"]["given"] for one in told] == [False, False]
    assert len({one["subject"] for one in told}) == 2


def test_what_is_of_people_needs_a_consent_and_nobody_keeps_what_nobody_wants(folk: Listening) -> None:
    with folk.store.transaction() as tx, pytest.raises(Refused, match="of people"):
        subscriptions.add(
            tx, SITE, subscriptions.Wanted(url="https://a.example/", kinds=("case_opened",), purpose="")
        )
    folk.says("ada", "offers", given=True)
    with folk.store.reading() as tx:
        assert happened.last(tx, SITE) is None
        assert tx.execute(select(func.count()).select_from(happened.own_table)).scalar_one() == 0


def kept(folk: Listening) -> set[int]:
    """Of which kinds something is written down for integrators."""
    with folk.store.reading() as tx:
        return set(tx.execute(select(happened.own_table.c.kind).distinct()).scalars())


def test_nobodys_diary_is_written_down_for_who_only_has_to_hear_a_no(folk: Listening) -> None:
    for topic in ("offers", "offers:interest"):
        folk.says("ada", topic, given=True)
    folk.hears(("offer_shown",))
    folk.writes("ada", "a-2")
    folk.puts("ada", "interest:boats")
    folk.says("ada", "offers:interest", given=False)
    assert kept(folk) == {happened.Own.CONSENT_CHANGED}


def test_what_one_who_is_paused_waits_for_is_written_down_until_it_is_gone(folk: Listening) -> None:
    for topic in ("offers", "offers:interest"):
        folk.says("ada", topic, given=True)
    hook = folk.hears(("segment_entered",))
    with folk.store.transaction() as tx:
        subscriptions.pause(tx, SITE, hook.id)
    folk.puts("ada", "interest:boats")
    assert kept(folk) == {happened.Own.SEGMENT_ENTERED}, "who left is asked for by nobody"
    with folk.store.transaction() as tx:
        subscriptions.resume(tx, SITE, hook.id)
    assert [kind for kind, _ in folk.news()] == ["segment_entered"]
    with folk.store.transaction() as tx:
        before = happened.last(tx, SITE)
        subscriptions.remove(tx, SITE, hook.id)
    folk.puts("ada", "interest:boats", "interest:trains")
    with folk.store.reading() as tx:
        assert happened.last(tx, SITE) == before


def test_replayed_it_comes_under_the_same_numbers_and_an_erased_guest_comes_no_more(folk: Listening) -> None:
    for guest in ("ada", "bea"):
        folk.says(guest, "offers", given=True)
    hook = folk.hears()
    folk.writes("ada", "a-2")
    folk.writes("bea", "b-2")
    folk.news()
    first = [one["id"] for one in folk.to.letters]
    with folk.store.transaction() as tx:
        assert reach.oldest_ms(tx, SITE, hook.id, kinds=[happened.Own.DIARY_ENTRY]) is None
        erasure.erase(tx, SITE, "ada")
        subscriptions.replay(tx, SITE, hook.id, from_ms=0)
    folk.news()
    told = [one["id"] for one in folk.to.letters[len(first) :]]
    assert told == [first[-1], str(int(first[-1]) + 1)], "and that one is erased"
    folk.writes("bea", "b-3")
    with folk.store.transaction() as tx:
        happened.delete_before(tx, NOW_MS + 10**9)
    folk.writes("bea", "b-4")
    folk.news()
    assert int(folk.to.letters[-1]["id"]) > int(first[-1]) + 2, "a number is never used again"
