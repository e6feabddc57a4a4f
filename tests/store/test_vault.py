"""The vault: identifiers become BandIds, cells are sealed where they stand."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import StoreDamaged
from edge.vault import KEYS_FILE, PAD_BYTES, Vault, VaultError

SITE_KEY, SEAL_KEY = b"s" * 32, bytes(range(64))
UID = bytes.fromhex("04a1b2c3d4e5f6")


def a_vault() -> Vault:
    return Vault(SITE_KEY, SEAL_KEY)


def test_band_id_is_hmac_sha256_of_the_uid_cut_to_128_bits() -> None:
    assert a_vault().band_id(UID) == hmac.new(SITE_KEY, UID, "sha256").digest()[:16]


def test_band_ids_of_another_site_are_others() -> None:
    assert a_vault().band_id(UID) != Vault(b"t" * 32, SEAL_KEY).band_id(UID)


@pytest.mark.parametrize("uid", [b"", b"x" * 65])
def test_identifier_of_no_or_too_many_octets_is_refused(uid: bytes) -> None:
    with pytest.raises(VaultError, match="1 to 64 octets"):
        a_vault().band_id(uid)


@given(plain=st.binary(max_size=200))
def test_sealed_cell_opens_in_its_place_and_tells_only_a_rounded_length(plain: bytes) -> None:
    vault = a_vault()
    sealed = vault.seal(plain, "profiles", "keys", row=b"1")
    assert vault.open(sealed, "profiles", "keys", row=b"1") == plain
    assert (len(sealed) - 16) % PAD_BYTES == 0
    assert len(plain) < len(sealed)


@pytest.mark.parametrize(("table", "column", "row"), [("p", "k", b"2"), ("p", "x", b"1"), ("q", "k", b"1")])
def test_moved_cell_does_not_open(table: str, column: str, row: bytes) -> None:
    sealed = a_vault().seal(b"secret", "p", "k", row=b"1")
    with pytest.raises(StoreDamaged, match="does not open"):
        a_vault().open(sealed, table, column, row=row)


@given(place=st.integers(0, 47), flip=st.integers(1, 255))
def test_flipped_octet_does_not_open(place: int, flip: int) -> None:
    sealed = bytearray(a_vault().seal(b"secret", "p", "k", row=b"1"))
    sealed[place] ^= flip
    with pytest.raises(StoreDamaged):
        a_vault().open(bytes(sealed), "p", "k", row=b"1")


def test_cell_of_another_device_does_not_open() -> None:
    other = Vault(SITE_KEY, b"o" * 64)
    with pytest.raises(StoreDamaged):
        other.open(a_vault().seal(b"secret", "p", "k", row=b"1"), "p", "k", row=b"1")


def test_keys_file_is_for_its_owner_only_and_survives(tmp_path: Path) -> None:
    made = Vault.create(tmp_path, SITE_KEY)
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o777 == 0o600
    loaded = Vault.load(tmp_path)
    assert loaded.band_id(UID) == a_vault().band_id(UID)
    assert loaded.open(made.seal(b"x", "t", "c", row=b"1"), "t", "c", row=b"1") == b"x"


def test_keys_file_is_never_replaced(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    with pytest.raises(VaultError, match="exists already"):
        Vault.create(tmp_path)


def test_keys_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    Vault.create(tmp_path)
    (tmp_path / KEYS_FILE).chmod(0o644)
    with pytest.raises(VaultError) as told:
        Vault.load(tmp_path)
    assert told.value.hint.startswith("chmod 600")


@pytest.mark.parametrize("content", [None, b"", b"\x82\xa4site\xa1x\xa4seal\xa1y"])
def test_missing_or_broken_keys_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / KEYS_FILE).write_bytes(content)
        (tmp_path / KEYS_FILE).chmod(0o600)
    with pytest.raises(VaultError):
        Vault.load(tmp_path)


def test_keys_never_stand_in_what_a_vault_prints() -> None:
    assert "ssss" not in repr(a_vault()) + str(vars(a_vault()).get("site", ""))


def test_driver_asks_for_a_bands_own_key_by_its_uid() -> None:
    vault = a_vault()

    class Bands:
        def keys(self, band: bytes) -> dict[int, bytes]:
            return {2: b"k" * 16} if band == vault.band_id(UID) else {}

    look_up = vault.key_lookup(Bands())
    assert (look_up(UID, 2), look_up(UID, 1), look_up(b"1234", 2)) == (b"k" * 16, None, None)


def test_digest_is_keyed_by_the_device() -> None:
    assert a_vault().digest(b"row") != Vault(SITE_KEY, b"o" * 64).digest(b"row")
    assert len(a_vault().digest(b"row")) == 8
