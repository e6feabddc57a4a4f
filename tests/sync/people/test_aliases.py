"""By what a guest is known: one name is one guest's, proven once, and nobody's before that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import Refused, Unknown
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.people import aliases, codes
from sync.central.people.aliases import Claim, Kind, Proof, named
from sync.central.people.codes import Told
from sync.central.privacy import erasure
from sync.central.store import Store, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.people.folk import Folk

MAIL = named(Kind.EMAIL, " Ada@Park.example ")
ADA, BEA = Claim(MAIL, "ada"), Claim(MAIL, "bea")


@pytest.fixture
def folk(url: str, clock: Clockwork) -> Iterator[Folk]:
    """Guests at a central that has a key to seal by."""
    opened = Store(url, now_ms=clock, seals=Vault(bytes(32), new_ring()))
    yield Folk(opened, clock)
    opened.close()


def asks(folk: Folk, claim: Claim) -> str:
    with folk.store.transaction() as tx:
        return codes.begin(tx, SITE, claim)


def tells(folk: Folk, claim: Claim, code: str) -> Told:
    with folk.store.transaction() as tx:
        return codes.tell(tx, SITE, claim, code=code, by="mail")


def known(folk: Folk) -> str | None:
    with folk.store.reading() as tx:
        return aliases.find(tx, SITE, MAIL)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**codes.DIGITS:0{codes.DIGITS}d}"


def test_a_code_that_was_brought_proves_an_address_once(folk: Folk) -> None:
    assert known(folk) is None
    code = asks(folk, ADA)
    assert known(folk) is None, "a claim joins nobody to anything"
    assert tells(folk, BEA, code) is Told.WRONG, "it was made for another guest"
    assert tells(folk, ADA, code) is Told.PROVEN
    assert tells(folk, ADA, code) is Told.OVER, "once"
    assert known(folk) == "ada"
    with folk.store.reading() as tx:
        (one,) = aliases.of_guest(tx, SITE, "ada")
    assert (one.name.value, one.proof, one.by) == ("ada@park.example", Proof.CODE, "mail")


def test_an_address_is_one_guest_s_at_a_time(folk: Folk) -> None:
    assert tells(folk, ADA, asks(folk, ADA)) is Told.PROVEN
    assert tells(folk, BEA, asks(folk, BEA)) is Told.TAKEN
    assert known(folk) == "ada"
    with folk.store.transaction() as tx:
        with pytest.raises(Refused, match="Another guest"):
            aliases.prove(tx, SITE, BEA, proof=Proof.STAFF, by="olga")
        assert aliases.drop(tx, SITE, MAIL, guest="bea") is False
        assert aliases.drop(tx, SITE, MAIL, guest="ada") is True
        assert aliases.prove(tx, SITE, BEA, proof=Proof.STAFF, by="olga") is True
        assert aliases.prove(tx, SITE, BEA, proof=Proof.STAFF, by="olga") is False


def test_guesses_are_few_and_codes_are_few_and_soon_old(folk: Folk) -> None:
    code = asks(folk, ADA)
    for _ in range(codes.TRIES_MAX):
        assert tells(folk, ADA, another(code)) is Told.WRONG
    assert tells(folk, ADA, code) is Told.OVER, "the right one comes too late"
    late = asks(folk, ADA)
    folk.clock.ms += codes.GOOD_MS
    assert tells(folk, ADA, late) is Told.OVER
    for _ in range(codes.ASKED_MAX - 2):
        asks(folk, ADA)
    with pytest.raises(Refused, match="Too many"):
        asks(folk, ADA)
    folk.clock.ms += codes.HOUR_MS
    assert tells(folk, ADA, asks(folk, ADA)) is Told.PROVEN


def test_a_channel_s_own_number_is_another_one_elsewhere(folk: Folk) -> None:
    here, there = (named(Kind.LOYALTY, "4711", channel=one) for one in ("shop", "app"))
    with folk.store.transaction() as tx:
        aliases.prove(tx, SITE, Claim(here, "ada"), proof=Proof.CHANNEL, by="shop")
        aliases.prove(tx, SITE, Claim(there, "bea"), proof=Proof.CHANNEL, by="app")
        assert [aliases.find(tx, SITE, one) for one in (here, there)] == ["ada", "bea"]


def test_no_address_stands_in_any_cell_and_erasure_takes_it(folk: Folk) -> None:
    assert tells(folk, ADA, asks(folk, ADA)) is Told.PROVEN
    with folk.store.reading() as tx:
        cells = [repr(tuple(row)) for one in TABLES for row in tx.execute(select(one))]
    assert cells
    assert not any("ada@park" in cell for cell in cells)
    with folk.store.transaction() as tx:
        erasure.erase(tx, SITE, "ada")
    assert known(folk) is None


TABLES = (aliases.alias_table, aliases.key_table, codes.code_table)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("email", "ada"), ("email", "a d@b.example"), ("email", "@b.example"), ("phone", "12"), ("order", " ")],
)
def test_what_is_no_address_is_refused(kind: str, value: str) -> None:
    with pytest.raises(Refused):
        named(Kind(kind), value)


def test_a_telephone_number_is_compared_without_its_spaces() -> None:
    assert named(Kind.PHONE, "+39 (055) 12-34.56") == named(Kind.PHONE, "+39055123456")


def test_who_is_not_there_is_known_by_nothing(folk: Folk) -> None:
    with pytest.raises(Unknown):
        asks(folk, Claim(MAIL, "nobody"))


def test_a_central_without_a_key_keeps_no_address(tmp_path: Path, clock: Clockwork) -> None:
    store = Store(str(tmp_path / "c.db"), now_ms=clock)
    folk = Folk(store, clock)
    with pytest.raises(Refused, match="no key"):
        asks(folk, ADA)
    store.close()


def test_what_one_proved_is_proven_for_who_is_one_with_them_and_stays_theirs_when_they_part(
    folk: Folk,
) -> None:
    assert tells(folk, ADA, asks(folk, ADA)) is Told.PROVEN
    folk.merges("bea", "ada")
    assert tells(folk, BEA, asks(folk, BEA)) is Told.PROVEN, "the address is this person's"
    assert known(folk) == "ada"
    folk.parts("bea")
    assert known(folk) == "ada"
    assert tells(folk, BEA, asks(folk, BEA)) is Told.TAKEN, "they are two again"
