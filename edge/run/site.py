"""The site's book as the configuration names it, joined to this device's rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from edge.clock import Clock
from edge.config import Site
from edge.core.bands import Standing
from edge.core.caps import Caps, Taken
from edge.core.checkpoint import Checkpoint
from edge.core.entitlements import Use
from edge.core.lease import Passing
from edge.core.site import Lack, Passed, Pending, SiteMode
from edge.feed import Feed
from edge.run.finding import Finding, Level
from edge.run.second import is_of
from edge.run.tls import site_cable
from edge.sequencer import Sequencer
from edge.service import agreeing, alarms
from edge.service.payments import hearsay, passing
from edge.service.payments.hearsay import Rumour
from edge.service.payments.passing import Giver
from edge.signature import is_block_signed, is_passing_signed, is_state_signed, sign_block, sign_state
from edge.store.checkpoints import Notary
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from sync.client import Cable, Sender, passages
from sync.client.heard import Word
from sync.client.ports import SHIPPED
from sync.site import (
    Block,
    BlockPorts,
    Gateway,
    Hearsay,
    Measure,
    Member,
    Ports,
    PursePorts,
    SiteBook,
    Statement,
    StatePorts,
    Unanswered,
    Wallets,
    WitnessPorts,
)
from sync.site.blocking import AHEAD_MS
from sync.site.gateway import Json

LANE = 0
ASK_S_MAX = 3.0
NODES_MIN = 3
KEY_SHOWN_BYTES = 8
NO_ROOM = "NOSPACE"
"""What etcd calls it when its quota or its disk is full: it is read, and takes nothing."""


class Parts(NamedTuple):
    """The rooms of a device that its part in the site needs."""

    sequencer: Sequencer
    journal: Journal
    profiles: Profiles
    clock: Clock
    boot: str = ""
    """Which run of the machine it is."""
    private_key: bytes = b""
    """By which it signs what it passes on; empty: it passes nothing on."""
    current: Callable[[], bool] = lambda: True
    """Whether the journal is proven to be the newest of this device."""
    feed: Feed | None = None
    """Where screens of staff hear of alarms."""
    notary: Notary | None = None
    """Who makes the journal's checkpoints."""
    caps: Caps = SHIPPED
    """How much the nodes may take from guests within an hour."""
    by_central: Callable[[], Sequence[Taken]] = tuple
    """Return what central's own word took within the hour."""


def member(site: Site, who: Sender, parts: Parts, *, cable: Cable | None = None) -> Member | None:
    """Return this device's part in its site, None where the configuration names no nodes."""
    if not site.etcd:
        return None
    gateway = Gateway(site.etcd, cable or site_cable(site))
    book = SiteBook(gateway, who.site, incarnation=who.incarnation)
    return Member(gateway, book, ports_of(who, parts))


def ports_of(who: Sender, parts: Parts) -> Ports:
    """Return what a member needs of this device: each step is durable before it returns."""
    books = parts.sequencer
    heard = Hearsay(books, measure(parts))

    def settle(done: Sequence[Pending]) -> None:
        books.submit(lambda tx: agreeing.settle(tx, done))

    def strays(uses: Sequence[Use]) -> Sequence[Use]:
        return books.submit(lambda tx: agreeing.strays(tx, uses))

    def went_back() -> None:
        alarm = books.submit(alarms.note_book_back)
        if parts.feed is not None:
            parts.feed.publish(alarms.ALARMS, alarms.ALARM, alarm)

    return Ports(
        device=who.device,
        learn=partial(passages.apply, books),
        states=states(who, parts, heard),
        blocks=blocks(who, parts, heard),
        waiting=lambda: books.submit(agreeing.waiting),
        settle=settle,
        decided=partial(parts.journal.one, LANE),
        strays=strays,
        layout=parts.profiles.layout,
        now_ms=parts.clock.now_ms,
        is_sure=parts.clock.sure,
        purse=purse(who, parts),
        mark=lambda: books.submit(agreeing.mark),
        remember=lambda seen: books.submit(lambda tx: agreeing.remember(tx, seen)),
        went_back=went_back,
        witness=None if parts.notary is None else witness(parts.notary, parts),
    )


def states(who: Sender, parts: Parts, heard: Hearsay) -> StatePorts:
    """Return how others are told of bands and believed: as devices of the site, as long as they are that."""

    def signed(said: Statement) -> Statement | None:
        if not parts.private_key:
            return None
        return msgspec.structs.replace(said, signature=sign_state(parts.private_key, said.octets(who.site)))

    def word(said: Statement) -> Word | None:
        for key in _keys_of(said.device, who, parts):
            if is_state_signed(said.octets(who.site), said.signature, key):
                return Word(said.band, _named(said.device, key), Standing(said.epoch, said.state))
        return None

    def recall() -> None:
        there = parts.profiles.goods.siblings()
        if any(one.id == who.device for one in there):  # else the list is not here yet
            heard.recall(frozenset(_named(one.id, one.public_key) for one in there))

    def bind(told: Sequence[Statement]) -> bool:
        return heard.bind([one for one in map(word, told) if one is not None])

    return StatePorts(signed=signed, bind=bind, recall=recall)


