"""What a guest allows, on their own page: taken back by one press, a yes to a way for what is allowed."""

from __future__ import annotations

import re

import pytest

from edge.core.consent import TOPICS, Channel, Namespace, Purpose, may
from sync.central.care import cases
from sync.central.care.case import Links, Step, Told
from sync.central.registry import consents
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.own.test_family import Phone, family

__all__ = ["family"]
YES = re.compile(r'aria-checked="true" aria-labelledby="t-([^"]+)"')
SPOT = {"offers@kiosk", "offers@till"}
"""Silence is no no there."""


def says(phone: Phone, topic: str, given: str) -> int:
    return phone.post("/allowed", topic=topic, given=given).status_code


def shown(phone: Phone) -> set[str]:
    return set(YES.findall(phone.client.get("/own/allowed").get_data(as_text=True)))


def allows(store: Store, part: Namespace, channel: Channel) -> bool:
    with store.reading() as tx:
        said = consents.consents_of(tx, SITE, ["leo"]).get("leo", ())
    return may(said, Purpose.OFFERS, part, channel=channel)


def test_each_purpose_is_allowed_and_taken_back_by_one_press(family: Store, clock: Clockwork) -> None:
    phone = Phone(family, "leo")
    assert shown(phone) == SPOT
    for topic in TOPICS:
        assert says(phone, topic, "yes") == 303
    assert shown(phone) == {*TOPICS, *SPOT}
    clock.ms += 60_000
    assert says(phone, "presence", "no") == 303
    assert shown(phone) == {*TOPICS, *SPOT} - {"presence"}


def test_a_yes_to_a_way_is_for_what_is_allowed_and_a_no_closes_that_way_alone(family: Store) -> None:
    phone = Phone(family, "leo")
    for topic in ("offers", "offers:behaviour", "offers@email", "offers@app"):
        says(phone, topic, "yes")
    assert allows(family, Namespace.BEHAVIOUR, Channel.EMAIL)
    assert not allows(family, Namespace.INTEREST, Channel.EMAIL)
    says(phone, "offers@email", "no")
    assert not allows(family, Namespace.BEHAVIOUR, Channel.EMAIL)
    assert allows(family, Namespace.BEHAVIOUR, Channel.APP)


@pytest.mark.parametrize(
    "order",
    [("offers", "offers:interest", "offers@email"), ("offers@email", "offers", "offers:interest")],
    ids=["the way last", "the way first"],
)
def test_a_way_and_a_part_that_are_shown_as_allowed_are_in_either_order(
    family: Store, order: tuple[str, ...]
) -> None:
    phone = Phone(family, "leo")
    for topic in order:
        says(phone, topic, "yes")
    assert shown(phone) == {*order, *SPOT}
    assert allows(family, Namespace.INTEREST, Channel.EMAIL)
    assert not allows(family, Namespace.BEHAVIOUR, Channel.EMAIL)
    assert not allows(family, Namespace.INTEREST, Channel.APP), "a way that nobody allowed"


@pytest.mark.parametrize("way", [Channel.KIOSK, Channel.TILL])
def test_a_first_no_to_a_way_on_the_spot_closes_it(family: Store, way: Channel) -> None:
    phone = Phone(family, "leo")
    for topic in ("offers", "offers:behaviour"):
        says(phone, topic, "yes")
    assert allows(family, Namespace.BEHAVIOUR, way), "silence is no no on the spot"
    says(phone, f"offers@{way}", "no")
    assert not allows(family, Namespace.BEHAVIOUR, way)
    assert f"offers@{way}" not in shown(phone)


@pytest.mark.parametrize("topic", ["quiet", "offers:behaviour@app", "", "everything"])
def test_nothing_else_is_allowed_there(family: Store, topic: str) -> None:
    assert says(Phone(family, "leo"), topic, "yes") == 422


def test_the_diary_says_in_words_what_was_allowed_for_which_way(family: Store) -> None:
    phone = Phone(family, "leo")
    says(phone, "offers@email", "yes")
    with family.transaction() as tx:
        take_turn(tx, SITE)
        consents.set_here(tx, SITE, "leo", purpose="research", given=True)
    told = phone.says("/diary")
    assert "Offers chosen for you (e-mail): yes" in told
    assert "Learning from your visit: yes" in told
    assert "consent." not in told


def test_what_we_answered_stands_above_the_diary_and_what_colleagues_noted_does_not(family: Store) -> None:
    with family.transaction() as tx:
        for whose in ("leo", "somebody-else"):
            first = Told(op=whose, step=Step.OPENED, at_ms=1, word="feedback", links=Links(guest=whose))
            id_ = cases.open_case(tx, SITE, first, note="cold").id
            for step, note in ((Step.NOTED, "for us"), (Step.ANSWERED, f"We heat the bowls, {whose}.")):
                cases.tell(tx, SITE, id_, told=Told(op=step.value, step=step, at_ms=2), note=note)
    told = Phone(family, "leo").says("/diary")
    assert "What we answered you We heat the bowls, leo." in told, told
    assert "for us" not in told
    assert "somebody-else" not in told
