"""The handshake: a guest says yes, goes to the provider's page, and comes back with a stored credential."""

from __future__ import annotations

from typing import NamedTuple

from edge.errors import Refused
from sync.central.psp import mandates
from sync.central.psp.mandates import Held, Limits, Mandate, State
from sync.central.psp.port import Begin
from sync.central.psp.saga import Saga
from sync.central.psp.standing import tell_wallet
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, wake_after


class Wish(NamedTuple):
    """What a guest agrees to: for which wallet, up to how much."""

    site: str
    wallet: str
    guest: str
    currency: str
    limits: Limits


class Begun(NamedTuple):
    """A mandate that waits for its guest, and the page that they are sent to."""

    mandate: str
    url: str
    page: str

    def __repr__(self) -> str:
        """Whoever has the address may store a credential: say the mandate alone."""
        return f"Begun({self.mandate})"


def begin(saga: Saga, store: Store, wish: Wish, *, back_url: str) -> Begun:
    """Write the wish down, ask the provider for a page, seal what it said.

    ``{mandate}`` in the way back is filled with the mandate's own name.
    """
    id_ = mandates.new_id()
    with store.transaction() as tx:
        made = Mandate(id=id_, wallet=wish.wallet, guest=wish.guest, psp=saga.psp.name, limits=wish.limits)
        mandates.add(tx, wish.site, made, seals=saga.seals)
    asked = Begin(f"{wish.site}.{id_}", wish.currency, back_url.replace("{mandate}", id_))
    visit = saga.psp.begin(asked)
    with store.transaction() as tx:
        held = Held(customer=visit.customer, page=visit.reference)
        mandates.keep(tx, wish.site, id_, seals=saga.seals, held=held)
    return Begun(id_, visit.url, visit.reference)


def revoke(tx: Connection, site: str, id_: str, *, reason: str) -> bool:
    """Charge nothing more by a mandate from this commit on; says whether that is new.

    The provider is told next.
    """
    take_turn(tx, site)
    known = mandates.mandate(tx, site, id_)
    if known.state not in mandates.ALIVE:
        return False
    if not mandates.stand(tx, site, id_, state=State.REVOKED, reason=reason):
        raise Refused("This mandate cannot be revoked.")
    tell_wallet(tx, site, known.wallet)
    wake_after(tx, site)
    return True
