"""Parts that tills passed on among themselves: booked once at central, whichever till is heard first."""

from __future__ import annotations

import itertools
from random import Random

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.lease import Lease, Passing, PlacedState, Refusal, home, pass_on, report_of, take_grant
from edge.core.lease import child as edge_end
from edge.core.payment import LeasePassed, LeaseTaken
from edge.signature import sign_passing
from sync.central.accounting import day, ops
from sync.central.accounting.ops import What
from sync.central.money import leases, ledger, pots
from sync.central.money import policy as policies
from sync.central.money.passings import by_leases
from sync.central.money.policy import Policy
from sync.central.settling import doubts
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet, row_of

WHOLE = 10_000
DAY = (0, 2 * NOW_MS)


class SiteTill(PaperTill):
    """A till that passes parts on, and takes them."""

    def passes(self, minor: int, part: str, to: PaperTill) -> LeasePassed:
        """Write down that a part is another's."""
        given = pass_on(self.of(), minor, part=part, to=(to.device.id, 1), now_ms=0)
        assert not isinstance(given, Refusal), given
        self.leases[given[0].id] = given[0]
        said = LeasePassed(lease=report_of(given[0]), passing=msgspec.msgpack.encode(given[1]))
        self.write(Kind.LEASE_PASSED, said)
        return said

    def takes(self, said: LeasePassed, *, giver: PaperTill) -> Lease:
        """Open a part, and write down what its giver signed."""
        passing = msgspec.msgpack.decode(said.passing, type=Passing)
        grant = passing.grant if giver is not self else home(passing)
        lease = take_grant(None, grant, asked_ms=0)
        assert isinstance(lease, Lease), lease
        self.leases[lease.id] = lease
        signature = sign_passing(key_of(giver), said.passing)
        self.write(
            Kind.LEASE_TAKEN, LeaseTaken(lease=report_of(lease), passing=said.passing, signature=signature)
        )
        return lease

    def of(self, wallet: str = "w1") -> Lease:
        """Its own lease first, else the first part."""
        mine = [one for one in self.leases.values() if one.wallet == wallet and one.spendable]
        return min(mine, key=lambda one: one.id.startswith("part"))


def key_of(till: PaperTill) -> bytes:
    return till.device.name.encode().ljust(32, b"k")[:32]


def site_till(store: Store, name: str) -> SiteTill:
    return SiteTill(store, a_till(store, name).device)


@pytest.fixture
def tills(small_store: Store) -> tuple[SiteTill, SiteTill]:
    return two_tills(small_store)


def two_tills(store: Store) -> tuple[SiteTill, SiteTill]:
    """Two tills; all of a wallet of 100.00 lies at the first."""
    a_wallet(store, guest="anna", minor=WHOLE)
    with store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(reserve_permille=0, mint_minor_max=10_000))
    giver, taker = site_till(store, "till-1"), site_till(store, "till-2")
    giver.want(WHOLE)
    return giver, taker


def sums(store: Store) -> dict[str, int]:
    with store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        assert pots.free_of(tx, SITE, "w1", currency=EUR) >= 0
        return {one.account: one.minor for one in ledger.standings(tx, SITE) if one.minor}


def asides(store: Store) -> list[str]:
    with store.reading() as tx:
        return [one.why for one in ops.notes(tx, SITE, what=What.ASIDE)]


def proven(store: Store) -> bool:
    return day.prove(store, SITE, DAY[0], until_ms=DAY[1]).proven


@pytest.mark.parametrize("taker_first", [True, False])
def test_a_part_is_booked_once_whoever_is_heard_first(store: Store, *, taker_first: bool) -> None:
    giver, taker = two_tills(store)
    said = giver.passes(3_000, "part-1", taker)
    taker.takes(said, giver=giver)
    taker.sell("sale-b-1", 1_200)
    own = giver.of().id
    for till in (taker, giver) if taker_first else (giver, taker):
        till.send()
        held = sums(store)
        assert (held[f"lease:{own}"], held["lease:part-1"]) in ((7_000, 1_800), (7_000, 3_000))
        assert proven(store)
    assert sums(store)[f"sales:{taker.device.id}"] == 1_200
    row = row_of(store, "part-1")
    assert (row.placed.device, row.placed.counters.spent) == (taker.device.id, 1_200)
    assert asides(store) == []


