"""The vault: identifiers become BandIds, cells are sealed where they stand."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import StoreDamaged
from edge.keys.ring import Ring
from edge.vault import PAD_BYTES, SITE_FILE, Vault, VaultError

SITE_KEY, RING = b"s" * 32, Ring({1: bytes(range(64))})
OTHER = Ring({1: b"o" * 64})
UID = bytes.fromhex("04a1b2c3d4e5f6")


def a_vault() -> Vault:
    return Vault(SITE_KEY, RING)


def test_band_id_is_hmac_sha256_of_the_uid_cut_to_128_bits() -> None:
    assert a_vault().band_id(UID) == hmac.new(SITE_KEY, UID, "sha256").digest()[:16]


def test_band_ids_of_another_site_are_others() -> None:
    assert a_vault().band_id(UID) != Vault(b"t" * 32, RING).band_id(UID)


@pytest.mark.parametrize("uid", [b"", b"x" * 65])
def test_identifier_of_no_or_too_many_octets_is_refused(uid: bytes) -> None:
    with pytest.raises(VaultError, match="1 to 64 octets"):
        a_vault().band_id(uid)


@given(plain=st.binary(max_size=200))
def test_sealed_cell_opens_in_its_place_and_tells_only_a_rounded_length(plain: bytes) -> None:
    vault = a_vault()
    sealed = vault.seal(plain, "profiles", "keys", row=b"1")
    assert vault.open(sealed, "profiles", "keys", row=b"1") == plain
    assert (len(sealed) - 17) % PAD_BYTES == 0
    assert len(plain) < len(sealed)


@pytest.mark.parametrize(("table", "column", "row"), [("p", "k", b"2"), ("p", "x", b"1"), ("q", "k", b"1")])
def test_moved_cell_does_not_open(table: str, column: str, row: bytes) -> None:
    sealed = a_vault().seal(b"secret", "p", "k", row=b"1")
    with pytest.raises(StoreDamaged, match="does not open"):
        a_vault().open(sealed, table, column, row=row)


@given(place=st.integers(0, 48), flip=st.integers(1, 255))
def test_flipped_octet_does_not_open(place: int, flip: int) -> None:
    sealed = bytearray(a_vault().seal(b"secret", "p", "k", row=b"1"))
    sealed[place] ^= flip
    with pytest.raises(StoreDamaged):
        a_vault().open(bytes(sealed), "p", "k", row=b"1")


def test_cell_of_another_device_does_not_open() -> None:
    other = Vault(SITE_KEY, OTHER)
    with pytest.raises(StoreDamaged):
        other.open(a_vault().seal(b"secret", "p", "k", row=b"1"), "p", "k", row=b"1")


def test_site_key_is_sealed_for_its_owner_only_and_survives(tmp_path: Path) -> None:
    made = Vault.create(tmp_path, RING, SITE_KEY)
    assert (tmp_path / SITE_FILE).stat().st_mode & 0o777 == 0o600
    assert SITE_KEY not in (tmp_path / SITE_FILE).read_bytes()
    loaded = Vault.load(tmp_path, RING)
    assert loaded.band_id(UID) == a_vault().band_id(UID)
    assert loaded.open(made.seal(b"x", "t", "c", row=b"1"), "t", "c", row=b"1") == b"x"


def test_site_key_is_never_replaced(tmp_path: Path) -> None:
    Vault.create(tmp_path, RING)
    with pytest.raises(VaultError, match="exists already"):
        Vault.create(tmp_path, RING)


@pytest.mark.parametrize("content", [None, b"", b"\x01", b"\x02" + bytes(64)])
def test_missing_or_broken_site_key_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / SITE_FILE).write_bytes(content)
    with pytest.raises(VaultError):
        Vault.load(tmp_path, RING)


def test_folder_of_another_key_does_not_open(tmp_path: Path) -> None:
    Vault.create(tmp_path, RING)
    with pytest.raises(VaultError, match="does not open with this device's key"):
        Vault.load(tmp_path, OTHER)


def test_rolled_ring_seals_with_the_new_key_and_opens_what_the_old_one_sealed() -> None:
    old = a_vault().seal(b"x", "t", "c", row=b"1")
    rolled = Vault(SITE_KEY, RING.rolled())
    new = rolled.seal(b"x", "t", "c", row=b"1")
    assert (old[0], new[0]) == (1, 2)
    assert rolled.open(old, "t", "c", row=b"1") == rolled.open(new, "t", "c", row=b"1") == b"x"
    with pytest.raises(StoreDamaged):
        a_vault().open(new, "t", "c", row=b"1")


def test_blinded_words_are_equal_for_equal_words_of_one_site_alone() -> None:
    assert a_vault().blind(b"zoe") == a_vault().blind(b"zoe") != a_vault().blind(b"zoa")
    assert a_vault().blind(b"zoe") != Vault(b"t" * 32, RING).blind(b"zoe")


def test_keys_never_stand_in_what_a_vault_or_a_ring_prints() -> None:
    assert (repr(a_vault()), repr(RING)) == ("Vault()", "Ring(versions=[1])")


def test_driver_asks_for_a_bands_own_key_by_its_uid() -> None:
    vault = a_vault()

    class Bands:
        def keys(self, band: bytes) -> dict[int, bytes]:
            return {2: b"k" * 16} if band == vault.band_id(UID) else {}

    look_up = vault.key_lookup(Bands())
    assert (look_up(UID, 2), look_up(UID, 1), look_up(b"1234", 2)) == (b"k" * 16, None, None)
