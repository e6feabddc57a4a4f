"""Central judges again what the edges decided: each by what its device had, and nobody is wronged."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.decision import Reason
from edge.core.entitlements import Entitlement, RuleText, Terms, exchanged
from edge.core.entry import decide
from edge.core.events import Acted, Decided, Kind, body_of
from edge.core.facts import Facts, Moment, Rule
from edge.core.payment import Authorisation, Leg, Tender, Voided
from edge.core.places import Layout, Point, PointKind, Zone
from edge.core.profiles import Profile, ProfileItem, of_ticket
from edge.core.replay import record
from edge.rules import rule_or_broken, texts_of_rights
from sync.central.audit import Audit, audit
from sync.central.feed import item_table
from sync.central.machines.lanes import quarantine_table
from sync.central.privacy import erasure
from sync.central.registry import bands, layout, past, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest, put_guests
from sync.central.store import Store, select
from tests.builders import ROME, a_tap
from tests.sync.builders import NOW_MS, SITE
from tests.sync.test_echo import BAND, OTHER, Gate, a_worn_band

RIGHT = "ticket-1"


def a_park(store: Store, *, age_min: int | None = None) -> None:
    gate = Point(id="gate", kind=PointKind.GATE, zone="park", to_zone="park", age_min=age_min)
    with store.transaction() as tx:
        if not layout.has_settings(tx, SITE):
            layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park"))
        layout.put_thing(tx, SITE, gate)
        layout.publish_layout(tx, SITE)


def a_ticket(store: Store, uses_max: int | None = 1) -> None:
    right = Entitlement(id=RIGHT, product="day", terms=Terms(uses_max=uses_max))
    with store.transaction() as tx:
        rights.put_rights(tx, SITE, [right], guest="g1")
        profiles.publish_guests(tx, SITE, ["g1"])


def a_site(store: Store, gates: int = 1) -> list[Gate]:
    made = [Gate(store) for _ in range(gates)]
    a_worn_band(store)
    a_park(store)
    a_ticket(store)
    return made


def decides(store: Store, gate: Gate, *, tap: str, at_ms: int = 0) -> Decided:
    """A device judges by what it is told now, and journals it."""
    own = item_table.c
    with store.reading() as tx:
        told = layout.published(tx, SITE)
        body = tx.execute(select(own.body).where(own.kind == "profile", own.key == BAND.hex())).scalar_one()
    assert told is not None
    profile = msgspec.msgpack.decode(body, type=ProfileItem).profile
    facts = Facts(
        moment=Moment(now_ms=NOW_MS + at_ms),
        presented=a_tap(band=BAND, tap_id=tap, counter=None),
        point=told.points_by_id["gate"],
        layout=told,
        timezone=ROME,
        device=gate.device.id,
        profile=profile,
        rules=compiled(profile),
    )
    decided = record(facts, decide(facts))
    gate.says(Kind.DECIDED, body_of(decided))
    return decided


def compiled(profile: Profile) -> dict[str, Rule]:
    return {text: rule_or_broken(text) for text in texts_of_rights(profile.entitlements)}


def counts(found: Audit) -> tuple[int, int, int]:
    return found.judged, found.equal, found.moved_on


def test_a_decision_is_judged_by_the_layout_and_profile_of_its_time(small_store: Store) -> None:
    [gate] = a_site(small_store)
    decides(small_store, gate, tap="t-1")
    a_park(small_store, age_min=8)
    decides(small_store, gate, tap="t-2")
    a_ticket(small_store, uses_max=0)
    decides(small_store, gate, tap="t-3")
    assert counts(audit(small_store, SITE)) == (3, 3, 0)


def test_rules_that_a_right_carries_itself_are_judged_by_again(small_store: Store) -> None:
    """Its product's do not hold for it then, and no layout tells of its own."""
    [gate] = a_site(small_store)
    own = Terms(rules=(RuleText("never", "entries_total > 8"),))
    with small_store.transaction() as tx:
        rights.put_rights(tx, SITE, [Entitlement(id=RIGHT, product="day", terms=own)], guest="g1")
        profiles.publish_guests(tx, SITE, ["g1"])
    decided = decides(small_store, gate, tap="t-1")
    on_paper = Entitlement(id="q0001", product="day", terms=own)
    printed = judges(gate, small_store, of_ticket(OTHER, on_paper), tap="t-2")
    assert {one.decision.reason for one in (decided, printed)} == {Reason.RULE_FORBIDS}
    assert counts(audit(small_store, SITE)) == (2, 2, 0)


