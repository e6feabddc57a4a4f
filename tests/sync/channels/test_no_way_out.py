"""Consent is a hard filter at every way out: whatever a guest said, and wherever, nothing else leaves."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator

import msgspec
import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

import edge.core.consent
from edge.core.consent import Channel, Consent, Namespace
from edge.core.events import Event, Kind
from edge.core.offers import OfferRule
from edge.core.offers.said import Told
from edge.core.segments import namespace_of
from sync.central import doors
from sync.central.analysis import facts
from sync.central.channels import handed, handing
from sync.central.channels.telling import written
from sync.central.console.guard import form_token
from sync.central.hooks import happened
from sync.central.hooks.service import Service
from sync.central.hooks.subscriptions import Hook, Secrets, Taken
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.machines.lanes import Stream
from sync.central.own import allowing
from sync.central.own.cookie import COOKIE
from sync.central.people import aliases, unsubscribing
from sync.central.people.unsubscribing import Mailed
from sync.central.registry import consents, guests, segments
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store, delete, insert
from sync.signing import Keys
from tests.portions import sample_and_whole
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_offering import Stand, an_offer
from tests.sync.channels.told import looked_for, told_edges
from tests.sync.console.desk import ORIGIN, words_of
from tests.sync.journey.book import BAND, GUEST, OWNER

pytestmark = pytest.mark.timeout(60)
INTEREST, BEHAVIOUR = Namespace.INTEREST.value, Namespace.BEHAVIOUR.value
CODES = {INTEREST: "interest:boats", BEHAVIOUR: "behaviour:coffee"}
WAYS = ("", "@app", "@email")
TOPICS = [f"offers{part}{way}" for way in WAYS for part in ("", f":{INTEREST}", f":{BEHAVIOUR}")]
SPOKEN = [way[1:] for way in WAYS if way]
SCREEN = frozenset(edge.core.consent.TOPICS)
SWITCHED = re.compile(r'aria-checked="true" aria-labelledby="t-([^"]+)"')
"""What stands there as allowed."""
TURNS = 7
YES_OF_TEN = 6
"""A guest who mostly says no shows nothing of what a no does."""


def is_open(yes: set[str], part: str, way: str = "") -> bool:
    """What the handbook says of a channel away from the spot: a yes to each of four topics, and no less."""
    whole = {"offers", f"offers:{part}"}
    return whole | {f"{topic}@{way}" for topic in whole if way} <= yes


class Own:
    """The guest's own page, in their browser."""

    def __init__(self, client: FlaskClient, store: Store) -> None:
        self.client = client
        with store.transaction() as tx:
            link = doors.invite(tx, SITE, GUEST, by="carla")
        self.post("/enter", key=link)

    def post(self, path: str, **form: str) -> TestResponse:
        cookie = self.client.get_cookie(COOKIE)
        sent = MultiDict({"token": form_token(cookie.value if cookie else ""), **form})
        return self.client.post(f"/own{path}", data=sent, headers=ORIGIN)

    def reads(self, path: str) -> str:
        return self.client.get(f"/own{path}").get_data(as_text=True)

    def says(self, path: str) -> str:
        return words_of(self.client.get(f"/own{path}"))


