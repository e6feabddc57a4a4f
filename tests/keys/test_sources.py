"""The key sources: each hands the ring over to whoever may have it, and to nobody else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge.keys import choice, credential
from edge.keys.choice import choose, own_file
from edge.keys.credential import CREDENTIAL, Credential
from edge.keys.keyfile import KeyFile
from edge.keys.ring import BadRing, new_ring
from edge.keys.source import NoKey
from edge.keys.tpm import TpmKey
from tests.real.parts import which


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets a key that this machine's own Polso has."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(choice, "STORE", tmp_path / "credstore" / CREDENTIAL)
    monkeypatch.setattr(choice, "SITE_FILE", tmp_path / "etc" / "key")


# A file


def test_key_file_is_its_owners_alone_and_comes_back(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "etc" / "key", tmp_path / "folder")
    ring = new_ring()
    source.put(ring)
    assert source.path.stat().st_mode & 0o777 == 0o600
    assert source.ring().items() == ring.items()
    assert "another medium" in source.worth


def test_key_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "key", tmp_path / "folder")
    source.put(new_ring())
    source.path.chmod(0o640)
    with pytest.raises(NoKey) as told:
        source.ring()
    assert told.value.hint == f"chmod 600 {source.path}"


@pytest.mark.parametrize("inside", ["key", "deeper/key", "link/key"])
def test_key_file_inside_the_folder_that_it_opens_is_refused(tmp_path: Path, inside: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(NoKey, match="in the folder that it opens"):
        KeyFile((tmp_path if "link" in inside else folder) / inside, folder)


def test_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoKey, match="is not there"):
        KeyFile(tmp_path / "key", tmp_path / "folder").ring()


def test_place_that_cannot_be_written_is_named_and_the_old_key_stands(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file where a folder should be")
    source = KeyFile(tmp_path / "etc" / "key", tmp_path / "folder")
    with pytest.raises(NoKey, match="cannot be written"):
        source.put(new_ring())


# The choice


def test_lone_account_gets_a_file_of_its_own_elsewhere(tmp_path: Path) -> None:
    source = choose("auto", "", tmp_path / "folder")
    assert isinstance(source, KeyFile)
    assert source.path == own_file(tmp_path / "folder")
    assert source.path != own_file(tmp_path / "other")
    assert not source.path.is_relative_to(tmp_path / "folder")


def test_site_file_comes_before_an_own_one_and_a_credential_before_both(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "key").touch()
    source = choose("auto", "", tmp_path / "folder")
    assert isinstance(source, KeyFile)
    assert source.path == tmp_path / "etc" / "key"
    (tmp_path / "credstore").mkdir()
    (tmp_path / "credstore" / CREDENTIAL).touch()
    assert isinstance(choose("auto", "", tmp_path / "folder"), Credential)


def test_named_source_and_place_are_obeyed(tmp_path: Path) -> None:
    file = choose("file", str(tmp_path / "stick" / "key"), tmp_path / "folder")
    tpm = choose("tpm", str(tmp_path / "blob"), tmp_path / "folder")
    held = choose("credential", "", tmp_path / "folder", seal_with="host")
    assert (file.name, tpm.name, held.name) == ("file", "tpm", "credential")


# A systemd credential


def test_credential_is_what_systemd_hands_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = new_ring()
    (tmp_path / CREDENTIAL).write_bytes(ring.written())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    source = choose("auto", "", tmp_path / "folder")
    assert isinstance(source, Credential)
    assert source.has_ring()
    assert source.ring().items() == ring.items()


def test_service_without_its_credential_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(NoKey, match="handed over no credential"):
        Credential(tmp_path / "nowhere").ring()


def test_sealed_file_is_opened_by_systemd_or_root_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sealed").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoKey, match="Only systemd and root"):
        Credential(tmp_path / "sealed").ring()


@pytest.mark.real("systemd-creds")
def test_credential_sealed_to_this_host_opens_here_and_under_its_own_name_alone(tmp_path: Path) -> None:
    ring, source = new_ring(), Credential(tmp_path / "store" / CREDENTIAL, seal_with="host")
    source.put(ring)
    sealed = source.path.read_bytes()
    assert all(line.split()[2] not in sealed for line in ring.written().splitlines())
    assert source.ring().items() == ring.items()
    assert "whole disk can open it" in source.worth.replace("\n", " ")
    other = subprocess.run(
        ["systemd-creds", "decrypt", "--name=other", str(source.path), "-"], capture_output=True, check=False
    )
    assert other.returncode != 0
    source.path.write_bytes(sealed[:-8])
    with pytest.raises(NoKey, match="systemd-creds says"):
        source.ring()


def test_machine_without_systemd_is_told_what_else_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not credential.has_tpm2()
    with pytest.raises(NoKey) as told:
        Credential(tmp_path / "sealed", seal_with="host").put(new_ring())
    assert "key.source" in told.value.hint


# A TPM


@pytest.fixture
def tpm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A TPM in software with a state of its own; the folder of its state."""
    with a_tpm(tmp_path / "tpm", monkeypatch):
        yield tmp_path


