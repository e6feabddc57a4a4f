"""A promise of one device at another one's till: carried by its code, without any wire, good once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import carried
from edge.carried import MadeOver
from edge.core.events import Kind
from edge.core.offers import Counted, Effect
from edge.core.offers.said import Told
from edge.core.siblings import SIBLING, Sibling
from edge.errors import Refused, Unknown
from edge.offerviews import TakenView
from edge.service import madeover
from edge.service.coupons import NoCoupon, OtherHome
from edge.service.madeover import SentBefore
from edge.service.offerbook import book_of
from edge.service.payments.redeeming import UsedBefore
from tests.builders import a_layout
from tests.service.house import Hands, House, worn
from tests.service.offered import a_fan, a_gift, an_offer, budget, published, seen, tile_of, took
from tests.service.purses import SOUP, TILL, bought, cashier, granted, left

SHOP, KIOSK, THIRD = "edge-2", "edge-1", "edge-3"
KEY = Ed25519PrivateKey.from_private_bytes(b"d" * 32).public_key().public_bytes_raw()


class Town:
    """A kiosk's device and a shop's, which never hear from each other; central told each who is there."""

    def __init__(self, folder: Path) -> None:
        self.kiosk = self._house(folder / "kiosk", KIOSK)
        self.shop = self._house(folder / "shop", SHOP)
        self.houses = (self.kiosk, self.shop)
        for house in self.houses:
            siblings = (
                Sibling(id=KIOSK, points=("kiosk",), public_key=KEY),
                *(Sibling(id=one, points=(TILL,), public_key=b"s" * 32) for one in (SHOP, THIRD)),
            )
            house.publish(*((SIBLING, one.id, one) for one in siblings))
            published(
                house, an_offer(), a_gift(), an_offer("points", points_earned=10, budget=None, effect=None)
            )
            budget(house)
            budget(house, "offer:tasting", 5)
        self.band = a_fan(self.kiosk).band.id

    def _house(self, folder: Path, device: str) -> House:
        house = House(folder, Hands(), device=device)
        house.tell(worn(house), layout=a_layout())
        return house

    def code(self, offer: str = "soup-less", device: str = SHOP) -> str:
        taken = took(self.kiosk, self.band, offer)
        return self.kiosk.service.offers.sending.make_over(taken.exposure, "kiosk", device=device).code

    def scan(self, code: str, op_id: str = "op-scan-1", *, at: House | None = None) -> None:
        house = at or self.shop
        who = cashier(house)
        house.service.ring(who, TILL, op_id, lines=(SOUP,))
        house.service.take_coupon(who, TILL, op_id, code=code)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    for house in made.houses:
        house.close()


def redeemed(house: House) -> list[Told]:
    bodies = [event.body for event in house.journal.range(0, 0) if event.kind == Kind.OFFER_REDEEMED]
    return [msgspec.msgpack.decode(body, type=Told) for body in bodies]


def test_a_promise_of_the_kiosk_lowers_the_bill_at_a_till_that_never_heard_of_its_guest(town: Town) -> None:
    town.scan(town.code())
    (told,) = redeemed(town.shop)
    assert (told.offer, told.minor, told.guest) == ("soup-less", 150, None)


def test_it_is_good_once_there_and_no_longer_here(town: Town) -> None:
    town.code()
    view = seen(town.kiosk, town.band)
    assert tile_of(view, "soup-less").exposure  # still on the page, and taken up no second time
    granted(town.kiosk)
    assert bought(town.kiosk, SOUP, op_id="op-kiosk-1").lines[0].off_minor == 0
    assert redeemed(town.kiosk) == []
    code = town.kiosk.service.offers.accept(tile_of(view, "soup-less").exposure, "kiosk").code
    town.scan(code, "op-scan-1")
    town.shop.service.add_cash(cashier(town.shop), TILL, "op-scan-1", minor=450)
    with pytest.raises(UsedBefore):
        town.scan(code, "op-scan-2")
    assert [len(redeemed(house)) for house in town.houses] == [0, 1]


def test_only_the_till_that_the_guest_chose_takes_it_and_a_second_choice_is_refused(town: Town) -> None:
    taken = took(town.kiosk, town.band)
    sending = town.kiosk.service.offers.sending
    first = sending.make_over(taken.exposure, "kiosk", device=SHOP)
    assert sending.make_over(taken.exposure, "kiosk", device=SHOP) == first
    with pytest.raises(SentBefore):
        sending.make_over(taken.exposure, "kiosk", device=THIRD)
    with pytest.raises(OtherHome, match=SHOP):
        madeover.any_code(first.code, dataclasses.replace(town.shop._rooms(), device=THIRD))
    with pytest.raises(SentBefore):
        town.scan(taken.code, at=town.kiosk)
    with pytest.raises(Unknown):
        sending.make_over(taken.exposure, "kiosk", device="edge-9")
    with pytest.raises(Unknown):
        sending.make_over("e-none.0", "kiosk", device=SHOP)


def test_what_was_set_aside_for_it_is_free_here_and_it_counts_as_used(town: Town) -> None:
    town.code()
    house, guest = town.kiosk, town.kiosk.profiles.get(town.band)
    assert guest is not None
    book = house.sequencer.submit(lambda tx: book_of(tx, guest.guest or ""))
    assert (book.promises, book.marks[-1].counted) == ((), Counted.REDEEMED)
    assert left(house, "") == left(town.shop, "")


def test_a_code_that_was_changed_or_signed_by_a_stranger_is_none_of_ours(town: Town) -> None:
    code = town.code()
    made = madeover.read(code, town.shop._rooms())
    forged = carried.issue(b"x" * 32, made)
    elsewhere = carried.issue(b"d" * 32, msgspec.structs.replace(made, home="edge-9"))
    for wrong in (
        forged,
        elsewhere,
        code[:20] + ("A" if code[20] != "A" else "B") + code[21:],
        "m.",
        "m.AAAA",
        "m." + "A" * 1_300,
    ):
        with pytest.raises(NoCoupon):
            town.scan(wrong)
    assert redeemed(town.shop) == []


def test_a_stolen_kiosk_promises_nothing_that_central_does_not_offer(town: Town) -> None:
    made = madeover.read(town.code(), town.shop._rooms())
    offer, true = made.promise.offer, made.promise.bundle
    assert offer.effect is not None
    generous = msgspec.structs.replace(offer.effect, percent=100, off_minor=0)
    for wrong in (
        msgspec.structs.replace(made.promise, offer=msgspec.structs.replace(offer, effect=generous)),
        msgspec.structs.replace(made.promise, offer=msgspec.structs.replace(offer, budget=None)),
        msgspec.structs.replace(made.promise, offer=msgspec.structs.replace(offer, id="unheard")),
        msgspec.structs.replace(made.promise, until="2099-12-31"),
        msgspec.structs.replace(made.promise, bundle=true + 1),
    ):
        with pytest.raises(Refused, match="knows no such offer"):
            town.scan(carried.issue(b"d" * 32, MadeOver(wrong, KIOSK, SHOP)))
    assert redeemed(town.shop) == []


def test_a_till_whose_part_of_the_budget_is_empty_says_that_it_stays_valid(town: Town) -> None:
    code = town.code("cake-free")
    third = madeover.read(code, town.shop._rooms())
    assert third.to == SHOP
    for at in range(5):
        spare = msgspec.structs.replace(third.promise, exposure=f"e-spare.{at}")
        town.scan(carried.issue(b"d" * 32, MadeOver(spare, KIOSK, SHOP)), f"op-spare-{at}")
        town.shop.service.add_cash(cashier(town.shop), TILL, f"op-spare-{at}", minor=600)
    with pytest.raises(Refused, match="does not lie here yet") as told:
        town.scan(code, "op-dry-01")
    assert "stays valid" in told.value.hint
    assert len(redeemed(town.shop)) == 5


def test_a_sale_that_is_taken_back_gives_the_code_back(town: Town) -> None:
    code = town.code()
    town.scan(code, "op-scan-1")
    town.shop.service.give_up(cashier(town.shop), TILL, "op-scan-1")
    town.scan(code, "op-scan-2")
    assert len(redeemed(town.shop)) == 2


def test_what_no_till_would_read_does_not_leave_its_book(town: Town) -> None:
    every = ("soup", *(f"article-number-{number:03}" for number in range(60)))
    published(town.kiosk, an_offer(effect=Effect(off_minor=150, articles=every, units=1)), version=2)
    taken = took(town.kiosk, town.band)
    with pytest.raises(Refused, match="too many things"):
        town.kiosk.service.offers.sending.make_over(taken.exposure, "kiosk", device=SHOP)
    granted(town.kiosk)
    assert bought(town.kiosk, SOUP, op_id="op-kiosk-1").lines[0].off_minor == 150


def test_what_brings_points_goes_with_the_band_alone(town: Town) -> None:
    taken = took(town.kiosk, town.band, "points")
    assert taken.elsewhere == ()
    with pytest.raises(Refused, match="band alone"):
        town.kiosk.service.offers.sending.make_over(taken.exposure, "kiosk", device=SHOP)


def test_the_guest_chooses_among_the_tills_of_other_devices(town: Town) -> None:
    taken: TakenView = took(town.kiosk, town.band)
    assert [(one.device, one.point) for one in taken.elsewhere] == [(SHOP, TILL), (THIRD, TILL)]
    made = town.kiosk.service.offers.sending.make_over(taken.exposure, "kiosk", device=THIRD)
    assert (made.to, [one.device for one in made.elsewhere]) == (THIRD, [THIRD])
