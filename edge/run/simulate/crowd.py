"""The crowd: people at whose bands, rights or wallets something is out of the ordinary, one of each kind."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.bands import Band, BandState, Trust
from edge.core.entitlements import Entitlement, Hours, Party, Question, Reentry, RuleText, Status, Terms
from edge.core.entitlements import TimeSlot as Time
from edge.core.lease import Limits
from edge.core.wallet import MandateState
from hardware.port import Medium, ReadFault
from hardware.port import Trust as Proof
from sync.central.registry import bands, guests, members, profiles, rights, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.store import Connection

FREE = Reentry.FREE
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


class Odd(msgspec.Struct, frozen=True):
    """One of them; what is left empty is as it is with everybody."""

    name: str
    terms: tuple[Terms, ...] = (Terms(reentry=FREE),)
    """Of each of their rights."""
    right: dict[str, Any] = {}
    band: dict[str, Any] = {}
    guest: dict[str, Any] | None = {}
    """None: the band is nobody's."""
    wallet: dict[str, Any] | None = None
    member: dict[str, Any] = {}
    tap: dict[str, Any] = {}
    """How their band is read."""
    at: str = "gate"
    unknown: bool = False
    """Whether no register knows the band."""


def crowd(begin_ms: int, currency: str) -> tuple[Odd, ...]:
    """Return all of them, at a site whose story begins at a moment."""
    return (*_of_rights(begin_ms), *_of_people(), *_of_bands(begin_ms), *_of_purses(currency))


def _of_rights(begin_ms: int) -> tuple[Odd, ...]:
    slot = {"slot": Time(start_ms=begin_ms - HOUR_MS, end_ms=begin_ms + 6 * MINUTE_MS)}
    question = Terms(questions=(Question(id="lunch", kind="yes_no"),), reentry=FREE)
    return (
        Odd("early", right={"valid_from_ms": begin_ms + 90 * 24 * HOUR_MS}),
        Odd("late", right={"valid_until_ms": begin_ms - 90 * 24 * HOUR_MS}),
        Odd("slot", right=slot),
        Odd("closed", (Terms(hours=Hours(weekdays={}), reentry=FREE),)),
        Odd("other gate", (Terms(points=("gate-0",), reentry=FREE),)),
        Odd("no right", ()),
        *(Odd(status.value, right={"status": status}) for status in Status if status is not Status.VALID),
        Odd("seen by staff", (Terms(confirm=True, reentry=FREE),)),
        Odd("asked", (question,)),
        Odd("noted", (Terms(attention="In a wheelchair.", reentry=FREE),)),
        Odd("ruled out", (Terms(rules=(RuleText("never", "false"),), reentry=FREE),)),
        Odd("unruled", (Terms(rules=(RuleText("broken", "guest.nothing > 1"),), reentry=FREE),)),
        Odd("again", (Terms(since_last_s_min=3_600, reentry=FREE),)),
        Odd("torn between", (Terms(reentry=FREE), Terms(reentry=FREE)), at="ride"),
    )


def _of_people() -> tuple[Odd, ...]:
    adult, tall = Terms(age_min=18, reentry=FREE), Terms(height_cm_min=120, reentry=FREE)
    together = Terms(uses_max=1, together=True)
    return (
        Odd("child", (adult,), guest=YOUNG),
        Odd("of some age", (adult,)),
        Odd("small", (tall,), guest={"height_cm": 90}),
        Odd("of some height", (tall,)),
        Odd("alone", (Terms(companion_role="adult", reentry=FREE),)),
        Odd("many", (together,), guest={"party": Party(id="bus", size=3)}),
        Odd("crowded out", at="tower"),
        Odd("rider", at="ride"),
        Odd("leaver", at="out"),
        Odd("idler", at="till"),
    )


def _of_bands(begin_ms: int) -> tuple[Odd, ...]:
    unproved, forged = {"trust": Proof.NONE}, {"fault": ReadFault.NOT_AUTHENTIC, "trust": Proof.NONE}
    torn = (ReadFault.TORN, ReadFault.REFUSED_CHIP, ReadFault.RANDOM_UID)
    return (
        Odd("stranger", unknown=True),
        Odd("nobody", guest=None),
        Odd("inactive", band={"active": False}),
        Odd("expired", band={"valid_until_ms": begin_ms - HOUR_MS}),
        Odd("lost", band={"state": BandState.LOST}),
        Odd("replaced", band={"state": BandState.REPLACED}),
        Odd("copied", band={"trust_min": Trust.LIVE}, tap={"trust": Proof.UID}),
        Odd("counted", tap={"counter": 7}),
        *(Odd(fault.value, tap={**unproved, "fault": fault}) for fault in torn),
        Odd("forged", tap=forged),
        Odd("forged code", tap={**forged, "medium": Medium.QR}),
        Odd("code", tap={"medium": Medium.QR}, unknown=True),
    )


def _of_purses(currency: str) -> tuple[Odd, ...]:
    purse, secret = {"currency": currency}, Limits(pin_above_minor=100)
    return (
        Odd("no purse", at="sale"),
        Odd("blocked purse", wallet={**purse, "state": WalletState.BLOCKED}, at="sale"),
        Odd("no mandate", wallet={**purse, "mandate": MandateState.DECLINED}, at="sale"),
        Odd("old mandate", wallet={**purse, "mandate": MandateState.EXPIRED}, at="risk"),
        Odd("capped", wallet=purse, member={"limits": Limits(tap_minor_max=100)}, at="sale"),
        Odd("with a PIN", wallet={**purse, "pin_hash": PIN_HASH}, member={"limits": secret}, at="pin"),
        Odd("minor", guest=YOUNG, wallet=purse, at="wine"),
        Odd("of drinking age", wallet=purse, at="wine"),
    )


YOUNG = {"age_band": "8-11"}
PIN_HASH = "$argon2id$v=19$m=8,t=1,p=1$c2ltdWxhdGVkc2FsdA$AAAAAAAAAAAAAAAAAAAAAA"
"""Of no PIN: whatever is typed is wrong, and that is soon said."""


def uid_of(number: int) -> bytes:
    """Return what a reader reads of the band of one of them."""
    return bytes([4, 0x52, number, 0x22, 0x33, 0x44, 0x55])


def wallet_of(number: int) -> str:
    """Return from which wallet one of them pays."""
    return f"x{number}"


def welcome(tx: Connection, site: str, band_key: bytes, *, crowd: tuple[Odd, ...]) -> None:
    """Announce all of them at once."""
    cards = []
    for number, one in enumerate(crowd):
        if one.unknown:
            continue
        band = Band(**{"id": bands.band_id(band_key, uid_of(number)), "trust_min": Trust.UID, **one.band})
        guest = f"o{number}"
        cards.append(BandCard(band=band, guest=None if one.guest is None else guest, label=one.name))
        if one.guest is not None:
            guests.put_guests(tx, site, [Guest(id=guest, **one.guest)])
            rights.put_rights(tx, site, _rights(number, one), guest=guest)
        if one.wallet is not None:
            wallets.create(tx, site, Wallet(id=wallet_of(number), **one.wallet))
            members.join(tx, site, Member(guest=guest, wallet=wallet_of(number), **one.member))
    bands.add_bands(tx, site, cards)
    profiles.publish_bands(tx, site, cards)


def _rights(number: int, one: Odd) -> list[Entitlement]:
    return [
        Entitlement(**{"id": f"q{number}-{at}", "product": "any", "terms": terms, **one.right})
        for at, terms in enumerate(one.terms)
    ]
