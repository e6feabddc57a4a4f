"""A wallet's PIN, limits and bands at the console: each change kept, told to devices and written down."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band, BandState
from edge.core.lease import Limits
from edge.core.pins import keyed_guest_pin
from edge.core.profiles import ProfileItem
from edge.core.wallet import WalletLink
from edge.run.keys import guest_pin_hash
from edge.staff.pins import pin_matches
from sync.central.console import acts
from sync.central.console.operators import Role
from sync.central.feed import item_table
from sync.central.money import leases, placed, pots
from sync.central.registry import bands, guests, members, wallets
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.sites import band_key
from sync.central.store import Store, select
from sync.lending import BLOCK, BlockNotice
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, SETTINGS, Browser, a_browser, an_admin, an_operator, words_of
from tests.sync.money.tills import a_till

PIN = "7193"
OF_LEO, OF_ANNA = b"l" * 16, b"a" * 16
AS_IT_IS = {"label": "", "tap_max": "", "pin_above": "", "day_max": "", "taps_before_pin": "",
            "fill_below": "", "fill_to": ""}  # fmt: skip
HERE = f"{HOME}/wallets/w1"


@pytest.fixture
def olga(store: Store) -> Browser:
    """An admin's browser before a family of two who pay from one wallet."""
    an_admin(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna"), Guest(id="leo")])
        wallets.create(tx, SITE, Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, Member(guest="anna", wallet="w1", head=True))
        members.join(tx, SITE, Member(guest="leo", wallet="w1", limits=Limits(day_minor_max=2_000)))
        for id_, guest in ((OF_LEO, "leo"), (OF_ANNA, "anna")):
            band = Band(id=id_, state=BandState.ACTIVE)
            bands.add_bands(tx, SITE, [BandCard(band=band, guest=guest)])
    kept = msgspec.structs.replace(SETTINGS, guest_pin_hash=guest_pin_hash)
    return a_browser(store, "olga", settings=kept)


def wallet(store: Store) -> Wallet:
    with store.reading() as tx:
        return wallets.wallet(tx, SITE, "w1")


def member(store: Store, guest: str = "leo") -> Member | None:
    with store.reading() as tx:
        return members.members_by_guest(tx, SITE, [guest]).get(guest)


def told(store: Store, band: bytes = OF_LEO) -> WalletLink | None:
    """What edges are told of a band's wallet."""
    own = item_table.c
    with store.reading() as tx:
        body = tx.execute(select(own.body).where(own.kind == "profile", own.key == band.hex())).scalar()
    return None if body is None else msgspec.msgpack.decode(bytes(body), type=ProfileItem).profile.wallet


def last(store: Store) -> tuple[str, str, str, str]:
    with store.reading() as tx:
        one = acts.acts(tx, SITE)[0]
    return one.what, one.target, one.before, one.after


def test_a_pin_is_kept_as_a_keyed_hash_and_shown_to_nobody(olga: Browser, store: Store) -> None:
    assert olga.post(f"{HERE}/pin", guest_pin=PIN).status_code == 303
    with store.reading() as tx:
        secret = band_key(tx, SITE)
        seen = [(one.before, one.after) for one in acts.acts(tx, SITE)]
    assert pin_matches(wallet(store).pin_hash, keyed_guest_pin(secret, "w1", PIN))
    assert not pin_matches(wallet(store).pin_hash, keyed_guest_pin(secret, "w2", PIN)), "of this wallet alone"
    link = told(store)
    assert link is not None
    assert link.pin_hash == wallet(store).pin_hash, "every band of the wallet asks for it"
    assert last(store) == ("wallet_pin_set", "w1", "none", "set")
    pages = "".join(olga.get(page).text for page in (HERE, f"{HERE}/pin"))
    assert PIN not in pages + str(seen)
    assert "argon2" not in pages + str(seen)
    assert "PIN yes" in olga.says(HERE)


@pytest.mark.parametrize("pin", ["", "123", "1234", "123456789", "12a4"])
def test_a_pin_that_is_none_or_tried_first_is_refused(olga: Browser, store: Store, pin: str) -> None:
    reply = olga.post(f"{HERE}/pin", guest_pin=pin)
    assert (reply.status_code, wallet(store).pin_hash) == (422, "")
    assert f'value="{pin or "-"}"' not in reply.text


def test_a_pin_is_taken_away_only_where_none_is_typed(olga: Browser, store: Store) -> None:
    olga.post(f"{HERE}/pin", guest_pin=PIN)
    assert olga.post(f"{HERE}/pin", guest_pin=PIN, no_pin="yes").status_code == 422
    assert wallet(store).pin_hash
    olga.post(f"{HERE}/pin", guest_pin="", no_pin="yes")
    assert (wallet(store).pin_hash, last(store)[2:]) == ("", ("set", "none"))


def test_limits_reach_the_devices_that_hold_money_already(olga: Browser, store: Store) -> None:
    with store.transaction() as tx:
        pots.top_up(tx, SITE, "charge:1", wallet="w1", paid=("bank", 10_000, "EUR"))
    till = a_till(store)
    till.want(4_000)
    said = {"tap_max": "25", "pin_above": "10.00", "taps_before_pin": "3", "fill_below": "5", "fill_to": "20"}
    assert olga.post(f"{HERE}/change", **AS_IT_IS | said).status_code == 303
    with store.reading() as tx:
        (grant,) = leases.offered(tx, till.device, after=1).grants
    assert (grant.limits.tap_minor_max, grant.limits.pin_above_minor) == (2_500, 1_000)
    assert (grant.limits.taps_before_pin, grant.total) == (3, 4_000)
    assert (wallet(store).low_minor, wallet(store).fill_minor) == (500, 2_000)
    what, target, before, after = last(store)
    assert (what, target, before) == ("wallet_changed", "w1", "")
    assert after == "tap_max=25.00 pin_above=10.00 fill_below=5.00 fill_to=20.00 taps_before_pin=3"
    shown = olga.says(HERE)
    assert "PIN above 10.00 EUR" in shown
    assert "Fill up to 20.00" in shown


@pytest.mark.parametrize(
    "said",
    [{"fill_below": "20", "fill_to": "5"}, {"fill_below": "20"}, {"tap_max": "-1"}, {"pin_above": "1e3"},
     {"taps_before_pin": "1001"}],
)  # fmt: skip
def test_a_choice_that_is_none_changes_nothing(olga: Browser, store: Store, said: dict[str, str]) -> None:
    before = wallet(store)
    assert olga.post(f"{HERE}/change", **AS_IT_IS | said).status_code == 422
    assert wallet(store) == before


def test_a_child_pays_nothing_or_within_limits_by_category(olga: Browser, store: Store) -> None:
    limited = {"limited.0.category": "sweets", "limited.0.day_max": "5", "limited.1.category": "tobacco",
               "limited.1.day_max": ""}  # fmt: skip
    said = {"head": "", "no_charge": "", "tap_max": "8", "pin_above": "", "day_max": "15",
            "taps_before_pin": "", "day_leased": "yes"}  # fmt: skip
    assert olga.post(f"{HERE}/members/leo", **said, **limited).status_code == 303
    link = told(store)
    assert link is not None
    assert (link.limits.tap_minor_max, link.limits.day_minor_max, link.day_leased) == (800, 1_500, True)
    assert [(one.category, one.day_minor_max) for one in link.categories] == [("sweets", 500), ("tobacco", 0)]
    what, target, before, after = last(store)
    assert (what, target) == ("member_changed", "leo")
    assert ("day_max=20.00" in before, "day_max=15.00" in after, "sweets 5.00" in after) == (True,) * 3
    assert "sweets 5.00, tobacco 0.00" in olga.says(HERE)
    olga.post(f"{HERE}/members/leo", **said | {"no_charge": "yes", "day_leased": ""})
    link = told(store)
    assert link is not None
    assert (link.no_charge, link.categories) == (True, ())


@pytest.mark.parametrize(
    "said",
    [{"day_leased": "yes", "day_max": ""}, {"limited.0.category": "", "limited.0.day_max": "5"},
     {"limited.0.category": "a", "limited.1.category": "a"}, {"tap_max": "lots"}],
)  # fmt: skip
def test_a_limit_that_is_none_is_said_at_its_field(olga: Browser, store: Store, said: dict[str, str]) -> None:
    before = member(store)
    form = {"head": "", "no_charge": "", "tap_max": "", "pin_above": "", "day_max": "",
            "taps_before_pin": "", "day_leased": ""}  # fmt: skip
    assert olga.post(f"{HERE}/members/leo", **form | said).status_code == 422
    assert member(store) == before


def a_sub_lease(store: Store) -> tuple[str, str]:
    """One lease for Leo's band alone, one for any band of the wallet."""
    with store.transaction() as tx:
        pots.top_up(tx, SITE, "charge:1", wallet="w1", paid=("bank", 10_000, "EUR"))
    till = a_till(store)
    own = till.want(1_000, kind=f"day:{OF_LEO.hex()}", band=OF_LEO.hex())
    shared = till.want(2_000)
    assert isinstance(own, placed.PlacedRow)
    assert isinstance(shared, placed.PlacedRow)
    return own.id, shared.id


def closing(store: Store) -> set[str]:
    with store.reading() as tx:
        return {row.id for row in placed.of_wallet(tx, SITE, "w1") if row.placed.closing}


def test_a_band_that_is_closed_pays_no_more_and_its_sub_lease_comes_back(olga: Browser, store: Store) -> None:
    own, shared = a_sub_lease(store)
    assert olga.post(f"{HERE}/members/leo/close", closed="yes").status_code == 303
    leos, annas = told(store), told(store, OF_ANNA)
    assert leos is not None
    assert (leos.blocked, annas is None or not annas.blocked) == (True, True)
    assert closing(store) == {own}, "what the others pay from stays"
    assert last(store) == ("member_closed", "leo", "open", "closed")
    assert "closed" in olga.says(HERE)
    olga.post(f"{HERE}/members/anna/close", closed="yes")
    assert closing(store) == {own, shared}, "nobody pays from it any more"
    olga.post(f"{HERE}/members/leo/close", closed="no")
    leos = told(store)
    assert leos is not None
    assert (leos.blocked, last(store)[3]) == (False, "open")


def test_who_is_taken_out_pays_no_more(olga: Browser, store: Store) -> None:
    own, _ = a_sub_lease(store)
    olga.post(f"{HERE}/members/leo/remove")
    assert (member(store), told(store), closing(store)) == (None, None, {own})
    assert (last(store)[0], last(store)[3]) == ("member_changed", "")
    assert olga.get(f"{HERE}/members/leo").status_code == 404


def test_a_wallet_is_blocked_and_let_go_and_each_time_somebody_says_why(olga: Browser, store: Store) -> None:
    assert olga.post(f"{HERE}/block", reason="").status_code in (400, 422)
    assert olga.post(f"{HERE}/block", reason="he looked odd").status_code in (400, 422)
    assert wallet(store).state is WalletState.OPEN
    olga.post(f"{HERE}/block", reason="misuse")
    assert wallet(store).state is WalletState.BLOCKED
    assert last(store) == ("wallet_blocked", "w1", "open", "blocked misuse")
    own = item_table.c
    with store.reading() as tx:
        body = tx.execute(select(own.body).where(own.kind == BLOCK, own.key == "w1")).scalar()
    notice = msgspec.msgpack.decode(bytes(body), type=BlockNotice)
    assert (notice.blocked, notice.reason) == (True, "misuse")
    assert "Let go" in words_of(olga.get(HERE))
    olga.post(f"{HERE}/unblock", reason="mistake")
    assert (wallet(store).state, last(store)[3]) == (WalletState.OPEN, "open mistake")


def test_guest_care_closes_a_band_for_the_head_of_a_family_and_sets_no_pin(
    olga: Browser, store: Store
) -> None:
    an_operator(store, "cara", Role.CARE)
    cara = a_browser(store, "cara")
    said = cara.get(HERE).text
    assert [f"{HERE}/{way}" in said for way in ("members/leo", "block", "pin", "change", "topup")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert last(store)[:2] == ("wallet_seen", "w1"), "who looked at a family's money is written down"
    assert cara.post(f"{HERE}/pin", guest_pin=PIN).status_code == 403
    assert cara.post(f"{HERE}/members/leo/close", closed="yes").status_code == 303
    leo = member(store)
    assert leo is not None
    assert leo.blocked
    assert f"{HOME}/wallets/w1" in cara.get(f"{HOME}/guests/leo").text
