"""Offers for who stands near: chosen for the band that was held, shown when painted, taken by its guest."""

from __future__ import annotations

from collections.abc import Iterable

from edge.core.bands import Trust
from edge.offerviews import ExplainedView, OffersView, TakenView
from edge.service.attempts import OwnBand
from edge.service.offering.desk import Offers
from edge.service.rooms import Rooms
from edge.service.standing import HoldAgain, who_stands
from edge.staff import Action, Session, permit


class NearOffers:
    """What a kiosk asks of the offers' desk: always for the guest of one tap, never for a name."""

    def __init__(self, rooms: Rooms, offers: Offers) -> None:
        """Act through these rooms."""
        self._rooms, self._offers = rooms, offers

    def view(self, tap_id: str, point: str) -> OffersView:
        """Return what this guest is offered here; the screen is one that others see."""
        guest = who_stands(self._rooms, tap_id, point, least=Trust.UID)
        return self._offers.offers_for(guest.profile.band.id, point)

    def public(self, point: str, painted: Iterable[str] = ()) -> OffersView:
        """Return what is offered to anybody at a point, after taking which of it was painted.

        Chosen for nobody: whoever is about, no guest's own offer can be among it.
        """
        view = self._offers.offers_for(None, point)
        there = {tile.exposure for tile in view.tiles}
        for exposure in painted:
            if exposure in there:
                self._offers.shown(exposure)
        return view

    def painted(self, tap_id: str, point: str, exposures: Iterable[str]) -> None:
        """Take that tiles of this guest were painted; others' are none of this screen's business."""
        mine = {tile.exposure for tile in self.view(tap_id, point).tiles}
        for exposure in exposures:
            if exposure in mine:
                self._offers.shown(exposure)

    def take(self, tap_id: str, point: str, exposure: str) -> TakenView:
        """Take one up; a band that proves nothing takes nothing."""
        who_stands(self._rooms, tap_id, point)
        self._demand(tap_id, point, exposure)
        return self._offers.accept(exposure, point)

    def send(self, tap_id: str, point: str, exposure: str, *, device: str) -> TakenView:
        """Make one that its guest took up over to another device's till."""
        who_stands(self._rooms, tap_id, point)
        self._demand(tap_id, point, exposure)
        return self._offers.sending.make_over(exposure, point, device=device)

    def decline(self, tap_id: str, point: str, exposure: str) -> None:
        """Leave one out for the rest of the visit."""
        self._demand(tap_id, point, exposure)
        self._offers.decline(exposure, point)

    def quiet(self, tap_id: str, point: str) -> None:
        """Show this guest nothing more today."""
        guest = who_stands(self._rooms, tap_id, point)
        self._offers.quiet(guest.profile.band.id, point)

    def explained(self, session: Session, point: str) -> tuple[ExplainedView, ...]:
        """Return why these were shown, for whoever may look guests up."""
        permit(session, Action.LOOK_UP, self._rooms.clock.now_ms())
        return self._offers.explained(point)

    def take_for(self, session: Session, exposure: str) -> TakenView:
        """Redeem one for its guest, who said yes to staff: the band carries its price to the till."""
        self._permit(session, exposure)
        return self._offers.accept(exposure, session.point, staff=session.staff)

    def decline_for(self, session: Session, exposure: str) -> None:
        """Leave one out for the rest of its guest's visit, who said no to staff."""
        self._permit(session, exposure)
        self._offers.decline(exposure, session.point, staff=session.staff)

    def _permit(self, session: Session, exposure: str) -> None:
        permit(session, Action.GIVE_OFFER, self._rooms.clock.now_ms())
        own = self._rooms.profiles.get(bytes.fromhex(session.badge)) if session.badge else None
        if own is not None and own.guest and own.guest == self._offers.guest_of(exposure):
            raise OwnBand

    def _demand(self, tap_id: str, point: str, exposure: str) -> None:
        if exposure not in {tile.exposure for tile in self.view(tap_id, point).tiles}:
            raise HoldAgain
