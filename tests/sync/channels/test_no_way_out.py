"""Consent is a hard filter at every way out: whatever a guest said, and wherever, nothing else leaves."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

import msgspec
import pytest

from edge.core.consent import Channel, Consent, Namespace
from edge.core.offers import OfferRule
from edge.core.segments import namespace_of
from sync.central.analysis import facts
from sync.central.channels.telling import written
from sync.central.feed import item_table
from sync.central.hooks import happened
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.people import unsubscribing
from sync.central.people.unsubscribing import Mailed
from sync.central.registry import consents, guests, profiles, segments
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store, select
from tests.portions import sample_and_whole
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_offering import Stand, an_offer
from tests.sync.journey.book import GUEST

pytestmark = pytest.mark.timeout(60)
INTEREST, BEHAVIOUR = Namespace.INTEREST.value, Namespace.BEHAVIOUR.value
CODES = {INTEREST: "interest:boats", BEHAVIOUR: "behaviour:coffee"}
WAYS = ("", "@app", "@email")
TOPICS = [f"offers{part}{way}" for way in WAYS for part in ("", f":{INTEREST}", f":{BEHAVIOUR}")]
TURNS = 7
YES_OF_TEN = 6
"""A guest who mostly says no shows nothing of what a no does."""


def is_open(yes: set[str], part: str, way: str = "") -> bool:
    """What the handbook says of a channel away from the spot: a yes to each of four topics, and no less."""
    whole = {"offers", f"offers:{part}"}
    return whole | {f"{topic}@{way}" for topic in whole if way} <= yes


class Speaking:
    """A guest who says yes and no by one way after the other, and every way by which anything leaves."""

    def __init__(self, stand: Stand) -> None:
        self.app, self.store, self.clock = stand, stand.book.store, stand.clock
        self.mail = stand.by(id="mail", via=Channel.EMAIL)
        self.yes: set[str] = set()
        self.told = 0

    def says(self, topic: str, *, given: bool, way: str) -> None:
        self.clock.ms += 1_000
        getattr(self, f"_at_{way}")(topic, given)
        self.yes = self.yes | {topic} if given else self.yes - {topic}

    def _at_console(self, topic: str, given: bool) -> None:
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            consents.set_here(tx, SITE, GUEST, purpose=topic, given=given)

    def _at_kiosk(self, topic: str, given: bool) -> None:
        wanted = Consent(purpose=topic, turns=0, since_ms=self.clock.ms, source="kiosk")
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            consents.say(tx, SITE, GUEST, wanted=wanted, given=given)

    def _at_app(self, topic: str, given: bool) -> None:
        at = dt.datetime.fromtimestamp(self.clock.ms / 1_000, dt.UTC).isoformat()
        assert self.app.says(topic, given, at)[0] == 200

    def _at_letter(self, topic: str, given: bool) -> None:
        assert (topic, given) == ("offers@email", False), "one press takes this back and nothing else"
        with self.store.transaction() as tx:
            word = unsubscribing.word(tx, Mailed(SITE, GUEST, topic))
            unsubscribing.take_back(tx, word)

    def leaves(self) -> Iterator[tuple[str, set[str], set[str]]]:
        """Yield each way out with the parts that left by it, and those that may."""
        for way, channel in (("app", self.app), ("email", self.mail)):
            may = {part for part in CODES if is_open(self.yes, part, way)}
            tiles = channel.offers()
            yield f"offers by {way}", tiles.keys() & CODES.keys(), may
            yield f"diary by {way}", set(self._journey(channel, way)), may
        may = {part for part in CODES if is_open(self.yes, part)}
        yield "segments to subscribers", set(self._hooks()), may
        yield "codes at edges", set(self._edges()), may
        with self.store.reading() as tx:
            rows = facts.consents(tx, SITE, facts._said(tx, SITE))
            yield "figures", {row[2] for row in rows} & CODES.keys(), may

    def _journey(self, channel: Stand, way: str) -> Iterator[str]:
        self.told += 1
        kinds = {What.SEARCHED: INTEREST, What.BOUGHT: BEHAVIOUR}
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            entries = [
                Entry("/x", f"{self.told}/{what}", f"g:{GUEST}", self.clock.ms << 16, 0, Via(way), what)
                for what in kinds
            ]
            diary.put(tx, SITE, entries)
        yield from (kinds[What(one)] for one in channel.reads()[0] if one in kinds)

    def _hooks(self) -> Iterator[str]:
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            segments.put(tx, SITE, GUEST, codes=())
            segments.put(tx, SITE, GUEST, codes=CODES.values())
            last = happened.last(tx, SITE) or 0
            kinds = [int(happened.Own.SEGMENT_ENTERED)]
            events = happened.page(tx, SITE, span=(last - 2, last), kinds=kinds, limit=9)
            assert len(events) == 2
            open_ = happened.open_now(tx, SITE, events, purpose="offers")
        for one in events:
            if one.seq in open_:
                yield namespace_of(str(happened.told_in(one).said["code"]))

    def _edges(self) -> Iterator[str]:
        own = item_table.c
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            profiles.publish_guests(tx, SITE, [GUEST])
            wanted = select(own.body).where(own.kind == profiles.PROFILE, own.body.is_not(None))
            told = repr([msgspec.msgpack.decode(bytes(one)) for one in tx.execute(wanted).scalars()])
        assert GUEST in told
        yield from (part for part, code in CODES.items() if code in told)


@pytest.fixture
def speaking(sealed_store: Store, clock: Clockwork) -> Speaking:
    made = Stand(sealed_store, clock)
    with sealed_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia")])
        happened.begin(tx, SITE)
        segments.put(tx, SITE, GUEST, codes=CODES.values())
    made.publishes(
        *(an_offer(part, rule=part) for part in CODES),
        rules=tuple(
            OfferRule(id=part, version=1, cel=f"'{code}' in guest.segments") for part, code in CODES.items()
        ),
    )
    return Speaking(made)


@pytest.mark.parametrize("seeds", sample_and_whole(range(1), range(1, 7)))
def test_by_no_way_out_leaves_what_no_word_of_the_guest_covers(speaking: Speaking, seeds: range) -> None:
    """A yes for another channel is the console's; a no is heard by whichever way it comes."""
    left = 0
    for seed in seeds:
        draw = random.Random(seed)  # noqa: S311  # a day to be had again
        for turn in range(TURNS):
            for topic in draw.sample(TOPICS, 3) if turn else TOPICS:
                given = draw.randrange(10) < YES_OF_TEN if turn else True
                ways = ["console", "kiosk"] + ([] if given and topic.endswith("@email") else ["app"])
                ways += ["letter"] if (topic, given) == ("offers@email", False) else []
                speaking.says(topic, given=given, way=draw.choice(ways))
            for name, found, may in speaking.leaves():
                assert found == may, f"seed {seed}, turn {turn}: {name} after {sorted(speaking.yes)}"
                left += len(found)
    assert left, "where nothing ever leaves nothing is shown"


def test_a_letter_that_was_chosen_is_not_written_once_its_reader_said_no_by_any_way(
    speaking: Speaking,
) -> None:
    for topic in TOPICS:
        speaking.says(topic, given=True, way="console")
    for way in ("letter", "app", "kiosk", "console"):
        exposure = str(speaking.mail.offers()[BEHAVIOUR]["exposure"])
        with speaking.store.transaction() as tx:
            assert written(tx, speaking.mail.member, exposure, public_url="https://central.example")
        speaking.says("offers@email", given=False, way=way)
        assert speaking.mail.asks("GET", f"/v1/exposures/{exposure}/letter")[0] == 403
        assert speaking.mail.offers() == {}
        speaking.says("offers@email", given=True, way="console")
