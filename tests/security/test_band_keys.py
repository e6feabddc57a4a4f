"""No master key is on an edge, no band key in clear: every octet of a folder is looked at (promise P2)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import wall_ms
from edge.core.bands import Band, BandState, Trust
from edge.run.keys import diversify
from sync.central.console import operators
from sync.central.personalisation import seated
from sync.central.registry import bands, guests, profiles
from sync.central.registry.bands import BandCard, band_id
from sync.central.registry.guests import Guest
from sync.central.registry.masters import masters
from sync.central.sites import band_key
from sync.central.store import Store
from tests.sync.ends import Edge, a_welcome, running, served, until

UIDS = [b"\x04" + number.to_bytes(6) for number in range(50)]


def forms(secret: bytes) -> list[bytes]:
    """A secret as it might stand somewhere: raw, as text, turned."""
    text = secret.hex().encode()
    return [secret, text, text.upper(), base64.b64encode(secret).rstrip(b"="), secret[::-1]]


def places(folder: Path, secrets: list[bytes]) -> list[str]:
    """Where any of the secrets stands."""
    wanted = [form for secret in secrets for form in forms(secret)]
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return sorted({path.name for path, octets in files.items() if any(form in octets for form in wanted)})


@pytest.fixture
def small_store(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield store
    store.close()


@pytest.fixture
def central(small_store: Store) -> Iterator[str]:
    with served(small_store) as url:
        yield url


def fifty_bands(store: Store) -> tuple[list[bytes], list[dict[int, bytes]]]:
    """Fifty worn bands with keys of their own; returns masters and keys."""
    with store.transaction() as tx:
        made = diversify(bands.master(tx, "park"), UIDS)
        guests.put_guests(tx, "park", [Guest(id=f"g{n}", name="Ada") for n in range(len(UIDS))])
        secret = band_key(tx, "park")
        cards = [
            BandCard(
                band=Band(id=band_id(secret, uid), trust_min=Trust.SUN),
                guest=f"g{n}",
                chip="ntag424",
                keys=keys,
            )
            for n, (uid, keys) in enumerate(zip(UIDS, made, strict=True))
        ]
        bands.add_bands(tx, "park", cards)
        profiles.publish_bands(tx, "park", cards)
        return list(masters(tx, "park").values()), made


def test_no_octet_of_an_edge_is_a_master_or_an_open_band_key(
    central: str, small_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    welcome = a_welcome(central, small_store)
    roots, keys = fifty_bands(small_store)
    with running(Edge(tmp_path / "edge", central, welcome)) as edge:
        until(lambda: edge.profiles.count() == len(UIDS))
        first = band_id(welcome.band_key, UIDS[0])
        assert edge.profiles.keys(first) == keys[0], "the edge itself can open them"
        edge.write(20)
        until(edge.drained)
        events = b"".join(event.body for event in edge.journal.range(0, 0))
    secrets = [*roots, *(key for own in keys for key in own.values())]
    assert places(tmp_path / "edge", secrets) == []
    assert not any(form in events for secret in secrets for form in forms(secret))
    assert not any(form in caplog.text.encode() for secret in secrets for form in forms(secret))
    # The control: the same look finds what does stand there.
    assert places(tmp_path / "edge", [first]) != []


def test_a_revoked_bands_key_leaves_the_edge_at_once(
    central: str, small_store: Store, tmp_path: Path
) -> None:
    welcome = a_welcome(central, small_store)
    fifty_bands(small_store)
    id_ = band_id(welcome.band_key, UIDS[3])
    with small_store.transaction() as tx:
        operators.let_in(tx, "olga", "a-long-password")
    session = operators.sign_in(small_store, "olga", "a-long-password")
    desk = seated(small_store, "park", session=session, make=lambda master, uid, numbers: {})
    with running(Edge(tmp_path / "edge", central, welcome)) as edge:
        until(lambda: edge.profiles.keys(id_))
        desk.retire(UIDS[3])
        until(lambda: not edge.profiles.keys(id_))
        assert edge.sequencer.submit(lambda tx: tx.held(id_)).state is BandState.REVOKED
        assert edge.profiles.keys(band_id(welcome.band_key, UIDS[4])), "its neighbour keeps its key"
