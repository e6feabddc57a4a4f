"""A guest of whom every room of central keeps something, and what each of its tables holds of people."""

from __future__ import annotations

from importlib import import_module

import msgspec

from edge.core.alarms import OF_CENTRAL
from edge.core.bands import Band
from edge.core.consent import Consent, Consented
from edge.core.entitlements import Entitlement
from edge.core.events import Acted, Kind
from edge.core.held import Location
from edge.core.offers.anew import Became, CouponAnswer
from edge.core.offers.elsewhere import OFFER_TIMES
from edge.core.offers.said import Told as Offered
from edge.core.orders import Order, Ordered, OrderMoved, OrderState
from edge.core.passages import Whereabouts
from edge.core.profiles import remark_owner
from edge.core.tiers import Standing
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import doors, intake
from sync.central.alarms import Alarm
from sync.central.analysis import results
from sync.central.care import anew, cases, held, spoken
from sync.central.care.anew import Ask
from sync.central.care.case import Links, Step, Subject, Told
from sync.central.channels import exposures, handed
from sync.central.console import acts
from sync.central.console.acts import Act
from sync.central.console.looks import Shown
from sync.central.echoes import twins, warnings
from sync.central.feed import Change, publish
from sync.central.hooks import happened, reach
from sync.central.imports import jobs
from sync.central.imports.lines import Wrong
from sync.central.journey import diary
from sync.central.journey.entry import Basis, Via, What
from sync.central.machines import devices, lanes
from sync.central.money import topups
from sync.central.near import orders
from sync.central.offers import earned
from sync.central.people import aliases, claiming, codes, merging
from sync.central.people import words as people
from sync.central.people.aliases import Claim, Proof, named
from sync.central.people.aliases import Kind as Known
from sync.central.planning import plans
from sync.central.psp import charges, mandates, refunds
from sync.central.psp.mandates import State
from sync.central.registry import (
    bands,
    birthdays,
    consents,
    guests,
    ladders,
    links,
    members,
    profiles,
    rights,
    segments,
)
from sync.central.registry import wallets as purses
from sync.central.registry.bands import BandCard
from sync.central.registry.birthdays import Birthday
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settling import payouts
from sync.central.settling.sepa import Account
from sync.central.settling.vouchers import Order as Given
from sync.central.settling.vouchers import free_drink, give
from sync.central.store import Connection, LargeBinary, Store, String, Table, Text, insert, metadata, select
from sync.wire import USES, WHEREABOUTS
from tests.sync.builders import a_device, a_journal

SITE = "park"
NAME, TAG, IBAN, CARD = "Canarina-7f3e", "tag-canary-91c4", "DE89370400440532013000", "canarybrand"
WORDS = (NAME, TAG, IBAN, CARD)
"""What must be in no file once the guest is erased."""
GUEST, BAND, RIGHT, WALLET = "guest-canary-5a1d", b"canary-band-0001", "right-canary-3b2e", "w1"
POINTERS = (GUEST, BAND.decode(), BAND.hex(), RIGHT)
"""Pseudonyms: they lead to a person while the registry knows them, and nowhere afterwards."""
POINTERS_STAY = {
    "act.target": "that somebody did something to this guest, with nothing of what it was",
    "alarm.alarm_id": "that a band was copied: a supervisor has to look at it",
    "alarm.band": "as before",
    "event.band": "facts prove each other; the pseudonym in them leads nowhere",
    "feed_item.key": "devices that were cut off have to be told what to forget",
    "feed_item.body": "and whom to erase, by guest and bands",
}
"""Columns that still name an erased guest's pseudonyms, and why."""
NOBODYS = frozenset(
    (
        *(
            "alias_key",
            "band_claim_tried",
            "band_master",
            "band_master_later",
            "box",
            "central_key",
            "checkpoint",
            "device",
            "device_aside",
            "device_cap",
        ),
        *("device_key", "enrolment", "desk_token", "lane_end", "nonce", "radio_resolver", "rising_time"),
        *("operator", "operator_factor", "operator_recovery", "operator_session", "operator_try", "staff"),
        *(
            "schema_step",
            "site",
            "thing",
            "bundle",
            "offer_deal",
            "campaign",
            "slot",
            "channel_booking",
            "channel_tile",
            "handout",
            "stock",
            "feedback",
            "feedback_month",
            "feedback_lot",
            "provider_read",
            "diary_cursor",
        ),
        *(
            "charge",
            "lease",
            "lease_part",
            "lease_seller",
            "lease_serial",
            "ledger_posting",
            "ledger_entry",
            "money_note",
            "restored_claim",
            "restored_device",
        ),
        *("money_op", "money_policy", "money_proposal", "provider_line", "diary_cursor"),
        *("channel", "hook", "hook_end", "hook_own_end", "analysis", "campaign_live", "campaign_reading"),
    )
)
"""Tables in which nobody who visits is named: devices, operators, the park's own things, money."""


