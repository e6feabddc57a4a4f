"""Beside the plan, in a real browser: an order, another time, a shelf and a word, by touch and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from edge.service.near.days import Gone
from edge.service.noticed import AtKiosk
from tests.barriers import barriers
from tests.kiosk.eye import KIOSK_TALL, KIOSK_WIDE, Eye, near_states, offer_states, told
from tests.kiosk.known import FakeNear, near_them, some_offers
from tests.kiosk.listener import wait_until
from tests.kiosk.stage import HOUR_MS, NOON_MS, Stage, a_plan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


@pytest.fixture
def near(stage: Stage) -> Iterator[FakeNear]:
    """The stage's desk, new for each test, with all that can stand beside a plan."""
    stage.rooms.near = FakeNear(now=near_them(""))
    yield stage.rooms.near
    stage.rooms.near = FakeNear()


def greeted(stage: Stage, eye: Eye, language: str = "en") -> None:
    stage.feed.publish("kiosk-hall", "plan", a_plan(language=language))
    eye.sees("Ready, counter 2" if language == "en" else "Giulia")


def test_a_guest_changes_a_time_and_the_plan_says_the_new_one(
    chromium: Any, stage: Stage, near: FakeNear
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        greeted(stage, eye)
        eye.page.get_by_role("button", name="Change the time: Falcon Flight").click()
        eye.sees("When suits you better?")
        eye.page.get_by_role("button", name="18:00").click()
        eye.sees("Done: the new time is good at the gate already")
        assert "18:00" in eye.page.inner_text(".plan")
        assert [did[0] for did in near.did] == ["times", "move"]


def test_a_time_that_has_just_gone_is_said_kindly(chromium: Any, stage: Stage, near: FakeNear) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        greeted(stage, eye)
        near.refuses = Gone()
        eye.page.get_by_role("button", name="Change the time: Falcon Flight").click()
        eye.sees("That has just gone. Please choose another")
        assert "error" not in eye.page.inner_text("body").lower()
        eye.complaints.clear()  # the browser notes the 422 that was asked for


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("it", "Prossimo orario libero: 15:00"),
        ("en", "Next free time: 15:00"),
        ("fr", "Prochain horaire libre : 15:00"),
        ("de", "Nächste freie Zeit: 15:00"),
        ("es", "Próxima hora libre: 15:00"),
    ],
)
def test_what_was_missed_is_over_and_says_when_the_next_one_begins(
    chromium: Any, stage: Stage, language: str, line: str
) -> None:
    plan = a_plan(language=language)
    missed = {"start_ms": NOON_MS - 3 * HOUR_MS, "end_ms": NOON_MS - 2 * HOUR_MS}
    ride = msgspec.structs.replace(plan.items[1], **missed, next_ms=NOON_MS + 3 * HOUR_MS)
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", msgspec.structs.replace(plan, items=(ride,)))
        eye.sees(line)
        over = {"it": "Finita", "en": "Over", "fr": "Terminé", "de": "Vorbei", "es": "Terminada"}[language]
        assert eye.page.inner_text(".item .chip") == over


def test_by_keys_alone_a_guest_sets_something_aside_and_says_how_it_was(
    chromium: Any, stage: Stage, near: FakeNear
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_WIDE) as eye:
        greeted(stage, eye)
        to(eye, "Where is it in stock?")
        eye.sees("Set aside here")
        to(eye, "Set aside here")
        eye.sees("Set aside for you")
        to(eye, "Good")
        eye.sees("Why? One touch, if you like")
        to(eye, "The people")
        eye.sees("Thank you, this truly helps")
        assert near.did == [("reserve", "a0", "hall"), ("feedback", 4, "staff")]