def test_the_taker_hears_of_its_part_as_of_any_lease_and_closes_it(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    taker.takes(giver.passes(3_000, "part-1", taker), giver=giver)
    giver.send()
    assert "part-1" not in {one.lease for one in giver.hear().grants}, "no giver opens it a second time"
    taker.send()
    assert [one.total for one in taker.hear().grants if one.lease == "part-1"] == [3_000]
    taker.close()
    taker.send()
    assert row_of(small_store, "part-1").placed.state is PlacedState.SETTLED
    assert sums(small_store)["wallet:w1"] == 3_000


def test_what_a_taker_told_of_a_later_part_is_not_lost_in_the_givers_earlier_words(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    own = giver.of().id
    giver.passes(3_000, "part-1", taker)
    taker.takes(giver.passes(2_000, "part-2", taker), giver=giver)
    taker.send()
    giver.send()
    assert asides(small_store) == []
    assert (sums(small_store)[f"lease:{own}"], sums(small_store)["lease:part-1"]) == (5_000, 3_000)
    assert row_of(small_store, own).placed.counters.returned == 5_000


def test_what_nobody_took_comes_home(small_store: Store, tills: tuple[SiteTill, SiteTill]) -> None:
    giver, taker = tills
    giver.takes(giver.passes(3_000, "part-1", taker), giver=giver)
    giver.send()
    assert row_of(small_store, "part-1").placed.device == giver.device.id
    assert sums(small_store)["lease:part-1"] == 3_000
    assert proven(small_store)


def test_a_part_that_two_claim_is_the_firsts_and_calls_the_operator(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    said = giver.passes(3_000, "part-1", taker)
    giver.takes(said, giver=giver)
    taker.takes(said, giver=giver)
    giver.send()
    taker.send()
    assert [why for why in asides(small_store) if "another device's" in why]
    assert sums(small_store)["lease:part-1"] == 3_000


def test_no_till_takes_out_of_anothers_lease_by_its_own_word(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    own, forged = giver.of().id, pass_on(giver.of(), 3_000, part="part-1", to=(taker.device.id, 1), now_ms=0)
    assert not isinstance(forged, Refusal)
    said = LeasePassed(lease=report_of(forged[0]), passing=msgspec.msgpack.encode(forged[1]))
    taker.takes(said, giver=taker)
    taker.send()
    assert "is not signed by" in asides(small_store)[0]
    assert sums(small_store)[f"lease:{own}"] == WHOLE


def test_no_giver_passes_on_what_its_lease_did_not_lose(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    before = report_of(giver.of())
    given = pass_on(giver.of(), 3_000, part="part-1", to=(taker.device.id, 1), now_ms=0)
    assert not isinstance(given, Refusal)
    passing = msgspec.msgpack.encode(given[1])
    giver.write(Kind.LEASE_PASSED, LeasePassed(lease=before, passing=passing))
    giver.write(Kind.LEASE_PASSED, LeasePassed(lease=before, passing=b"\xc1"))
    giver.write(Kind.LEASE_TAKEN, LeaseTaken(lease=before, passing=b"\xc1", signature=bytes(64)))
    giver.send()
    assert [why.partition(":")[0] for why in asides(small_store)] == [
        "Part part-1 never came out of its lease.", *["A part that nobody can read"] * 2,
    ]  # fmt: skip
    assert "lease:part-1" not in sums(small_store)


@pytest.mark.parametrize("told_by", ["giver", "taker"])
def test_no_part_takes_the_name_of_a_lease_that_is_there(
    small_store: Store, tills: tuple[SiteTill, SiteTill], told_by: str
) -> None:
    """A giver that signs such a part would empty what central knows of the other lease."""
    giver, taker = tills
    a_wallet(small_store, "w2", guest="berta", minor=2_000)
    third = site_till(small_store, "till-3")
    third.want(2_000, wallet="w2")
    other = third.of("w2").id
    said = giver.passes(500, other, taker)
    giver.passes(300, "part-1", taker)
    if told_by == "taker":
        taker.takes(said, giver=giver)
        taker.send()
    giver.send()
    assert asides(small_store) == ["A part has a name of its own."] * (2 if told_by == "taker" else 1)
    held, row = sums(small_store), row_of(small_store, other)
    assert (held[f"lease:{other}"], held["lease:part-1"]) == (2_000, 300)
    assert (row.placed.device, row.placed.counters.granted) == (third.device.id, 2_000)


def test_a_part_of_a_lease_of_which_nothing_is_known_waits(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    said = giver.passes(500, "part-1", taker)
    passing = msgspec.msgpack.decode(said.passing, type=Passing)
    unknown = msgspec.msgpack.encode(msgspec.structs.replace(passing, of="part-0"))
    taker.takes(msgspec.structs.replace(said, passing=unknown), giver=giver)
    taker.send()
    assert asides(small_store) == ["Nothing is known here of lease part-0."]


def test_a_part_of_a_lease_that_is_asked_back_is_asked_back(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    taker.takes(giver.passes(3_000, "part-1", taker), giver=giver)
    with small_store.transaction() as tx:
        assert leases.ask_back_wallet(tx, SITE, "w1", why="blocked") == 1
    giver.send()
    taker.send()
    assert row_of(small_store, "part-1").placed.closing
    assert "part-1" in {one.lease for one in taker.hear().closes}


def test_a_part_of_a_lease_that_was_given_up_is_set_against_the_loss(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    own = giver.of().id
    taker.takes(giver.passes(3_000, "part-1", taker), giver=giver)
    taker.sell("sale-b-1", 1_200)
    with small_store.transaction() as tx:
        row = row_of(small_store, own)
        doubtful = msgspec.structs.replace(row.placed, state=PlacedState.IN_DOUBT)
        doubts.give_up(tx, SITE, msgspec.structs.replace(row, placed=doubtful))
    assert sums(small_store)["loss:in_doubt"] == -WHOLE
    taker.send()
    giver.close()
    giver.send()
    taker.close()
    taker.send()
    held = sums(small_store)
    assert (held["wallet:w1"], held["loss:in_doubt"], held[f"sales:{taker.device.id}"]) == (
        WHOLE, -1_200, 1_200,
    )  # fmt: skip
    assert asides(small_store) == []


def test_what_nobody_speaks_of_for_days_is_given_up_and_set_against_when_it_comes(
    small_store: Store, tills: tuple[SiteTill, SiteTill]
) -> None:
    giver, taker = tills
    said = giver.passes(3_000, "part-1", taker)
    giver.send()
    with small_store.transaction() as tx:
        row = row_of(small_store, "part-1")
        assert row.placed.device == ""
        doubtful = msgspec.structs.replace(row.placed, state=PlacedState.IN_DOUBT)
        doubts.give_up(tx, SITE, msgspec.structs.replace(row, placed=doubtful))
    assert (sums(small_store)["wallet:w1"], sums(small_store)["loss:in_doubt"]) == (3_000, -3_000)
    taker.takes(said, giver=giver)
    taker.sell("sale-b-1", 1_000)
    taker.close()
    taker.send()
    assert (sums(small_store)["wallet:w1"], sums(small_store)["loss:in_doubt"]) == (3_000, -1_000)
    assert asides(small_store) == []


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_two_journals_comes_to_the_same_accounts(
    small_store: Store, tills: tuple[SiteTill, SiteTill], seed: int
) -> None:
    """Sales, returns, parts taken and brought home; central hears the two in pieces, as it happens."""
    draw, numbers = Random(seed), itertools.count()  # noqa: S311  # a schedule to be had again
    giver, taker = tills
    open_parts: list[LeasePassed] = []
    for _ in range(40):
        number, act = next(numbers), draw.randrange(6)
        if act == 0 and giver.of().id[:4] != "part":
            open_parts.append(giver.passes(draw.randint(1, 400), f"part-{number}", taker))
        elif act == 1 and open_parts:
            till = draw.choice(tills)
            till.takes(open_parts.pop(draw.randrange(len(open_parts))), giver=giver)
        elif act == 2:
            giver.sell(f"sale-a-{number}", draw.randint(1, 90))
        elif act == 3 and any(one.spendable > 90 for one in taker.leases.values()):
            taker.sell(f"sale-b-{number}", draw.randint(1, 2))
        elif act == 4:
            giver.give_back(draw.randint(1, 90))
        else:
            some = draw.choice(tills)
            if len(some.journal.lanes[1]) > some.sent:
                some.send()
            sums(small_store)
    for said in open_parts:
        giver.takes(said, giver=giver)
    for till in (taker, giver):
        for lease in list(till.leases.values()):
            shut = edge_end.close(lease)
            assert isinstance(shut, Lease)
            till.moved(shut, Kind.LEASE_RETURNED)
        if till.sent < len(till.journal.lanes[1]):
            till.send()
    held = sums(small_store)
    sold = sum(minor for account, minor in held.items() if account.startswith("sales:"))
    assert held["wallet:w1"] == WHOLE - sold
    assert not [account for account in held if account.startswith(("lease:", "loss:"))]
    assert asides(small_store) == []
    assert proven(small_store)
    with small_store.reading() as tx:
        assert all(one.told for one in by_leases(tx, SITE, [giver.leases[min(giver.leases)].id]).values())