class a_tpm:  # noqa: N801  # read as a phrase: with a_tpm(...)
    """A running software TPM, which tpm2-tools speak to meanwhile."""

    def __init__(self, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self.monkeypatch = state, monkeypatch

    def __enter__(self) -> None:
        self.state.mkdir(exist_ok=True)
        port = free_pair()
        command = [str(which("swtpm")), "socket", "--tpm2", "--tpmstate", f"dir={self.state}"]
        command += ["--server", f"type=tcp,port={port},bindaddr=127.0.0.1"]
        command += ["--ctrl", f"type=tcp,port={port + 1},bindaddr=127.0.0.1"]
        command += ["--flags", "not-need-init,startup-clear"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.monkeypatch.setenv("TPM2TOOLS_TCTI", f"swtpm:host=127.0.0.1,port={port}")
        end = time.monotonic() + 10
        while subprocess.run(["tpm2_getrandom", "1"], capture_output=True, check=False).returncode:
            assert time.monotonic() < end, "the software TPM does not answer"

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)


def free_pair() -> int:
    """A free port whose neighbour is free, too."""
    while True:
        with socket.socket() as one, socket.socket() as next_one:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            with suppress(OSError):
                next_one.bind(("127.0.0.1", port + 1))
                return port


@pytest.mark.real("swtpm")
@pytest.mark.timeout(60)
def test_ring_sealed_in_a_tpm_opens_in_that_tpm_alone(
    tpm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = new_ring().rolled()
    source = TpmKey(tpm / "key.tpm")
    source.put(ring)
    assert source.path.stat().st_mode & 0o777 == 0o600
    assert source.ring().items() == ring.items()
    assert all(line.split()[2] not in source.path.read_bytes() for line in ring.written().splitlines())
    with a_tpm(tmp_path / "another", monkeypatch), pytest.raises(NoKey, match="The TPM refuses"):
        source.ring()


@pytest.mark.real("swtpm")
@pytest.mark.timeout(60)
def test_tampered_ring_beside_the_tpms_halves_does_not_open(tpm: Path) -> None:
    source = TpmKey(tpm / "key.tpm")
    source.put(new_ring())
    octets = bytearray(source.path.read_bytes())
    octets[-1] ^= 1
    source.path.write_bytes(octets)
    with pytest.raises(BadRing):
        source.ring()


@pytest.mark.parametrize("content", [None, b"", b"\xc1"])
def test_missing_or_foreign_blob_is_named(tmp_path: Path, content: bytes | None) -> None:
    source = TpmKey(tmp_path / "key.tpm")
    if content is not None:
        source.path.write_bytes(content)
    with pytest.raises(NoKey, match=r"key\.tpm"):
        source.ring()


def test_machine_without_the_tools_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("tpm2_createprimary") is None
    with pytest.raises(NoKey) as told:
        TpmKey(tmp_path / "key.tpm").put(new_ring())
    assert "tpm2-tools" in told.value.hint
