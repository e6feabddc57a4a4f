"""The audit: central judges every journaled decision again, with the edges' own rulebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.core.entitlements import Redemption, Use
from edge.core.events import DECISIONS, Acted, Decided, Kind, decided_in
from edge.core.facts import Rule, Ruling
from edge.core.places import Layout
from edge.core.profiles import Profile, ProfileItem
from edge.core.reconcile import Conflict, reconcile, settled
from edge.core.replay import replay
from edge.rules import rule_or_broken, texts_of
from sync.central.lanes import event_table
from sync.central.passages import BACK
from sync.central.registry import past
from sync.central.registry.layout import published
from sync.central.registry.past import Revision
from sync.central.registry.profiles import bodies
from sync.central.retention import MOVED
from sync.central.store import Connection, Row, Store, and_, select, tuple_

PIECE_MAX = 2_000
"""Events judged between two looks at the registry."""
DIFFERENT_MAX = 100
"""Differences that are kept to be shown; further ones are only counted."""


_acted = msgspec.msgpack.Decoder(Acted)
_item = msgspec.msgpack.Decoder(ProfileItem)
MOVED.append(past.delete_before)


class Different(NamedTuple):
    """One decision that comes out otherwise here: where it is, what was said, what is said now."""

    device: str
    lane: int
    seq: int
    said: str
    now: str


class Audit(msgspec.Struct, kw_only=True):
    """What became of all decisions of a site.

    Each is judged by the layout and the profile that its device had: central keeps what it told before.
    ``moved_on`` counts those of which that is gone: erased, or older than movements are kept.
    """

    judged: int = 0
    equal: int = 0
    moved_on: int = 0
    different: list[Different] = []
    conflicts: list[Conflict] = []
    """Passages of one right that only devices cut off from each other could grant."""


def audit(store: Store, site: str) -> Audit:
    """Judge every decision of a site again, in bounded pieces, beside whoever writes."""
    judge = _Judge()
    for piece in _pieces(store, site):
        judge.take_back(piece)
        decisions = [one for one in piece if one.decided is not None]
        with store.reading() as tx:
            judge.learn(tx, site, decisions)
            profiles = _profiles(tx, site, decisions)
        for one in decisions:
            judge.judge(one, profiles)
    return judge.concluded()


class _Place(NamedTuple):
    """One event that the audit reads: where it stands, and what it says."""

    device: str
    lane: int
    seq: int
    kind: int
    decided: Decided | None = None
    acted: Acted | None = None

    @property
    def profile(self) -> Revision:
        """Which profile its device had, if any."""
        assert self.decided is not None  # noqa: S101 - asked of decisions only
        return (self.decided.presented.band or b"").hex(), self.decided.profile_rev or 0


class _Terms(NamedTuple):
    """A layout, and what is made of it once."""

    layout: Layout
    rules: dict[str, Rule]
    timezone: ZoneInfo


class _Judge:
    """Judges decisions one after the other, each under the layout of its own time."""

    def __init__(self) -> None:
        self._terms: dict[int, _Terms] = {}
        self._uses: defaultdict[str, list[Use]] = defaultdict(list)
        self._limits: dict[str, int | None] = {}
        self._back: dict[tuple[str, str], Redemption] = {}
        self._found = Audit()

    def learn(self, tx: Connection, site: str, decisions: list[_Place]) -> None:
        """Look up the layouts that decisions name and that are not known yet."""
        wanted = {one.decided.layout for one in decisions if one.decided}.difference(self._terms)
        now = published(tx, site) if wanted else None
        known = past.layouts(tx, site, wanted)
        if now is not None and now.version in wanted:
            known[now.version] = now
        for version, told in known.items():
            rules = {text: rule_or_broken(text) for text in texts_of(told)}
            self._terms[version] = _Terms(told, rules, ZoneInfo(told.timezone))

    def take_back(self, piece: list[_Place]) -> None:
        """Note which taps were taken back: what they used counts no more."""
        for one in piece:
            if one.acted is not None and one.acted.tap_id:
                self._back[one.device, one.acted.tap_id] = BACK[Kind(one.kind)]

    def judge(self, one: _Place, profiles: Mapping[Revision, Profile]) -> None:
        """Judge one decision by what its device had."""
        decided, terms = one.decided, self._terms.get(one.decided.layout if one.decided else -1)
        profile = profiles.get(one.profile)
        if decided is None or terms is None or (profile is None and decided.profile_rev is not None):
            self._found.moved_on += 1
            return
        ruling = replay(decided, profile, terms.layout, timezone=terms.timezone, rules=terms.rules)
        self._found.judged += 1
        if ruling is not None and ruling.decision == decided.decision:
            self._found.equal += 1
            self._note_uses(ruling, profile, terms.layout, seq=one.seq)
        elif len(self._found.different) < DIFFERENT_MAX:
            now = str(ruling.decision.reason) if ruling else "no such point"
            where = (one.device, one.lane, one.seq)
            self._found.different.append(Different(*where, str(decided.decision.reason), now))

    def concluded(self) -> Audit:
        """Return what was found, the rights that more than one device let in among it."""
        for entitlement, uses in self._uses.items():
            if len({use.device for use in uses}) > 1:
                known = settled(self._as_it_stands(use) for use in uses)
                self._found.conflicts += reconcile(known, self._limits[entitlement]).duplicates
        return self._found

    def _as_it_stands(self, use: Use) -> Use:
        back = self._back.get((use.device, use.tap_id))
        return use if back is None else msgspec.structs.replace(use, redemption=back)

    def _note_uses(self, ruling: Ruling, profile: Profile | None, layout: Layout, *, seq: int) -> None:
        rights = profile.entitlements if profile is not None else ()
        for use in ruling.change.uses:
            right = next((right for right in rights if right.id == use.entitlement), None)
            product = None if right is None else layout.products_by_id.get(right.product)
            terms = None if right is None else right.terms or (product.terms if product else None)
            self._limits[use.entitlement] = None if terms is None else terms.uses_max
            self._uses[use.entitlement].append(msgspec.structs.replace(use, seq=seq))


def _pieces(store: Store, site: str) -> Iterator[list[_Place]]:
    own = event_table.c
    key = (own.device_id, own.lane, own.seq)
    after: tuple[str, int, int] = ("", 0, 0)
    while True:
        query = select(*key, own.kind, own.body, own.band).where(
            and_(own.site_id == site, own.kind.in_((*DECISIONS, *BACK)), tuple_(*key) > after)
        )
        with store.reading() as tx:
            rows = tx.execute(query.order_by(*key).limit(PIECE_MAX)).all()
        if not rows:
            return
        yield [_place(row) for row in rows]
        after = (rows[-1][0], rows[-1][1], rows[-1][2])


def _place(row: Row[*tuple[Any, ...]]) -> _Place:
    body, band = bytes(row.body), bytes(row.band) if row.band else None
    where = (row.device_id, row.lane, row.seq, row.kind)
    if row.kind in BACK:
        return _Place(*where, acted=_acted.decode(body))
    return _Place(*where, decided=decided_in(body, band))


def _profiles(tx: Connection, site: str, decisions: list[_Place]) -> dict[Revision, Profile]:
    """Return the profiles that decisions name, as the edges were told them."""
    wanted = {one.profile for one in decisions if one.decided and one.decided.profile_rev is not None}
    told = bodies(tx, site, sorted({band for band, _ in wanted}))
    items = {band: _item.decode(body).profile for band, body in told.items()}
    now = {(band, profile.rev): profile for band, profile in items.items()}
    return past.profiles(tx, site, wanted) | {one: now[one] for one in wanted if one in now}
