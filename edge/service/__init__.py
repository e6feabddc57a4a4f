"""The use cases of the edge, each in four beats: load, decide, commit, tell."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from edge.core.alarms import AlarmNotice
from edge.core.approvals import DeedKind
from edge.core.catalogue import Catalogue
from edge.core.consent import Purpose
from edge.core.events import Acted, Kind
from edge.core.held import Change
from edge.core.payment.reckoning import Piece
from edge.core.places import Layout
from edge.core.presence import Heard
from edge.core.shift import CashMove
from edge.errors import StoreError, Unknown
from edge.service.alarms import Alarms
from edge.service.attempts import write_sums, written_down
from edge.service.bundles import Bundles
from edge.service.consents import Consents
from edge.service.counts import Counts
from edge.service.earlier import stated
from edge.service.erasure import Erasure, Gone
from edge.service.facts import begin_day
from edge.service.floor import Floor, OverrideReason
from edge.service.four_eyes import FourEyes
from edge.service.help import Help
from edge.service.mine import Mine
from edge.service.near.desk import Near
from edge.service.nearby import Nearby
from edge.service.offering.desk import Offers
from edge.service.onair import OnAirs
from edge.service.past import today
from edge.service.payments.desk import PayDesk
from edge.service.receipts import Receipts
from edge.service.remarks import remarked
from edge.service.retention import Retention
from edge.service.rooms import Rooms
from edge.service.shifts import Shifts
from edge.service.taking_back import TakingBack
from edge.service.taps import Taps
from edge.service.watch import Watch
from edge.service.wearers import Wearers
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from edge.views import Alarm, ApprovalView, Card, Counters, HelpCall, Known, Reading, StaffView
from hardware.port import DeviceState, Passage, Report, State, Tap

__all__ = ["OverrideReason", "Rooms", "Service"]

NOT_PASSED = "not_passed"
RECENT_MAX = 256
LOG = logging.getLogger("polso.service")


class Service(PayDesk):
    """All that readers, screens and staff can ask of this device; any thread may ask."""

    def __init__(self, rooms: Rooms) -> None:
        """Take the rooms; nothing is read and nothing runs before ``start``."""
        self._rooms = rooms
        bundles, self._consents = Bundles(rooms), Consents(rooms)
        super().__init__(rooms, bundles, self._consents)
        self._counts = Counts(rooms.profiles.layout)
        self._taps = Taps(rooms, self._counts, self._at_tills)
        self._floor, self._back = Floor(rooms, self._taps), TakingBack(rooms, self._counts)
        self.offers = Offers(rooms, self._consents, bundles)
        self.on_air = OnAirs(rooms, self._consents)
        self._wearers, self._mine = Wearers(rooms, self._consents), Mine(rooms, self._consents)
        self.nearby = Nearby(rooms, self._consents, placement=self.placement, on_air=self.on_air)
        self._retention, self._help = Retention(rooms), Help(rooms)
        self.near = Near(rooms, self.offers, self._help, consents=self._consents)
        self.receipts, self.shifts, self._alarms = Receipts(rooms, self.offers), Shifts(rooms), Alarms(rooms)
        doers = {
            DeedKind.OVERRIDE: self._floor.lift,
            DeedKind.RELINK: self._wearers.relink,
            DeedKind.REFUND: self._refunds.refund_by_two,
            DeedKind.MOVE_CASH: self.shifts.move,
        }
        self._eyes = FourEyes(rooms, doers)
        self._erasure = Erasure(rooms, (self._forget,))
        self._inside: dict[str, int] = {}
        duties = (self._back.expire, self._help.escalate, self._eyes.lapse, lambda: write_sums(rooms))
        tidying = (self.offers.look, self._erasure.finish, self._retention.look)
        self._watch = Watch((*duties, *self._pay_duties, *tidying))

    def start(self) -> None:
        """Refill today's counts from the journal and begin to watch the time; the sequencer runs already."""
        try:
            for view, before in today(self._rooms):
                self._counts.add(view, before=before)
        except StoreError as error:
            LOG.warning("today's counts begin at zero: %s", error)
        self.recall_tills()
        self._watch.start()
        self.nearby.start()

    def stop(self) -> None:
        """Stop watching the time; harmless if repeated."""
        self._watch.stop()
        self.nearby.stop()
        write_sums(self._rooms, last=True)

    def attempt(self, session: Session | None, act: str) -> AbstractContextManager[None]:
        """Return what every act of staff runs in: whoever is refused leaves an event, whatever they lack."""
        return written_down(self._rooms, session, act)

    # What readers and gates report

    def report(self, report: Report) -> None:
        """Take whatever a supervisor reports: a tap is decided, a device's state is shown."""
        if isinstance(report, Tap):
            self._taps.present(report)
        elif isinstance(report, DeviceState) and report.state is State.READING:
            self._reading(report.device)
        elif isinstance(report, DeviceState):
            self._rooms.feed.publish("devices", "devices", self._rooms.health.device(report))

    def _reading(self, device: str) -> None:
        """Tell the guest's screens that a band was found; it is no state of health, a tap follows at once."""
        point = self._rooms.readers.get(device, device)
        for kind in ("gate", "kiosk"):
            self._rooms.feed.publish(f"{kind}-{point}", "reading", Reading(point=point))

    def hear(self, heard: Heard) -> None:
        """Take that a band was heard by radio: it prepares, and authorises nothing."""
        self.nearby.hear(heard)

    def present(self, tap: Tap, point: str = "") -> StaffView:
        """Decide one tap; return what staff see, once it is durable. ``point`` places a remote reader."""
        return self._taps.present(tap, point)

    def passed(self, passage: Passage) -> None:
        """Take what became of an opened gate: where nobody passed, the use is given back."""
        if passage.passed:
            return
        try:
            self._back.annul(passage.opening, cause=NOT_PASSED)
        except (StoreError, Unknown) as error:
            LOG.warning("a passage that nobody used could not be annulled: %s", error)

    def _forget(self, gone: Gone) -> None:
        """Forget what is remembered of a guest beside the store."""
        self._counts.forget(gone.guest)
        self._consents.forget()
        self._eyes.forget()
        self.on_air.doubt(gone.bands)
        self.nearby.forget(gone.bands)

    # What guests and staff do about one tap

    def again(
        self, tap_id: str, *, chosen: str | None = None, answers: Mapping[str, str] | None = None
    ) -> StaffView:
        """Judge a tap anew with what the guest chose or answered."""
        return self._floor.again(tap_id, chosen=chosen, answers=answers)

    def confirm(self, session: Session, tap_id: str, what: str, *, granted: bool) -> StaffView:
        """Confirm ``passage``, ``height``, ``age`` or ``trust`` in person, or refuse it."""
        with written_down(self._rooms, session, "confirm", target=tap_id):
            return self._floor.confirm(session, tap_id, what, granted=granted)

    def override(self, session: Session, tap_id: str, *, reason: str) -> StaffView:
        """Let one refused tap pass (supervisor; a reason of ``OverrideReason``; once)."""
        with written_down(self._rooms, session, "override", target=tap_id):
            view = self._floor.override(session, tap_id, reason=reason)
        if reason == OverrideReason.WRONG_DENIAL:
            self._rooms.health.false_denial()
        return view

    def ask_override(self, session: Session, tap_id: str, *, reason: str) -> ApprovalView:
        """Ask that a refused tap may pass: somebody else answers for it."""
        with written_down(self._rooms, session, "ask_override", target=tap_id):
            deed, until_ms = self._floor.deed(session, tap_id, reason)
        return self._eyes.ask(session, deed, until_ms=until_ms)

    def approve(self, session: Session, request: str, *, granted: bool) -> ApprovalView:
        """Be the second person: the act happens in the same moment, or is refused."""
        view = self._eyes.approve(session, request, granted=granted)
        if granted and view.reason == OverrideReason.WRONG_DENIAL:
            self._rooms.health.false_denial()
        return view

    def withdraw(self, session: Session, request: str) -> ApprovalView:
        """Take an own request back."""
        return self._eyes.withdraw(session, request)

    def approvals(self) -> tuple[ApprovalView, ...]:
        """Return the requests that wait for a second person."""
        return self._eyes.waiting()

    def undo(self, session: Session, tap_id: str, *, reason: str) -> StaffView:
        """Take a passage back: gate staff soon and at their point, a supervisor all of the local day."""
        with written_down(self._rooms, session, "undo", target=tap_id):
            return self._back.undo(session, tap_id, reason=reason)

    def annul(self, tap_id: str, *, cause: str, guest: bool = True) -> StaffView:
        """Take a passage back that did not happen; ``guest``: they may stand there still."""
        return self._back.annul(tap_id, cause=cause, guest=guest)

    def ask_refund(
        self,
        session: Session,
        op_id: str,
        refund_id: str,
        *,
        pieces: Iterable[Piece] | None = None,
        reason: str,
    ) -> ApprovalView:
        """Ask that a posted payment is given back: a second person answers for it."""
        with written_down(self._rooms, session, "refund", target=op_id):
            deed = self._refunds.deed(session, op_id, refund_id, pieces=pieces, reason=reason)
        return self._eyes.ask(session, deed)

    # What staff do about a guest

    def look_up(self, session: Session, text: str) -> tuple[Card, ...]:
        """Find bands by name, guest or id (at least 4 characters), one's own left out; journaled."""
        with written_down(self._rooms, session, "look_up"):
            return self._wearers.look_up(session, text)

    def check(self, session: Session, band_hex: str, point: str) -> StaffView:
        """Say what would happen to a band at a point; nothing happens."""
        with written_down(self._rooms, session, "check", target=band_hex):
            return self._wearers.check(session, band_hex, point)

    def set_band_state(self, session: Session, band_hex: str, act: str, *, reason: str) -> None:
        """Report a band ``lost`` or ``found``, ``replace`` or ``revoke`` it; offline too."""
        with written_down(self._rooms, session, act, target=band_hex):
            self._wearers.set_state(session, band_hex, act, reason=reason)

    def ask_link(self, session: Session, band_hex: str, source_hex: str, *, reason: str) -> ApprovalView:
        """Ask that a stock band gets the guest and rights of a ticket or another band; offline too."""
        with written_down(self._rooms, session, "link", target=band_hex):
            deed = self._wearers.deed(session, band_hex, source_hex, reason=reason)
        return self._eyes.ask(session, deed)

    def set_location(self, session: Session, band_hex: str, zone: str | None, *, reason: str) -> None:
        """Say where a guest truly is; no zone is outside."""
        with written_down(self._rooms, session, "set_location", target=band_hex):
            self._wearers.set_location(session, band_hex, zone, reason=reason)

    def correct_count(self, session: Session, zone: str, delta: int, *, reason: str) -> None:
        """Correct the number of people in a zone; the correction is an event."""
        permit(session, Action.CORRECT_COUNT, self._rooms.clock.now_ms())
        note, layout = stated(reason), self.layout()
        if layout is None or zone not in {known.id for known in layout.zones}:
            raise Unknown(f"There is no zone {zone!r} here.")

        def act(tx: Transaction) -> None:
            body = Acted(staff=session.staff, point=session.point, note=note, target=zone, amount=delta)
            seq = tx.append(
                Kind.COUNT_CORRECTED, remarked(self._rooms, body, Kind.COUNT_CORRECTED, band=None)
            )
            tx.apply(None, Change(zone_deltas=((zone, delta),)), seq)

        self._rooms.sequencer.submit(act)

    # What guests know and decide of themselves

    def what_you_know(self, tap_id: str, point: str) -> Known:
        """Return all that is held of the guest who tapped at this kiosk a moment ago."""
        return self._mine.show(tap_id, point)

    def own_page(self, tap_id: str, point: str) -> str:
        """Return where that guest opens their own page at central."""
        return self._mine.own_page(tap_id, point)

    def consent(self, tap_id: str, point: str, purpose: str, *, given: bool) -> Known:
        """Take that guest's word on one purpose; in force at once, offline too."""
        return self._mine.consent(tap_id, point, purpose, given=given)

    def consent_by_staff(self, session: Session, band_hex: str, purpose: str, *, given: bool) -> None:
        """Take a guest's word from staff; journaled with the name."""
        self._mine.consent_by_staff(session, band_hex, purpose, given=given)

    def erase(self, guest: str, bands: Sequence[bytes]) -> None:
        """Forget a guest of whom central says that nothing may stay; durable when this returns."""
        self._erasure.erase(guest, bands)

    def may_use(self, band: bytes, purpose: Purpose, namespace: str = "") -> bool:
        """Say whether a band's guest allows a purpose: whatever would use it asks here first."""
        return self._consents.may(band, purpose, namespace)

    # What a till sells, and its drawer

    def catalogue(self, point: str) -> Catalogue:
        """Return what the till at a point sells."""
        return self._rooms.profiles.catalogue().at(point)

    def ask_move(
        self, session: Session, point: str, move: CashMove, *, amount_minor: int, reason: str
    ) -> ApprovalView:
        """Ask that cash moves into or out of a drawer: somebody else answers for it."""
        with written_down(self._rooms, session, "ask_move", target=point):
            deed = self.shifts.deed(session, point, move, amount_minor=amount_minor, reason=reason)
        return self._eyes.ask(session, deed)

    # What screens show

    def recent(self, point: str | None, limit: int = 20) -> tuple[StaffView, ...]:
        """Return the last decisions at one point or at all, newest first."""
        return self._counts.recent(point, min(limit, RECENT_MAX))

    def counters(self) -> Counters:
        """Return who passed today and who is inside, the latter as last known while the store fails."""
        try:
            self._inside = self._rooms.sequencer.submit(self._count_inside)
        except StoreError as error:
            LOG.debug("the people inside are shown as last known: %s", error)
        return self._counts.counters(dict(self._inside), self._rooms.clock.now_ms())

    def _count_inside(self, tx: Transaction) -> dict[str, int]:
        """Return the people in each zone; a reset of last night holds even if nobody has tapped since."""
        layout = self.layout()
        if layout is not None:
            begin_day(tx, layout)
        return tx.inside()

    def layout(self) -> Layout | None:
        """Return the site's layout; None before central has told it."""
        return self._rooms.profiles.layout()

    def call_help(self, point: str, op_id: str) -> HelpCall:
        """Call somebody to a point."""
        return self._help.call(point, op_id)

    def acknowledge_help(self, session: Session, help_id: str) -> HelpCall:
        """Say that somebody is coming."""
        return self._help.acknowledge(session, help_id)

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms that no supervisor has seen yet, newest first."""
        return self._alarms.open()

    def tell_alarm(self, key: str, notice: AlarmNotice | None, *, turn: int) -> None:
        """Show what only central could see; None: somebody has looked at it."""
        self._alarms.tell(key, notice, turn=turn)

    def acknowledge_alarm(self, session: Session, alarm_id: str) -> Alarm:
        """Say that a supervisor has seen an alarm."""
        return self._alarms.acknowledge(session, alarm_id)

    def help_calls(self) -> tuple[HelpCall, ...]:
        """Return the calls for help, those who wait first."""
        return self._help.calls()
