"""Bundles: offers from the draft to what is live, by two people, each version kept as it was published."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from edge import published
from edge.core.offers import Bundle
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.feed import Change, publish
from sync.central.machines.voice import voice
from sync.central.money import budgets
from sync.central.money import policy as policies
from sync.central.offers import bundle_checks, campaigned, deals
from sync.central.registry import layout
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

LISTED_MAX = 100
NAME_CHARS_MAX = 64


class State(enum.StrEnum):
    """How far a version has come; what is live is never changed, only followed."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    """A second person has looked at it."""
    LIVE = "live"
    ENDED = "ended"
    """Another version follows it."""


bundle_table = Table(
    "bundle",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_by", String(NAME_CHARS_MAX), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("reviewed_by", String(NAME_CHARS_MAX), nullable=False),
    Column("live_by", String(NAME_CHARS_MAX), nullable=False),
    Column("live_ms", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("parts", Integer, nullable=False),
)
_own = bundle_table.c


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody wishes to publish: the offers, and what each campaign may cost in all."""

    bundle: Bundle
    budgets: dict[str, int] = {}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version as it stands; ``draft`` is what it says, for ever."""

    version: int
    state: State
    draft: Draft
    made_by: str
    made_ms: int
    reviewed_by: str = ""
    live_by: str = ""
    live_ms: int = 0
    from_ms: int = 0
    parts: int = 0


_draft = msgspec.msgpack.Decoder(Draft)


def read(text: str) -> Draft:
    """Read a draft as somebody wrote it, in JSON; what is no draft is refused with its place."""
    try:
        return msgspec.json.decode(text.encode(), type=Draft)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise Refused(
            f"This is no bundle: {error}", hint="Mend it at that place and load it again."
        ) from None


def make(tx: Connection, site: str, wanted: Draft, *, by: str) -> Version:
    """Keep a draft as the next version; refuse what no screen could show or no rule could judge.

    Campaigns that are in force are in it, whatever the draft says of them.
    """
    policies.lock(tx, site)
    bundle, totals = campaigned.woven(tx, site, wanted.bundle, totals=wanted.budgets)
    return _make(tx, site, Draft(bundle=bundle, budgets=totals), by=by)


def _make(tx: Connection, site: str, wanted: Draft, *, by: str) -> Version:
    bundle_checks.demand_sound(tx, site, wanted.bundle, totals=wanted.budgets)
    top = tx.execute(select(func.max(_own.version)).where(_own.site_id == site)).scalar()
    version = int(top or 0) + 1
    kept = msgspec.structs.replace(wanted, bundle=msgspec.structs.replace(wanted.bundle, version=version))
    made = Version(version=version, state=State.DRAFT, draft=kept, made_by=by, made_ms=now_of(tx))
    tx.execute(insert(bundle_table).values(_row(site, made)))
    return made


def review(tx: Connection, site: str, version: int, *, by: str) -> Version:
    """Let a second person say that a draft is good."""
    found = _held(tx, site, version)
    if found.state is not State.DRAFT:
        raise Refused(f"Version {version} is {found.state}.", hint="Only a draft is looked through.")
    if by == found.made_by:
        raise NotAllowed("Whoever made it does not look it through.", hint="Let somebody else read it.")
    return _put(tx, site, msgspec.structs.replace(found, state=State.REVIEWED, reviewed_by=by))


def go_live(tx: Connection, site: str, version: int, *, by: str, from_ms: int = 0) -> Version:
    """Publish a version that two people stand for: from then on it is never changed.

    Its campaigns get their budgets before any device hears of it. Call it last in the transaction.
    """
    found = _held(tx, site, version)
    if found.state is not State.REVIEWED:
        raise Refused(f"Version {version} is {found.state}.", hint="A second person looks it through first.")
    if any(one.version > version for one in _live(tx, site)):
        raise Refused("A newer version is live.", hint="Make this one anew: its number decides.")
    bundle_checks.demand_sound(tx, site, found.draft.bundle, totals=found.draft.budgets)
    return _publish(tx, site, msgspec.structs.replace(found, live_by=by, from_ms=from_ms))


def stop(tx: Connection, site: str, *, by: str, back: Iterable[str] = ()) -> Version:
    """Publish a version without any offer at once: to stop takes one person, like any emergency.

    What is left of the budgets in ``back`` is free again.
    """
    policies.lock(tx, site)
    made = _make(tx, site, Draft(bundle=Bundle(version=0), budgets=dict.fromkeys(back, 0)), by=by)
    return _publish(tx, site, msgspec.structs.replace(made, live_by=by))


def take_out(tx: Connection, site: str, *, by: str) -> Version:
    """Publish what is in force without the campaigns that no longer are: like stopping, one person does.

    A version that waits for its hour is over by it, and has to be made anew.
    """
    policies.lock(tx, site)
    now = draft_in_force(tx, site)
    bundle, totals = campaigned.woven(tx, site, now.bundle, totals=now.budgets)
    more = {one.id for one in bundle.offers} - {one.id for one in now.bundle.offers}
    if more:
        raise NotAllowed(f"{min(more)} would come in.", hint="Two people stand between a draft and that.")
    made = _make(tx, site, Draft(bundle=bundle, budgets=totals), by=by)
    return _publish(tx, site, msgspec.structs.replace(made, live_by=by))


def draft_in_force(tx: Connection, site: str) -> Draft:
    """Return what edges go by now; where nothing was ever published, an empty bundle."""
    found = in_force(tx, site)
    return Draft(bundle=Bundle(version=0)) if found is None else found.draft


def waiting(tx: Connection, site: str) -> int:
    """Return the version that is published and waits for its hour; 0: none."""
    return next((one.version for one in _live(tx, site) if one.from_ms > now_of(tx)), 0)


def versions(tx: Connection, site: str) -> tuple[Version, ...]:
    """Return the newest versions, newest first."""
    query = select(bundle_table).where(_own.site_id == site).order_by(_own.version.desc())
    return tuple(_version(row) for row in tx.execute(query.limit(LISTED_MAX)))


def in_force(tx: Connection, site: str) -> Version | None:
    """Return the version to choose offers by now, as every device does; None: there is none yet."""
    now_ms = now_of(tx)
    return next((one for one in _live(tx, site) if one.from_ms <= now_ms), None)


def version_of(tx: Connection, site: str, version: int) -> Version:
    """Return one version as it was made, or raise ``Unknown``."""
    query = select(bundle_table).where(_own.site_id == site, _own.version == version)
    row = tx.execute(query).first()
    if row is None:
        raise Unknown(f"There is no version {version} of this site's offers.")
    return _version(row)


def _publish(tx: Connection, site: str, found: Version) -> Version:
    known = layout.published(tx, site)
    if known is None or not known.currency:
        raise Refused("This site has no currency yet.", hint="Publish its layout first.")
    key, bundle = voice(tx, site), deals.dealt(tx, site, found.draft.bundle)
    found = msgspec.structs.replace(found, draft=msgspec.structs.replace(found.draft, bundle=bundle))
    head, parts = published.cut(site, bundle, key.private_key, from_ms=found.from_ms)
    before = _live(tx, site)
    budgets.hold(tx, site, found.draft.budgets, currency=known.currency)
    live = msgspec.structs.replace(found, state=State.LIVE, live_ms=now_of(tx), parts=len(parts))
    _put(tx, site, live)
    if found.from_ms <= now_of(tx):
        for one in before:
            _put(tx, site, msgspec.structs.replace(one, state=State.ENDED))
    gone = range(len(parts), max((one.parts for one in before if _shares(one, live)), default=0))
    changes = [
        Change(published.PART, _key(head.slot, one.number), msgspec.msgpack.encode(one)) for one in parts
    ]
    changes += [Change(published.PART, _key(head.slot, number), None) for number in gone]
    publish(tx, site, [*changes, Change(published.HEAD, str(head.slot), msgspec.msgpack.encode(head))])
    return live


def _shares(one: Version, other: Version) -> bool:
    """Whether two versions lie in one place at the edges."""
    return one.version % published.SLOTS == other.version % published.SLOTS


def _key(slot: int, number: int) -> str:
    return f"{slot}.{number:02}"


def _live(tx: Connection, site: str) -> tuple[Version, ...]:
    query = select(bundle_table).where(_own.site_id == site, _own.live_ms > 0)
    return tuple(_version(row) for row in tx.execute(query.order_by(_own.version.desc()).limit(2)))


def _held(tx: Connection, site: str, version: int) -> Version:
    """Return a version that nobody changes until the commit."""
    policies.lock(tx, site)
    return version_of(tx, site, version)


def _put(tx: Connection, site: str, now: Version) -> Version:
    there = (_own.site_id == site, _own.version == now.version)
    tx.execute(update(bundle_table).where(*there).values(_row(site, now)))
    return now


def _row(site: str, one: Version) -> dict[str, object]:
    told = {name: getattr(one, name) for name in one.__struct_fields__ if name != "draft"}
    return {**told, "site_id": site, "state": one.state.value, "body": msgspec.msgpack.encode(one.draft)}


def _version(row: Row[object]) -> Version:
    told = {name: getattr(row, name) for name in Version.__struct_fields__ if name not in ("draft", "state")}
    return Version(state=State(row.state), draft=_draft.decode(bytes(row.body)), **told)
