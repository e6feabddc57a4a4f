"""A parent calls for a child: care finds the family by the one who calls, and diaries side by side."""

from __future__ import annotations

import msgspec
import pytest

from sync.central.console import acts
from sync.central.console.looks import Shown
from sync.central.console.operators import Role
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.console.careful import CARE, looked, open_one
from tests.sync.console.desk import HOME, Browser, a_browser, an_operator
from tests.sync.journey.book import BAND, GUEST, Book

CHILD, NEIGHBOUR = "g-child", "g-neighbour"


@pytest.fixture
def book(small_store: Store) -> Book:
    """Giulia and her child pay from one wallet; a neighbour from another."""
    made = Book(small_store)
    an_operator(made.store, "carla", Role.CARE)
    with made.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=CHILD, name="Leo"), Guest(id=NEIGHBOUR)])
        for wallet in ("family", "other"):
            wallets.create(tx, SITE, Wallet(id=wallet, currency="EUR"))
        members.join(tx, SITE, Member(guest=GUEST, wallet="family", head=True))
        members.join(tx, SITE, Member(guest=CHILD, wallet="family"))
        members.join(tx, SITE, Member(guest=NEIGHBOUR, wallet="other", head=True))
        came = Entry("/gate", "c-1", f"g:{CHILD}", NOW_MS << 16, 0, Via.GATE, What.ENTERED, point="gate")
        diary.put(tx, SITE, [came])
    return made


@pytest.fixture
def carla(book: Book) -> Browser:
    return a_browser(book.store, "carla")


def test_a_childs_case_is_found_by_the_parent_who_calls(book: Book, carla: Browser) -> None:
    lost, others = open_one(carla, guest=CHILD), open_one(carla, guest=NEIGHBOUR, op="op-2")
    page = carla.says(f"{CARE}?q={BAND.hex()}")
    assert lost in page
    assert CHILD in page
    assert others not in page
    assert NEIGHBOUR not in page


def test_one_diary_leads_to_the_others_of_the_family_for_the_same_purpose(book: Book, carla: Browser) -> None:
    page = carla.get(f"{HOME}/guests/{GUEST}/diary?purpose=case").text
    way = f"{HOME}/guests/{CHILD}/diary?purpose=case"
    assert f'href="{way}"' in page
    assert NEIGHBOUR not in page
    assert "Came in" in carla.says(way)
    assert [what for _, what, _ in looked(book)] == ["diary_seen", "diary_seen"], "each is a look of its own"
    with book.store.reading() as tx:
        *_, first = (one for one in acts.acts(tx, SITE) if one.what == "diary_seen")
    told = msgspec.json.decode(first.after, type=Shown)
    assert (first.target, told) == (GUEST, Shown(guests=(CHILD,), count=1, purpose="case"))
    alone = carla.get(f"{HOME}/guests/{NEIGHBOUR}/diary?purpose=case").text
    assert "same wallet" not in alone
