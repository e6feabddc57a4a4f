"""The audit: central judges every journaled decision and payment again, with the edges' own rulebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.core.entitlements import Redemption, Use
from edge.core.events import Kind
from edge.core.facts import Ruling
from edge.core.payment import HoldEnded, RefundAsked, Sale, Voided
from edge.core.payment.reckoning import Objection
from edge.core.places import Layout
from edge.core.profiles import Profile, ProfileItem
from edge.core.reconcile import Conflict, reconcile, settled
from edge.rules import rule_or_broken, texts_of
from sync.central.echoes.audited import (
    ACTS,
    AUDITED,
    NOWHERE,
    Judgement,
    Place,
    Terms,
    differing,
    done_again,
    judged_again,
    read,
)
from sync.central.echoes.linked import Links
from sync.central.echoes.passages import BACK
from sync.central.machines.lanes import event_table, quarantine_table
from sync.central.privacy.retention import MOVED
from sync.central.registry import past
from sync.central.registry.layout import published
from sync.central.registry.past import Revision
from sync.central.registry.profiles import bodies
from sync.central.store import Connection, Store, and_, select, tuple_

PIECE_MAX = 2_000
"""Events judged between two looks at the registry."""
DIFFERENT_MAX = 100
"""Differences that are kept to be shown; further ones are only counted."""

_item = msgspec.msgpack.Decoder(ProfileItem)
MOVED.append(past.delete_before)


class Different(NamedTuple):
    """One judgement that comes out otherwise here: where it is, what was said, what is said now."""

    device: str
    lane: int
    seq: int
    said: str
    now: str
    kind: str = ""
    fields: tuple[str, ...] = ()
    """What of the answer is not the same."""


class Count(msgspec.Struct, kw_only=True):
    """How judgements of one kind came out; ``moved_on``: what they stood on is kept no longer."""

    judged: int = 0
    equal: int = 0
    moved_on: int = 0


class Audit(msgspec.Struct, kw_only=True):
    """What became of all judgements of a site: passages, payments, and what was done with those afterwards.

    Each is judged by the layout and the profile that its device had: central keeps what it told before.
    ``moved_on`` counts those of which that is gone: erased, or older than movements are kept. What was done
    with a sale that its device never told is different, however old it is: records of sales are not deleted.
    """

    judged: int = 0
    equal: int = 0
    moved_on: int = 0
    kinds: dict[str, Count] = {}
    """The same by kind of event."""
    different: list[Different] = []
    conflicts: list[Conflict] = []
    """Passages of one right that only devices cut off from each other could grant."""


def audit(store: Store, site: str) -> Audit:
    """Judge every decision and payment of a site again, in bounded pieces, beside whoever writes."""
    judge = _Judge(_acted_upon(store, site), _with_records_aside(store, site))
    for piece in _pieces(store, site):
        judge.note_acts(piece)
        judged = [one for one in piece if one.is_judged]
        with store.reading() as tx:
            judge.learn(tx, site, judged)
            profiles = _profiles(tx, site, judge.wanted(judged))
        for one in judged:
            judge.judge(one, profiles)
    return judge.concluded()


class _Judge:
    """Judges one event after the other, each under the layout of its own time."""

    def __init__(self, acted_upon: set[tuple[str, str]], aside: set[str]) -> None:
        self._sales: dict[tuple[str, str], Sale | None] = dict.fromkeys(acted_upon)
        self._unseen = set(acted_upon)
        """Those of which no record was read that could not be judged: it is none, or was declined."""
        self._aside = aside
        self._terms: dict[int, Terms] = {}
        self._links = Links()
        self._uses: defaultdict[str, list[Use]] = defaultdict(list)
        self._limits: dict[str, int | None] = {}
        self._back: dict[tuple[str, str], Redemption] = {}
        self._found = Audit()

    def learn(self, tx: Connection, site: str, judged: list[Place]) -> None:
        """Look up the layouts that judgements name and that are not known yet."""
        wanted = {one.layout for one in judged if one.layout is not None}.difference(self._terms)
        now = published(tx, site) if wanted else None
        known = past.layouts(tx, site, wanted)
        if now is not None and now.version in wanted:
            known[now.version] = now
        for version, told in known.items():
            rules = {text: rule_or_broken(text) for text in texts_of(told)}
            self._terms[version] = Terms(told, rules, ZoneInfo(told.timezone))

    def note_acts(self, piece: list[Place]) -> None:
        """Note which taps were taken back (what they used counts no more), and which bands were linked."""
        for one in piece:
            if one.acted is None:
                continue
            if one.kind is Kind.LINKED:
                self._links.note(one)
            elif one.acted.tap_id:
                self._back[one.device, one.acted.tap_id] = BACK[one.kind]

    def wanted(self, judged: list[Place]) -> set[Revision]:
        """Return which profiles have to be at hand."""
        asked = {one.profile for one in judged if one.profile is not None}
        return asked | {giver for one in judged for giver in self._links.givers(one)}

    def judge(self, one: Place, profiles: Mapping[Revision, Profile]) -> None:
        """Judge one event by what its device had."""
        terms = NOWHERE if one.layout is None else self._terms.get(one.layout)
        profile = self._links.profile(one, profiles)
        count = self._found.kinds.setdefault(one.kind.name.lower(), Count())
        sale = self._sales.get(one.sale)
        gone = terms is None or (profile is None and one.profile is not None)
        if terms is None or gone or (sale is None and self._may_have_been(one)):
            self._unseen.discard(one.sale)
            self._found.moved_on += 1
            count.moved_on += 1
            return
        if one.done is not None:
            judged = Judgement(one.done, None) if sale is None else done_again(one.done, sale)
        else:
            judged = judged_again(one, profile, terms)
            if judged.now is None:
                self._unseen.discard(one.sale)
        if judged.sale is not None and one.sale in self._sales:
            self._sales[one.sale] = judged.sale
        self._found.judged += 1
        count.judged += 1
        if judged.is_equal:
            self._found.equal += 1
            count.equal += 1
            if judged.ruling is not None:
                self._note_uses(judged.ruling, profile, terms.layout, seq=one.seq)
        elif len(self._found.different) < DIFFERENT_MAX:
            self._found.different.append(_different(one, judged))

    def _may_have_been(self, one: Place) -> bool:
        """Whether an act is upon a sale whose record could not be judged, lies aside, or came meanwhile.

        No record of a sale is ever deleted, and its device's lane has no gaps: else there was none.
        """
        return one.done is not None and (one.sale not in self._unseen or one.device in self._aside)

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


def _different(one: Place, judged: Judgement) -> Different:
    return Different(
        device=one.device,
        lane=one.lane,
        seq=one.seq,
        said=_word(judged.said),
        now=_word(judged.now) if judged.now is not None else _lacking(one),
        kind=one.kind.name.lower(),
        fields=differing(judged),
    )


def _lacking(one: Place) -> str:
    return "no such point" if one.done is None else "no such sale"


def _word(answer: object) -> str:
    """Return the one word that stands for an answer: the state of a sale, or the reason."""
    if isinstance(answer, Objection):
        return str(answer)
    if isinstance(answer, RefundAsked):
        return "asked"
    return str(answer.state if isinstance(answer, Voided | HoldEnded) else getattr(answer, "reason", ""))


def _with_records_aside(store: Store, site: str) -> set[str]:
    """Return the devices of which central keeps a record that it could not read: it may be a sale's."""
    own = quarantine_table.c
    with store.reading() as tx:
        return set(tx.execute(select(own.device_id).where(own.site_id == site).distinct()).scalars())


