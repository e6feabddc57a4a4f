"""A band that is nobody's is claimed: by itself at a reader and a code at a proven address."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band, BandState
from edge.core.claimed import Became
from edge.core.entitlements import Party
from edge.core.profiles import StaffMember
from edge.core.retention import DAY_MS, HOUR_MS
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.journey import diary
from sync.central.journey.entry import What
from sync.central.people import aliases, claiming
from sync.central.people.aliases import Kind, Proof, named
from sync.central.people.claiming import State, Typed
from sync.central.privacy import erasure
from sync.central.psp import mandates
from sync.central.psp.mandates import Mandate
from sync.central.registry import bands, consents, guests, links, members
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.staff import put_staff
from sync.central.registry.turn import take_turn
from sync.central.store import Store, demand_seals, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.people.folk import Folk

MAIL = named(Kind.EMAIL, "ada@park.example")
TRY_MS = 60_000
BEAS, CLEOS, STOCK = bytes([2]) * 16, bytes([3]) * 16, b"\x09" * 16


@pytest.fixture
def folk(sealed_store: Store, clock: Clockwork) -> Folk:
    """Ada, whose address is proven, and three whose bands are nobody's."""
    made = Folk(sealed_store, clock)
    with sealed_store.transaction() as tx:
        aliases.prove(tx, SITE, aliases.Claim(MAIL, "ada"), proof=Proof.CODE, by="mail")
        guests.put_guests(tx, SITE, [Guest(id=one, age_band="18-99") for one in ("bea", "cleo", "dora")])
    return made


def begins(folk: Folk, op: str = "app/1", *, guest: str = "ada") -> str:
    with folk.store.transaction() as tx:
        take_turn(tx, SITE)
        return claiming.begin(tx, SITE, op=op, guest=guest, channel="app").id


def code_of(folk: Folk, claim: str) -> str:
    with folk.store.transaction() as tx:
        take_turn(tx, SITE)
        return claiming.code(tx, SITE, claim, name=MAIL)[0]


def types(folk: Folk, code: str, *, band: bytes = BEAS, device: str = "kiosk-1") -> Became:
    with folk.store.transaction() as tx:
        return claiming.spend(tx, SITE, Typed(band, code, device, "kiosk"))


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def stands(folk: Folk, claim: str) -> State:
    with folk.store.reading() as tx:
        found = claiming.find(tx, SITE, claim)
    assert found is not None
    return found.state


def one_with(folk: Folk, guest: str) -> tuple[str, ...]:
    with folk.store.reading() as tx:
        return links.together(tx, SITE, [guest])


def test_a_claimed_band_brings_its_diary_and_keeps_its_money_and_goes_back(folk: Folk) -> None:
    before = folk.facts()
    claim = begins(folk)
    assert stands(folk, claim) is State.WAITING
    assert types(folk, code_of(folk, claim)) is Became.CLAIMED
    assert stands(folk, claim) is State.CLAIMED
    assert folk.diary("ada") == folk.diary("bea") == {"ada-1", "bea-1"}
    assert folk.facts() == before, "value, points, rights and bands stay with the band, and are Ada's by it"
    with folk.store.reading() as tx:
        told = [one.what for one in diary.of_guest(tx, SITE, "g:ada")]
        assert links.root(tx, SITE, "bea") == "ada"
    assert What.CLAIMED in told
    folk.parts("bea")
    assert (folk.diary("ada"), folk.diary("bea")) == ({"ada-1"}, {"bea-1"})
    with folk.store.reading() as tx:
        assert aliases.find(tx, SITE, MAIL) == "ada"


def test_what_was_never_allowed_by_the_band_is_allowed_by_nobody_after(folk: Folk) -> None:
    folk.says("ada", "offers", given=True)
    assert types(folk, code_of(folk, begins(folk))) is Became.CLAIMED
    assert folk.allows("ada") == folk.allows("bea") == set()
    with folk.store.reading() as tx:
        said = consents.consents_of(tx, SITE, ["ada", "bea"])
    assert {(one.given, one.source) for words in said.values() for one in words} == {(False, "kiosk")}
    folk.parts("bea")
    assert folk.allows("ada") == {"offers"}


def test_a_code_is_good_once_and_for_ten_minutes_and_the_newest_alone(folk: Folk, clock: Clockwork) -> None:
    claim = begins(folk)
    old, new = code_of(folk, claim), code_of(folk, claim)
    assert types(folk, old) is Became.WRONG
    clock.ms += claiming.GOOD_MS
    assert types(folk, new) is Became.WRONG
    fresh = code_of(folk, claim)
    clock.ms += claiming.GOOD_MS - 1
    assert types(folk, fresh) is Became.CLAIMED
    assert types(folk, fresh, band=CLEOS) is Became.WRONG, "once"
    assert one_with(folk, "cleo") == ("cleo",)


