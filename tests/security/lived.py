"""A guest who did at one edge whatever a guest can do there, and what is kept of them afterwards."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import msgspec

from edge.core.consent import Consent, Source
from edge.core.elsewhere import Limited
from edge.core.lease import Limits
from edge.core.offers import Cap
from edge.core.offers.elsewhere import OFFER_TIMES
from edge.core.site import UNSETTLED
from edge.sequencer import Transaction
from edge.service.times import KeptTime, keep
from sync.client.heard import HEARD
from tests.builders import HOUR_MS, NOW_MS, a_day_ticket, a_slot_right
from tests.service.house import OTHER_UID, UID, House, band_of, worn
from tests.service.offered import ALLOWS, an_offer, budget, published, took
from tests.service.purses import GUEST_PIN, TILL, a_grant, a_guest, cashier, granted, rung_up, tapped
from tests.service.test_alarms import replayed
from tests.service.test_near import a_slot, a_stock, ready, shop, slots
from tests.service.test_nearby import heard, passed
from tests.tidy.source import ROOT

GUEST, NAME, TAG, SLOT = "guest-1", "Canarina-7f3e", "tag-canary-91c4", "slot-canary"
SPARE = bytes.fromhex("04778899AABBCC")
NOBODYS = frozenset(
    (
        *(
            "count",
            "clock_doubt",
            "checkpoint",
            "frozen",
            "lease_cursor",
            "lease_clock",
            "lease_gone",
            "lease_passed",
            "sync",
            "tallies",
        ),
        *("sessions", "screens", "screen_codes", "pin_tried", "shift", "shift_closed", "receipt", "till"),
        *(
            "hold",
            "cash_desk",
            "wallet_leases",
            "wallet_block",
            "wallet_heard",
            "mandate_stopped",
            "vouchers_here",
            "help_calls",
        ),
        *("slot_given", "slot_taken", "feedback", "shift_closed_by", "offer_sent", "order_code"),
        *("coupon_voided", "coupon_answered"),
        *("paper_coupon", "paper_coupon_of", "paper_coupon_none", "paper_coupon_aside"),
        *("paper_coupon_open", "site-book"),
    )
)
"""Kinds of small things that no guest is named in."""


def lived(edge: House) -> str:
    """Have a whole day: each small thing that is kept of a guest is kept of this one; return a tap."""
    slot = msgspec.structs.replace(a_slot_right(start_ms=NOW_MS + 2 * HOUR_MS), id=SLOT)
    presence = Consent(purpose="presence", turns=1, since_ms=5, source=Source.CONSOLE)
    profile = a_guest(edge, pin=GUEST_PIN, limits=Limits(pin_above_minor=2_000, taps_before_pin=9), name=NAME)
    rights = (a_day_ticket(), slot)
    told = {"entitlements": rights, "consents": (*ALLOWS, presence), "tags": (TAG,), "rev": 900}
    edge.tell(msgspec.structs.replace(profile, **told))  # type: ignore[arg-type]  # fields by name
    _moving(edge)
    _asking(edge)
    _paying(edge)
    return _ending(edge)


def _moving(edge: House) -> None:
    heard(edge, UID, s=6, rssi=-58)
    for reader in ("reader-1", "reader-out", "reader-1"):
        edge.service.present(edge.tap(reader=reader))
        edge.hands.forward(s=60)
    passed(edge)


def _asking(edge: House) -> None:
    slots(edge, a_slot(1), a_slot(3))
    published(edge, an_offer(caps=(Cap(most=0, everywhere=9),), dealt=("edge-1",)))
    budget(edge)
    edge.service.look_up(edge.session("gate"), NAME)
    took(edge, band_of(edge))
    tap = at_the_kiosk(edge)
    edge.service.consent(tap, "kiosk", "offers", given=False)
    edge.service.near.move(tap, "kiosk", SLOT, start_ms=a_slot(1).start_ms)
    kept = KeptTime(slot="flight", point="gate-1", until_ms=NOW_MS + 9 * HOUR_MS)
    edge.sequencer.submit(lambda tx: keep(tx, SLOT, kept))
    shop(edge, a_stock(9))
    edge.service.near.reserve(tap, "kiosk", article="cup", store="till", op="op-canary")
    ready(edge, guest=GUEST)
    edge.service.call_help("kiosk", "help-canary-0001")
    edge.service.near.give_feedback(tap, "kiosk", score=2, because="waiting", named=True)


def _paying(edge: House) -> None:
    granted(
        edge,
        a_grant(5_000, limits=Limits(taps_before_pin=9)),
        a_grant(500, lease="own", band=band_of(edge).hex()),
    )
    rung_up(edge)
    tapped(edge)
    edge.service.top_up(cashier(edge), TILL, "cash-canary-0001", minor=500)
    edge.service.present(edge.tap(reader="reader-till"))


def _ending(edge: House) -> str:
    edge.tell(worn(edge, SPARE, guest=None, name="", entitlements=()))
    new, old = band_of(edge, SPARE).hex(), band_of(edge).hex()
    asked = edge.service.ask_link(edge.session(), new, old, reason="torn strap")
    edge.service.approve(edge.session("supervisor", staff="dora"), asked.id, granted=True)
    tap = at_the_kiosk(edge)
    replayed(edge, counter=99_999)
    edge.sequencer.submit(lambda tx: _told(tx, band_of(edge).hex(), tap))
    edge.sequencer.submit(lambda tx: tx.link(band_of(edge, OTHER_UID), worn(edge, OTHER_UID, name=NAME)))
    edge.sequencer.erase_ghosts()
    return tap


def _told(tx: Transaction, band: str, tap: str) -> None:
    """Keep what comes by the wire, by radio, or from a question that somebody else asked."""
    tx.put("answers", tap, msgspec.msgpack.encode({"question": NAME}))
    tx.put("pending", tap, msgspec.msgpack.encode(NOW_MS))
    for kind in ("seen", "drift", "guest_tried", Limited.GUEST_PIN, HEARD):
        tx.put(kind, band, b"somewhere")
    tx.put(OFFER_TIMES, GUEST, msgspec.msgpack.encode({}))
    tx.put(UNSETTLED, SLOT, msgspec.msgpack.encode(()))


def at_the_kiosk(edge: House) -> str:
    return edge.service.present(edge.tap(reader="reader-kiosk")).tap_id


def kept_kinds(edge: House) -> set[str]:
    """Kinds of small things that lie in the file."""
    with sqlite3.connect(f"file:{edge.folder / 'state.db'}?mode=ro", uri=True) as db:
        return {row[0] for row in db.execute("SELECT DISTINCT kind FROM kept")}


def telling(edge: House, words: tuple[bytes, ...]) -> set[tuple[str, str]]:
    """Return the small things, by kind and key, in whose key or opened body one of these words stands."""
    kinds = kept_kinds(edge)
    rows = edge.sequencer.submit(lambda tx: [(kind, *row) for kind in kinds for row in tx.rows(kind)])
    return {
        (kind, key) for kind, key, body in rows if any(one in key.encode() + b" " + body for one in words)
    }


def written_kinds() -> set[str]:
    """Return every kind that a room of the edge keeps: the first word of each ``tx.put``."""
    rooms = {path: path.read_text() for path in sorted((ROOT / "edge").rglob("*.py"))}
    keeping = {path.relative_to(ROOT): text for path, text in rooms.items() if "tx.put(" in text}
    return {kind for path, text in keeping.items() for kind in _put_in(path, text)}


def _put_in(path: Path, text: str) -> Iterator[str]:
    room = import_module(".".join(path.with_suffix("").parts))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tx.put":
            word = node.args[0].value if isinstance(node.args[0], ast.Starred) else node.args[0]
            kind = attrgetter(ast.unparse(word))(room)
            yield kind if isinstance(kind, str) else kind[0]
