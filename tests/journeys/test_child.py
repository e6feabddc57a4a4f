"""A family with one payer: a child's band pays within the limit that a parent sets on their own page."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from edge.core.consent import TOPICS
from edge.core.decision import Outcome, Reason
from edge.core.offers import Kind
from edge.core.profiles import Profile
from edge.payviews import BasketState, guest_side
from edge.run.waiting import until
from tests.journeys.test_wallet import COFFEE, PIZZA, WAIT_S, Bar, a_bar

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
KIOSK, PIN = "kiosk-1", "7193"
TOKEN = re.compile(r'name="token" value="([^"]+)"')
EFFECT_S = 5.0
"""From a parent's press to the till, online."""


def stands(bar: Bar, who: str) -> str:
    """Hold somebody's band to the kiosk until it is known there; returns the tap."""
    taps = []

    def held() -> bool:
        taps.append(bar.park.keeper.tap(who, KIOSK))
        return taps[-1].outcome is Outcome.GRANTED

    assert until(held, WAIT_S), [one.reason for one in taps]
    return taps[-1].tap_id


class Parent:
    """Anna at her phone: her own page, opened by the code that a kiosk shows her."""

    def __init__(self, bar: Bar) -> None:
        self.bar, self.browser = bar, requests.Session()
        self.central = bar.park.central.url
        (key,) = parse_qs(urlsplit(bar.service.own_page(stands(bar, "anna"), KIOSK)).query)["t"]
        assert self.posts("enter", key=key) == 200

    def posts(self, act: str, **form: str) -> int:
        """Send a form of her page, with the token that it stood there with."""
        own = {"Origin": self.central, "Sec-Fetch-Site": "same-origin"}
        answer = self.browser.post(f"{self.central}/own/{act}", data=form, headers=own, timeout=10)
        self.page = answer.text
        return answer.status_code

    def lets(self, *, day: str, free: bool = True, pin: str = PIN) -> int:
        """Say what Leo may spend in a day, and whether he pays at all."""
        self.page = self.browser.get(f"{self.central}/own/family", timeout=10).text
        (token, *_) = TOKEN.findall(self.page)
        leo = next(one.pseudonym for one in self.bar.park.park.guests if one.id == "leo")
        said = {"token": token, "guest": leo, "tap_max": "", "day_max": day, "pin": pin}
        return self.posts("family", **said | ({} if free else {"no_charge": "yes"}))

    def reads(self, page: str) -> str:
        return self.browser.get(f"{self.central}/own/{page}", timeout=10).text


def leo_at(bar: Bar) -> Profile:
    """What the till knows of Leo."""
    leo = next(one for one in bar.park.park.guests if one.id == "leo")
    found = bar.park.edge.profiles.get(bar.park.edge.own.vault.band_id(leo.uid))
    assert found is not None, "the till does not know Leo"
    return found


def limit_at(bar: Bar) -> int | None:
    """Up to how much the till lets Leo spend in a day; 0: his band pays nothing."""
    link = leo_at(bar).wallet
    assert link is not None
    return 0 if link.no_charge else link.limits.day_minor_max


def test_a_child_pays_within_a_limit_that_a_parent_raises_and_is_offered_nothing(tmp_path: Path) -> None:
    with a_bar(tmp_path / "park") as bar:
        bar.comes("anna", "w-43")
        anna = Parent(bar)
        assert bar.sells("leo", COFFEE).reason is Reason.PAYMENTS_OFF
        bar.clears()

        assert anna.lets(day="4.00", pin="1234") == 422, "more than before takes the family's PIN"
        assert limit_at(bar) == 0
        assert anna.lets(day="4.00") == 200
        assert until(lambda: limit_at(bar) == 400, EFFECT_S), "it did not come to the till in time"
        assert bar.sells("leo", COFFEE).state is BasketState.APPROVED
        _refused(bar, left=250)

        assert anna.lets(day="12.00") == 200
        assert until(lambda: limit_at(bar) == 1_200, EFFECT_S)
        assert bar.sells("leo", PIZZA).state is BasketState.APPROVED, "930 of 1200 cents"
        assert until(lambda: "Leo" in anna.reads("family") and "7,80" in anna.reads("family"), 10.0)

        bar.park.keeper.internet(up=False)
        assert bar.sells("leo", COFFEE).state is BasketState.APPROVED, "1080, without the internet"
        assert anna.lets(day="20.00") == 200, "her phone reaches central, the bar does not"
        _refused(bar, left=120)
        bar.park.keeper.internet(up=True)
        assert until(lambda: limit_at(bar) == 2_000, WAIT_S)
        assert bar.sells("leo", COFFEE).state is BasketState.APPROVED

        _offered_nothing(bar)
        assert anna.lets(day="20.00", free=False, pin="") == 200, "less than before takes no PIN"
        assert until(lambda: limit_at(bar) == 0, EFFECT_S)
        assert bar.sells("leo", COFFEE).reason is Reason.PAYMENTS_OFF
        bar.clears()


def _refused(bar: Bar, *, left: int) -> None:
    """A pizza is too much: staff read why and what is left, the guest side asks for another way."""
    over = bar.sells("leo", PIZZA)
    assert (over.state, over.reason, over.left_minor) == (BasketState.SHORT, Reason.SPEND_LIMIT, left)
    shown = guest_side(over)
    assert (shown.words, shown.reason, shown.left_minor) == ("pay.other_way", None, None)
    bar.clears()


def _offered_nothing(bar: Bar) -> None:
    """He allows everything, and pays: he is a child all the same."""
    tap = stands(bar, "leo")
    for topic in TOPICS:
        bar.service.consent(tap, KIOSK, topic, given=True)
    his, hers = kinds(bar, tap), kinds(bar, stands(bar, "giulia"))
    assert his <= {Kind.SERVICE}, "where the lockers are is no marketing"
    assert hers - {Kind.SERVICE}, "somebody grown up is offered more"


def kinds(bar: Bar, tap_id: str) -> set[Kind]:
    """What sorts of things are offered to who stands at the kiosk."""
    return {tile.kind for tile in bar.service.near.offers.view(tap_id, KIOSK).tiles}