def test_an_answer_that_was_lost_is_told_again_beside_the_same_band_alone(
    folk: Folk, clock: Clockwork
) -> None:
    claim = begins(folk)
    code = code_of(folk, claim)
    assert types(folk, code) is Became.CLAIMED
    clock.ms += TRY_MS
    assert types(folk, code) is Became.YOURS
    assert types(folk, code, band=bytes([1]) * 16) is Became.WRONG, "of the same person, and another band"
    with folk.store.reading() as tx:
        assert [one.what for one in diary.of_guest(tx, SITE, "g:ada")].count(What.CLAIMED) == 1
    folk.parts("bea")
    assert types(folk, code) is Became.WRONG, "a code claims once, whatever staff did since"
    assert one_with(folk, "bea") == ("bea",)


def test_what_brought_a_band_about_is_forgotten_after_its_ten_minutes(folk: Folk, clock: Clockwork) -> None:
    code = code_of(folk, begins(folk))
    types(folk, code)
    clock.ms += claiming.GOOD_MS
    assert types(folk, code) is Became.WRONG
    with folk.store.reading() as tx:
        assert tx.execute(select(claiming.claim_table.c.digest)).scalar() is None


def test_wrong_codes_are_forgotten_after_an_hour_though_nobody_types_any(
    folk: Folk, clock: Clockwork
) -> None:
    types(folk, "12345678")
    for ahead_ms, gone in ((HOUR_MS - 1, 0), (1, 2)):
        clock.ms += ahead_ms
        with folk.store.transaction() as tx:
            assert claiming.delete_before(tx, clock.ms - DAY_MS) == gone


def test_five_wrong_codes_close_a_band_and_twenty_a_kiosk_for_an_hour(folk: Folk, clock: Clockwork) -> None:
    good = code_of(folk, begins(folk))
    for _ in range(claiming.WRONG_MAX):
        clock.ms += TRY_MS
        assert types(folk, another(good)) is Became.WRONG
    closed_ms = clock.ms
    assert types(folk, good) is Became.SPENT
    assert types(folk, good, device="kiosk-2") is Became.SPENT, "the band, wherever it is held"
    for number in range(claiming.WRONG_AT_MAX - claiming.WRONG_MAX):
        assert types(folk, another(good), band=bytes([50 + number]) * 16) is Became.WRONG
    assert types(folk, good, band=CLEOS) is Became.SPENT, "the kiosk, whatever is held to it"
    clock.ms = closed_ms + HOUR_MS - 1
    again = code_of(folk, begins(folk, "app/2"))
    assert types(folk, again, device="kiosk-2") is Became.SPENT, "from the last one, not from the first"
    clock.ms += 1
    assert types(folk, again) is Became.CLAIMED


def known_by_mail(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        mail = aliases.Claim(named(Kind.EMAIL, "bea@park.example"), "bea")
        aliases.prove(tx, SITE, mail, proof=Proof.STAFF, by="olga")


def known_by_name(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="bea", name="Bea")])


def a_child_by_age(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="bea", age_band="4-7")])


def a_child_by_its_group(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="bea", party=Party(id="f", size=3, role="child"))])


