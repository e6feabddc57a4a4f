"""Placement: whose money should lie at this device, by who was seen here; a bad guess loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from edge.core.calendar import day_of
from edge.core.decision import Outcome, Reason
from edge.core.lease import Close, Grant, Lease, LeaseKind, LeaseState, Want, ready
from edge.core.offers import Bundle
from edge.core.places import PointKind
from edge.core.profiles import Profile
from edge.core.wallet import MandateState, WalletLink
from edge.service.bundles import Live
from edge.service.facts import Asked, zone_of
from edge.service.offerbook import promised_of
from edge.service.payments import chest
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction
from edge.views import StaffView

CURSOR = "lease_cursor"
PRESENT_MAX = 5_000
"""Wallets that are thought to be here; the one seen longest ago makes place."""
WANTS_MAX = 200
LOW_PERMILLE = 400
"""Below this part of what was wanted it is asked for again."""
AGAIN_MS, AGAIN_MS_MAX = 20_000, 10_240_000
"""So long nothing is asked again that central had no more of; twice as long each time, until it is seen."""
GIVEN_MS = 2_000
"""So long where the guest has vouchers and taps: a second one that care gives looks like the first."""
RENEW_MS = 600_000
"""A lease that ends sooner is asked to last longer."""
VOUCHERS_WANTED = 2
REDEMPTIONS_WANTED = 10
"""Redemptions of each campaign that should lie ready at a device."""
RISK_TAPS_WANTED = 3
DEVICE_RISK_TIMES = 10
"""This device's own part of the risk budget is asked for as so many guests'."""
PERMILLE = 1_000
_NUMBER = msgspec.msgpack.Decoder(int).decode


class Here(msgspec.Struct, kw_only=True):
    """A wallet that is thought to be here, by the band of it that was seen last."""

    link: WalletLink
    band: str
    why: str
    told: bool = False
    asked_ms: int | None = None
    rest_ms: int = AGAIN_MS
    needs: int = 0
    """What a basket that stands here lacks of money."""
    today: int = 0
    """What it lacks of what the band may spend today."""

    @property
    def waits(self) -> bool:
        """Whether a basket stands here that lacks something."""
        return bool(self.needs or self.today)


class Aim(msgspec.Struct, frozen=True):
    """So many units of one kind should lie here, for one band or for all of the wallet."""

    kind: str
    units: int
    band: str = ""
    needs: int = 0
    """What a basket lacks right now."""
    day: int | None = None
    """The local day that it is for; None: it is for no day."""
    promised: int = 0
    """Of what lies here, what guests were promised already: nobody else is shown an offer of it."""


class Placement:
    """Knows who is here, what to ask of central, and takes what central sets aside."""

    def __init__(self, rooms: Rooms, offers: Callable[[], Live | None]) -> None:
        """Act through these rooms; nobody listens yet. ``offers`` says what campaigns need budgets here."""
        self._rooms, self._offers = rooms, offers
        self._budgets_ms: int | None = None
        self._changed = threading.Condition()
        self._here: dict[str, Here] = {}
        self._left: set[str] = set()
        self._round = 0
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
            return any(here.waits for here in self._here.values())

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
            due = [
                (wallet, here)
                for wallet, here in self._here.items()
                if here.waits or here.asked_ms is None or now - here.asked_ms >= here.rest_ms
            ]
        # Who stands at a till waits for no guess about all the others.
        due = [one for one in due if one[1].waits] or due
        if not due:
            return budgets
        found = self._rooms.sequencer.submit(lambda tx: self._wanted(tx, due[:WANTS_MAX], now))
        with self._changed:
            for _, here in due[:WANTS_MAX]:
                here.rest_ms = AGAIN_MS if here.asked_ms is None else min(2 * here.rest_ms, AGAIN_MS_MAX)
                here.asked_ms, here.needs, here.today = now, 0, 0
        return (*budgets, *found)[:WANTS_MAX]

    def presences(self) -> tuple[tuple[str, str, bool], ...]:
        """Return who came and who left since the last time: wallet, how it was seen, whether it left."""
        with self._changed:
            came = [(wallet, here.why, False) for wallet, here in self._here.items() if not here.told]
            gone = [(wallet, "exit", True) for wallet in self._left]
        return (*came[: WANTS_MAX // 2], *gone[: WANTS_MAX // 2])

    def heard(self, presences: Iterable[tuple[str, str, bool]]) -> None:
        """Take that central has heard these: what is held of who has left goes back now."""
        for wallet, _, left in presences:
            if left:
                self._rooms.sequencer.submit(partial(_close_all, wallet=wallet, why="left"))
            with self._changed:
                self._left.discard(wallet)
                if not left and wallet in self._here:
                    self._here[wallet].told = True

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
                self._round += 1
                self._changed.notify_all()

    def block(self, wallet: str, epoch: int) -> None:
        """Stop all that this device holds of a wallet, durably, and give it back."""

        def act(tx: Transaction) -> None:
            if chest.block_wallet(tx, wallet, epoch):
                _close_all(tx, wallet=wallet, why="blocked")

        self._rooms.sequencer.submit(act)

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
        """Ask for what a basket lacks, and wait a little for it where somebody carries the question."""
        if self._bell is None:
            return
        with self._changed:
            before = self._round
        self.needs(profile, minor, today=today)
        with self._changed:
            self._changed.wait_for(lambda: self._round != before, self._rooms.limits.lease_wait_ms / 1_000)

    def _come(self, profile: Profile, link: WalletLink, *, why: str, needs: int = 0, today: int = 0) -> None:
        with self._changed:
            known = self._here.pop(link.id, None)
            here = Here(link=link, band=profile.band.id.hex(), why=why, needs=needs, today=today)
            given = bool(link.vouchers) and why != "sighting"
            here.rest_ms = GIVEN_MS if given else AGAIN_MS
            if known is not None:
                # Another member, or a voucher given meanwhile: there is something new to ask for.
                here.told, here.asked_ms = known.told, known.asked_ms if known.link == link else None
            self._here[link.id] = here
            self._left.discard(link.id)
            while len(self._here) > PRESENT_MAX:
                del self._here[next(iter(self._here))]
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
        wants = (_want(chest.OF_DEVICE, own, aim, now=now) for aim in aims)
        return tuple(want for want in wants if want is not None)

    def _today(self) -> int:
        layout = self._rooms.profiles.layout()
        starts_min, zone = (0, "UTC") if layout is None else (layout.day_starts_min, layout.timezone)
        return day_of(zone_of(zone), starts_min, self._rooms.clock.now_ms())

    def _wanted(self, tx: Transaction, due: list[tuple[str, Here]], now: int) -> list[Want]:
        found: list[Want] = []
        risky = False
        for wallet, here in due:
            leases = chest.leases_of(tx, wallet)
            for aim in _aims(here, self._rooms.limits.wallet_want_minor, day=self._today()):
                want = _want(wallet, leases, aim, now=now)
                found.extend([want] if want is not None else [])
            risky = risky or here.link.mandate is MandateState.ACTIVE
        if risky:
            own = chest.leases_of(tx, chest.OF_DEVICE)
            aim = Aim(LeaseKind.RISK, DEVICE_RISK_TIMES * self._rooms.limits.wallet_want_minor)
            want = _want(chest.OF_DEVICE, own, aim, now=now)
            found.extend([want] if want is not None else [])
        return found


def budgets_of(bundle: Bundle) -> dict[str, int]:
    """Return the budgets that a bundle's offers are paid out of, and what one redemption takes at most."""
    found: dict[str, int] = {}
    for offer in bundle.offers:
        if offer.budget is not None:
            found[offer.budget.id] = max(found.get(offer.budget.id, 0), offer.budget.each)
    return found