def test_a_decision_that_its_own_rules_do_not_give_is_found(small_store: Store) -> None:
    """The control: judged by what was in force, and still told apart."""
    [gate] = a_site(small_store)
    decided = decides(small_store, gate, tap="t-1")
    a_ticket(small_store, uses_max=0)
    lied = msgspec.structs.replace(decided, decision=msgspec.structs.replace(decided.decision, people=9))
    gate.says(Kind.DECIDED, body_of(lied))
    found = audit(small_store, SITE)
    assert counts(found) == (2, 1, 0)
    assert [one.seq for one in found.different] == [2]


def test_what_is_kept_of_a_former_profile_says_no_name_and_goes_with_its_guest(small_store: Store) -> None:
    [gate] = a_site(small_store)
    with small_store.transaction() as tx:
        put_guests(tx, SITE, [Guest(id="g1", name="Adalgisa")])
    a_ticket(small_store, uses_max=2)
    a_ticket(small_store, uses_max=3)
    decides(small_store, gate, tap="t-1")
    with small_store.reading() as tx:
        kept = tx.execute(select(past.past_table)).all()
    assert any(row.key == BAND.hex() for row in kept)
    assert not any(b"Adalgisa" in bytes(row.body) for row in kept)
    with small_store.transaction() as tx:
        erasure.erase(tx, SITE, "g1")
        left = tx.execute(select(past.past_table.c.key)).scalars().all()
    assert BAND.hex() not in left
    assert counts(audit(small_store, SITE)) == (0, 0, 1)


def test_what_was_superseded_long_ago_is_forgotten(small_store: Store) -> None:
    a_site(small_store)
    a_park(small_store, age_min=8)
    with small_store.transaction() as tx:
        assert past.delete_before(tx, 0) == 0
        assert past.delete_before(tx, 1 << 60) >= 2
        assert past.layouts(tx, SITE, [1, 2]) == {}


def test_one_right_at_two_gates_is_one_passage_too_many(small_store: Store) -> None:
    north, south = a_site(small_store, 2)
    decides(small_store, north, tap="t-1")
    decides(small_store, south, tap="t-2", at_ms=5_000)
    [conflict] = audit(small_store, SITE).conflicts
    assert (conflict.use.tap_id, conflict.stands and conflict.stands.tap_id) == ("t-2", "t-1")


@pytest.mark.parametrize("kind", [Kind.UNDONE, Kind.ANNULLED])
def test_a_use_that_was_taken_back_is_accused_of_nothing(small_store: Store, kind: Kind) -> None:
    north, south = a_site(small_store, 2)
    decides(small_store, north, tap="t-1")
    decides(small_store, south, tap="t-2", at_ms=5_000)
    north.says(kind, Acted(tap_id="t-1", target="1"))
    assert audit(small_store, SITE).conflicts == []


def voids(gate: Gate, op_id: str = "op-1") -> None:
    """A device says that it took back a sale."""
    leg = Leg(number=1, tender=Tender.CASH, amount_minor=500)
    body = Voided(op_id=op_id, void_id=f"v-{op_id}", state=Authorisation.VOIDED, legs=(leg,), currency="EUR")
    gate.says(Kind.PAYMENT_VOIDED, body, band=None, lane=1)


