"""Mine: all that this device holds of the guest who has just held a band to a kiosk, for that guest alone."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.bands import Trust
from edge.core.birthday import is_told
from edge.core.consent import TOPICS
from edge.core.decision import Outcome
from edge.core.entitlements import Entitlement
from edge.core.events import Acted, Event, Kind
from edge.core.lease import ready
from edge.core.places import Layout
from edge.core.profiles import Profile
from edge.core.segments import CENTRALS
from edge.core.unfinished import read_words
from edge.core.visits import read_word
from edge.core.waiting import waits
from edge.errors import Refused
from edge.service.answers import answer_in
from edge.service.consents import Consents
from edge.service.floor import ANSWERS
from edge.service.near.unfinished import named
from edge.service.past import DECISIONS
from edge.service.payments import chest
from edge.service.payments.climbing import Climbing
from edge.service.rooms import Rooms
from edge.service.show import short
from edge.service.standing import Guest, wearer_before, who_stands
from edge.service.zonebook import zones_of
from edge.staff import Action, Session, permit
from edge.store.pruning import KEEP_ACKED_MS_MIN
from edge.views import ConsentKnown, Known, RightKnown, SeenAt, VoucherKnown

SHOWN_MAX = 50
LOOKED_MAX = 1_000
DAY_MS = 86_400_000
_ACTED = msgspec.msgpack.Decoder(Acted)


class Mine:
    """What a guest may ask and change without anybody's help."""

    def __init__(self, rooms: Rooms, consents: Consents) -> None:
        """Act through these rooms."""
        self._rooms, self._consents = rooms, consents
        self._climbing = Climbing(rooms, consents)

    def show(self, tap_id: str, point: str) -> Known:
        """Return all that is held of the guest who tapped, if that tap opened this page."""
        return self._known(tap_id, who_stands(self._rooms, tap_id, point))

    def consent(self, tap_id: str, point: str, purpose: str, *, given: bool) -> Known:
        """Take the guest's word on one purpose, in force at once, also offline; return how all stands."""
        guest = who_stands(self._rooms, tap_id, point)
        self._consents.set_by_guest(guest.profile, purpose, given=given, point=point)
        return self._known(tap_id, guest)

    def consent_by_staff(self, session: Session, band_hex: str, purpose: str, *, given: bool) -> None:
        """Take a guest's word from a member of staff; nobody decides over their own band."""
        permit(session, Action.SET_CONSENT, self._rooms.clock.now_ms())
        profile = wearer_before(self._rooms, session, band_hex)
        self._consents.set_by_staff(session, profile, purpose, given=given)

    def own_page(self, tap_id: str, point: str) -> str:
        """Return where the guest who tapped opens their own page at central, once and within minutes.

        It is about money, so the band must have proved that it knows its key now.
        """
        if self._rooms.own_page is None:
            raise Refused("This device stays alone: no card can be stored.")
        guest = who_stands(self._rooms, tap_id, point, least=Trust.LIVE)
        if guest.profile.wallet is None:
            raise Refused("This guest has no wallet.", hint="Ask our staff to open one.")
        return self._rooms.own_page(guest.id, self._rooms.clock.now_ms())

    def _known(self, tap_id: str, guest: Guest) -> Known:
        profile, held = guest.profile, guest.held
        came = read_word(profile.tags)
        layout = self._rooms.profiles.layout()
        mine = self._rooms.journal.about(profile.band.id, SHOWN_MAX)
        where = held.location
        return Known(
            tap_id=tap_id,
            guest=guest.id,
            at_ms=self._rooms.clock.now_ms(),
            rev=profile.rev,
            name=profile.name,
            language=profile.language,
            tier=profile.tier,
            tier_soon=self._climbing.soon(profile),
            tags=tuple(tag for tag in profile.tags if not tag.startswith(CENTRALS)),
            waits=waits(profile.tags),
            visits=came.days if came is not None else None,
            birthday=is_told(profile.tags),
            age_band=profile.age_band or "",
            height_cm=profile.height_cm,
            party=profile.party.size if profile.party is not None else 0,
            payments=profile.payments,
            zone=where.zone if where is not None else None,
            since_ms=where.since_ms if where is not None and where.zone is not None else None,
            looked_for=named(self._rooms, read_words(profile.tags, self._rooms.clock.now_ms())),
            rights=tuple(_right(one, layout) for one in profile.entitlements),
            vouchers=self._vouchers(profile),
            passages=tuple(_passages(mine, profile)),
            confirmed=tuple(sorted({one.what for one in held.confirmed})),
            answers=self._answers(mine),
            look_ups=tuple(self._look_ups(profile)),
            noticed=self._noticed(profile),
            consents=self._words(profile),
            keeps=self._keeps(),
        )

    def _words(self, profile: Profile) -> tuple[ConsentKnown, ...]:
        standing = {one.purpose: one for one in self._consents.of(profile)}
        return tuple(
            ConsentKnown(
                purpose=purpose,
                given=purpose in standing and standing[purpose].given,
                since_ms=standing[purpose].since_ms if purpose in standing else 0,
                source=standing[purpose].source if purpose in standing else "",
            )
            for purpose in TOPICS
        )

    def _vouchers(self, profile: Profile) -> tuple[VoucherKnown, ...]:
        """Return the vouchers of the guest's wallet, each with what of it lies at this device now."""
        link, now_ms = profile.wallet, self._rooms.clock.monotonic_ms()
        if link is None or not link.vouchers:
            return ()
        leases = self._rooms.sequencer.submit(lambda tx: chest.leases_of(tx, link.id))
        here: dict[str, int] = {}
        for lease in leases:
            here[lease.kind] = here.get(lease.kind, 0) + ready(lease, now_ms)
        return tuple(
            VoucherKnown(
                kind=one.kind,
                names=one.names,
                units=here.get(one.kind, 0),
                minor=here.get(one.kind, 0) * one.unit_minor if one.unit_minor else None,
                currency=link.currency,
                until=one.valid_until,
            )
            for one in link.vouchers
        )

    def _answers(self, mine: Iterable[Event]) -> dict[str, str]:
        """Return what the guest answered at gates, as far as it is still kept."""
        taps = [answer_in(event).presented.tap_id for event in mine if event.kind in DECISIONS]
        found: dict[str, str] = {}
        rows = self._rooms.sequencer.submit(lambda tx: [tx.get(ANSWERS, tap) for tap in set(taps)])
        for body in rows:
            if body is not None:
                found.update(msgspec.msgpack.decode(body, type=dict[str, str]))
        return found

    def _look_ups(self, profile: Profile) -> Iterable[SeenAt]:
        """Yield when and where staff looked at this record; who did is for the operator to answer."""
        name = short(profile.band.id)
        for event in self._rooms.journal.of_kind(Kind.LOOKED_UP, LOOKED_MAX):
            acted = _ACTED.decode(event.body)
            if name in (acted.target or "").split():
                yield SeenAt(at_ms=event.hlc >> 16, point=acted.point or "")

    def _noticed(self, profile: Profile) -> tuple[SeenAt, ...]:
        """Return into which zones the band came in the last day and which it left, newest first."""
        rows = self._rooms.sequencer.submit(lambda tx: list(zones_of(tx, profile.band.id)))
        seen = (SeenAt(at_ms=at_ms, point=moved.place, granted=moved.entered) for at_ms, moved in rows)
        return tuple(reversed([*seen]))[:SHOWN_MAX]

    def _keeps(self) -> dict[str, int]:
        retention = self._rooms.retention
        return {
            "journal": KEEP_ACKED_MS_MIN // DAY_MS,
            "sealed": retention.sealed_days,
            "answers": retention.answers_days,
            "seen": -(-retention.seen_h // 24),
            "zones": -(-retention.zones_h // 24),
        }


def _right(right: Entitlement, layout: Layout | None) -> RightKnown:
    product = layout.products_by_id.get(right.product) if layout is not None else None
    return RightKnown(
        product=right.product,
        names=product.names if product is not None else {},
        status=right.status.value,
        start_ms=right.valid_from_ms,
        end_ms=right.valid_until_ms,
        slot_ms=right.slot.start_ms if right.slot is not None else None,
        seat=right.seat,
    )


def _passages(mine: Iterable[Event], profile: Profile) -> Iterable[SeenAt]:
    products = {right.id: right.product for right in profile.entitlements}
    for event in mine:
        if event.kind in DECISIONS:
            decision = answer_in(event).decision
            yield SeenAt(
                at_ms=event.hlc >> 16,
                point=decision.point,
                granted=decision.outcome is Outcome.GRANTED,
                right=products.get(decision.entitlement or "", ""),
            )
