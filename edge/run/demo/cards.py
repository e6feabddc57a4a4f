"""The demo's stored cards: kept at the built-in test provider, and how charges to them go."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from edge.core.wallet import MandateState
from edge.errors import PolsoError, Refused
from edge.keys.source import Source
from edge.run.demo.park import Park, Purse
from edge.run.network import seen_from_outside
from edge.run.provider import SANDBOX, Provider
from kiosk.park import CardTurn, DemoCard
from sync.central.money import policy as policies
from sync.central.money import pots
from sync.central.psp import charges, mandates
from sync.central.psp.handshake import Wish, begin, revoke
from sync.central.psp.judgement import OPEN
from sync.central.psp.mandates import Limits, State
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.registry import members, wallets
from sync.central.settings import Settings
from sync.central.store import Connection, Store, wake_after

LOG = logging.getLogger("polso.demo")
BOOK_FILE = "provider.json"
LIMITS = Limits(charge=10_000, day=30_000, month=100_000)
RISK_MINOR, RISK_TAP_MINOR, RISK_WALLET_MINOR = 50_000, 6_000, 10_000
LATE_MS = 12_000
"""A late answer comes a little after central has given up waiting for it."""
TURNS = MappingProxyType(
    {
        CardTurn.DECLINED: Card.SOFT,
        CardTurn.GUEST_NEEDED: Card.GUEST,
        CardTurn.NO_ANSWER: Card.LOST,
    }
)


class Cards:
    """The guests of the park who stored a card, and the provider that holds it."""

    def __init__(self, park: Park, store: Store, folder: Path, *, key: Source, host: str) -> None:
        """Open the test provider beside central's database; ``host`` is where guests' browsers find it."""
        self._park, self._store = park, store
        self._sandbox = Sandbox(host=host, late_ms=LATE_MS, kept=folder / BOOK_FILE)
        self._sandbox.pages_url = seen_from_outside(self._sandbox.url.replace(host, "127.0.0.1"), host)
        self._saga: Saga | None = None
        self._provider = Provider(SANDBOX, key, sandbox=self._sandbox)
        self._provider.prove(store)

    def settings(self, settings: Settings) -> Settings:
        """Return central's settings with this provider."""
        return self._provider.settings(settings)

    def start(self, central: str, settings: Settings) -> None:
        """Let the provider answer, and let each guest store their card who has none there."""
        self._provider.start(central)
        if settings.psp is None or settings.seals is None:
            raise Refused("The demo's central has no provider.")
        self._saga = Saga(self._store, settings.psp, settings.seals)
        self.mend()

    def mend(self) -> None:
        """Let each of these guests store a card who has none to be charged, and pay what they owe."""
        self.turn(CardTurn.PAID)
        self.pay()
        for purse in self._purses():
            with self._store.transaction() as tx:
                held = mandates.of_wallet(tx, self._site, purse.id)
                active = any(one.state is State.ACTIVE for one in held)
                for one in held if not active else ():
                    revoke(tx, self._site, one.id, reason="replaced")
            if not active:
                self._let_store(purse)

    def stop(self) -> None:
        """Close the provider."""
        self._provider.stop()

    @property
    def url(self) -> str:
        """Where the provider answers."""
        return self._sandbox.pages_url

    def state(self) -> DemoCard | None:
        """Say how the first of these cards stands; None where nobody stored one."""
        purse = next(iter(self._purses()), None)
        if purse is None:
            return None
        with self._store.reading() as tx:
            known = wallets.wallet(tx, self._site, purse.id)
            owed = pots.owed_of(tx, self._site, purse.id, currency=known.currency)
            held = mandates.of_wallet(tx, self._site, purse.id)
            last = charges.of_mandate(tx, self._site, held[0].id)[:1] if held else ()
        return DemoCard(
            guest=self._name(purse),
            next=self._next(),
            state=held[0].state.value if held else "",
            owes_minor=owed,
            denied=known.mandate is MandateState.DECLINED,
            charge=last[0].state.value if last else "",
            charge_minor=last[0].money.minor if last else 0,
        )

    def turn(self, turn: CardTurn) -> None:
        """Choose how new charges go; back to paid, what waits for another try has it now."""
        self._sandbox.book.mood = TURNS.get(turn)
        if turn is CardTurn.PAID:
            with self._store.transaction() as tx:
                for one in charges.listed(tx, self._site, states=OPEN):
                    charges.QUEUE.hurry(tx, self._site, one.id)

    def pay(self) -> None:
        """Pay what these guests owe, as at a desk of the park; who owes nothing pays nothing."""
        with self._store.transaction() as tx:
            for purse in self._purses():
                self._pay(tx, purse)
            wake_after(tx, self._site)

    @property
    def _site(self) -> str:
        return self._park.site.id

    def _purses(self) -> Sequence[Purse]:
        return [purse for purse in self._park.wallets if purse.fill_minor is not None]

    def _next(self) -> CardTurn:
        now = self._sandbox.book.mood
        return next((turn for turn, card in TURNS.items() if card is now), CardTurn.PAID)

    def _name(self, purse: Purse) -> str:
        return next(one.name for one in self._park.guests if one.pays and one.pays.wallet == purse.id)

    def _pay(self, tx: Connection, purse: Purse) -> None:
        held = wallets.lock(tx, self._site, purse.id)
        owed = pots.owed_of(tx, self._site, held.id, currency=held.currency)
        if owed:
            paid = ("bank", owed, held.currency)
            pots.top_up(tx, self._site, f"desk:{secrets.token_hex(8)}", wallet=held.id, paid=paid)

    def _let_store(self, purse: Purse) -> None:
        """Do what the guest does at the provider's page."""
        if self._saga is None:
            raise Refused("The demo's provider is not open yet.")
        with self._store.reading() as tx:
            (member, *_) = members.members(tx, self._site, purse.id)
        wish = Wish(self._site, purse.id, member.guest, self._park.site.currency, LIMITS)
        try:
            begun = begin(self._saga, self._store, wish, back_url="http://localhost/")
            self._sandbox.store(begun.page, Card.PAID)
            self._saga.finish(self._site, begun.mandate)
        except PolsoError as error:
            LOG.warning("a guest's card is not stored: %s", error)


def allow_risk(tx: Connection, site: str) -> None:
    """Let the park lose a little to payments without money behind them, once."""
    chosen = policies.Policy(
        risk_minor=RISK_MINOR, risk_tap_minor_max=RISK_TAP_MINOR, risk_wallet_minor=RISK_WALLET_MINOR
    )
    if policies.policy(tx, site) == policies.Policy():
        policies.put_policy(tx, site, chosen)