def test_what_is_taken_back_of_a_sale_that_was_never_told_is_different(small_store: Store) -> None:
    [gate] = a_site(small_store)
    voids(gate)
    voids(gate)
    found = audit(small_store, SITE)
    assert counts(found) == (2, 0, 0)
    assert [(one.said, one.now, one.seq) for one in found.different] == [
        ("voided", "no such sale", 1),
        ("voided", "no such sale", 2),
    ]


def test_where_a_record_lies_aside_nobody_is_accused_of_a_sale_that_it_may_hold(small_store: Store) -> None:
    gate, honest = a_site(small_store, gates=2)
    voids(gate)
    voids(honest)
    row = {"site_id": SITE, "device_id": honest.device.id, "incarnation": 1, "lane": 1, "seq": 9}
    with small_store.transaction() as tx:
        tx.execute(quarantine_table.insert().values(**row, raw=b"", h=b"", why="unreadable", at_ms=NOW_MS))
    found = audit(small_store, SITE)
    assert counts(found) == (1, 0, 1)
    assert [one.device for one in found.different] == [gate.device.id]


def judges(gate: Gate, store: Store, profile: Profile, *, tap: str) -> Decided:
    """A device judges by a profile that central did not tell it."""
    with store.reading() as tx:
        told = layout.published(tx, SITE)
    assert told is not None
    facts = Facts(
        moment=Moment(now_ms=NOW_MS),
        presented=a_tap(band=profile.band.id, tap_id=tap, counter=None),
        point=told.points_by_id["gate"],
        layout=told,
        timezone=ROME,
        device=gate.device.id,
        profile=profile,
        rules=compiled(profile),
    )
    decided = record(facts, decide(facts))
    gate.says(Kind.DECIDED, body_of(decided), band=profile.band.id)
    return decided


def told_of(store: Store, band: bytes) -> Profile:
    with store.reading() as tx:
        [body] = profiles.bodies(tx, SITE, [band.hex()]).values()
    return msgspec.msgpack.decode(body, type=ProfileItem).profile


def test_what_a_ticket_said_of_itself_stands_in_its_record(small_store: Store) -> None:
    [gate] = a_site(small_store)
    right = Entitlement(id="q0001", product="day", terms=Terms(uses_max=1))
    decided = judges(gate, small_store, of_ticket(OTHER, right), tap="t-1")
    assert decided.decision.entitlement == "q0001"
    assert counts(audit(small_store, SITE)) == (1, 1, 0)


def test_a_band_that_staff_linked_is_judged_as_its_device_knew_it(small_store: Store) -> None:
    """Before the link, after it, and after a second one, central's own profiles say something else."""
    [gate] = a_site(small_store)
    third = bytes([3]) * 16
    with small_store.transaction() as tx:
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=one), label=str(one[0])) for one in (OTHER, third)])
        profiles.publish_bands(tx, SITE, bands.bands_by_id(tx, SITE, [OTHER, third]))
    giver, taker, last = (told_of(small_store, one) for one in (BAND, OTHER, third))
    judges(gate, small_store, giver, tap="t-0")
    judges(gate, small_store, taker, tap="t-1")
    gate.says(Kind.LINKED, Acted(target=BAND.hex(), amount=giver.rev), band=OTHER)
    taken = msgspec.structs.replace(giver, band=taker.band, rev=taker.rev)
    given = msgspec.structs.replace(giver, entitlements=exchanged(giver.entitlements))
    gate.says(Kind.LINKED, Acted(target=OTHER.hex(), amount=taken.rev), band=third)
    twice = msgspec.structs.replace(taken, band=last.band, rev=last.rev)
    known = [judges(gate, small_store, one, tap=f"t-{place}") for place, one in enumerate((given, twice), 2)]
    assert [one.decision.reason for one in known] == [Reason.ALREADY_EXCHANGED, Reason.ENTERED]
    found = audit(small_store, SITE)
    assert (counts(found), found.different) == ((4, 4, 0), [])
