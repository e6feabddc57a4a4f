"""The feed keeps order, never blocks the teller and says so when something was lost."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.feed import QUEUE_MAX, RESYNC, RING_MAX, TOPICS_MAX, Feed, Subscription, number_of


class Note(msgspec.Struct):
    n: int


def drain(subscription: Subscription) -> list[tuple[str, int | None]]:
    found = []
    while (published := subscription.get(0)) is not None:
        found.append((published.event, published.body.n if isinstance(published.body, Note) else None))
    return found


def tell(feed: Feed, topic: str, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        feed.publish(topic, "note", Note(n))


def test_a_listener_hears_its_topics_only_and_in_order() -> None:
    feed = Feed()
    with feed.subscribe(["a", "b"]) as heard:
        feed.publish("a", "note", Note(1))
        feed.publish("c", "note", Note(2))
        feed.publish("b", "note", Note(3))
        assert drain(heard) == [("note", 1), ("note", 3)]


def test_a_new_listener_without_an_id_is_told_nothing_old() -> None:
    feed = Feed()
    tell(feed, "a", 3)
    with feed.subscribe(["a"]) as heard:
        assert drain(heard) == []


def test_a_listener_who_was_away_gets_exactly_what_it_missed() -> None:
    feed = Feed("boot")
    tell(feed, "a", 3)
    seen = feed.head()
    tell(feed, "b", 2)
    tell(feed, "a", 2, start=3)
    with feed.subscribe(["a", "b"], seen) as heard:
        assert drain(heard) == [("note", 0), ("note", 1), ("note", 3), ("note", 4)]


@pytest.mark.parametrize("after", ["other-1", "boot-99", "boot", "", "boot-x", "boot--1", "boot-" + "9" * 40])
def test_an_id_that_is_not_ours_answers_resync(after: str) -> None:
    feed = Feed("boot")
    tell(feed, "a", 2)
    with feed.subscribe(["a"], after) as heard:
        assert drain(heard) == [(RESYNC, None)]


def test_a_gap_older_than_the_ring_answers_resync() -> None:
    feed = Feed()
    feed.publish("a", "note", Note(-1))
    seen = feed.head()
    tell(feed, "a", RING_MAX)
    with feed.subscribe(["a"], seen) as whole:
        assert len(drain(whole)) == RING_MAX
    tell(feed, "a", 1)
    with feed.subscribe(["a"], seen) as torn:
        assert drain(torn) == [(RESYNC, None)]


def test_a_topic_that_made_place_for_others_counts_as_forgotten() -> None:
    feed = Feed()
    seen = feed.head()
    feed.publish("first", "note", Note(0))
    for n in range(TOPICS_MAX):
        feed.publish(f"t{n}", "note", Note(n))
    with feed.subscribe(["first"], seen) as heard:
        assert drain(heard) == [(RESYNC, None)]


def test_a_full_queue_is_emptied_and_holds_one_resync_then_goes_on() -> None:
    feed = Feed()
    with feed.subscribe(["a"]) as stuck, feed.subscribe(["a"]) as well:
        for n in range(QUEUE_MAX + 1):
            feed.publish("a", "note", Note(n))
            assert drain(well) == [("note", n)]
        feed.publish("a", "note", Note(QUEUE_MAX + 1))
        assert drain(stuck) == [(RESYNC, None), ("note", QUEUE_MAX + 1)]


def test_a_stuck_listener_never_holds_up_the_teller() -> None:
    feed = Feed()
    with feed.subscribe(["a"]):
        begun = time.perf_counter()
        tell(feed, "a", 20_000)
        assert time.perf_counter() - begun < 2


def test_closing_wakes_a_waiting_listener_and_forgets_it() -> None:
    feed = Feed()
    heard = feed.subscribe(["a"])
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.append(heard.get(30)))
    waiting.start()
    heard.close()
    heard.close()
    waiting.join(2)
    assert answers == [None]
    assert heard.closed
    assert feed.listeners() == 0


def test_many_tellers_give_every_listener_the_same_order() -> None:
    feed = Feed()
    with feed.subscribe(["a", "b"]) as one, feed.subscribe(["b", "a"]) as two:
        tellers = [threading.Thread(target=tell, args=(feed, topic, 100)) for topic in ("a", "b")]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join()
        first, second = drain(one), drain(two)
    assert first == second
    assert len(first) == 200


def test_the_body_is_made_json_once_for_all_listeners() -> None:
    feed = Feed()
    with feed.subscribe(["a"]) as one, feed.subscribe(["a"]) as two:
        feed.publish("a", "note", Note(7))
        first, second = one.get(0), two.get(0)
    assert first is not None
    assert second is not None
    assert first.json == b'{"n":7}'
    assert second.json is first.json


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=60), st.integers(0, 60))
def test_reconnecting_anywhere_loses_nothing_and_doubles_nothing(topics: list[str], cut: int) -> None:
    feed = Feed()
    heard: list[tuple[str, int | None]] = []
    with feed.subscribe(["a", "b"]) as before:
        for n, topic in enumerate(topics[:cut]):
            feed.publish(topic, "note", Note(n))
        heard += drain(before)
        seen = feed.head()
    for n, topic in enumerate(topics[cut:], start=len(topics[:cut])):
        feed.publish(topic, "note", Note(n))
    with feed.subscribe(["a", "b"], seen) as after:
        heard += drain(after)
    assert heard == [("note", n) for n, topic in enumerate(topics) if topic != "c"]


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_an_id(text: str) -> None:
    assert number_of(text, "boot") is None or text.startswith("boot-")
