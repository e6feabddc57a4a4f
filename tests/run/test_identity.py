"""A device's identity: made here, sealed here, worth nothing elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.run import identity
from edge.run.identity import Identity, NotEnrolled, new_private_key
from edge.vault import Vault, VaultError

WHO = Identity(
    site="aurora",
    device="edge-1",
    private_key=bytes(range(32)),
    credential="c" * 43,
    central="http://central",
)


def test_identity_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path)
    identity.save(tmp_path, vault, WHO)
    assert identity.load(tmp_path, vault) == WHO
    assert not list(tmp_path.glob("*.new"))


def test_no_secret_stands_in_the_file_or_in_a_repr(tmp_path: Path) -> None:
    identity.save(tmp_path, Vault.create(tmp_path), WHO)
    kept = (tmp_path / "identity").read_bytes()
    assert WHO.private_key not in kept
    assert WHO.credential.encode() not in kept
    assert WHO.credential not in repr(WHO)
    assert (tmp_path / "identity").stat().st_mode & 0o077 == 0


def test_stolen_file_does_not_open_with_another_folders_keys(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    identity.save(mine, Vault.create(mine), WHO)
    other = Vault.create(theirs)
    shutil.copy(mine / "identity", theirs / "identity")
    with pytest.raises(VaultError, match="does not open"):
        identity.load(theirs, other)


def test_device_without_an_identity_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled) as told:
        identity.load(tmp_path, Vault.create(tmp_path))
    assert "polso enrol" in told.value.hint


def test_lone_device_makes_its_identity_once(tmp_path: Path) -> None:
    _, first = identity.alone(tmp_path / "new", "site-1", "edge-1")
    _, second = identity.alone(tmp_path / "new", "site-9", "edge-9")
    assert first == second
    assert first.device == "edge-1"


def test_public_half_belongs_to_the_private_one() -> None:
    private = new_private_key()
    made = Identity(site="s", device="d", private_key=private).public_key
    signed = Ed25519PrivateKey.from_private_bytes(private).sign(b"tap")
    Ed25519PublicKey.from_public_bytes(made).verify(signed, b"tap")
    assert made != private
