"""Boxes: a device is started with what central holds for it, and with nothing once it is revoked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import requests

from edge.config import parse
from edge.errors import Offline, Refused
from edge.keys.ring import BadRing, new_ring
from edge.keys.source import NoKey
from edge.run import boot, identity
from edge.run.boot import CentralKey
from edge.run.device import own_of
from edge.run.enrol import enrol_in
from edge.run.identity import NotEnrolled
from edge.run.lobby import wait_for
from edge.run.unlocking import roll, source_of, unlock
from edge.run.watchdog import Watchdog
from edge.vault import VaultError
from kiosk.texts import LANGUAGES
from sync.central import sites
from sync.central.enrolment import Invitation, invite
from sync.central.machines import boxes, devices
from sync.central.store import Store, select
from sync.client import Declined
from sync.client.boxes import Ask, fetch, leave
from sync.signing import Keys, public_half
from sync.wire import BOX_BYTES_MAX, BoxDeposit, Problem
from tests.sync.ends import PRIVATE_KEY, a_welcome, keys_of, served

SITE = "park"


@pytest.fixture
def central(small_store: Store) -> Iterator[str]:
    """A served central that knows the site; its address."""
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
    with served(small_store) as url:
        yield url


def an_edge(place: Path, url: str, store: Store) -> tuple[Path, CentralKey]:
    """A device that was enrolled with its key at central."""
    folder, source = place / "data", CentralKey(place / "etc" / "boot", place / "data")
    with store.transaction() as tx:
        code = invite(tx, Invitation(site=SITE, points=("gate-1",)))
    enrol_in(folder, url, code, source=source)
    return folder, CentralKey(source.path, folder)


def test_device_opens_with_what_central_hands_over_and_keeps_it_in_memory_alone(
    tmp_path: Path, central: str, small_store: Store
) -> None:
    folder, source = an_edge(tmp_path, central, small_store)
    vault = unlock(folder, source)
    who = identity.load(folder, vault)
    assert who.site == SITE
    ring = source.ring().written().split()[2]
    places = [*folder.rglob("*"), *source.path.parent.iterdir(), *tmp_path.glob("*.db*")]
    assert [path.name for path in places if path.is_file() and ring in path.read_bytes()] == []
    with small_store.reading() as tx:
        left = tx.execute(select(boxes.box_table)).one()
    assert ring not in bytes(left.sealed), "central holds it sealed"
    assert source.path.stat().st_mode & 0o777 == 0o600
    assert source.path.read_bytes().find(bytes(left.sealed)) == -1


def test_revoked_device_gets_nothing_any_more(tmp_path: Path, central: str, small_store: Store) -> None:
    folder, source = an_edge(tmp_path, central, small_store)
    who = identity.load(folder, unlock(folder, source))
    with small_store.transaction() as tx:
        devices.revoke(tx, SITE, who.device)
    again = CentralKey(source.path, folder)
    with pytest.raises(NoKey, match="revoked"):
        unlock(folder, again)
    assert source.ring(), "what runs goes on until it is told; what starts anew does not"


def test_neither_half_opens_the_folder_without_the_other(
    tmp_path: Path, central: str, small_store: Store
) -> None:
    folder, source = an_edge(tmp_path, central, small_store)
    held = msgspec.msgpack.decode(source.path.read_bytes(), type=boot._Boot)
    other = msgspec.structs.replace(held, wrap=bytes(64))
    source.path.write_bytes(msgspec.msgpack.encode(other))
    with pytest.raises(BadRing):
        unlock(folder, CentralKey(source.path, folder))
    source.path.unlink()
    with pytest.raises(NoKey, match="is not there"):
        unlock(folder, CentralKey(source.path, folder))


def test_rolled_key_is_left_at_central_in_place_of_the_old_one(
    tmp_path: Path, central: str, small_store: Store
) -> None:
    folder, source = an_edge(tmp_path, central, small_store)
    before = CentralKey(source.path, folder).ring()
    assert roll(folder, source) == 2
    again = CentralKey(source.path, folder)
    assert dict(again.ring().items()).keys() == {2}
    assert identity.load(folder, unlock(folder, again)).site == SITE
    with pytest.raises(VaultError):
        unlock(folder, _Holding(before))


class _Holding:
    """A source that hands over what a test says."""

    def __init__(self, ring: object) -> None:
        self.ring = lambda: ring


def test_central_that_is_away_is_waited_for_in_words_that_say_so(tmp_path: Path, small_store: Store) -> None:
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
    with served(small_store) as url:
        folder, source = an_edge(tmp_path, url, small_store)
    with pytest.raises(Offline) as told:
        CentralKey(source.path, folder).ring()
    assert "starts by itself" in told.value.hint
    assert told.value.retryable


class Away:
    """A source whose central is away until it is told to answer."""

    name, worth = "central", ""

    def __init__(self) -> None:
        self.back = threading.Event()

    def ring(self) -> object:
        if not self.back.is_set():
            raise Offline
        return new_ring()


def test_screens_say_what_a_device_waits_for_until_it_has_it(free_port: int) -> None:
    config, source = parse(f"screens = {{ port = {free_port} }}", "test"), Away()
    waiting = threading.Thread(
        target=wait_for, args=(config, source, Watchdog(lambda: None, {})), kwargs={"retry_s": 0.02}
    )
    waiting.start()
    answer = ask(f"http://127.0.0.1:{free_port}/staff/gate-1")
    assert (answer.status_code, answer.headers["Refresh"]) == (503, "5")
    assert all(f'lang="{code}"' in answer.text for code in LANGUAGES)
    assert "waits for its key from central" in answer.text
    assert "Please use the next entrance" in answer.text
    source.back.set()
    waiting.join(5)
    assert not waiting.is_alive()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{free_port}/", timeout=2)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens at."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def ask(url: str) -> requests.Response:
    """Ask until somebody listens."""
    end = time.monotonic() + 5
    while True:
        try:
            return requests.get(url, timeout=2)
        except requests.ConnectionError:
            assert time.monotonic() < end


def test_device_that_is_not_enrolled_makes_no_key_that_nobody_holds(tmp_path: Path) -> None:
    key = f'key = {{ source = "central", path = "{tmp_path}/boot" }}'
    config = parse(f'store = {{ folder = "{tmp_path / "data"}" }}\n{key}', "test")
    with pytest.raises(NotEnrolled):
        own_of(config, source_of(config))
    assert not (tmp_path / "data").exists()


def test_strangers_key_and_a_replayed_request_get_nothing(
    tmp_path: Path, central: str, small_store: Store
) -> None:
    welcome = a_welcome(central, small_store)
    stranger = bytes(range(1, 33))
    with pytest.raises((Declined, Offline)):
        fetch(central, Ask(stranger, welcome.central_key))
    own = bytes(range(2, 34))
    deposit = BoxDeposit(public_key=public_half(own), sealed=b"sealed")
    leave(central, welcome.device, keys=keys_of(welcome), deposit=deposit)
    assert fetch(central, Ask(own, welcome.central_key)) == b"sealed"
    with pytest.raises((Declined, Offline)):
        fetch(central, Ask(own, bytes(range(3, 35))))


@pytest.mark.parametrize(
    "deposit",
    [
        BoxDeposit(public_key=b"short", sealed=b"x"),
        BoxDeposit(public_key=bytes(32), sealed=b""),
        BoxDeposit(public_key=bytes(32), sealed=bytes(BOX_BYTES_MAX + 1)),
    ],
)
def test_deposit_of_no_or_too_many_octets_is_refused(
    central: str, small_store: Store, deposit: BoxDeposit
) -> None:
    welcome = a_welcome(central, small_store)
    with pytest.raises(Declined) as told:
        leave(central, welcome.device, keys=keys_of(welcome), deposit=deposit)
    assert told.value.problem is Problem.MALFORMED


def test_nobody_leaves_a_box_for_another_device(central: str, small_store: Store) -> None:
    welcome = a_welcome(central, small_store)
    deposit = BoxDeposit(public_key=bytes(32), sealed=b"x")
    wrong = Keys(key_id=welcome.key_id, private_key=bytes(32), central=welcome.central_key)
    with pytest.raises((Declined, Offline)):
        leave(central, welcome.device, keys=wrong, deposit=deposit)
    with pytest.raises((Declined, Offline)):
        leave(central, "edge-other", keys=keys_of(welcome), deposit=deposit)
    assert bytes(32) != PRIVATE_KEY


def test_central_that_refuses_the_box_is_said(tmp_path: Path, central: str, small_store: Store) -> None:
    source = CentralKey(tmp_path / "boot", tmp_path / "data")
    source.put(new_ring())
    welcome = a_welcome(central, small_store)
    who = identity.Identity(
        site=SITE,
        device=welcome.device,
        private_key=PRIVATE_KEY,
        key_id=welcome.key_id,
        central=central,
        central_key=welcome.central_key,
    )
    with small_store.transaction() as tx:
        devices.revoke(tx, SITE, welcome.device)
    with pytest.raises(Refused, match="does not keep"):
        source.settle(who)
    assert not source.path.exists()
