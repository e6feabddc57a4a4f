"""Words: what guests who are one allow together, the stricter of each, and what each said for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from edge.core.consent import QUIET, Consent, Source, merged, silence
from sync.central.journey import diary
from sync.central.privacy.erasure import PLACES
from sync.central.registry import consents, links
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    select,
    update,
)

word_table = Table(
    "guest_word",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("words", LargeBinary, nullable=False),
)
"""What each guest who is one with others said by themselves, for the day on which they part."""
_own = word_table.c
_decode = msgspec.msgpack.Decoder(tuple[Consent, ...]).decode
_encode = msgspec.msgpack.Encoder().encode


def stricter(accounts: Sequence[Sequence[Consent]]) -> dict[str, bool]:
    """Return of each topic whether all of these allow it; silence is a no, but on the spot."""
    standing = [{one.purpose: one.given for one in merged(account)} for account in accounts]
    topics = sorted({topic for account in standing for topic in account})
    return {
        topic: any(one.get(topic, False) for one in standing)
        if topic == QUIET
        else all(one.get(topic, silence(topic)) for one in standing)
        for topic in topics
    }


def turned(known: Consent | None, like: Consent, *, given: bool) -> Consent:
    """Return a word that says ``given`` and outranks what is known; that itself where it says so."""
    if known is not None and known.given is given:
        return known
    turns = known.turns if known is not None else 0
    return replace(like, turns=turns + (1 if (turns % 2 == 1) is not given else 2))


def begin(tx: Connection, site: str, guests: Iterable[str], *, source: Source) -> None:
    """Note what each of these said, unless it is noted already, and let the stricter hold for all of them.

    ``source`` is where they became one: what is a no by that alone was said there.
    """
    people = sorted(set(guests))
    said = consents.consents_of(tx, site, people)
    noted = _noted(tx, site, people)
    rows = [
        {"site_id": site, "guest_id": one, "words": _encode(said.get(one, ()))}
        for one in people
        if one not in noted
    ]
    if rows:
        tx.execute(insert(word_table), rows)
    _level(tx, site, {one: said.get(one, ()) for one in people}, source=source)


def part(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Give each of these their own words again; those who stay together allow the stricter of them."""
    people = sorted(set(guests))
    now, own = consents.consents_of(tx, site, people), _noted(tx, site, people)
    back = {one: _given_back(now.get(one, ()), own.get(one, ())) for one in people}
    for one, words in back.items():
        consents.stand(tx, site, one, words=words)
    if len(people) > 1:
        _level(tx, site, back, source=Source.CONSOLE)
    else:
        forget(tx, site, people)


def spoken(tx: Connection, site: str, guest: str, *, words: Sequence[Consent]) -> None:
    """Let what one said hold for all who are one with them; only the speaker's own words change."""
    own = _noted(tx, site, [guest]).get(guest)
    if own is None:
        return
    fresh = {one.purpose: one for one in words}
    kept = {one.purpose: one for one in own} | fresh
    there = and_(_own.site_id == site, _own.guest_id == guest)
    tx.execute(update(word_table).where(there).values(words=_encode(tuple(kept.values()))))
    people = links.together(tx, site, [guest])
    others = [one for one in people if one != guest]
    for_ever = all(one.settled for one in links.links(tx, site, people))
    said = consents.consents_of(tx, site, others)
    for other in others:
        known = {one.purpose: one for one in said.get(other, ())}
        passed = {topic: turned(known.get(topic), one, given=one.given) for topic, one in fresh.items()}
        consents.stand(tx, site, other, words=(known | passed).values())
        if for_ever:
            diary.settle(tx, site, other)


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget what was noted of these."""
    tx.execute(delete(word_table).where(_own.site_id == site, _own.guest_id.in_(sorted(set(guests)))))


def _level(tx: Connection, site: str, accounts: Mapping[str, Sequence[Consent]], *, source: Source) -> None:
    wanted, now_ms = stricter(list(accounts.values())), now_of(tx)
    for guest, account in accounts.items():
        known = {one.purpose: one for one in account}
        words = dict(known)
        for topic, given in wanted.items():
            if topic not in known and given is silence(topic):
                continue
            like = next(
                one
                for all_ in accounts.values()
                for one in all_
                if one.purpose == topic and one.given >= given
            )
            if not given:
                like = replace(like, since_ms=now_ms, source=source.value, point="")
            words[topic] = turned(known.get(topic), like, given=given)
        consents.stand(tx, site, guest, words=words.values())


def _given_back(now: Sequence[Consent], own: Sequence[Consent]) -> tuple[Consent, ...]:
    mine, found = {one.purpose: one for one in own}, []
    for one in now:
        like = mine.get(one.purpose)
        given = like.given if like is not None else silence(one.purpose)
        found.append(turned(one, like or one, given=given))
    return tuple(found)


def _noted(tx: Connection, site: str, guests: Sequence[str]) -> dict[str, tuple[Consent, ...]]:
    there = and_(_own.site_id == site, _own.guest_id.in_(guests))
    return {row.guest_id: _decode(bytes(row.words)) for row in tx.execute(select(word_table).where(there))}


consents.SPOKEN.append(spoken)
PLACES.append(lambda tx, site, gone: forget(tx, site, [gone.guest]))