def blocks(who: Sender, parts: Parts, heard: Hearsay) -> BlockPorts:
    """Return how wallets that central blocked are told of and stopped: by whoever holds a device's key."""

    def signed(said: Block) -> Block | None:
        if not parts.private_key:
            return None
        # A journal that ran ahead dates its records there; no other device would believe that.
        dated = msgspec.structs.replace(said, heard_ms=min(said.heard_ms, parts.clock.central_ms()))
        return msgspec.structs.replace(dated, signature=sign_block(parts.private_key, dated.octets(who.site)))

    def is_said(said: Block) -> bool:
        if parts.clock.sure() and said.heard_ms > parts.clock.central_ms() + AHEAD_MS:
            return False
        keys = _keys_of(said.device, who, parts)
        return any(is_block_signed(said.octets(who.site), said.signature, key) for key in keys)

    def stands(said: Block) -> bool:
        return is_said(said) and not parts.sequencer.submit(lambda tx: hearsay.is_refuted(tx, _rumour(said)))

    wallets = Wallets(
        is_news=lambda desk, one: hearsay.is_news(desk, _rumour(one)),
        heed=lambda desk, one: hearsay.heed(desk, _rumour(one)),
        is_said=is_said,
    )
    return BlockPorts(signed=signed, is_said=stands, stop=lambda told: heard.stop(told, wallets))


def _rumour(said: Block) -> Rumour:
    return Rumour(said.wallet, said.epoch, said.device)


def _keys_of(device: str, who: Sender, parts: Parts) -> list[bytes]:
    """Return by which keys another device of the site signs."""
    there = parts.profiles.goods.siblings()
    return [one.public_key for one in there if one.id == device != who.device]


def _named(device: str, key: bytes) -> str:
    """Name a device with its key: whoever is enrolled anew under its name has said nothing yet."""
    return f"{device} {key[:KEY_SHOWN_BYTES].hex()}"


def measure(parts: Parts) -> Measure:
    """Return by what it is measured how much the nodes may take from guests."""
    return Measure(
        caps=parts.caps,
        known=parts.profiles.count,
        monotonic_ms=parts.clock.monotonic_ms,
        by_central=parts.by_central,
    )


def witness(notary: Notary, parts: Parts) -> WitnessPorts:
    """Return what it takes to compare this device's journal with what the site has seen of it."""

    def doubt(seen: Checkpoint) -> str | None:
        if not is_of(seen, parts.journal.owner()):
            return None
        why = parts.journal.contradiction(seen)
        if why:
            parts.sequencer.freeze(f"The site's nodes know more: {why}")
        return why

    return WitnessPorts(newest=lambda: notary.newest, doubt=doubt)


def purse(who: Sender, parts: Parts) -> PursePorts:
    """Return what the purse needs of this device: each step is durable before the book hears of it."""
    submit, clock = parts.sequencer.submit, parts.clock

    def giver() -> Giver:
        return Giver(private_key=parts.private_key, boot=parts.boot, now_ms=clock.monotonic_ms())

    def give(lack: Lack, where: Passed) -> Passed | None:
        if not parts.private_key or not parts.current():
            return None
        return submit(lambda tx: passing.give(tx, lack, where=where, by=giver()))

    def open_part(passed: Passed, said: Passing, asked_ms: int | None) -> bool:
        if not parts.current():
            return False
        opened = submit(lambda tx: passing.open_part(tx, said.grant, passed, asked_ms=asked_ms))
        return opened is not None

    def is_said(said: Passing, octets: bytes, signature: bytes) -> bool:
        keys = _keys_of(said.giver, who, parts)
        return any(is_passing_signed(octets, signature, key) for key in keys)

    return PursePorts(
        device=who.device,
        incarnation=who.incarnation,
        give=give,
        outstanding=lambda: submit(passing.outstanding),
        forget=lambda passed: submit(lambda tx: passing.forget(tx, passed)),
        come_home=lambda passed, said: submit(lambda tx: passing.come_home(tx, passed, said, by=giver())),
        open_part=open_part,
        is_said=is_said,
        current=parts.current,
        now_ms=clock.now_ms,
        monotonic_ms=clock.monotonic_ms,
    )


def begun(
    part: Member | None, sequencer: Sequencer
) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Yield how the device's part in the site starts and stops, where it has one."""
    if part is not None:
        sequencer.after_commit(part.committed)
        yield part.start, part.stop


def mode(part: Member | None) -> SiteMode:
    """Return what staff are told of the site."""
    if part is None:
        return SiteMode.NONE
    return SiteMode.AGREED if part.in_touch() else SiteMode.ALONE


def findings(site: Site) -> Iterator[Finding]:
    """Say how the nodes of the site's book stand: a majority has to answer."""
    if not site.etcd:
        return
    cable = site_cable(site)
    said = {node: _status(node, cable) for node in site.etcd}
    away = [node for node, status in said.items() if str(status.get("leader", "0")) == "0"]
    full = [
        node for node, status in said.items() if any(NO_ROOM in str(one) for one in status.get("errors", ()))
    ]
    there, every = len(site.etcd) - len(away), len(site.etcd)
    if 2 * there <= every:
        act = f"start etcd at {', '.join(away)}, or look at site.ca and site.certificate; gates decide alone"
        yield Finding(Level.BAD, f"{there} of the site's {every} nodes answer", act)
    elif full:
        act = "compact and defragment etcd there, then `etcdctl alarm disarm`; gates decide alone"
        yield Finding(Level.BAD, f"the site's nodes keep nothing more: no room at {', '.join(full)}", act)
    elif away:
        yield Finding(Level.LOOK, f"{there} of the site's {every} nodes answer", f"mend {', '.join(away)}")
    else:
        yield Finding(Level.OK, f"the site's {every} nodes answer")
    if every < NODES_MIN:
        yield Finding(Level.LOOK, f"the site's book has {every} nodes", "give it three: one may then fail")


def _status(node: str, cable: Cable) -> Json:
    """Return what a node says of itself; nothing where it does not answer."""
    try:
        return Gateway([node], cable).call("maintenance/status", {}, ASK_S_MAX)
    except Unanswered:
        return {}