def _aims(here: Here, floor: int, *, day: int) -> list[Aim]:
    """Return each kind that this band could spend here, how much of it should be ready, and for whom."""
    link = here.link
    if link.blocked:
        return []
    aims = [Aim(one.kind, floor if one.unit_minor else VOUCHERS_WANTED) for one in link.vouchers]
    if link.no_charge:
        return aims
    aims.insert(0, Aim(LeaseKind.MONEY, max(floor, here.needs), needs=here.needs))
    if link.day_leased:
        kind, most = f"{LeaseKind.DAY}:{here.band}", link.limits.day_minor_max or floor
        aims.append(Aim(kind, most, band=here.band, needs=here.today, day=day))
    if link.mandate is MandateState.ACTIVE:
        aims += [Aim(LeaseKind.RISK, floor), Aim(LeaseKind.RISK_TAPS, RISK_TAPS_WANTED)]
    return aims


def _want(wallet: str, leases: Iterable[Lease], aim: Aim, *, now: int) -> Want | None:
    """Return what to ask of one kind; None: enough is ready, and for long enough."""
    alike = [
        lease
        for lease in leases
        if lease.kind == aim.kind and lease.band in ("", aim.band) and lease.day == aim.day
    ]
    have = max(0, sum(ready(lease, now) for lease in alike) - aim.promised)
    living = [lease for lease in alike if lease.state is not LeaseState.CLOSED]
    largest = max(living, key=lambda lease: (lease.state is LeaseState.OPEN, lease.spendable), default=None)
    ends = largest is not None and largest.ends_ms - now < RENEW_MS
    if not ends and not aim.needs and have * PERMILLE >= aim.units * LOW_PERMILLE:
        return None
    if largest is None:
        why = "basket" if aim.needs else "presence"
        return Want(wallet=wallet, kind=aim.kind, total=aim.units, band=aim.band, why=why)
    more = aim.needs if aim.needs and have >= aim.units else max(0, aim.units - have)
    total = largest.counters.granted + more
    why = "basket" if aim.needs else "refill"
    return Want(wallet=wallet, kind=aim.kind, lease=largest.id, total=total, band=aim.band, why=why)


def _close_all(tx: Transaction, *, wallet: str, why: str) -> None:
    for lease in chest.leases_of(tx, wallet):
        chest.end_own(tx, lease, why=why)