MAIL = "anna.canary@example.org"
SEALS = Vault(bytes(32), new_ring())
"""By what a planted store seals."""
OTHER = b"c" * 16
NAMING: tuple[tuple[Kind, msgspec.Struct], ...] = (
    (Kind.OFFER_SHOWN, Offered(exposure="x.1", offer="coffee", guest=GUEST, point="kiosk")),
    (Kind.OFFER_TAKEN, Offered(exposure="x.1", offer="coffee", guest=GUEST, point="kiosk")),
    (Kind.OFFER_MADE_OVER, Offered(exposure="x.1", offer="coffee", guest=GUEST, point="kiosk", to="edge-2")),
    (Kind.OFFER_DECLINED, Offered(exposure="x.2", offer="tea", guest="guest-9", point="kiosk")),
    (
        Kind.COUPON_ANSWERED,
        CouponAnswer(ask="a", exposure="x.1", became=Became.USED, case="C", to="edge-2", guest=GUEST),
    ),
    (Kind.CONSENT_SET, Consented(guest=GUEST, consent=Consent(purpose="offers", turns=1, source="kiosk"))),
    (Kind.ORDER_MOVED, OrderMoved(order="o1", state=OrderState.PICKING, point="shop", staff="anna")),
    (Kind.ORDER_MOVED, OrderMoved(order="o9", state=OrderState.PICKING, point="shop", staff="anna")),
)
"""What a device tells of the guest by id or order alone, and of two others."""
_encode = msgspec.msgpack.encode
for _room in ("sync.central.app", "sync.central.journey.diarist"):  # every room that has a table
    import_module(_room)
TABLES = dict(metadata.tables)


def filled(tx: Connection, table: Table, **known: object) -> None:
    """Insert a row of which only what is known matters."""
    row: dict[str, object] = {"site_id": SITE, "guest_id": GUEST, "wallet_id": WALLET, "band_id": BAND}
    for column in table.columns:
        if column.name in known or column.nullable or column.name in row:
            continue
        text, octets = isinstance(column.type, String | Text), isinstance(column.type, LargeBinary)
        row[column.name] = "x" if text else b"x" if octets else 1
    names = {column.name for column in table.columns}
    tx.execute(insert(table).values({name: of for name, of in (row | known).items() if name in names}))


def planted(store: Store) -> None:
    """Have a guest whom every room knows, and another one who stays."""
    _remarked(store)
    with store.transaction() as tx:
        _known(tx)
        _paying(tx)
        _asked(tx)
        _moving(tx)
        _noted(tx)


def _remarked(store: Store) -> None:
    """Have a device, gone since, tell what staff wrote of two bands, as none does any more: unsealed."""
    device, _ = a_device(store)
    journal = a_journal(device)
    for band, note in ((BAND, f"{NAME} cried"), (OTHER, "somebody else")):
        body = _encode(Acted(staff="anna", reason="lost", note=note))
        journal.append(0, body, kind=int(Kind.BAND_STATE), band=band)
    for kind, said in NAMING:
        journal.append(0, _encode(said), kind=int(kind), band=None)
    other = Acted(note="why another one was looked up")
    journal.append(0, _encode(other), kind=int(Kind.LOOKED_UP), band=OTHER)
    intake.take(store, device, journal.batch(1, 3 + len(NAMING)))
    with store.transaction() as tx:
        devices.revoke(tx, SITE, device.id)


def _known(tx: Connection) -> None:
    guests.put_guests(
        tx, SITE, [Guest(id=GUEST, name=NAME, tags=(TAG,)), Guest(id="guest-2", name="Someone")]
    )
    bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest=GUEST, label=NAME, keys={0: b"k" * 16})])
    ids = (RIGHT, f"{NAME}.day")
    rights.add_rights(tx, SITE, [(GUEST, Entitlement(id=id_, product="day")) for id_ in ids])
    consents.set_here(tx, SITE, GUEST, purpose="offers", given=True)
    birthdays.declare(tx, SITE, GUEST, born=Birthday(2, 29))
    segments.put(tx, SITE, GUEST, codes=["behaviour:coffee"])
    ladders.put_standings(tx, SITE, {GUEST: Standing("gold", 1)})
    purses.create(tx, SITE, Wallet(id=WALLET, currency="EUR", label=f"{NAME} and her aunt"))
    purses.create(tx, SITE, Wallet(id="w2", currency="EUR", label="Someone"))
    members.join(tx, SITE, Member(guest=GUEST, wallet=WALLET, head=True))
    profiles.publish_guests(tx, SITE, [GUEST])
    profiles.publish_state(tx, SITE, bands.band(tx, SITE, BAND))


