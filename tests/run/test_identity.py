"""A device's identity: made here, sealed here, worth nothing elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.config import Config, parse
from edge.keys.keyfile import KeyFile
from edge.keys.ring import new_ring
from edge.run import identity
from edge.run.app import Edge, Own
from edge.run.demo.open import taken_up
from edge.run.device import own_of
from edge.run.identity import Identity, NotEnrolled, new_private_key, pinned
from edge.vault import Vault, VaultError
from sync.client import Unpinned

RING = new_ring()
WHO = Identity(
    site="aurora",
    device="edge-1",
    private_key=bytes(range(32)),
    key_id="aurora.edge-1.1",
    central_key=bytes(range(32, 64)),
    central="http://central",
)


def test_identity_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path, RING)
    identity.save(tmp_path, vault, WHO)
    assert identity.load(tmp_path, vault) == WHO
    assert not list(tmp_path.glob("*.new"))


def test_no_secret_stands_in_the_file_or_in_a_repr(tmp_path: Path) -> None:
    identity.save(tmp_path, Vault.create(tmp_path, RING), WHO)
    kept = (tmp_path / "identity").read_bytes()
    assert WHO.private_key not in kept
    assert WHO.private_key.hex() not in repr(WHO)
    assert str(WHO.private_key) not in repr(WHO)
    assert (tmp_path / "identity").stat().st_mode & 0o077 == 0


def test_stolen_file_does_not_open_with_another_folders_keys(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    identity.save(mine, Vault.create(mine, RING), WHO)
    other = Vault.create(theirs, new_ring())
    shutil.copy(mine / "identity", theirs / "identity")
    with pytest.raises(VaultError, match="does not open"):
        identity.load(theirs, other)


def test_device_without_an_identity_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled) as told:
        identity.load(tmp_path, Vault.create(tmp_path, RING))
    assert "polso enrol" in told.value.hint


def test_lone_device_makes_its_identity_once(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path, RING)
    first = identity.alone(tmp_path, vault, "site-1", device="edge-1")
    second = identity.alone(tmp_path, vault, "site-9", device="edge-9")
    assert first == second
    assert first.device == "edge-1"


def test_public_half_belongs_to_the_private_one() -> None:
    private = new_private_key()
    made = Identity(site="s", device="d", private_key=private).public_key
    signed = Ed25519PrivateKey.from_private_bytes(private).sign(b"tap")
    Ed25519PublicKey.from_public_bytes(made).verify(signed, b"tap")
    assert made != private


# Devices of before central signed its answers

OLD = msgspec.structs.replace(WHO, central_key=b"")
LONE = msgspec.structs.replace(WHO, key_id="", central_key=b"", central="")


def a_config(folder: Path, central: str = "") -> Config:
    return parse(f'[store]\nfolder = "{folder}"\n[central]\nurl = "{central}"\nplain_http = true\n', "here")


def kept(tmp_path: Path, who: Identity) -> tuple[Path, KeyFile]:
    """A folder of this device and the file of its key."""
    folder, key = tmp_path / "folder", KeyFile(tmp_path / "key", tmp_path / "folder")
    folder.mkdir()
    key.put(RING)
    identity.save(folder, Vault.create(folder, RING), who)
    return folder, key


def test_device_without_centrals_key_does_not_start_and_is_told_to_enrol_anew(tmp_path: Path) -> None:
    folder, key = kept(tmp_path, OLD)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(Unpinned, match="no key of central") as told:
        own_of(a_config(folder), key)
    assert "Enrol it anew" in told.value.hint
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_lone_device_that_is_pointed_at_central_does_not_start_without_enrolment(tmp_path: Path) -> None:
    folder, key = kept(tmp_path, LONE)
    assert own_of(a_config(folder), key).identity == LONE
    with pytest.raises(Unpinned):
        own_of(a_config(folder, "http://central"), key)


def test_device_with_centrals_key_starts(tmp_path: Path) -> None:
    folder, key = kept(tmp_path, WHO)
    assert own_of(a_config(folder, "http://moved"), key).identity.central == "http://moved"


def test_no_edge_is_built_that_would_speak_unsigned(tmp_path: Path) -> None:
    for who in (OLD, msgspec.structs.replace(WHO, key_id="")):
        folder = tmp_path / (who.key_id or "nameless")
        folder.mkdir()
        with pytest.raises(Unpinned):
            Edge(a_config(folder), Own(vault=Vault.create(folder, RING), identity=who))


def test_demos_own_folder_of_before_is_refused_with_what_to_do(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path, RING)
    identity.save(tmp_path, vault, OLD)
    with pytest.raises(Unpinned, match="before central signed") as told:
        taken_up(tmp_path, vault, "http://127.0.0.1:1")
    assert "Remove the folder" in told.value.hint
    identity.save(tmp_path, vault, WHO)
    assert taken_up(tmp_path, vault, "http://127.0.0.1:1") == pinned(
        msgspec.structs.replace(WHO, central="http://127.0.0.1:1")
    )
