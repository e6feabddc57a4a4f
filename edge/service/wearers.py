"""Wearers: looking a guest up, the state of their band, a new band, where they are."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edge.core.approvals import Approval, Deed, DeedKind
from edge.core.bands import (
    Band,
    BandAct,
    Presented,
    Standing,
    Trust,
    merge,
    transition,
)
from edge.core.consent import Channel
from edge.core.elsewhere import Limited
from edge.core.entitlements import exchanged
from edge.core.entry import decide
from edge.core.events import Acted, Kind
from edge.core.held import Change, Held, Location
from edge.core.moves import enter, leave
from edge.core.profiles import Profile
from edge.errors import Refused, Unknown
from edge.service.answers import Answer
from edge.service.attempts import OwnBand
from edge.service.consents import Consents
from edge.service.earlier import is_own, stated
from edge.service.facts import ask, gather, own_profile
from edge.service.near.unfinished import left_by, named
from edge.service.past import last_view
from edge.service.remarks import remarked
from edge.service.rooms import Rooms
from edge.service.show import note_of, short, staff_view
from edge.service.standing import band_of
from edge.service.tallies import tally_within
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from edge.views import Card, StaffView

LOOK_UP_CHARS_MIN = 4
"""Fewer would be browsing the guests."""
LOOK_UP_CHARS_MAX = 80

ACTS = {
    BandAct.LOST: Action.REPORT_LOST,
    BandAct.FOUND: Action.REPORT_FOUND,
    BandAct.REPLACE: Action.REPLACE,
    BandAct.REVOKE: Action.REVOKE,
}
"""What a person must be allowed to for each act on a band."""


class Wearers:
    """What staff do about a guest who stands before them, online or not."""

    def __init__(self, rooms: Rooms, consents: Consents) -> None:
        """Act through these rooms."""
        self._rooms, self._consents = rooms, consents

    def look_up(self, session: Session, text: str) -> tuple[Card, ...]:
        """Return the bands that a text finds; which ones were looked at is journaled, the text is not.

        One's own is left out, so that its name still finds namesakes; found alone, it is refused.
        """
        self._permit(session, Action.LOOK_UP)
        word = text.strip()
        if not LOOK_UP_CHARS_MIN <= len(word) <= LOOK_UP_CHARS_MAX:
            raise Refused(f"Look up with {LOOK_UP_CHARS_MIN} to {LOOK_UP_CHARS_MAX} characters.")
        there = self._rooms.profiles.search(word, self._rooms.limits.look_up_max)
        found = [profile for profile in there if not is_own(self._rooms, session, profile.band.id.hex())]
        if there and not found:
            raise OwnBand
        most = self._rooms.limits.look_ups_shift_max

        def act(tx: Transaction) -> list[tuple[Profile, Held]]:
            tally_within(tx, Limited.LOOK_UP, session.staff, limit=most)
            seen = " ".join(short(profile.band.id) for profile in found)
            body = Acted(staff=session.staff, point=session.point, target=seen, amount=len(found))
            tx.append(Kind.LOOKED_UP, body)
            return [(profile, tx.held(profile.band.id)) for profile in found]

        rows = self._rooms.sequencer.submit(act)
        return tuple(self._card(profile, held) for profile, held in rows)

    def check(self, session: Session, band_hex: str, point: str) -> StaffView:
        """Say what would happen to a band at a point now; only the look-up itself is recorded."""
        self._permit(session, Action.CHECK)
        band = band_of(band_hex)
        if is_own(self._rooms, session, band_hex):
            raise OwnBand
        presented = Presented(tap_id=f"check:{short(band)}", reader="", band=band, trust=Trust.LIVE)
        asked = ask(self._rooms, presented, point)

        def act(tx: Transaction) -> StaffView:
            body = Acted(staff=session.staff, point=point, target=short(band), reason="check")
            seq = tx.append(Kind.LOOKED_UP, body, band=band)
            facts = gather(tx, asked, self._rooms.device)
            decision = decide(facts).decision
            answer = Answer(seq=seq, at_ms=tx.now.now_ms, presented=presented, decision=decision)
            return staff_view(answer, facts.profile)

        return self._rooms.sequencer.submit(act)

    def set_state(self, session: Session, band_hex: str, act: str, *, reason: str) -> None:
        """Report a band lost or found, replace or revoke it: at once here, elsewhere by the urgent list."""
        try:
            wanted = BandAct(act)
        except ValueError as error:
            raise Refused(f"A band is {', '.join(BandAct)}, not {act!r}.") from error
        self._permit(session, ACTS[wanted])
        note, band = stated(reason), band_of(band_hex)
        profile = self._known(session, band)

        def change(tx: Transaction) -> None:
            held = tx.held(band)
            now = _standing(profile.band, held)
            after = transition(now, wanted)
            if after is None:
                raise Refused(f"A band that is {now.state.name.lower()} cannot be {wanted.value}.")
            if after == _standing(None, held):
                return
            body = Acted(
                staff=session.staff,
                point=session.point,
                reason=wanted.value,
                note=note,
                state=after.state.value,
                amount=after.epoch,
            )
            told = remarked(self._rooms, body, Kind.BAND_STATE, band=band, about=profile)
            seq = tx.append(Kind.BAND_STATE, told, band=band)
            kept = msgspec.structs.replace(held, state=after.state, epoch=after.epoch)
            tx.apply(band, Change(held=kept), seq)

        self._rooms.sequencer.submit(change)

    def deed(self, session: Session, band_hex: str, source_hex: str, *, reason: str) -> Deed:
        """Return the new link that a person asks for, if it is possible at all."""
        self._permit(session, Action.LINK)
        note, band, source = stated(reason), band_of(band_hex), band_of(source_hex)
        if band == source:
            raise Refused("A band cannot be linked to itself.")
        stock, origin = self._known(session, band), self._known(session, source)
        self._rooms.sequencer.submit(lambda tx: _pair(tx, stock, origin))
        return Deed(
            kind=DeedKind.RELINK, point=session.point, reason=note, band=band.hex(), source=source.hex()
        )

    def relink(self, approval: Approval, approver: str, grant: Callable[[Transaction], None]) -> None:
        """Give a stock band the guest and rights of a ticket or band, which opens nothing from then on."""
        deed = approval.deed
        band, source = bytes.fromhex(deed.band), bytes.fromhex(deed.source)
        stock, origin = self._rooms.profiles.get(band), self._rooms.profiles.get(source)
        if stock is None or origin is None:
            raise Unknown("One of these bands is not ours any more.", hint="Take another band.")

        def act(tx: Transaction) -> None:
            grant(tx)
            taker, giver = _pair(tx, stock, origin)
            body = Acted(
                staff=approval.asked_by,
                approver=approver,
                point=deed.point,
                note=deed.reason,
                target=deed.source,
                amount=giver.rev,
            )
            tx.append(
                Kind.LINKED, remarked(self._rooms, body, Kind.LINKED, band=band, about=giver), band=band
            )
            tx.link(band, msgspec.structs.replace(giver, band=taker.band, rev=taker.rev))
            tx.link(source, msgspec.structs.replace(giver, entitlements=exchanged(giver.entitlements)))

        self._rooms.sequencer.submit(act)

    def set_location(self, session: Session, band_hex: str, zone: str | None, *, reason: str) -> None:
        """Say where a guest truly is; counts of zones follow."""
        self._permit(session, Action.SET_LOCATION)
        note, band = stated(reason), band_of(band_hex)
        profile = self._known(session, band)
        layout = self._rooms.profiles.layout()
        if layout is None or (zone is not None and zone not in {known.id for known in layout.zones}):
            raise Unknown(f"There is no zone {zone!r} here.")

        def act(tx: Transaction) -> None:
            there = Location(
                zone=zone, since_ms=tx.now.now_ms, point=session.point, device=self._rooms.device
            )
            move = enter if zone is not None else leave
            held, deltas = move(tx.held(band), layout, there)
            body = Acted(staff=session.staff, point=session.point, note=note, target=zone)
            told = remarked(self._rooms, body, Kind.LOCATION_SET, band=band, about=profile)
            seq = tx.append(Kind.LOCATION_SET, told, band=band)
            tx.apply(band, Change(held=held, zone_deltas=deltas), seq)

        self._rooms.sequencer.submit(act)

    def _permit(self, session: Session, action: Action) -> None:
        permit(session, action, self._rooms.clock.now_ms())

    def _known(self, session: Session, band: bytes) -> Profile:
        """Return what central says of a band that is not the acting person's own."""
        profile = self._rooms.profiles.get(band)
        if profile is None:
            raise Unknown("This band is not one of ours, or nobody announced it.", hint="Take another band.")
        if is_own(self._rooms, session, band.hex()):
            raise OwnBand
        return profile

    def _card(self, profile: Profile, held: Held) -> Card:
        return Card(
            band=profile.band.id.hex(),
            band_short=short(profile.band.id),
            guest=profile.guest,
            name=profile.name,
            state=_standing(profile.band, held).state.name.lower(),
            tier=profile.tier,
            zone=held.location.zone if held.location is not None else None,
            products=tuple(dict.fromkeys(right.product for right in profile.entitlements)),
            note=note_of(profile),
            allows=tuple(one.purpose for one in self._consents.of(profile) if one.given),
            looked_for=named(
                self._rooms, left_by(self._rooms, self._consents, profile, channel=Channel.TILL)
            ),
            last=last_view(self._rooms, profile),
        )


def _standing(band: Band | None, held: Held) -> Standing:
    ours = Standing(held.epoch, held.state)
    return merge(Standing(band.epoch, band.state), ours) if band is not None else ours


def _pair(tx: Transaction, stock: Profile, origin: Profile) -> tuple[Profile, Profile]:
    """Return who takes and who gives as they stand at this site, or refuse what cannot be linked."""
    giver = _linked(tx, origin.band.id, origin)
    taker = _linked(tx, stock.band.id, stock)
    if taker.guest is not None or taker.staff is not None:
        raise Refused("This band belongs to somebody already.", hint="Take another band.")
    if giver.guest is None:
        raise Refused("Nobody's rights are on that ticket or band.", hint="Check the code.")
    return taker, giver


def _linked(tx: Transaction, band: bytes, profile: Profile) -> Profile:
    """Return a band's profile as it stands at this site."""
    presented = Presented(tap_id="", reader="", band=band)
    return own_profile(tx, presented, profile) or profile