def _paying(tx: Connection) -> None:
    give(tx, SITE, Given(id="v1", voucher=free_drink(("drinks",)), units=1, guest=GUEST))
    filled(tx, mandates.mandate_table, mandate_id="m1", brand=CARD, last_four="4917", state=State.ACTIVE)
    filled(tx, charges.charge_table, charge_id="c1", mandate_id="m1")
    filled(tx, refunds.refund_table, refund_id="r1", charge_id="c1", note=f"{NAME} complained")
    filled(tx, topups.topup_table, topup_id="t1", why=f"{NAME} lost her purse")
    filled(tx, earned.earned_table, exposure="exposure-1", state=earned.State.CREDITED)
    made = payouts.begin(tx, SITE, WALLET, to=Account(NAME, IBAN, ""))
    own = payouts.payout_table
    tx.execute(own.update().where(own.c.payout_id == made.id).values(state=payouts.FILED, batch="b1"))


def _asked(tx: Connection) -> None:
    orders.place(
        tx, SITE, Order(id="o1", guest=GUEST, store="shop", device="edge-1", lines=(Ordered(article="mug"),))
    )
    filled(tx, doors.door_table, token_hash=b"h" * 32)
    publish(tx, SITE, [Change(OFFER_TIMES, GUEST, _encode({}))])
    filled(tx, held.held_table, exposure="x.1")
    asked = Ask(id="a-canary", case="C", exposure="x.1", home="edge-1", to="edge-2", offer="coffee", bundle=1,
                guest=GUEST)  # fmt: skip
    anew.put(tx, SITE, asked, new=True)
    anew.say(tx, SITE, asked)


def _moving(tx: Connection) -> None:
    filled(tx, twins.seen_table)
    filled(tx, plans.inside_table)
    filled(tx, reach.told_table)
    filled(tx, results.move_table)
    for table in (
        links.link_table,
        people.word_table,
        merging.merge_table,
        codes.code_table,
        claiming.claim_table,
    ):
        filled(tx, table, why=NAME)
    known = Claim(named(Known.EMAIL, MAIL), GUEST)
    aliases.prove(tx, SITE, known, proof=Proof.STAFF, by="olga")
    noted = {"via": Via.KIOSK, "what": What.ASKED, "basis": next(iter(Basis))}
    filled(tx, exposures.choice_table, body=GUEST.encode())
    filled(tx, handed.handed_table, via="app", code="behaviour:coffee", purpose="offers")
    filled(tx, happened.own_table, body=GUEST.encode())
    filled(tx, diary.diary_table, owner=remark_owner(GUEST, b""), subject=NAME, **noted)
    tied = Links(guest=GUEST, band=BAND.hex(), order="o1", ref=RIGHT, device="edge-1", point="gate")
    first = Told(op="c-canary", step=Step.OPENED, at_ms=1, who="carla", word=Subject.BAND.value, links=tied)
    case = cases.open_case(tx, SITE, first, note=f"{NAME} called")
    acted = Told(op="a1", step=Step.ACTED, at_ms=2, who="carla", word="band_lost", ref=BAND.hex())
    cases.tell(tx, SITE, case.id, told=acted)
    filled(tx, spoken.word_table, body=_encode(spoken.Typed(score=2, articles=(NAME,), about=RIGHT)))
    there = Whereabouts(Location(zone="park", since_ms=1, point="gate", device="edge-1"))
    publish(tx, SITE, [Change(USES, RIGHT, _encode(())), Change(WHEREABOUTS, BAND.hex(), _encode(there))])
    alarm = Alarm(device=OF_CENTRAL, id=f"{BAND.hex()}-twin", reason="twin", point="gate", at_ms=1, band=BAND)
    warnings.warn(tx, SITE, alarm, elsewhere="south", devices=("edge-1",))


def _noted(tx: Connection) -> None:
    def act(what: str, target: str, *, after: str, before: str = "") -> None:
        told = Act(site=SITE, who="olga", what=what, target=target, before=before, after=after)
        acts.record(tx, told)

    act("guest_changed", GUEST, before=acts.short(Guest(id=GUEST, name=NAME)), after=NAME)
    act("band_changed", BAND.hex(), after=NAME)
    act("guests_seen", "", after=msgspec.json.encode(Shown(guests=(GUEST,), count=1)).decode())
    job = jobs.begin(tx, SITE, name=f"{NAME}.csv", who="olga")
    jobs.keep_wrong(tx, SITE, job, wrong=[Wrong(2, f"tier {NAME!r} is none"), Wrong(3, "else")])
    filled(tx, lanes.quarantine_table, raw=NAME.encode() + GUEST.encode())


def found_in(store: Store, words: tuple[str, ...]) -> set[str]:
    """Return the columns, as table.column, in a cell of which any of these words stands."""
    found = set()
    with store.reading() as tx:
        for name, table in TABLES.items():
            for row in tx.execute(select(table)).mappings():
                found |= {
                    f"{name}.{column}"
                    for column, cell in row.items()
                    if any(word in repr(cell) for word in words)
                }
    return found
