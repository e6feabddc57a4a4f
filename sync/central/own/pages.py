"""What a guest sees and does on their own page: their stored card, its limits, and what was charged."""

from __future__ import annotations

from edge.core.money import minor_in, spelled
from edge.errors import Refused
from sync.central import doors
from sync.central.console.acts import Act, record
from sync.central.console.answers import Answer, Moved, Page
from sync.central.console.ask import Ask
from sync.central.console.fields import Mistyped
from sync.central.console.routes import Audience, Route, act, read
from sync.central.journey.cards import until
from sync.central.money import pots
from sync.central.own.cookie import moved_with
from sync.central.own.deciding import wallet_of
from sync.central.own.saying import amount, moment
from sync.central.psp import charges, mandates
from sync.central.psp.handshake import Wish, begin, revoke
from sync.central.psp.judgement import Charge, Purpose
from sync.central.psp.mandates import ALIVE, CONSENT, Limits, Mandate, State
from sync.central.psp.saga import Saga, saga_of
from sync.central.psp.standing import ends_soon
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection
from sync.passes import PASS_CHARS_MAX

HOME, CARD = "/own/", "/own/card"
BACK = "/own/back"
SHOWN_MAX = 20
"""Charges on the page; the rest staff can show."""
AMOUNT_CHARS_MAX = 16
SUGGESTED = (5_000, 10_000, 50_000)
"""Limits that a new form proposes, in the wallet's minor units."""
LIMITS = ("once", "a_day", "a_month")


def _door(ask: Ask) -> Answer:
    """Show what a link is for; it is spent by pressing the button, never by whatever looks at it before."""
    return Page("door.html", {"key": ask.request.args.get("t", "")[:PASS_CHARS_MAX]})


