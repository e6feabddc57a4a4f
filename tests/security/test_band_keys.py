"""No master key is on an edge, no band key in clear: every octet of a folder is looked at (promise P2)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.bands import Band, BandAct, BandState, Trust
from edge.core.onair import ON_AIR, on_air_in
from edge.core.profiles import Item, ProfileItem
from edge.core.retention import DAY_MS
from edge.errors import StoreDamaged
from edge.keys.ring import Ring
from edge.run.keys import diversify
from edge.vault import Vault
from sync.central.console import operators
from sync.central.feed import item_table
from sync.central.personalisation import seated
from sync.central.registry import bands, guests, onair, profiles, rights
from sync.central.registry.bands import BandCard, band_id
from sync.central.registry.guests import Guest
from sync.central.registry.masters import masters
from sync.central.sites import band_key, create_site
from sync.central.store import Seals, Store, select
from sync.central.store.sealing import SEALS
from tests.builders import a_day_ticket
from tests.sync.ends import Edge, a_welcome, running, served, until

SEALED_BY = Vault(bytes(32), Ring({1: b"c" * 64}))
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
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms, seals=SEALED_BY)
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


def on_air(store: Store, uid: bytes) -> bytes:
    """Give a band a radio's key; return that key."""
    with store.transaction() as tx:
        [card] = bands.bands_by_id(tx, "park", [band_id(band_key(tx, "park"), uid)])
        made = onair.made()
        bands.put_band(tx, "park", onair.keyed(tx, "park", card, on_air=made))
        profiles.publish_bands(tx, "park", [bands.band(tx, "park", card.band.id)])
        return made.key


def coming(store: Store, guest: str, *, in_days: int) -> bytes:
    """A guest with a right for a later day, whose band has a radio; return the number of its chip."""
    from_ms, uid = wall_ms() + in_days * DAY_MS, b"\x04" + guest.encode().rjust(6, b"\0")
    right = a_day_ticket(f"r-{guest}", valid_from_ms=from_ms, valid_until_ms=from_ms + DAY_MS)
    with store.transaction() as tx:
        guests.put_guests(tx, "park", [Guest(id=guest, name="Ada")])
        rights.put_rights(tx, "park", [right], guest=guest)
        worn = Band(id=band_id(band_key(tx, "park"), uid), trust_min=Trust.SUN)
        bands.add_bands(tx, "park", [BandCard(band=worn, guest=guest, keys={1: b"1" * 16})])
        profiles.publish_guests(tx, "park", [guest])
    return uid


def test_identity_keys_travel_with_who_is_expected_and_stand_nowhere_in_clear(
    central: str, small_store: Store, tmp_path: Path
) -> None:
    welcome = a_welcome(central, small_store)
    chips = [coming(small_store, "soon", in_days=1), coming(small_store, "late", in_days=90)]
    soon, late = (band_id(welcome.band_key, uid) for uid in chips)
    keys = [on_air(small_store, uid) for uid in chips]
    with running(Edge(tmp_path / "edge", central, welcome)) as edge:
        until(lambda: edge.profiles.count() == len(chips))
        told = on_air_in(edge.profiles.keys(soon)[ON_AIR])
        assert told is not None
        assert told.key == keys[0]
        assert set(edge.profiles.keys(late)) == {1}, "of who is not expected no radio is known"
        with small_store.transaction() as tx:
            card = bands.acted(bands.band(tx, "park", soon), BandAct.REPLACE)
            profiles.publish_state(tx, "park", card)
        until(lambda: not edge.profiles.keys(soon))
    assert places(tmp_path, keys) == [], "neither central's files nor the edge's"


def told_by(store: Store, seals: Seals | None) -> list[ProfileItem]:
    """The profiles of a site as a central that holds these seals tells them."""
    with store.reading() as tx:
        tx.info[SEALS] = seals
        rows = tx.execute(select(item_table).where(item_table.c.kind == "profile")).all()
        items = [Item(kind="profile", key=row.key, version=row.seq, body=bytes(row.body)) for row in rows]
        bodies = [onair.outgoing(tx, "park", item).body or b"" for item in items]
    return [msgspec.msgpack.decode(body, type=ProfileItem) for body in bodies]


def test_central_without_its_key_still_tells_the_keys_that_open_gates(
    small_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with small_store.transaction() as tx:
        create_site(tx, "park")
    on_air(small_store, coming(small_store, "soon", in_days=1))
    other = Vault(bytes(32), Ring({1: b"o" * 64}))
    for seals in (None, other):
        assert [(set(one.keys), one.on_air) for one in told_by(small_store, seals)] == [({1}, b"")]
    assert "does not open" in caplog.text
    with small_store.reading() as tx:
        tx.info[SEALS] = other
        with pytest.raises(StoreDamaged):
            onair.prove_seals(tx)


def test_identity_key_of_one_band_opens_for_no_other(small_store: Store) -> None:
    with small_store.transaction() as tx:
        create_site(tx, "park")
    one, other = (coming(small_store, name, in_days=1) for name in ("one", "other"))
    on_air(small_store, one)
    with small_store.transaction() as tx:
        secret = band_key(tx, "park")
        [mine, theirs] = (bands.band(tx, "park", band_id(secret, uid)) for uid in (one, other))
        moved = msgspec.structs.replace(theirs, keys={**theirs.keys, ON_AIR: mine.keys[ON_AIR]})
        bands.put_band(tx, "park", moved)
        profiles.publish_bands(tx, "park", [moved])
    found = {item.profile.band.id: item.on_air for item in told_by(small_store, SEALED_BY)}
    assert found[mine.band.id]
    assert not found[theirs.band.id]