def _acted_upon(store: Store, site: str) -> set[tuple[str, str]]:
    """Return the sales with which something was done later: of them alone it is remembered what was paid."""
    return {one.sale for piece in _pieces(store, site, tuple(ACTS)) for one in piece}


def _pieces(store: Store, site: str, kinds: tuple[Kind, ...] = AUDITED) -> Iterator[list[Place]]:
    own = event_table.c
    key = (own.device_id, own.incarnation, own.lane, own.seq)
    after: tuple[str, int, int, int] = ("", 0, 0, 0)
    while True:
        query = select(*key, own.hlc, own.kind, own.body, own.band).where(
            and_(own.site_id == site, own.kind.in_(kinds), tuple_(*key) > after)
        )
        with store.reading() as tx:
            rows = tx.execute(query.order_by(*key).limit(PIECE_MAX)).all()
        if not rows:
            return
        yield [read(row) for row in rows]
        after = (rows[-1][0], rows[-1][1], rows[-1][2], rows[-1][3])


def _profiles(tx: Connection, site: str, wanted: set[Revision]) -> dict[Revision, Profile]:
    """Return the profiles that judgements name, as the edges were told them."""
    told = bodies(tx, site, sorted({band for band, _ in wanted}))
    items = {band: _item.decode(body).profile for band, body in told.items()}
    now = {(band, profile.rev): profile for band, profile in items.items()}
    return past.profiles(tx, site, wanted) | {one: now[one] for one in wanted if one in now}