def _enter(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        visitor, session = doors.enter(tx, ask.request.form.get("key", "")[:PASS_CHARS_MAX])
        by = f"by {visitor.made_by}"
        record(tx, Act(site=visitor.site, who="", what="own_page_opened", target=visitor.guest, after=by))
    return moved_with(ask, CARD, session=session)


def _leave(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        doors.leave(tx, ask.session)
    return moved_with(ask, HOME, session="")


def _back(_: Ask) -> Answer:
    """Where the provider sends a guest: a cookie of ours does not come along from there, a link brings it."""
    return Page("back.html")


def _card(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        wallet = wallet_of(tx, ask)
        one = _latest(tx, ask, wallet)
        made = charges.of_mandate(tx, ask.site, one.id)[:SHOWN_MAX] if one is not None else ()
        soon = ends_soon(tx, ask.site, wallet.id)
        owed = pots.owed_of(tx, ask.site, wallet.id, currency=wallet.currency)
    limits = one.limits if one is not None and one.state in ALIVE else Limits(*SUGGESTED)
    values = {
        "card": one,
        "name": f"{one.brand} …{one.last_four}" if one is not None and one.last_four else "",
        "until": until(one) if one is not None else "",
        "ends": soon,
        "alive": one is not None and one.state in ALIVE,
        "waits": one is not None and one.state is State.PENDING,
        "limits": [
            (name, spelled(minor, wallet.currency)) for name, minor in zip(LIMITS, limits, strict=True)
        ],
        "currency": wallet.currency,
        "owed": amount(ask, owed or None, wallet.currency),
        "fill": amount(ask, wallet.fill_minor, wallet.currency),
        "low": amount(ask, wallet.low_minor, wallet.currency),
        "consent": CONSENT,
        "charges": [_row(ask, charge) for charge in made],
    }
    return Page("card.html", values)


def _store(ask: Ask) -> Answer:
    """Send the guest to the provider's page with the limits that they agree to."""
    with ask.store.transaction() as tx:
        wallet = wallet_of(tx, ask)
        doors.count(tx, ask.session)
    wish = Wish(ask.site, wallet.id, ask.path["guest"], wallet.currency, _limits(ask, wallet))
    begun = begin(_saga(ask), ask.store, wish, back_url=f"{ask.rooms.settings.public_url}{BACK}")
    with ask.store.transaction() as tx:
        ask.record(tx, "mandate_begun", begun.mandate, after=f"{ask.path['guest']} {tuple(wish.limits)}")
    return Page("begun.html", {"begun": begun})


def _check(ask: Ask) -> Answer:
    """Ask the provider what the guest stored, where its own word has not come yet."""
    with ask.store.transaction() as tx:
        doors.count(tx, ask.session)
        one = _latest(tx, ask, wallet_of(tx, ask))
    stored = one is not None and one.state is State.PENDING and _saga(ask).finish(ask.site, one.id)
    return Moved(CARD, "stored" if stored else "not_stored")


def _limit(ask: Ask) -> Answer:
    """Change what may be charged from the next charge on."""
    with ask.store.transaction() as tx:
        wallet = wallet_of(tx, ask)
        doors.count(tx, ask.session)
        one = _latest(tx, ask, wallet)
        if one is None or one.state not in ALIVE:
            raise Refused("There is no stored card.")
        limits = _limits(ask, wallet)
        mandates.limit(tx, ask.site, one.id, limits=limits)
        ask.record(tx, "own_limits_changed", one.id, before=str(tuple(one.limits)), after=str(tuple(limits)))
    return Moved(CARD, "limits")


def _revoke(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        one = _latest(tx, ask, wallet_of(tx, ask))
        if one is not None and revoke(tx, ask.site, one.id, reason="guest"):
            ask.record(tx, "mandate_revoked", one.id)
    return Moved(CARD, "revoked")


def _latest(tx: Connection, ask: Ask, wallet: Wallet) -> Mandate | None:
    """Return the wallet's card that is alive, or the last one that was."""
    held = mandates.of_wallet(tx, ask.site, wallet.id)
    alive = (one for one in held if one.state in (State.ACTIVE, State.NEEDS_GUEST))
    return next(alive, held[0] if held else None)


def _limits(ask: Ask, wallet: Wallet) -> Limits:
    """Return the limits that were typed, and agreed to in the words that stood above them."""
    if ask.typed("agrees") != CONSENT:
        raise Mistyped("agrees", "wrong.agrees")
    amounts = [minor_in(ask.typed(name)[:AMOUNT_CHARS_MAX], wallet.currency) for name in LIMITS]
    once, day, month = (minor or 0 for minor in amounts)
    if not 0 < once <= day <= month:
        raise Mistyped("once", "wrong.limits")
    return Limits(once, day, month)


def _saga(ask: Ask) -> Saga:
    settings = ask.rooms.settings
    saga = saga_of(ask.store, settings.psp, settings.seals)
    if saga is None:
        raise Refused("No card can be stored here.", hint="Ask our staff.")
    return saga


def _row(ask: Ask, one: Charge) -> dict[str, object]:
    """Return one charge as its own receipt: what was taken, when, and for which taps."""
    return {
        "id": one.id,
        "amount": amount(ask, one.money.minor, one.money.currency),
        "state": f"charge.{one.state}",
        "time": moment(ask, one.made_ms),
        "filled": one.purpose is Purpose.TOP_UP,
        "taps": [name.removeprefix("op:").partition(":")[0] for name in one.about.split()],
    }


ROUTES: tuple[Route, ...] = (
    read("/", _door, "What a guest's link is for.", audience=Audience.ANYONE),
    act("/enter", _enter, "Spend a link: its guest's page opens.", audience=Audience.ANYONE),
    read("/back", _back, "Where the provider sends a guest back to.", audience=Audience.ANYONE),
    read("/card", _card, "The guest's stored card.", audience=Audience.GUEST),
    act("/store", _store, "Send the guest to the provider's page.", audience=Audience.GUEST),
    act("/check", _check, "Ask the provider what the guest stored.", audience=Audience.GUEST),
    act("/limits", _limit, "Change what may be charged.", audience=Audience.GUEST),
    act("/revoke", _revoke, "Let nothing more be charged.", audience=Audience.GUEST),
    act("/leave", _leave, "Close the page.", audience=Audience.GUEST),
)
