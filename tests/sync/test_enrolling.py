"""Enrolment on the device's side: what is kept of a try that was cut off, and where a device never begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.errors import Offline, Refused
from edge.keys.keyfile import KeyFile
from edge.run import enrol, identity
from edge.run.unlocking import unlock
from sync.central import sites
from sync.central.enrolment import Invitation, invite
from sync.central.machines import devices
from sync.central.store import Store
from tests.sync.ends import served

SITE = "park"


@pytest.fixture
def central(small_store: Store) -> Iterator[str]:
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
    with served(small_store) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "edge"


def a_code(store: Store) -> str:
    with store.transaction() as tx:
        return invite(tx, Invitation(site=SITE, points=("gate-1",)))


def spend(folder: Path, url: str, code: str) -> identity.Identity:
    return enrol.enrol_in(folder, url, code, source=KeyFile(folder.with_name("key"), folder))


def lose_the_answer(folder: Path, url: str, code: str) -> None:
    """Spend a code at central, and hear nothing of it."""
    ask = enrol.ask

    def deaf(*given: object, **named: object) -> None:
        ask(*given, **named)  # type: ignore[arg-type]  # as they came
        raise Offline

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enrol, "ask", deaf)
        with pytest.raises(Offline):
            spend(folder, url, code)


def test_a_mistyped_code_keeps_the_key_that_the_right_one_was_spent_on(
    central: str, folder: Path, small_store: Store
) -> None:
    code = a_code(small_store)
    lose_the_answer(folder, central, code)
    mistyped = code[:-1] + ("2" if code[-1] != "2" else "3")
    with pytest.raises(Refused) as refused:
        spend(folder, central, mistyped)
    assert refused.value.hint == enrol.HINT
    who = spend(folder, central, code)
    with small_store.reading() as tx:
        assert [one.id for one in devices.devices(tx, SITE)] == [who.device]
    assert not (folder / enrol.TRY_FILE).exists()


def test_a_new_code_works_with_the_key_that_was_kept(central: str, folder: Path, small_store: Store) -> None:
    lose_the_answer(folder, central, a_code(small_store))
    who = spend(folder, central, a_code(small_store))
    kept = identity.load(folder, unlock(folder, KeyFile(folder.with_name("key"), folder)))
    assert (kept.device, kept.private_key) == (who.device, who.private_key)
    with small_store.reading() as tx:
        assert who.device in {one.id for one in devices.devices(tx, SITE)}


def test_no_device_begins_over_a_journal_whose_identity_is_elsewhere(
    central: str, folder: Path, small_store: Store
) -> None:
    folder.mkdir()
    (folder / "state.db").write_bytes(b"a witness")
    with pytest.raises(Refused, match="belongs to a device already"):
        spend(folder, central, a_code(small_store))
