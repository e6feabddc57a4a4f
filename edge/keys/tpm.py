"""A key in the TPM without systemd: only this machine's TPM unseals what wraps the ring."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from edge.keys.ring import BadRing, Ring, ring_in
from edge.keys.source import NoKey, write_whole

TOOL_S_MAX = 60
WRAP_BYTES = 64
"""A TPM seals at most 128 octets (TPM 2.0 library, MAX_SYM_DATA): one wrapping key, which seals the ring."""
_CELL = [b"polso ring 1"]


class _Blob(msgspec.Struct, frozen=True):
    """The file: the TPM's two halves of the sealed wrapping key, and the ring sealed under it."""

    public: bytes
    private: bytes
    ring: bytes


class TpmKey:
    """A file that is worth nothing without the very TPM that made it."""

    name = "tpm"
    worth = "sealed to this machine's TPM: neither a copied folder nor the whole disk opens elsewhere"

    def __init__(self, path: Path) -> None:
        """Name the file; it may lie beside the database, because it opens nowhere else."""
        self.path = path

    def ring(self) -> Ring:
        """Let the TPM unseal the wrapping key, and open the ring with it."""
        try:
            blob = msgspec.msgpack.decode(self.path.read_bytes(), type=_Blob)
        except FileNotFoundError as error:
            raise NoKey(f"{self.path} is not there.") from error
        except (OSError, msgspec.MsgspecError) as error:
            raise NoKey(f"{self.path} cannot be read.") from error
        with tempfile.TemporaryDirectory(prefix="polso-tpm-") as place:
            wrap = _unsealed(Path(place), blob)
        try:
            return ring_in(AESSIV(wrap).decrypt(blob.ring, _CELL))
        except (InvalidTag, ValueError):
            raise BadRing from None

    def has_ring(self) -> bool:
        """Say whether the file is there."""
        return self.path.exists()

    def put(self, ring: Ring) -> None:
        """Seal a new wrapping key in the TPM and the ring under it; the old file is replaced whole."""
        wrap = secrets.token_bytes(WRAP_BYTES)
        with tempfile.TemporaryDirectory(prefix="polso-tpm-") as place:
            public, private = _sealed(Path(place), wrap)
        blob = _Blob(public, private, AESSIV(wrap).encrypt(ring.written(), _CELL))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path, msgspec.msgpack.encode(blob))
        except OSError as error:
            raise NoKey(f"{self.path} cannot be written: {error.strerror}.") from error


def _sealed(place: Path, wrap: bytes) -> tuple[bytes, bytes]:
    _primary(place)
    public, private = place / "public", place / "private"
    _tool("create", "-Q", "-C", place / "primary", "-i", "-", "-u", public, "-r", private, given=wrap)
    _make_room()
    return public.read_bytes(), private.read_bytes()


def _unsealed(place: Path, blob: _Blob) -> bytes:
    _primary(place)
    public, private, loaded = place / "public", place / "private", place / "loaded"
    public.write_bytes(blob.public)
    private.write_bytes(blob.private)
    _tool("load", "-Q", "-C", place / "primary", "-u", public, "-r", private, "-c", loaded)
    try:
        return _tool("unseal", "-Q", "-c", loaded)
    finally:
        _make_room()


def _primary(place: Path) -> None:
    """Derive the owner's primary key anew: the same in this TPM each time, and another in any other."""
    _tool("createprimary", "-Q", "-C", "o", "-c", place / "primary")
    _make_room()


def _make_room() -> None:
    """Drop what was loaded: a TPM holds three objects; behind a resource manager these are ours alone."""
    _tool("flushcontext", "-Q", "-t")


def _tool(verb: str, *arguments: str | Path, given: bytes = b"") -> bytes:
    """Run one of tpm2-tools; secrets pass through pipes alone."""
    try:
        told = subprocess.run(  # noqa: S603 - arguments are ours
            [f"tpm2_{verb}", *map(str, arguments)],
            input=given,
            capture_output=True,
            check=False,
            timeout=TOOL_S_MAX,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoKey("tpm2-tools does not run here.", hint="apt-get install tpm2-tools") from error
    if told.returncode:
        raise NoKey(
            f"The TPM refuses tpm2_{verb}.",
            hint="The service's account needs /dev/tpmrm0 (group tss); another TPM opens nothing.",
        )
    return told.stdout
