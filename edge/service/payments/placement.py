"""Placement: whose money should lie at this device, by who was seen here; a bad guess loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from edge.core.decision import Outcome, Reason
from edge.core.lease import Close, Grant, LeaseKind, Want
from edge.core.places import PointKind
from edge.core.profiles import Profile
from edge.core.wallet import MandateState, WalletLink
from edge.service.bundles import Live
from edge.service.facts import Asked, day_at
from edge.service.offerbook import promised_of
from edge.service.payments import chest, hearsay
from edge.service.payments.hearsay import Rumour
from edge.service.payments.wanting import (
    AGAIN_MS,
    AGAIN_MS_MAX,
    GIVEN_MS,
    Aim,
    Here,
    aims_of,
    budgets_of,
    want_of,
)
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction
from edge.views import StaffView

CURSOR = "lease_cursor"
PRESENT_MAX = 5_000
"""Wallets that are thought to be here; the one seen longest ago makes place."""
WANTS_MAX = 200
REDEMPTIONS_WANTED = 10
"""Redemptions of each campaign that should lie ready at a device."""
DEVICE_RISK_TIMES = 10
"""This device's own part of the risk budget is asked for as so many guests'."""
_NUMBER = msgspec.msgpack.Decoder(int).decode


class Placement:
    """Knows who is here, what to ask of central, and takes what central sets aside."""

    def __init__(self, rooms: Rooms, offers: Callable[[], Live | None]) -> None:
        """Act through these rooms; nobody listens yet. ``offers`` says what campaigns need budgets here."""
        self._rooms, self._offers = rooms, offers
        self._budgets_ms: int | None = None
        self._changed = threading.Condition()
        self._here: dict[str, Here] = {}
        self._left: set[str] = set()
        self._asks = self._answers = 0
        self._waiting: set[str] = set()
        self._coming: frozenset[str] = frozenset()
        self._fetching: list[set[tuple[str, str]]] = []
        self._bell: Callable[[], None] | None = None

    @property
    def sells(self) -> bool:
        """Whether any reader of this device stands at a till."""
        layout = self._rooms.profiles.layout()
        points = layout.points_by_id if layout is not None else {}
        here = set(self._rooms.readers.values())
        return any(points[point].kind is PointKind.TILL for point in here if point in points)

    @property
    def waits(self) -> bool:
        """Whether a basket stands here that lacks money, of which central was not asked yet."""
        with self._changed:
            return bool(self._waiting)

    # Who is here

    def seen(self, asked: Asked, view: StaffView) -> None:
        """Take what a tap says: who entered or paid is here, who went out has left."""
        profile = asked.profile
        if profile is None or profile.wallet is None or view.outcome is not Outcome.GRANTED:
            return
        if view.reason is Reason.EXITED:
            self.leaves(profile.wallet.id)
        else:
            why = "till" if asked.point.kind is PointKind.TILL else "tap"
            self._come(profile, profile.wallet, why=why)

    def expects(self, profile: Profile) -> None:
        """Take that a band was heard: whoever is about may pay soon."""
        if profile.wallet is not None:
            self._come(profile, profile.wallet, why="sighting")

    def needs(self, profile: Profile, minor: int, *, today: int = 0) -> None:
        """Take that a basket which stands here lacks so much of a wallet, or of the band's day."""
        if profile.wallet is not None:
            self._come(profile, profile.wallet, why="basket", needs=minor, today=today)

    def leaves(self, wallet: str) -> None:
        """Give back what this device holds of a wallet whose guest has left; in the background."""
        with self._changed:
            self._here.pop(wallet, None)
            self._waiting.discard(wallet)
            self._left.add(wallet)
        self._ring()

    # What central is asked and says

    def wants(self) -> tuple[Want, ...]:
        """Return what to ask for now: little is ready of it, or it ends soon."""
        if not self._rooms.current():
            return ()
        now = self._rooms.clock.monotonic_ms()
        budgets = self._budget_wants(now)
        with self._changed:
            self._asks += 1
            # Who stands at a till waits for no guess about all the others.
            due = [(wallet, self._here[wallet]) for wallet in sorted(self._waiting)] or [
                (wallet, here)
                for wallet, here in self._here.items()
                if here.asked_ms is None or now - here.asked_ms >= here.rest_ms
            ]
        if not due:
            return budgets
        found = self._rooms.sequencer.submit(lambda tx: self._wanted(tx, due[:WANTS_MAX], now))
        with self._changed:
            for wallet, here in due[:WANTS_MAX]:
                if self._here.get(wallet) is here:  # else another basket lacks something since
                    self._waiting.discard(wallet)
                here.rest_ms = AGAIN_MS if here.asked_ms is None else min(2 * here.rest_ms, AGAIN_MS_MAX)
                here.asked_ms, here.needs, here.today = now, 0, 0
        return (*budgets, *found)[:WANTS_MAX]

    def presences(self) -> tuple[tuple[str, str, bool], ...]:
        """Return who came and who left since the last time: wallet, how it was seen, whether it left."""
        with self._changed:
            came = [(wallet, here.why, False) for wallet, here in self._here.items() if not here.told]
            gone = [(wallet, "exit", True) for wallet in self._left]
        return (*came[: WANTS_MAX // 2], *gone[: WANTS_MAX // 2])

    def heard(self, presences: Iterable[tuple[str, str, bool]], coming: Iterable[str] = ()) -> None:
        """Take that central has heard these: what is held of who has left goes back now.

        It has answered all that was asked, but for wallets of which the money is ``coming``.
        """
        for wallet, _, left in presences:
            if left:
                self._rooms.sequencer.submit(partial(_close_all, wallet=wallet, why="left"))
            with self._changed:
                self._left.discard(wallet)
                if not left and wallet in self._here:
                    self._here[wallet].told = True
        with self._changed:
            self._answers, self._coming = self._asks, frozenset(coming)
            self._changed.notify_all()

    def after(self) -> int:
        """Return how far central's grants and closes were taken."""
        body = self._rooms.sequencer.submit(lambda tx: tx.get(CURSOR, "central"))
        return 0 if body is None else _NUMBER(body)

    def take(self, grants: Iterable[Grant], closes: Iterable[Close], *, asked_ms: int, after: int) -> None:
        """Take grants and closes and how far that goes, all in one transaction; twice changes nothing."""
        device, incarnation = self._rooms.device, self._rooms.incarnation
        many, ends = tuple(grants), tuple(closes)

        def act(tx: Transaction) -> None:
            for grant in many:
                chest.take(tx, grant, asked_ms=asked_ms, device=device, incarnation=incarnation)
            for close in ends:
                chest.end(tx, close)
            tx.put(CURSOR, "central", msgspec.msgpack.encode(after))

        self._rooms.sequencer.submit(act)
        if many:
            with self._changed:
                for lacking in self._fetching:
                    lacking.difference_update((grant.wallet, grant.kind) for grant in many)
                self._changed.notify_all()

    def block(self, wallet: str, epoch: int) -> None:
        """Stop all that this device holds of a wallet, durably, and give it back."""
        self._rooms.sequencer.submit(lambda tx: chest.block_wallet(tx, wallet, epoch))

    def hearsay(self) -> list[Rumour]:
        """Return which wallets are stopped by another device's word alone."""
        return self._rooms.sequencer.submit(hearsay.unproven)

    def refute(self, told: Sequence[tuple[str, int, str]]) -> None:
        """Let these words count no more: central was asked since, and what it said is here."""
        self._rooms.sequencer.submit(lambda tx: hearsay.refute(tx, [Rumour(*one) for one in told]))

    def close_all(self, *, why: str) -> None:
        """Give back everything: this device was dismissed."""

        def act(tx: Transaction) -> None:
            for lease in list(chest.all_leases(tx)):
                chest.end_own(tx, lease, why=why)

        self._rooms.sequencer.submit(act)

    # Waiting

    def listen(self, bell: Callable[[], None]) -> None:
        """Have ``bell`` called whenever there is something to ask of central."""
        self._bell = bell

    def fetch(self, profile: Profile, minor: int, *, today: int = 0) -> None:
        """Ask for what a basket lacks, and wait a little for it where somebody carries the question.

        It waits no longer than until central has answered: who has no more anywhere is told so at once.
        """
        if self._bell is None or profile.wallet is None:
            return
        wallet, day = profile.wallet.id, f"{LeaseKind.DAY}:{profile.band.id.hex()}"
        missing = ((LeaseKind.MONEY.value, minor), (day, today))
        lacking = {(wallet, kind) for kind, units in missing if units}
        with self._changed:
            self._fetching.append(lacking)
        try:
            self.needs(profile, minor, today=today)
            with self._changed:
                self._changed.wait_for(
                    lambda: not lacking or self._is_answered(wallet),
                    self._rooms.limits.lease_wait_ms / 1_000,
                )
        finally:
            with self._changed:
                self._fetching = [one for one in self._fetching if one is not lacking]

    def _is_answered(self, wallet: str) -> bool:
        return self._answers == self._asks and wallet not in self._waiting and wallet not in self._coming

    def _come(self, profile: Profile, link: WalletLink, *, why: str, needs: int = 0, today: int = 0) -> None:
        with self._changed:
            known = self._here.pop(link.id, None)
            here = Here(link=link, band=profile.band.id.hex(), why=why, needs=needs, today=today)
            given = bool(link.vouchers) and why != "sighting"
            here.rest_ms = GIVEN_MS if given else AGAIN_MS
            if known is not None and known.waits and not here.waits:
                # Whoever of the wallet is seen meanwhile takes nothing of a basket's question away.
                same = known.band == here.band
                here = msgspec.structs.replace(known, link=link) if same else known
            elif known is not None:
                # Another member, or a voucher given meanwhile: there is something new to ask for.
                here.told, here.asked_ms = known.told, known.asked_ms if known.link == link else None
            self._here[link.id] = here
            self._left.discard(link.id)
            (self._waiting.add if here.waits else self._waiting.discard)(link.id)
            while len(self._here) > PRESENT_MAX:
                eldest = next(iter(self._here))
                del self._here[eldest]
                self._waiting.discard(eldest)
        if known is None or known.link != link or given or needs or today:
            self._ring()

    def _ring(self) -> None:
        if self._bell is not None:
            self._bell()

    def _budget_wants(self, now: int) -> tuple[Want, ...]:
        """Return what campaigns lack here: a few redemptions of each should lie ready, offline too."""
        live = self._offers()
        kinds = budgets_of(live.bundle) if live is not None else {}
        if not kinds or (self._budgets_ms is not None and now - self._budgets_ms < AGAIN_MS):
            return ()
        self._budgets_ms = now
        own, promised = self._rooms.sequencer.submit(
            lambda tx: (chest.leases_of(tx, chest.OF_DEVICE), promised_of(tx))
        )
        aims = [
            Aim(kind, each * REDEMPTIONS_WANTED, promised=promised.get(kind, 0))
            for kind, each in kinds.items()
        ]
        wants = (want_of(chest.OF_DEVICE, own, aim, now=now) for aim in aims)
        return tuple(want for want in wants if want is not None)

    def _today(self) -> int:
        layout = self._rooms.profiles.layout()
        return day_at(layout, self._rooms.clock.now_ms())

    def _wanted(self, tx: Transaction, due: list[tuple[str, Here]], now: int) -> list[Want]:
        found: list[Want] = []
        risky = False
        for wallet, here in due:
            leases = chest.leases_of(tx, wallet)
            for aim in aims_of(here, self._rooms.limits.wallet_want_minor, day=self._today()):
                want = want_of(wallet, leases, aim, now=now)
                found.extend([want] if want is not None else [])
            risky = risky or here.link.mandate is MandateState.ACTIVE
        if risky:
            own = chest.leases_of(tx, chest.OF_DEVICE)
            aim = Aim(LeaseKind.RISK, DEVICE_RISK_TIMES * self._rooms.limits.wallet_want_minor)
            want = want_of(chest.OF_DEVICE, own, aim, now=now)
            found.extend([want] if want is not None else [])
        return found


def _close_all(tx: Transaction, *, wallet: str, why: str) -> None:
    for lease in chest.leases_of(tx, wallet):
        chest.end_own(tx, lease, why=why)
