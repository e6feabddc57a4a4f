"""Enrolment over both databases: a code works once, for a while, and not for whoever guesses."""

from __future__ import annotations

import secrets
import threading

import pytest

from edge.errors import Refused
from sync.central import enrolment
from sync.central.enrolment import LIFE_MS, TRIES_MAX, CodeRefused, Invitation, enrol, enrolment_table, invite
from sync.central.machines import devices, keys
from sync.central.sites import band_key, create_site
from sync.central.store import Store, select
from sync.wire import EnrolAnswer, EnrolRequest
from tests.sync.builders import Clockwork, a_site


@pytest.fixture
def code(store: Store) -> str:
    a_site(store)
    with store.transaction() as tx:
        return invite(tx, Invitation(site="park", name="North gate", points=("gate-1", "gate-2")))


def spend(store: Store, code: str, public_key: bytes = b"p" * 32) -> EnrolAnswer:
    return enrol(store, EnrolRequest(code=code, public_key=public_key))


def row_of(store: Store) -> tuple[str, int, str]:
    with store.reading() as tx:
        row = tx.execute(select(enrolment_table)).one()
    return row.state, row.tries, row.alarm


def wrong(code: str) -> str:
    return code[:-1] + ("2" if code[-1] != "2" else "3")


def test_a_device_gets_its_name_its_keys_name_and_the_sites_key(store: Store, code: str) -> None:
    answer = spend(store, code)
    with store.reading() as tx:
        known = devices.device(tx, "park", answer.device)
        assert answer.band_key == band_key(tx, "park")
        key = keys.find(tx, answer.key_id)
    assert key is not None
    assert (key.device, key.public_key) == (answer.device, b"p" * 32)
    assert len(answer.central_key) == 32
    assert (known.id, known.name, known.points) == (answer.device, "North gate", ("gate-1", "gate-2"))
    assert known.public_key == b"p" * 32


def test_a_code_is_long_enough_grouped_and_kept_as_a_hash(store: Store, code: str) -> None:
    assert len(code.split("-")) == 5
    assert enrolment.SECRET_CHARS * 5 >= 64
    with store.reading() as tx:
        row = tx.execute(select(enrolment_table)).one()
    assert code.replace("-", "")[4:].encode() not in bytes(row.secret_hash)


def test_a_code_is_understood_as_people_type_it(store: Store, code: str) -> None:
    assert spend(store, code.lower().replace("-", " ").replace("0", "o").replace("1", "l"))


def test_a_second_use_is_refused_and_alarms(store: Store, code: str) -> None:
    spend(store, code)
    with pytest.raises(CodeRefused):
        spend(store, code, b"q" * 32)
    assert row_of(store)[2] == "used a second time"


def test_a_code_ends_after_a_quarter_of_an_hour(store: Store, code: str, clock: Clockwork) -> None:
    clock.ms += LIFE_MS
    with pytest.raises(CodeRefused):
        spend(store, code)


def test_five_wrong_tries_close_a_code(store: Store, code: str) -> None:
    for _ in range(TRIES_MAX):
        with pytest.raises(CodeRefused):
            spend(store, wrong(code))
    with pytest.raises(CodeRefused):
        spend(store, code)
    assert row_of(store)[:2] == ("closed", TRIES_MAX)


def test_four_wrong_tries_do_not(store: Store, code: str) -> None:
    for _ in range(TRIES_MAX - 1):
        with pytest.raises(CodeRefused):
            spend(store, wrong(code))
    assert spend(store, code)


def test_of_many_at_once_exactly_one_wins(store: Store, code: str) -> None:
    won: list[EnrolAnswer] = []
    lost: list[CodeRefused] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        try:
            won.append(spend(store, code, secrets.token_bytes(32)))
        except CodeRefused as error:
            lost.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    with store.reading() as tx:
        assert [device.id for device in devices.devices(tx, "park")] == [won[0].device]


def test_an_unknown_code_and_a_short_key_are_refused(store: Store, code: str) -> None:
    with pytest.raises(CodeRefused):
        spend(store, "0000-0000-0000-0000-0000")
    with pytest.raises(Refused):
        enrol(store, EnrolRequest(code=code, public_key=b"short"))


def test_a_name_that_no_database_holds_is_bared_to_what_it_can(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        code = invite(tx, Invitation(site="park"))
    answer = enrol(store, EnrolRequest(code=code, public_key=b"p" * 32, name="North\0 gate" + "x" * 500))
    with store.reading() as tx:
        name = devices.device(tx, "park", answer.device).name
    assert (name[:11], len(name)) == ("North gatex", enrolment.NAME_CHARS_MAX)


@pytest.mark.parametrize("name", ["", "Park", "a.b", "a/b", "-a", "x" * 65])
def test_a_site_id_that_a_keys_name_cannot_carry_is_refused(small_store: Store, name: str) -> None:
    with pytest.raises(Refused), small_store.transaction() as tx:
        create_site(tx, name)


def test_no_other_name_finds_a_key(store: Store, code: str) -> None:
    answer = spend(store, code)
    with store.reading() as tx:
        assert keys.find(tx, answer.key_id) is not None
        for forged in (
            "",
            "x",
            "..",
            answer.key_id[:-1],
            answer.key_id + "0",
            answer.key_id + ".1",
            "park.x.1",
        ):
            assert keys.find(tx, forged) is None


def test_a_lost_answer_is_given_again_to_the_very_key_that_the_code_was_spent_on(
    store: Store, code: str, clock: Clockwork
) -> None:
    first = spend(store, code)
    assert spend(store, code, b"p" * 32) == first
    clock.ms += LIFE_MS
    with pytest.raises(CodeRefused):
        spend(store, code, b"p" * 32)
    with store.reading() as tx:
        assert len(devices.devices(tx, "park")) == 1