class Speaking:
    """A guest who says yes and no by one way after the other, and every way by which anything leaves."""

    def __init__(self, stand: Stand) -> None:
        self.app, self.store, self.clock = stand, stand.book.store, stand.clock
        self.mail = stand.by(id="mail", via=Channel.EMAIL)
        self.yes: set[str] = set()
        self.phone = Own(stand.http, self.store)
        self.told = 0
        self.waiting: dict[int, str] = {}
        """Entries that wait for a subscriber since everything was allowed, by number."""

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

    def _at_own(self, topic: str, given: bool) -> None:
        self.phone = Own(self.app.http, self.store)
        assert self.phone.post("/allowed", topic=topic, given="yes" if given else "no").status_code == 303

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
        open_ = {f"{part} by {way}" for part in CODES for way in SPOKEN if is_open(self.yes, part, way)}
        yield "diary on the guest's own page", self._own(), open_
        shown = set(SWITCHED.findall(self.phone.reads("/allowed")))
        yield (
            "what the own page says is allowed",
            shown & {*TOPICS},
            self.yes & {*TOPICS} & {*allowing.WAYS, *SCREEN},
        )
        may = {part for part in CODES if is_open(self.yes, part)}
        yield "segments to subscribers", set(self._hooks()), may
        yield "segments handed out before and not taken back", self._in_use() - open_, set()
        yield "segments handed out as files", self._handed(), open_
        parts = {f"{part}@{way}" for part in CODES for way in SPOKEN if is_open(self.yes, part, way)}
        parts |= {f"{part}@" for part in may}
        yield "diary to subscribers", self._diary_hooks(), parts
        yield "diary at desks and on the guest's own page", self._shown(), parts
        yield "diary that is kept", self._kept(), parts
        yield "events of devices to subscribers", self._device_hooks(), {"offers"} & self.yes
        yield "codes at edges", set(self._edges()), may
        looked = {way for way in SPOKEN if {f"{INTEREST}@{way}", f"{INTEREST}@"} <= parts}
        yield "what was looked for, at edges", looked_for(self.store, self.clock.ms, SPOKEN), looked
        with self.store.reading() as tx:
            rows = facts.consents(tx, SITE, facts._said(tx, SITE))
            yield "figures", {row[2] for row in rows} & CODES.keys(), may

    def _own(self) -> set[str]:
        """What the guest's own page shows of what was just looked for and shown, by part and way."""
        self.told += 1
        kinds = {What.SEARCHED: INTEREST, What.OFFERED: BEHAVIOUR}
        marks = {
            f"{self.told}x{part}x{way}": (what, Via(way), f"{part} by {way}")
            for what, part in kinds.items()
            for way in SPOKEN
        }
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            entries = [
                Entry("/own", mark, f"g:{GUEST}", self.clock.ms << 16, 0, via, what, "", mark)
                for mark, (what, via, _) in marks.items()
            ]
            diary.put(tx, SITE, entries)
        page = self.phone.says("/diary")
        return {name for mark, (_, _, name) in marks.items() if mark in page}

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

    def _in_use(self) -> set[str]:
        """In which segments receivers of files still hold the guest, as far as they were told."""
        with self.store.reading() as tx:
            held = [one for one in handed.of_guest(tx, SITE, GUEST) if one.withdrawn_ms is None]
        ways = {self.app.member.id: "app", self.mail.member.id: "email"}
        return {f"{namespace_of(one.segment)} by {ways[one.channel]}" for one in held}

    def _handed(self) -> set[str]:
        """In which segments those receivers find the guest who ask for them now."""
        found = set()
        for way, channel in (("app", self.app), ("email", self.mail)):
            for part, code in CODES.items():
                with self.store.transaction() as tx:
                    take_turn(tx, SITE)
                    asked = handing.named("", "")
                    file = handing.export(tx, channel.member, code, asked=asked, who="olga")
                    name = aliases.pseudonyms(tx, SITE, channel.member.id, guests=[GUEST])[GUEST]
                found |= {f"{part} by {way}"} if name in file.body.decode() else set()
        return found

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

    def _lines(self, source: str) -> dict[str, Entry]:
        """An entry of each part by each channel and by none."""
        self.told += 1
        ways = {way: Via(way) for way in SPOKEN} | {"": Via.GATE}
        return {
            f"{part}@{way}": Entry(
                source, f"{self.told}/{what}/{way}", OWNER, self.clock.ms << 16, 0, via, what
            )
            for part, what in {INTEREST: What.SEARCHED, BEHAVIOUR: What.OFFERED}.items()
            for way, via in ways.items()
        }

    def _diary_hooks(self) -> set[str]:
        """What of entries that were all allowed when they were made is told now."""
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            if not self.waiting:
                assert diary.put(tx, SITE, list(self._lines("/told").values())).refused == 0
                last = happened.last(tx, SITE) or 0
                self.waiting = dict(zip(range(last - 5, last + 1), self._lines("/told"), strict=True))
            kinds, span = [int(happened.Own.DIARY_ENTRY)], (min(self.waiting) - 1, max(self.waiting))
            events = happened.page(tx, SITE, span=span, kinds=kinds, limit=9)
            assert [one.seq for one in events] == list(self.waiting)
            return {self.waiting[seq] for seq in happened.open_now(tx, SITE, events, purpose="offers")}

    def _shown(self) -> set[str]:
        """What is shown of a diary that has it all, as one that was merged may."""
        made = self._lines("/merged")
        more = {"site_id": SITE, "told_ms": self.clock.ms}
        rows = [{**one._asdict(), **more, "basis": one.basis.value} for one in made.values()]
        with self.store.transaction() as tx:
            tx.execute(insert(diary.diary_table), rows)
            there = {one.id for one in diary.of_guest(tx, SITE, OWNER)}
            tx.execute(delete(diary.diary_table).where(diary.diary_table.c.source == "/merged"))
        return {name for name, one in made.items() if one.id in there}

    def _kept(self) -> set[str]:
        """What is held of entries that come in now, and of those that came before."""
        with self.store.transaction() as tx:
            take_turn(tx, SITE)
            diary.put(tx, SITE, list(self._lines("/kept").values()))
            held = diary.held_of(tx, SITE, OWNER, limit=1_000)
        names = {What.SEARCHED: INTEREST, What.OFFERED: BEHAVIOUR}
        ways = {Via.GATE: ""} | {Via(way): way for way in SPOKEN}
        return {f"{names[one.what]}@{ways[one.via]}" for one in held if one.what in names and one.via in ways}

    def _device_hooks(self) -> set[str]:
        """Whether an offer that a kiosk showed is told under the guest's pseudonym."""
        hook = Hook(id="h", url="https://far.example", kinds=("offer_shown",), purpose="offers")
        taken = Taken(hook, Secrets("", bytes(32)))
        keys = Keys(key_id="k", private_key=bytes(range(32)))
        service = Service(self.store, SITE, taken, keys=keys, line=requests.Session())
        body = msgspec.msgpack.encode(Told(exposure="e1.0", offer="soup", guest=GUEST, point="kiosk"))
        event = Event(lane=0, seq=1, hlc=self.clock.ms << 16, offset_ms=0, uncertainty_ms=0,
                      kind=int(Kind.OFFER_SHOWN), schema=1, band=BAND, body=body, h=b"")  # fmt: skip
        with self.store.reading() as tx:
            post = service._addressed(tx, Stream(SITE, "d1", 0, 0), [event], seq=1)
        return {"offers" for _ in post.letters}

    def _edges(self) -> Iterator[str]:
        told = told_edges(self.store)
        yield from (part for part, code in CODES.items() if code in told)


@pytest.fixture
def speaking(sealed_store: Store, clock: Clockwork, monkeypatch: pytest.MonkeyPatch) -> Speaking:
    # One guest is all that there is here: of so few nothing would be handed out.
    monkeypatch.setattr("sync.central.channels.handing.GUESTS_MIN", 0)
    monkeypatch.setattr(happened, "LOOKED_AT", [lambda _tx, _site: set(happened.Own)])
    made = Stand(sealed_store, clock)
    with sealed_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia")])
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
                ways += ["own"] if topic in SCREEN or (not given and topic in allowing.WAYS) else []
                ways += ["letter"] if (topic, given) == ("offers@email", False) else []
                speaking.says(topic, given=given, way=draw.choice(ways))
            if turn == TURNS - 1:  # in the end everybody has taken the whole of it back
                speaking.says("offers", given=False, way=draw.choice(["console", "kiosk", "app"]))
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
