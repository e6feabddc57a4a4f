"""Promise P4: a code works once, whoever races for it, and a guesser closes it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync.central import enrolment
from sync.central.app import create_app
from sync.central.enrolment import CodeRefused, Invitation, enrol, enrolment_table, invite
from sync.central.machines import devices
from sync.central.store import Store, select
from sync.signing import NEW_DEVICE, Keys, public_half
from sync.wire import EnrolAnswer, EnrolRequest, Problem
from tests.sync.builders import Clockwork, a_site
from tests.sync.caller import Caller

RACES = 1_000
SAMPLE = 100


@pytest.fixture
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(str(tmp_path_factory.mktemp("central") / "central.db"), now_ms=Clockwork())
    yield opened
    opened.close()


def raced(store: Store, races: int) -> tuple[int, int]:
    """Let two uses of one code meet, again and again; return who won and who was refused."""
    a_site(store)
    won: list[EnrolAnswer] = []
    lost: list[str] = []
    meet = threading.Barrier(2)

    def use(code: str) -> None:
        request = EnrolRequest(code=code, public_key=secrets.token_bytes(32))
        meet.wait()
        try:
            won.append(enrol(store, request))
        except CodeRefused:
            lost.append(code)

    with ThreadPoolExecutor(2) as two:
        for _ in range(races):
            with store.transaction() as tx:
                code = invite(tx, Invitation(site="park"))
            list(two.map(use, [code, code]))
    with store.reading() as tx:
        assert len(devices.devices(tx, "park")) == races
        alarms = set(tx.execute(select(enrolment_table.c.alarm)).scalars())
    assert alarms == {"used a second time"}
    assert len({answer.device for answer in won}) == races
    return len(won), len(lost)


@pytest.mark.timeout(120)
def test_of_a_thousand_races_each_is_won_exactly_once(small_store: Store) -> None:
    assert raced(small_store, RACES) == (RACES, RACES)


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_so_is_a_sample_of_them_on_postgresql(fresh_postgres_url: str) -> None:
    store = Store(fresh_postgres_url, now_ms=Clockwork())
    assert raced(store, SAMPLE) == (SAMPLE, SAMPLE)
    store.close()


def test_a_code_is_worth_no_guess_and_no_copy_of_the_database(small_store: Store) -> None:
    a_site(small_store)
    with small_store.transaction() as tx:
        code = invite(tx, Invitation(site="park"))
        row = tx.execute(select(enrolment_table)).one()
    bits = enrolment.SECRET_CHARS * 5
    assert bits >= 64
    assert enrolment.LIFE_MS <= 15 * 60_000
    secret = code.replace("-", "")[enrolment.LOCATOR_CHARS :]
    assert all(secret.encode() not in bytes(cell) for cell in row if isinstance(cell, bytes))
    assert secret not in [cell for cell in row if isinstance(cell, str)]


def test_five_wrong_tries_over_the_wire_close_a_code_and_a_stolen_public_key_spends_none(
    small_store: Store,
) -> None:
    caller = Caller(create_app(small_store).test_client(), small_store)
    with small_store.transaction() as tx:
        code = invite(tx, Invitation(site="park"))
    own = secrets.token_bytes(32)
    thief = EnrolRequest(code=code, public_key=public_half(own))
    told = caller.post("/v1/enrolments", thief, key_id=NEW_DEVICE)
    assert told[0] == 401, "who cannot sign with the key spends no code"
    for _ in range(enrolment.TRIES_MAX):
        wrong = EnrolRequest(code=code[:-1] + ("2" if code[-1] != "2" else "3"), public_key=caller.public_key)
        assert caller.problem(caller.post("/v1/enrolments", wrong, key_id=NEW_DEVICE)) is Problem.CODE_REFUSED
    right = EnrolRequest(code=code, public_key=caller.public_key)
    assert caller.problem(caller.post("/v1/enrolments", right, key_id=NEW_DEVICE)) is Problem.CODE_REFUSED
    with small_store.reading() as tx:
        (row,) = tx.execute(select(enrolment_table)).all()
    assert (row.state, row.tries) == (enrolment.CLOSED, enrolment.TRIES_MAX)


def test_no_secret_stands_in_a_keys_repr() -> None:
    assert repr(Keys(key_id="park.edge-1.1", private_key=b"\x07" * 32)) == "Keys('park.edge-1.1')"
