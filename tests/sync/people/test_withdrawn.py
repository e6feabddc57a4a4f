"""What a guest allows no more is seen by nobody: every room that reads diaries or segments is asked."""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import re
from collections.abc import Callable, Iterator

import msgspec
import pytest

from edge.core.birthday import BIRTHDAY
from edge.core.climb import CLIMB
from edge.core.consent import Channel, Consent, Namespace
from edge.core.tiers import Ladder, Step
from edge.core.visits import VISITS
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.analysis import facts
from sync.central.channels import deeds, occasions
from sync.central.channels.book import May, Member
from sync.central.feed import item_table
from sync.central.journey import diary, figures, unfinished
from sync.central.journey.entry import Via, What
from sync.central.offers import bundles
from sync.central.registry import birthdays, consents, ladders, profiles, segments
from sync.central.registry.birthdays import Birthday
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, select
from tests.sync.builders import KEY, NOW_MS, SITE, Clockwork
from tests.sync.people.folk import Folk, an_entry
from tests.tidy.source import ROOT

GUEST, MARK, CODE = "ada", "seen-by-none", "behaviour:often"
TOPICS = ("presence", "offers", "offers:demographic", "offers:behaviour", "offers:interest", "research")
SHOP = Member(site=SITE, id="shop", via=Channel.APP, routes=frozenset(May),
              namespaces=frozenset(Namespace), public_key=KEY)  # fmt: skip
Reader = Callable[[Connection], object]


def at_edges(tx: Connection) -> object:
    """What the feed tells the edges of the guest's band, now."""
    profiles.publish_guests(tx, SITE, [GUEST])
    own = item_table.c
    told = select(own.body).where(own.site_id == SITE, own.kind == profiles.PROFILE, own.body.is_not(None))
    bodies = [bytes(body) for body in tx.execute(told).scalars()]
    return [msgspec.msgpack.decode(body) for body in bodies]


def analysed(tx: Connection) -> object:
    """Which namespaces the guest's rows may be computed in."""
    return facts.consents(tx, SITE, facts._said(tx, SITE))


def chosen_by(tx: Connection) -> object:
    """What rules may see of the guest where a channel asks for offers to them."""
    there = bundles.in_force(tx, SITE)
    if there is None:
        bundles.stop(tx, SITE, by="olga")
    return occasions.occasion(tx, occasions.asked(tx, SHOP, GUEST)).context


def said_by(tx: Connection) -> dict[str, tuple[Consent, ...]]:
    """What the guest says, as it stands now."""
    return {GUEST: consents.consents_of(tx, SITE, [GUEST]).get(GUEST, ())}


READERS: dict[str, tuple[str, Reader]] = {
    "sync.central.journey.diary": (MARK, lambda tx: diary.of_guest(tx, SITE, f"g:{GUEST}")),
    "sync.central.channels.deeds": (MARK, lambda tx: deeds.read(tx, SHOP, GUEST, cursor="").events),
    "sync.central.journey.unfinished": (MARK, lambda tx: unfinished.read(tx, SITE, said_by(tx))),
    "sync.central.journey.visited": (VISITS, at_edges),
    "sync.central.journey.tiers": (CLIMB, at_edges),
    "sync.central.registry.birthdays": (BIRTHDAY, at_edges),
    "sync.central.channels.occasions": (CODE, chosen_by),
    "sync.central.registry.profiles": (CODE, at_edges),
    "sync.central.analysis.facts": (GUEST, lambda tx: tuple(analysed(tx))),
    "sync.central.journey.figures": (
        "people=1", lambda tx: figures.figures(tx, SITE, [(NOW_MS - 1, NOW_MS + 1)]),
    ),
}  # fmt: skip
"""By its module: how one sees that the guest is in what it reads, and the reading."""
BY_ANOTHER = {
    "sync.central.journey.ends": "what waits is a guest's by contract, read through `diary.of_guest`",
    "sync.central.export": "gives a guest all that is held of them, to nobody else",
    "sync.central.own.diary": "shows `diary.of_guest`",
    "sync.central.console.pages.care": "shows `diary.of_guest`",
    "sync.central.console.pages.diary": "shows `diary.of_guest`",
    "sync.central.analysis.lately": "reads today's entries of whom `facts.consents` names, for each code",
    "sync.central.analysis.membership": "writes what `facts` let be computed; `profiles` tells of it",
    "sync.central.campaigns.evidence": "leaves out who took `offers` back; see its own test",
    "sync.central.registry.segments": "the table itself, asked through `profiles`",
}
"""Modules that read through one of the others."""
NAMES = re.compile(
    r"\b(diary_table|segment_table|birthday_table|segments_of|diary\.of_guest|def of_guest.*owner)\b"
)


def modules() -> set[str]:
    """Every module of central that names a table or a reading of what consents open."""
    found = set()
    for path in (ROOT / "sync").rglob("*.py"):
        text = path.read_text()
        # Few files hold the words at all; only of these it is asked whether it is in their code.
        if NAMES.search(text) and NAMES.search(ast.unparse(ast.parse(text))):
            found.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return found


def test_every_reader_is_asked_here_or_reads_through_one_that_is() -> None:
    assert modules() == READERS.keys() | BY_ANOTHER.keys()


@pytest.fixture
def store(url: str, clock: Clockwork) -> Iterator[Store]:
    """Of a central that seals what it may not keep in clear."""
    opened = Store(url, now_ms=clock, seals=Vault(bytes(32), new_ring()))
    yield opened
    opened.close()


@pytest.fixture
def folk(store: Store, clock: Clockwork, monkeypatch: pytest.MonkeyPatch) -> Folk:
    """A guest who allows everything everywhere, of whom each room holds something that takes a consent."""
    monkeypatch.setattr(figures, "PEOPLE_MIN", 1)
    folk, today = Folk(store, clock), dt.datetime.fromtimestamp(NOW_MS / 1_000, dt.UTC)
    for topic in (*TOPICS, "offers@app", "offers:behaviour@app", "offers:interest@app"):
        folk.says(GUEST, topic, given=True)
    with store.transaction() as tx:
        take_turn(tx, SITE)
        shown = [
            an_entry(GUEST, str(what), what=what, via=Via.APP)._replace(subject=MARK)
            for what in (What.SEARCHED, What.OFFERED, What.DWELT)
        ]
        assert diary.put(tx, SITE, shown).new == 3
        segments.put(tx, SITE, GUEST, codes=[CODE])
        steps = (Step("basic", 0), Step("gold", 900))
        ladders.put_ladder(tx, SITE, Ladder(steps=steps, currency="EUR"))
        birthdays.declare(tx, SITE, GUEST, born=Birthday(today.month, today.day))
    return folk


@pytest.mark.parametrize("room", sorted(READERS))
def test_what_was_withdrawn_is_hidden_from_it(folk: Folk, room: str) -> None:
    importlib.import_module(room)  # a room that knows adds itself
    mark, read = READERS[room]
    with folk.store.transaction() as tx:
        assert mark in repr(read(tx))
    for topic in TOPICS:
        folk.says(GUEST, topic, given=False)
    with folk.store.transaction() as tx:
        assert mark not in repr(read(tx))
        assert consents.consents_of(tx, SITE, [GUEST])[GUEST]


@pytest.mark.parametrize("room", sorted(READERS))
def test_and_so_it_is_where_only_one_who_is_one_with_them_allows_nothing(folk: Folk, room: str) -> None:
    """What the stricter side hides lies there still: whoever forgot to ask for consent would show it."""
    mark, read = READERS[room]
    folk.merges("bea", GUEST)
    with folk.store.transaction() as tx:
        assert mark not in repr(read(tx))