def for_whom_nothing_is_charged(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        members.join(tx, SITE, Member(guest="bea", wallet="w-bea", no_charge=True))


def who_stored_a_card(folk: Folk, *, guest: str = "bea", wallet: str = "w-none") -> None:
    limits = mandates.Limits(1, 1, 1)
    stored = Mandate(id="m1", wallet=wallet, guest=guest, psp="sandbox", limits=limits)
    with folk.store.transaction() as tx:
        mandates.add(tx, SITE, stored, seals=demand_seals(tx))


def whose_wallet_has_a_card(folk: Folk) -> None:
    who_stored_a_card(folk, guest="dora", wallet="w-bea")


def one_of_two(folk: Folk) -> None:
    folk.merges("bea", "cleo")


def one_of_a_family(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        members.leave(tx, SITE, "bea")
        members.join(tx, SITE, Member(guest="bea", wallet="w-cleo"))


def a_badge(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        put_staff(tx, SITE, StaffMember(id="sara", name="Sara", badge=BEAS.hex()))


def lost(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        card = bands.band(tx, SITE, BEAS)
        band = msgspec.structs.replace(card.band, state=BandState.LOST)
        bands.put_band(tx, SITE, msgspec.structs.replace(card, band=band))


def unworn(folk: Folk) -> None:
    with folk.store.transaction() as tx:
        bands.forget(tx, SITE, "bea")
        bands.put_band(tx, SITE, BandCard(band=Band(id=BEAS)))


@pytest.mark.parametrize(
    "of_somebody",
    [
        known_by_mail,
        known_by_name,
        a_child_by_age,
        a_child_by_its_group,
        for_whom_nothing_is_charged,
        who_stored_a_card,
        whose_wallet_has_a_card,
        one_of_two,
        one_of_a_family,
        a_badge,
        lost,
        unworn,
    ],
)
def test_a_band_that_is_somebody_s_is_claimed_with_staff_alone(folk: Folk, of_somebody: object) -> None:
    assert callable(of_somebody)
    of_somebody(folk)
    claim = begins(folk)
    code = code_of(folk, claim)
    before = one_with(folk, "bea")
    assert types(folk, code) is Became.STAFF
    assert one_with(folk, "bea") == before
    assert types(folk, code) is Became.WRONG, "the code was told and is good no more"
    assert stands(folk, claim) is State.WAITING
    assert types(folk, code_of(folk, claim), band=STOCK) is Became.STAFF, "nor one that we never saw"


def test_one_s_own_band_is_said_to_be_one_s_own(folk: Folk) -> None:
    claim = begins(folk)
    assert types(folk, code_of(folk, claim), band=bytes([1]) * 16) is Became.YOURS
    assert one_with(folk, "ada") == ("ada",)


def test_a_person_of_too_many_guests_is_staff_s_to_sort_out(folk: Folk) -> None:
    many = [f"x{number:02}" for number in range(15)]
    with folk.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one) for one in many])
        for one in many:
            links.join(tx, SITE, one, head="ada")
    assert types(folk, code_of(folk, begins(folk))) is Became.STAFF


def test_who_has_proven_no_address_claims_nothing_and_nobody_claims_for_ever(
    folk: Folk, clock: Clockwork
) -> None:
    with pytest.raises(Refused, match="no address"):
        begins(folk, guest="bea")
    claim = begins(folk)
    assert begins(folk) == claim, "told twice it is one"
    with pytest.raises(Refused, match="Another guest"):
        begins(folk, guest="bea")
    for number in range(2, 1 + claiming.CLAIMS_MAX):
        begins(folk, f"app/{number}")
    with pytest.raises(Refused, match="Too many claims"):
        begins(folk, "app/9")
    for _ in range(claiming.CODES_MAX):
        code_of(folk, claim)
    with pytest.raises(Refused, match="Too many codes"):
        code_of(folk, claim)
    clock.ms += claiming.OPEN_MS
    assert stands(folk, claim) is State.OVER
    with pytest.raises(Refused, match="is over"):
        code_of(folk, claim)
    with pytest.raises(Unknown):
        code_of(folk, "c-none")


def test_a_code_goes_to_an_address_that_was_proven_and_to_no_other(folk: Folk) -> None:
    claim = begins(folk)
    with folk.store.transaction() as tx, pytest.raises(NotAllowed):
        claiming.code(tx, SITE, claim, name=named(Kind.EMAIL, "thief@park.example"))
    with folk.store.reading() as tx:
        kept = tx.execute(select(claiming.claim_table.c.codes)).scalar_one()
    assert kept == 0


def test_no_code_and_no_band_lies_in_the_rows_and_they_go_with_their_guest(
    folk: Folk, clock: Clockwork
) -> None:
    code = code_of(folk, begins(folk))
    types(folk, another(code))
    with folk.store.reading() as tx:
        rows = [*tx.execute(select(claiming.claim_table)), *tx.execute(select(claiming.tried_table))]
    assert len(rows) == 3
    text = repr(rows)
    assert [word for word in (code, BEAS.hex(), "kiosk") if word in text] == []
    assert types(folk, code) is Became.CLAIMED
    with folk.store.transaction() as tx:
        erasure.erase(tx, SITE, "bea")
    with folk.store.reading() as tx:
        assert tx.execute(select(claiming.claim_table)).first() is None
    with folk.store.transaction() as tx:
        cleos = aliases.Claim(named(Kind.PHONE, "+39055123456"), "cleo")
        aliases.prove(tx, SITE, cleos, proof=Proof.STAFF, by="olga")
    begins(folk, "app/2", guest="cleo")
    with folk.store.transaction() as tx:
        assert claiming.delete_before(tx, clock.ms - DAY_MS) == 0
        assert claiming.delete_before(tx, clock.ms + 1) == 1
