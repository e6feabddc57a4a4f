"""Wearers: looking a guest up, the state of their band, a new band, where they are."""

from __future__ import annotations

import msgspec

from edge.core.bands import (
    BAND_ID_BYTES,
    Band,
    BandAct,
    Presented,
    Standing,
    Trust,
    merge,
    transition,
)
from edge.core.entitlements import Entitlement, Status
from edge.core.entry import decide
from edge.core.events import Acted, Kind
from edge.core.held import Change, Held, Location
from edge.core.moves import enter, leave
from edge.core.profiles import Profile
from edge.errors import NotAllowed, Refused, Unknown
from edge.service.answers import Answer
from edge.service.earlier import stated
from edge.service.facts import ask, gather, own_profile
from edge.service.past import last_view
from edge.service.rooms import Rooms
from edge.service.show import short, staff_view
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

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def look_up(self, session: Session, text: str) -> tuple[Card, ...]:
        """Return the bands that a text finds; which ones were looked at is journaled, the text is not."""
        self._permit(session, Action.LOOK_UP)
        word = text.strip()
        if not LOOK_UP_CHARS_MIN <= len(word) <= LOOK_UP_CHARS_MAX:
            raise Refused(f"Look up with {LOOK_UP_CHARS_MIN} to {LOOK_UP_CHARS_MAX} characters.")
        found = self._rooms.profiles.search(word, self._rooms.limits.look_up_max)

        def act(tx: Transaction) -> list[tuple[Profile, Held]]:
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
            seq = tx.append(Kind.BAND_STATE, body, band=band)
            kept = msgspec.structs.replace(held, state=after.state, epoch=after.epoch)
            tx.apply(band, Change(held=kept), seq)

        self._rooms.sequencer.submit(change)

    def link(self, session: Session, band_hex: str, source_hex: str, *, reason: str) -> None:
        """Give a stock band the guest and rights of a ticket or band, which opens nothing from then on."""
        self._permit(session, Action.LINK)
        note, band, source = stated(reason), band_of(band_hex), band_of(source_hex)
        if band == source:
            raise Refused("A band cannot be linked to itself.")
        stock, origin = self._known(session, band), self._known(session, source)

        def act(tx: Transaction) -> None:
            giver = _linked(tx, source, origin)
            taker = _linked(tx, band, stock)
            if taker.guest is not None and taker.guest == giver.guest:
                return
            if taker.guest is not None or taker.staff is not None:
                raise Refused("This band belongs to somebody already.", hint="Take another band.")
            if giver.guest is None:
                raise Refused("Nobody's rights are on that ticket or band.", hint="Check the code.")
            body = Acted(staff=session.staff, point=session.point, note=note, target=source.hex())
            tx.append(Kind.LINKED, body, band=band)
            tx.link(band, msgspec.structs.replace(giver, band=taker.band, rev=taker.rev))
            tx.link(source, msgspec.structs.replace(giver, entitlements=_exchanged(giver.entitlements)))

        self._rooms.sequencer.submit(act)

    def set_location(self, session: Session, band_hex: str, zone: str | None, *, reason: str) -> None:
        """Say where a guest truly is; counts of zones follow."""
        self._permit(session, Action.SET_LOCATION)
        note, band = stated(reason), band_of(band_hex)
        self._known(session, band)
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
            seq = tx.append(Kind.LOCATION_SET, body, band=band)
            tx.apply(band, Change(held=held, zone_deltas=deltas), seq)

        self._rooms.sequencer.submit(act)

    def _permit(self, session: Session, action: Action) -> None:
        permit(session, action, self._rooms.clock.now_ms())

    def _known(self, session: Session, band: bytes) -> Profile:
        """Return what central says of a band that is not the acting person's own."""
        profile = self._rooms.profiles.get(band)
        if profile is None:
            raise Unknown("This band is not one of ours, or nobody announced it.", hint="Take another band.")
        if band.hex() == session.badge.lower() or (profile.staff and profile.staff == session.staff):
            raise NotAllowed("Nobody acts on their own band.", hint="Ask a colleague.")
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
            last=last_view(self._rooms, profile),
        )


def band_of(band_hex: str) -> bytes:
    """Return the BandId of its hex form, or refuse it."""
    try:
        band = bytes.fromhex(band_hex)
    except ValueError as error:
        raise Refused("A band is named by 32 hex digits.") from error
    if len(band) != BAND_ID_BYTES:
        raise Refused("A band is named by 32 hex digits.")
    return band


def _standing(band: Band | None, held: Held) -> Standing:
    ours = Standing(held.epoch, held.state)
    return merge(Standing(band.epoch, band.state), ours) if band is not None else ours


def _linked(tx: Transaction, band: bytes, profile: Profile) -> Profile:
    """Return a band's profile as it stands at this site."""
    presented = Presented(tap_id="", reader="", band=band)
    return own_profile(tx, presented, profile) or profile


def _exchanged(rights: tuple[Entitlement, ...]) -> tuple[Entitlement, ...]:
    """Return rights that now live on another band."""
    return tuple(
        msgspec.structs.replace(right, status=Status.EXCHANGED) if right.status is Status.VALID else right
        for right in rights
    )
