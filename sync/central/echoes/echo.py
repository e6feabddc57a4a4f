"""Echo: what a device's events change at central, and through central at every other device of the site."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import msgspec

from edge.core.bands import BandState, Standing, merge
from edge.core.checks.identity import is_forged
from edge.core.decision import Outcome
from edge.core.events import Acted, Decided, Kind
from edge.core.offers.elsewhere import COUNTED
from edge.errors import Refused, Unknown
from sync.central import offered
from sync.central.alarms import Alarm, raise_alarm
from sync.central.echoes import passages, twins
from sync.central.echoes.warnings import SeenThere, see_at_gate
from sync.central.registry import bands, expected, layout, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.turn import take_turn
from sync.central.store import Connection
from sync.central.telling import counters, limited
from sync.packing import UNREADABLE

LOG = logging.getLogger(__name__)
ACTED = (Kind.BAND_STATE, Kind.LINKED, Kind.ALARM_RAISED, Kind.ALARM_ACKNOWLEDGED)
STATES = frozenset(int(state) for state in BandState)
EPOCH_MAX = 2**31 - 1
TIMES_MAX = 1_000_000
WORD_CHARS_MAX = 64
_acted = msgspec.msgpack.Decoder(Acted)


class Heard(NamedTuple):
    """One event as it is told on: when, what kind, whose band, and its body, read if it is a decision."""

    at_ms: int
    kind: int
    band: bytes | None
    body: bytes
    decided: Decided | None
    seq: int = 0
    """Its number in the device's ordinary lane."""


def resound(tx: Connection, site: str, heard: Iterable[Heard], *, device: str) -> None:
    """Apply what new events of a device mean for the site, in the transaction that stores them."""
    events = list(heard)
    taps = [
        (one.band, one.decided) for one in events if one.band and one.decided and one.kind == Kind.DECIDED
    ]
    _notice(tx, site, [decided for _, decided in taps])
    for one in events:
        if one.kind in ACTED:
            _act(tx, site, one, device=device)
    if taps:
        twins.look(tx, site, layout.published(tx, site), device=device, taps=taps)
    counters.merge(tx, site, _highest(taps))
    passages.take(tx, site, [passages.read(tx, site, one, device=device) for one in events], device=device)
    counted = [
        limited.read(one.kind, one.body, one.decided, band=one.band, at_ms=one.at_ms)
        for one in events
        if one.kind in limited.COUNTED
    ]
    limited.merge(tx, site, [seen for seen in counted if seen is not None], device=device)
    told = [offered.read(one.kind, one.body, at_ms=one.at_ms) for one in events if one.kind in COUNTED]
    offered.merge(tx, site, [seen for seen in told if seen is not None], device=device)


def _notice(tx: Connection, site: str, taps: Iterable[Decided]) -> None:
    """Tell the edges in full of who was read though nobody expected them: who is let in was expected."""
    come = [
        one.decision.guest
        for one in taps
        if one.decision.guest
        and (one.decision.outcome is not Outcome.GRANTED or one.decision.entitlement is None)
    ]
    seen = expected.notice(tx, site, come) if come else []
    if seen:
        take_turn(tx, site)
        profiles.publish_bands(tx, site, bands.bands_of(tx, site, seen))


def _highest(taps: Iterable[tuple[bytes, Decided]]) -> dict[bytes, int]:
    """Return the highest proven counter of each band: what was forged moves nothing."""
    highest: dict[bytes, int] = {}
    for band, decided in taps:
        counter = decided.presented.counter
        if counter is not None and not is_forged(decided.decision):
            highest[band] = max(counter, highest.get(band, 0))
    return highest


def _act(tx: Connection, site: str, one: Heard, *, device: str) -> None:
    try:
        acted = _acted.decode(one.body)
    except UNREADABLE as error:
        LOG.warning("echo.unread device=%s kind=%d: %s", device, one.kind, error)
        return
    if one.kind == Kind.ALARM_RAISED:
        raise_alarm(tx, site, _alarm(device, one, acted))
    elif one.kind == Kind.ALARM_ACKNOWLEDGED:
        with suppress(Unknown):  # raised before this central was restored
            target, by = _word(acted.target), _word(acted.staff)
            see_at_gate(tx, site, SeenThere(device, target, by, acted.state or 0))
    elif one.band is not None and one.kind == Kind.BAND_STATE:
        _set_state(tx, site, acted, band=one.band)
    elif one.band is not None:
        _link(tx, site, acted, band=one.band)


def _alarm(device: str, one: Heard, acted: Acted) -> Alarm:
    return Alarm(
        device=device,
        id=_word(acted.target),
        reason=_word(acted.reason),
        point=_word(acted.point),
        at_ms=one.at_ms,
        band=one.band,
        times=max(1, min(acted.amount or 1, TIMES_MAX)),
    )


def _word(text: str | None) -> str:
    """Return what every database can hold of a word that a device said."""
    return "".join(filter(str.isprintable, text or ""))[:WORD_CHARS_MAX]


def _set_state(tx: Connection, site: str, acted: Acted, *, band: bytes) -> None:
    """Let what staff said of a band bind every gate of the site; what is known to be severer stands."""
    if acted.state not in STATES:
        return
    take_turn(tx, site)
    for card in bands.bands_by_id(tx, site, [band]):
        known = Standing(card.band.epoch, card.band.state)
        holds = merge(known, Standing(min(acted.amount or 0, EPOCH_MAX), BandState(acted.state)))
        if holds != known:
            _publish(tx, site, card, holds=holds)


def _publish(tx: Connection, site: str, card: BandCard, *, holds: Standing) -> None:
    told = msgspec.structs.replace(card.band, state=holds.state, epoch=holds.epoch)
    after = msgspec.structs.replace(card, band=told)
    profiles.publish_state(tx, site, after)


def _link(tx: Connection, site: str, acted: Acted, *, band: bytes) -> None:
    """Give a band the guest of another one everywhere, as staff did at one gate; the other opens nothing."""
    try:
        source = bytes.fromhex(acted.target or "")
    except ValueError:
        return
    take_turn(tx, site)
    cards = {card.band.id: card for card in bands.bands_by_id(tx, site, [band, source])}
    giver, taker = cards.get(source), cards.get(band)
    if giver is None or taker is None or giver.guest is None or taker.guest == giver.guest:
        return
    try:
        after = bands.linked(taker, msgspec.structs.replace(taker, guest=giver.guest))
    except Refused as error:
        LOG.warning("echo.unlinked band=%s: %s", band.hex()[:8], error)
        return
    bands.put_band(tx, site, after)
    profiles.publish_bands(tx, site, [bands.band(tx, site, band)])
    known = Standing(giver.band.epoch, giver.band.state)
    holds = merge(known, Standing(giver.band.epoch, BandState.REPLACED))
    if holds != known:
        _publish(tx, site, giver, holds=holds)
