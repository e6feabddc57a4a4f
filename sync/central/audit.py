"""The audit: central judges every journaled decision again, with the edges' own rulebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.core.entitlements import Use
from edge.core.events import DECISIONS, Decided, decided_in
from edge.core.facts import Ruling
from edge.core.places import Layout
from edge.core.profiles import Profile
from edge.core.reconcile import Conflict, reconcile
from edge.core.replay import replay
from edge.rules import rule_or_broken, texts_of
from sync.central.lanes import event_table
from sync.central.registry.bands import bands_by_id
from sync.central.registry.guests import guests_of
from sync.central.registry.layout import layout
from sync.central.registry.members import links_of
from sync.central.registry.profiles import compose, linked
from sync.central.registry.rights import rights_of
from sync.central.registry.staff import badges
from sync.central.store import Connection, Store, and_, select, tuple_

PIECE_MAX = 2_000
"""Events judged between two looks at the registry."""
DIFFERENT_MAX = 100
"""Differences that are kept to be shown; further ones are only counted."""


class Different(NamedTuple):
    """One decision that comes out otherwise here: where it is, what was said, what is said now."""

    device: str
    lane: int
    seq: int
    said: str
    now: str


class Audit(msgspec.Struct, kw_only=True):
    """What became of all decisions of a site.

    ``moved_on`` counts those whose profile or layout has another revision by now: what they stood on is not
    kept, so nothing is claimed of them.
    """

    judged: int = 0
    equal: int = 0
    moved_on: int = 0
    different: list[Different] = []
    conflicts: list[Conflict] = []
    """Passages of one right that only devices cut off from each other could grant."""


def audit(store: Store, site: str) -> Audit:
    """Judge every decision of a site again, in bounded pieces, beside whoever writes."""
    with store.reading() as tx:
        judge = _Judge(layout(tx, site))
    for piece in _pieces(store, site):
        with store.reading() as tx:
            profiles = _profiles(tx, site, [decided for *_, decided in piece])
        for device, lane, seq, decided in piece:
            profile = profiles.get(decided.presented.band or b"")
            judge.judge(decided, profile, where=(device, lane, seq))
    return judge.concluded()


class _Judge:
    """Judges decisions one after the other under the layout of today."""

    def __init__(self, layout_now: Layout) -> None:
        self._layout = layout_now
        self._rules = {text: rule_or_broken(text) for text in texts_of(layout_now)}
        self._timezone = ZoneInfo(layout_now.timezone)
        self._terms = {product.id: product.terms for product in layout_now.products}
        self._uses: defaultdict[str, list[Use]] = defaultdict(list)
        self._limits: dict[str, int | None] = {}
        self._found = Audit()

    def judge(self, decided: Decided, profile: Profile | None, *, where: tuple[str, int, int]) -> None:
        rev = None if profile is None else profile.rev
        if (decided.layout, decided.profile_rev) != (self._layout.version, rev):
            self._found.moved_on += 1
            return
        ruling = replay(decided, profile, self._layout, timezone=self._timezone, rules=self._rules)
        self._found.judged += 1
        if ruling is not None and ruling.decision == decided.decision:
            self._found.equal += 1
            self._note_uses(ruling, profile, seq=where[2])
        elif len(self._found.different) < DIFFERENT_MAX:
            now = str(ruling.decision.reason) if ruling else "no such point"
            self._found.different.append(Different(*where, str(decided.decision.reason), now))

    def concluded(self) -> Audit:
        """Return what was found, the rights that more than one device let in among it."""
        for entitlement, uses in self._uses.items():
            if len({use.device for use in uses}) > 1:
                self._found.conflicts += reconcile(uses, self._limits[entitlement]).duplicates
        return self._found

    def _note_uses(self, ruling: Ruling, profile: Profile | None, *, seq: int) -> None:
        rights = profile.entitlements if profile is not None else ()
        for use in ruling.change.uses:
            right = next((right for right in rights if right.id == use.entitlement), None)
            terms = None if right is None else right.terms or self._terms.get(right.product)
            self._limits[use.entitlement] = None if terms is None else terms.uses_max
            self._uses[use.entitlement].append(msgspec.structs.replace(use, seq=seq))


def _pieces(store: Store, site: str) -> Iterator[list[tuple[str, int, int, Decided]]]:
    key = (event_table.c.device_id, event_table.c.lane, event_table.c.seq)
    after: tuple[str, int, int] = ("", 0, 0)
    while True:
        query = select(*key, event_table.c.body, event_table.c.band).where(
            and_(event_table.c.site_id == site, event_table.c.kind.in_(DECISIONS), tuple_(*key) > after)
        )
        with store.reading() as tx:
            rows = tx.execute(query.order_by(*key).limit(PIECE_MAX)).all()
        if not rows:
            return
        yield [(*row[:3], decided_in(bytes(row.body), bytes(row.band) if row.band else None)) for row in rows]
        after = (rows[-1][0], rows[-1][1], rows[-1][2])


def _profiles(tx: Connection, site: str, decided: list[Decided]) -> dict[bytes, Profile]:
    cards = bands_by_id(tx, site, [one.presented.band for one in decided if one.presented.band])
    names = {card.guest for card in cards if card.guest}
    guests, rights = guests_of(tx, site, names), rights_of(tx, site, names)
    worn, links = badges(tx, site), links_of(tx, site, names)
    return {
        card.band.id: linked(
            compose(
                card,
                guests.get(card.guest or ""),
                rights.get(card.guest or "", ()),
                staff=worn.get(card.band.id),
            ),
            links.get(card.guest or ""),
        )
        for card in cards
    }