@pytest.mark.parametrize("wanted", [True, False])
def test_who_was_not_content_is_named_only_if_somebody_may_speak_to_them(
    chromium: Any, stage: Stage, near: FakeNear, wanted: bool
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        greeted(stage, eye)
        eye.page.get_by_role("button", name="Very bad").click()
        eye.sees("May one of us talk to you about it?")
        for _ in range(1 if wanted else 2):
            eye.page.get_by_role("button", name="Yes, please").click()
        assert barriers(eye.page) == []
        eye.page.get_by_role("button", name="The wait").click()
        eye.sees("Thank you, this truly helps")
    assert near.did == [("feedback", 1, "waiting", *(["named"] if wanted else []))]


def to(eye: Eye, name: str, tabs_max: int = 60) -> None:
    """Walk to a control by the Tab key and press Enter, as somebody without a mouse does."""
    for _ in range(tabs_max):
        eye.page.keyboard.press("Tab")
        words = eye.page.evaluate(
            "(document.activeElement?.textContent ?? '') + '|' + (document.activeElement?.ariaLabel ?? '')"
        )
        if any(part.startswith(name) for part in words.split("|")):
            eye.page.keyboard.press("Enter")
            return
    raise AssertionError(f"no key leads to {name!r}")


def test_tiles_are_told_as_shown_once_they_are_painted_and_taken_up_with_a_code(
    chromium: Any, stage: Stage, near: FakeNear
) -> None:
    near.offers.now = some_offers()
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        assert near.offers.shown == []
        with eye.page.expect_response("**/offers-shown"):
            greeted(stage, eye)
        assert sorted(near.offers.shown) == ["x.1", "x.2", "x.3"]
        eye.page.get_by_role("button", name="A gelato at half price").first.click()
        eye.sees("instead of €4.00")
        eye.page.get_by_role("button", name="I take it").click()
        eye.sees("Your band is enough: the till here knows already.")
        assert eye.page.locator(".offer .code svg").is_visible()
        assert near.offers.did == [("take", "x.1")]
        eye.page.get_by_role("button", name="Shop").click()
        eye.sees("Good at: Shop. Show the code there, also without internet.")
        assert near.offers.did == [("take", "x.1"), ("send", "x.1", "edge-2")]
        eye.page.get_by_role("button", name="Back to my day").click()
        eye.page.get_by_role("button", name="A gelato at half price").nth(1).click()
        with eye.page.expect_response("**/offers-quiet"):
            eye.page.get_by_role("button", name="No offers today").click()
        assert eye.page.locator(".tile").count() == 0


ROOMY = """() => {
  const small = [...document.querySelectorAll("main button, footer button")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && box.height && (box.height < 72 || box.width < 72);
  }).map((one) => one.textContent);
  const wide = [...document.querySelectorAll("main *")].filter((one) =>
    one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "visible" && one.clientWidth)
    .map((one) => one.className.baseVal ?? one.className);
  return [small, wide, document.documentElement.scrollWidth <= innerWidth];
}"""
STRETCH = """() => { for (const one of document.querySelectorAll("main :is(h1, h2, h3, p, span, button)"))
  if (!one.childElementCount && one.textContent.length > 3)
    one.textContent += " " + "ö".repeat(Math.ceil(one.textContent.length * 0.4)); }"""


@pytest.mark.parametrize("size", [KIOSK_TALL, KIOSK_WIDE])
def test_every_control_is_large_enough_and_forty_percent_longer_words_break_nothing(
    chromium: Any, stage: Stage, near: FakeNear, size: tuple[int, int]
) -> None:
    with Eye(chromium, stage, "/k/hall", size, reduced_motion="reduce") as eye:
        for events in [*near_states(), *offer_states()]:
            eye.hear(*msgspec.to_builtins(events))
            assert eye.page.evaluate(ROOMY) == [[], [], True], events[-1]
            eye.page.evaluate(STRETCH)
            assert eye.page.evaluate(ROOMY)[1:] == [[], True], events[-1]


def an_open_kiosk(near: FakeNear) -> None:
    tiles = some_offers().tiles
    public = [msgspec.structs.replace(tile, personal=False) for tile in tiles[:2]]
    secret = msgspec.structs.replace(tiles[2], personal=True)
    near.offers.open = msgspec.structs.replace(some_offers(), tiles=(*public, secret))


@pytest.mark.parametrize("size", [KIOSK_TALL, KIOSK_WIDE])
def test_a_kiosk_with_nobody_shows_what_is_for_everybody_and_no_guests_own(
    chromium: Any, stage: Stage, near: FakeNear, size: tuple[int, int]
) -> None:
    """Two who stand there change nothing of it: none of them is named, and nothing of theirs is shown."""
    an_open_kiosk(near)
    with Eye(chromium, stage, "/k/hall", size) as eye:
        eye.page.locator(".open .tile").nth(1).wait_for()
        assert eye.page.locator(".open .tile").count() == 2
        eye.hear(told("near", AtKiosk(point="hall", people=2)))
        assert eye.page.locator(".open .tile").count() == 2
        assert "Giulia" not in eye.html()
        wait_until(lambda: len(near.offers.shown) == 2)
        fits = "document.querySelector('main').scrollHeight <= document.querySelector('main').clientHeight"
        assert eye.page.evaluate(fits)
        greeted(stage, eye)
        assert eye.page.locator(".open").count() == 0
        assert near.offers.shown == [tile.exposure for tile in near.offers.open.tiles[:2]], (
            "each was told once"
        )
