"""Campaigns at the console: a marketer writes, another looks through, and both see what guests will see."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

from edge.core.calendar import DAY_MS
from edge.core.events import Kind
from edge.core.lease import Want
from edge.core.offers.said import Told
from edge.core.places import Point, PointKind
from sync.central.analysis.facts import Calendar
from sync.central.campaigns import life, readings
from sync.central.campaigns.previews import CHANNELS
from sync.central.console.operators import Role
from sync.central.machines import devices
from sync.central.machines.devices import NewDevice
from sync.central.money import leases
from sync.central.offers import bundles, campaigned
from sync.central.offers.campaigned import Plan, State
from sync.central.registry import layout
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork, a_device
from tests.sync.campaigns.shop import MESSAGES, a_plan, opened, scheduled
from tests.sync.console.desk import HOME, Browser, a_browser, an_open_park, an_operator, words_of
from tests.sync.test_echo import Gate

NAME, ONE = "soup-days", f"{HOME}/campaigns/soup-days"
TYPED = {
    "campaign_id": NAME,
    "goal": "More soup",
    "first_date": "2025-01-01",
    "last_date": "2026-12-31",
    "offer_kind": "discount",
    "percent": "50",
    "of_articles": "soup",
    "segments": "behaviour:weekly",
    "cel": "guest.visits > 3",
    "shown_a_day": "2",
    "redeemed_most": "1",
    "counted": "money",
    "budget_all": "1000.00",
    "budget_each": "3.00",
    "kept_out": "10",
    "planned": "100",
    "window_days": "7",
    **{
        f"said_{text}.{language}": getattr(message, text)
        for language, message in MESSAGES.items()
        for text in ("name", "headline", "body", "terms", "call")
    },
}


@pytest.fixture
def park(small_store: Store) -> Store:
    an_open_park(small_store)
    opened(small_store)
    return small_store


def a_marketer(store: Store, name: str) -> Browser:
    an_operator(store, name, Role.MARKETER)
    return a_browser(store, name)


def state(store: Store) -> State:
    with store.reading() as tx:
        return life.find(tx, SITE, NAME).state


def rows(browser: Browser, path: str) -> list[list[str]]:
    reply = browser.get(path)
    assert reply.status_code == 200
    return list(csv.reader(io.StringIO(reply.text.lstrip("\ufeff"))))


def test_a_campaign_goes_from_one_marketer_through_another_to_a_signed_version(park: Store) -> None:
    anna, piero = a_marketer(park, "anna"), a_marketer(park, "piero")
    assert "No campaign yet" in anna.says(f"{HOME}/campaigns")
    assert anna.post(f"{HOME}/campaigns/new", **TYPED).status_code == 303

    assert "Somebody else has to look it through" in anna.says(ONE)
    assert f"{ONE}/review" not in anna.get(ONE).text
    assert anna.post(f"{ONE}/review").status_code == 403
    assert anna.post(f"{ONE}/publish").status_code == 422
    assert state(park) is State.DRAFT

    assert piero.post(f"{ONE}/review").status_code == 303
    assert anna.post(f"{ONE}/publish").status_code == 303
    assert "soup-days live" in anna.says(ONE)
    assert rows(anna, f"{HOME}/campaigns.csv")[1] == [
        NAME, "live", "More soup", "2025-01-01", "2026-12-31", "1000.00", "1000.00", "1",
    ]  # fmt: skip
    with park.reading() as tx:
        (offer,) = bundles.draft_in_force(tx, SITE).bundle.offers
    assert [(cap.counted, cap.most) for cap in offer.caps] == [("shown", 2), ("redeemed", 1)]

    assert piero.post(f"{ONE}/pause").status_code == 303
    assert state(park) is State.PAUSED
    assert piero.post(f"{ONE}/end").status_code == 303
    an_operator(park, "olga")
    told = a_browser(park, "olga").says(f"{HOME}/acts")
    assert all(word in told for word in ("drafted a campaign", "published a campaign", "paused a campaign"))


def test_limits_that_hold_everywhere_say_their_price_and_among_how_many_they_are_dealt(park: Store) -> None:
    anna, piero = a_marketer(park, "anna"), a_marketer(park, "piero")
    anna.post(f"{HOME}/campaigns/new", **TYPED, holds_everywhere="yes")
    assert "no device stands where it could be shown" in anna.says(ONE)
    with park.transaction() as tx:
        new = NewDevice(site=SITE, kind="edge", name="", points=(), public_key=b"k" * 32)
        device = devices.add_device(tx, new)[0].id
    assert "It will be dealt among 1 devices" in anna.says(ONE)
    assert "holds_everywhere" in anna.get(f"{ONE}/change").text.split(" checked")[-2]
    piero.post(f"{ONE}/review")
    assert anna.post(f"{ONE}/publish").status_code == 303
    assert "shown 2 times a day to each guest" in anna.says(ONE)
    assert "Dealt among 1 devices" in anna.says(ONE)
    with park.reading() as tx:
        (offer,) = bundles.draft_in_force(tx, SITE).bundle.offers
    assert [(cap.counted, cap.most, cap.everywhere) for cap in offer.caps] == [
        ("shown", 0, 2),
        ("redeemed", 0, 1),
    ]
    assert offer.dealt == (device,)
    assert "tile 1" in {row[1] for row in rows(anna, f"{ONE}/seen.csv?at=2026-02-03T12:00")}


def test_what_was_typed_stands_in_the_form_again_and_changes_as_another_revision(park: Store) -> None:
    anna = a_marketer(park, "anna")
    anna.post(f"{HOME}/campaigns/new", **TYPED)
    with park.reading() as tx:
        before = life.find(tx, SITE, NAME).plan
    form = anna.get(f"{ONE}/change").text
    for typed in ("More soup", "1000.00", "guest.visits &gt; 3", "Zuppa de"):
        assert typed in form
    assert anna.post(f"{ONE}/change", **TYPED).status_code == 303
    with park.reading() as tx:
        again = life.revisions(tx, SITE, NAME)
    assert [one.revision for one in again] == [2, 1]
    assert again[0].plan == before

    gift = {
        **TYPED,
        "campaign_id": "cake",
        "percent": "",
        "gives": "cake",
        "counted": "units",
        "kept_out": "",
    }
    gift |= {"budget_all": "20", "budget_each": ""}
    assert anna.post(f"{HOME}/campaigns/new", **gift).status_code == 303
    with park.reading() as tx:
        cake = life.find(tx, SITE, "cake").plan
    assert (cake.offer.gives, cake.budget, cake.each, cake.control) == ("cake", 20, 1, 0)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"budget_all": "much"}, "Budget in all"),
        ({"budget_all": "x", "counted": "units"}, "Budget in all"),
        ({"first_date": ""}, "First day"),
        ({"cel": "guest.nothing"}, "guest.nothing"),
        ({"said_headline.it": "x" * 41}, "Headline"),
    ],
)
def test_what_means_nothing_is_refused_and_stays_as_it_was_typed(
    park: Store, typed: dict[str, str], said: str
) -> None:
    anna = a_marketer(park, "anna")
    reply = anna.post(f"{HOME}/campaigns/new", **TYPED | typed)
    assert reply.status_code == 422
    assert said in words_of(reply)
    assert "More soup" in reply.text


def test_preview_shows_six_forms_in_five_languages_and_says_where_there_are_no_words(park: Store) -> None:
    anna = a_marketer(park, "anna")
    with park.transaction() as tx:
        few = {"it": MESSAGES["it"], "en": MESSAGES["en"]}
        life.make(tx, SITE, NAME, plan=a_plan({"messages": few}), by="anna")
    page = anna.says(f"{ONE}/preview")
    assert page.count("There is no text in this language") == 3 * len(CHANNELS)
    told = rows(anna, f"{ONE}/preview.csv")
    assert len(told) == 1 + len(CHANNELS) * 5
    assert all("3,00" in row[2] for row in told[1:] if row[1] == "de")
    assert "no words in de" in anna.says(ONE)


def test_rules_are_tried_on_invented_guests_and_on_a_pasted_context(park: Store) -> None:
    anna = a_marketer(park, "anna")
    page = anna.says(f"{HOME}/campaigns/rules?cel=guest.visits+%3E+30")
    assert "A regular who comes every week yes" in page
    assert "A family of four who come every month no" in page
    assert "It asks for guest.visits, which is not known" in page
    own = (
        f"{HOME}/campaigns/rules?cel=guest.visits+%3D%3D+3&context=%7B%22guest%22%3A%7B%22visits%22%3A3%7D%7D"
    )
    assert "The context that you pasted yes" in anna.says(own)
    assert len(rows(anna, own.replace("rules?", "rules.csv?"))) == 7
    assert "At character" in anna.says(f"{HOME}/campaigns/rules?cel=guest.visits+%3E")
    assert "at most 1000" in anna.says(f"{HOME}/campaigns/rules?cel={'x' * 1001}")


def test_real_choice_says_who_would_see_it_at_which_moment_and_why_not(park: Store) -> None:
    anna = a_marketer(park, "anna")
    with park.transaction() as tx:
        life.make(tx, SITE, NAME, plan=a_plan({"points": ("gate",)}), by="anna")
    page = anna.says(f"{ONE}/seen")
    assert "A regular who comes every week tile 1" in page
    assert "A family of four who come every month no Its rule campaign.soup-days says no" in page
    assert "A stranger without a band no Personal" in page
    assert "every week no It holds at another point" in anna.says(f"{ONE}/seen?point=other")
    late = rows(anna, f"{ONE}/seen.csv?at=2027-03-01T12:00&point=gate")
    assert {row[2] for row in late[1:5]} == {"It does not hold at this time"}
    assert anna.get(f"{ONE}/seen?at=soon").status_code == 422
    assert anna.get(f"{ONE}/revisions.csv").text.count("draft") == 1


def test_results_say_not_yet_and_show_each_day_with_the_table_of_its_chart(
    park: Store, clock: Clockwork
) -> None:
    anna = a_marketer(park, "anna")
    scheduled(park)
    kiosk = Gate(park)
    assert "No device has told of it yet" in anna.says(f"{ONE}/results")
    for number in range(3):
        kiosk.says(Kind.OFFER_SHOWN, Told(exposure=f"e{number}.1", offer=NAME, campaign=NAME))
    kiosk.says(Kind.OFFER_REDEEMED, Told(exposure="e1.1", offer=NAME, campaign=NAME, minor=300, op_id="b-1"))
    before = anna.says(f"{ONE}/results")
    assert "No night is behind it yet" in before
    assert "What is behind the last night is of now" in before
    clock.ms += DAY_MS
    with park.reading() as tx:
        yesterday = Calendar(tx, SITE).day(clock.ms) - 1
    assert readings.bring(park, SITE, yesterday) == 1
    anna = a_browser(park, "anna")
    page = anna.says(f"{ONE}/results")
    assert "Read up to and including 2025-10-09; 0 % of the devices were heard since" in page
    assert "not yet It is read once, when both arms have 100 guests" in page
    assert "Shown 3 Redeemed 1 Redeemed of what was shown 33.3 % Took off 3.00 EUR" in page
    assert "What is behind the last night is of now" not in page
    assert "3 0 1 0 3.00 EUR" in page
    assert rows(anna, f"{ONE}/nights.csv")[1] == [
        "2025-10-09", "1", "0", "0", "not yet", "", "", "", "0", "1",
    ]  # fmt: skip
    assert 'width="1000"' in anna.get(f"{ONE}/results").text
    assert rows(anna, f"{ONE}/results.csv")[1][1:] == ["3", "0", "1", "0", "3.00"]
    assert [row[0] for row in rows(anna, f"{ONE}/arms.csv")[1:]] == ["Was offered it", "Kept out"]
    scheduled(park, "all", a_plan(control=0))
    assert "Nobody is kept out" in anna.says(f"{HOME}/campaigns/all/results")
    assert len(rows(anna, f"{HOME}/campaigns/all/arms.csv")) == 1


def test_campaigns_that_meet_are_told_and_stopping_all_offers_pauses_them(park: Store) -> None:
    scheduled(park)
    scheduled(park, "soup-too")
    anna = a_marketer(park, "anna")
    assert "Campaigns that meet" in anna.says(f"{HOME}/campaigns")
    assert sorted(rows(anna, f"{HOME}/campaigns/clashes.csv")[1][:2]) == [NAME, "soup-too"]
    an_operator(park, "olga")
    assert a_browser(park, "olga").post(f"{HOME}/offers/stop").status_code == 303
    assert state(park) is State.PAUSED


def test_the_page_reads_each_campaign_once_and_opens_the_revision_that_stands(
    park: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = a_marketer(park, "anna")
    with park.transaction() as tx:
        for name, goal in (("cake", "Old"), ("cake", "New"), (NAME, "Soup")):
            life.make(tx, SITE, name, plan=a_plan(goal=goal), by="anna")
    goals, decode = list[str](), campaigned._plan

    def counted(body: bytes) -> Plan:
        plan = decode(body)
        goals.append(plan.goal)
        return plan

    monkeypatch.setattr(campaigned, "_plan", counted)
    assert "New" in anna.says(f"{HOME}/campaigns")
    assert sorted(goals) == ["New", "Soup"]


def test_what_is_published_stays_beside_a_draft_and_can_be_paused(park: Store) -> None:
    scheduled(park)
    anna = a_marketer(park, "anna")
    anna.post(f"{ONE}/change", **TYPED)
    assert "Revision 1 is published in version 1" in anna.says(ONE)
    assert anna.post(f"{ONE}/pause").status_code == 303
    assert "Revision 1 is published" not in anna.says(ONE)


def test_a_draft_that_is_let_go_is_in_no_preview_and_in_no_form(park: Store) -> None:
    scheduled(park)
    anna = a_marketer(park, "anna")
    lost = {f"said_name.{one}": f"Zuppa persa {one}" for one in MESSAGES} | {"first_date": "2026-05-05"}
    assert anna.post(f"{ONE}/change", **TYPED | lost).status_code == 303
    pages = ("preview", "preview.csv", "seen", "change")
    assert all("persa" in anna.get(f"{ONE}/{page}").text for page in ("preview", "preview.csv", "change"))
    assert "2026-05-05" in anna.get(f"{ONE}/seen").text
    assert anna.post(f"{ONE}/end").status_code == 303
    for page in pages:
        text = anna.get(f"{ONE}/{page}").text
        assert "persa" not in text, page
        assert "2026-05-05" not in text, page
    assert "Zuppa de" in anna.get(f"{ONE}/preview").text


def test_a_marketer_sees_which_device_holds_how_much_of_a_budget(park: Store) -> None:
    device, _ = a_device(park)
    scheduled(park)
    with park.transaction() as tx:
        leases.grant(tx, device, Want(wallet="", kind=f"gift:{NAME}", total=25_000))
    page = a_marketer(park, "mario").says(f"{HOME}/campaigns")
    assert (
        f"gift:{NAME} 1000.00 EUR At central, free 750.00 EUR {device.name} 250.00 EUR Used 0.00 EUR" in page
    )
    assert f"gift:{NAME} {device.name} 250.00 EUR 25 %" in page


def test_what_a_guest_would_see_is_told_of_all_that_is_live_with_each_reason(park: Store) -> None:
    scheduled(park)
    named = Point(id="gate", kind=PointKind.GATE, zone="park", to_zone="park", names={"en": "Main gate"})
    with park.transaction() as tx:
        layout.put_thing(tx, SITE, named)
    anna = a_marketer(park, "anna")
    page = anna.says(f"{HOME}/campaigns/guest?who=weekly&at=2026-06-10T12:00&point=gate")
    assert "1 soup-days" in page
    assert "by priority" in page
    assert "Main gate" in page, "a point is called by its name"
    assert "Position Offer Headline" in page, "where a tile stands is no place of the site"
    late = rows(anna, f"{HOME}/campaigns/guest.csv?who=weekly&at=2031-03-01T12:00&point=gate")
    assert [(row[0], row[1], row[4]) for row in late[1:]] == [("", NAME, "It does not hold at this time")]
    stranger = anna.says(f"{HOME}/campaigns/guest?who=stranger&at=2026-06-10T12:00&point=gate")
    assert "Nothing, which is an answer too" in stranger
    assert "Personal, and the guest did not allow that" in stranger
    own = f"{HOME}/campaigns/guest?who=pasted&at=2026-06-10T12:00&point=gate&context="
    assert "1 soup-days" in anna.says(own + quote('{"guest": {"segments": ["behaviour:weekly"]}}'))
    assert "which is not known" in anna.says(own + quote("{}"))
    assert "No rule can ask for guest.email" in anna.says(own + quote('{"guest": {"email": "x"}}'))
    assert "There is no such guest" in anna.says(f"{HOME}/campaigns/guest?who=giulia")
    assert anna.get(f"{HOME}/campaigns/guest?at=soon").status_code == 422
