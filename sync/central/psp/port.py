"""The port of a payment service provider: what central asks of one, and the closed list of its answers."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import msgspec

from edge.core.money import Money
from edge.errors import Offline, Refused

REASON_CHARS_MAX = 64


class Answer(enum.StrEnum):
    """What became of a charge or a refund; there is no other answer."""

    PAID = "paid"
    DECLINED_SOFT = "declined_soft"
    """No, this time: the same credential may be asked again later."""
    DECLINED_HARD = "declined_hard"
    """No, and never again with this credential."""
    GUEST_NEEDED = "guest_needed"
    """Only with the guest at the provider's page."""
    PENDING = "pending"
    """Begun; the provider will say how it ended."""
    UNKNOWN = "unknown"
    """Nobody can say whether it happened: never a failure, and never a reason to charge anew."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, and what the provider calls the thing that it is about."""

    answer: Answer
    reason: str = ""
    reference: str = ""
    money: Money | None = None
    """What was really taken, where the provider says so; the books follow this and nothing else."""
    attempt: int = 0
    """Which attempt it speaks of; 0: the provider does not say."""


class Credential(NamedTuple):
    """A stored credential as the provider knows it; nothing prints what could be charged by."""

    token: str
    customer: str
    brand: str = ""
    last_four: str = ""
    expires: int = 0
    """Year and month as 202711; 0 where it has none."""

    def __repr__(self) -> str:
        """Say whose network it is, never by what it is charged."""
        return f"Credential({self.brand} {self.last_four})"


class Begin(NamedTuple):
    """A guest on the way to the provider's page."""

    mandate: str
    currency: str
    back_url: str
    """Where the provider sends the guest back to."""


class Visit(NamedTuple):
    """The provider's page for one guest, and the customer that it was opened for."""

    url: str
    reference: str
    customer: str

    def __repr__(self) -> str:
        """Whoever has the address may store a credential: say nothing of it."""
        return "Visit()"


class Order(NamedTuple):
    """One charge as it is asked for: sent again it must be the same to the last letter."""

    charge: str
    credential: Credential
    money: Money
    made_ms: int
    attempt: int = 1

    @property
    def key(self) -> str:
        """The idempotency key; a key is answered for ever as it was first, so each attempt has its own."""
        return self.charge if self.attempt == 1 else f"{self.charge}.{self.attempt}"


class Return(NamedTuple):
    """One refund to the charge that it came from."""

    refund: str
    reference: str
    """What the provider calls that charge."""
    money: Money


class Subject(enum.StrEnum):
    """What a notice is about."""

    CHARGE = "charge"
    REFUND = "refund"
    MANDATE = "mandate"


class Notice(NamedTuple):
    """What the provider says by itself, late, twice or out of turn: a hint whose signature held."""

    subject: Subject
    key: str
    """The id that central gave to the charge, the refund or the mandate."""
    outcome: Outcome


class Booked(NamedTuple):
    """One line of the provider's own book: what it took, or gave back, of something that is ours."""

    subject: Subject
    reference: str
    """What the provider calls it."""
    key: str
    """The id that central gave to the charge or the refund; nothing where central never asked for it."""
    charge: str
    """The id that central gave to the charge; nothing where the provider names none."""
    money: Money
    at_ms: int
    """When the provider made it, by its own clock, in whole seconds."""


class NotSent(Refused):
    """This notice does not come from the provider."""

    hint = "Compare the secret of the notices at the provider with the credential that central was given."


class Unreachable(Offline):
    """The payment service provider does not answer."""

    hint = "Nothing is lost; try again in a minute."


class Psp(Protocol):
    """A provider; what an ``Outcome`` can say is never raised, and nothing is waited for without end."""

    @property
    def name(self) -> str:
        """The word by which addresses and accounts name this provider."""

    def begin(self, begin: Begin, /) -> Visit:
        """Open the provider's page for a guest; raise ``Unreachable`` where it does not answer."""

    def finish(self, reference: str, /) -> Credential | None:
        """Return what the guest stored at that page; None: nothing yet. Raises as ``begin`` does."""

    def forget(self, credential: Credential, /) -> None:
        """Take a credential out of use at the provider, harmless again. Raises as ``begin`` does."""

    def charge(self, order: Order, /) -> Outcome:
        """Charge without the guest; the same order again gets the same answer."""

    def find(self, order: Order, /) -> Outcome | None:
        """Say what became of a charge; None: the provider holds no such charge."""

    def refund(self, refund: Return, /) -> Outcome:
        """Give back to the original charge; the same refund again gets the same answer."""

    def find_refund(self, refund: Return, /) -> Outcome | None:
        """Say what became of a refund; None: the provider holds no such refund."""

    def statement(self, since_ms: int, until_ms: int | None, /) -> tuple[Booked, ...]:
        """Return all that was taken and given back of what was made between two moments. Raises as ``begin``.

        Never a part of it: where there is more than can be read at once, that is raised, too.
        """

    def read_notice(self, headers: Mapping[str, str], body: bytes, /) -> Notice | None:
        """Check a notice over its raw octets; None: it concerns nothing of ours. Raises ``NotSent``."""
