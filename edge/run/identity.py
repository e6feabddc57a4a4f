"""Who this device is: its name, its key pair and its credential, kept sealed in the data folder."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from edge.errors import PolsoError
from edge.vault import Vault, VaultError

IDENTITY_FILE = "identity"
_TABLE, _COLUMN, _ROW = "identity", "device", b"1"


class NotEnrolled(PolsoError):
    """This device has not been enrolled."""

    hint = (
        "Run `polso enrol URL` with a code from the console, or give it site.id and device.id to stay alone."
    )


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One device: ``private_key`` is Ed25519, 32 octets, made here and never sent anywhere."""

    site: str
    device: str
    private_key: bytes
    incarnation: int = 1
    credential: str = ""
    """What central knows this device by; empty: it stays alone."""
    central: str = ""

    def __repr__(self) -> str:
        """Leave the secrets out."""
        return f"Identity(site={self.site!r}, device={self.device!r}, central={self.central!r})"

    @property
    def public_key(self) -> bytes:
        """The half that others may know, 32 octets."""
        private = Ed25519PrivateKey.from_private_bytes(self.private_key)
        return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def new_private_key() -> bytes:
    """Make a device's key on the device."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def save(folder: Path, vault: Vault, identity: Identity) -> None:
    """Write the identity whole and durably; an older one is replaced in one step."""
    sealed = vault.seal(msgspec.msgpack.encode(identity), _TABLE, _COLUMN, row=_ROW)
    new = folder / f"{IDENTITY_FILE}.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(descriptor)
    new.replace(folder / IDENTITY_FILE)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def load(folder: Path, vault: Vault) -> Identity:
    """Open the identity; none raises ``NotEnrolled``, one of another folder ``VaultError``."""
    try:
        sealed = (folder / IDENTITY_FILE).read_bytes()
    except FileNotFoundError as error:
        raise NotEnrolled from error
    try:
        return msgspec.msgpack.decode(vault.open(sealed, _TABLE, _COLUMN, row=_ROW), type=Identity)
    except (msgspec.MsgspecError, PolsoError) as error:
        raise VaultError(f"{folder / IDENTITY_FILE} does not open with this folder's keys.") from error


def alone(folder: Path, site: str, device: str) -> tuple[Vault, Identity]:
    """Open the folder's keys and identity, making them for a device that stays alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault = Vault.load(folder) if (folder / "keys").exists() else Vault.create(folder)
    try:
        return vault, load(folder, vault)
    except NotEnrolled:
        made = Identity(site=site, device=device, private_key=new_private_key())
        save(folder, vault, made)
        return vault, made
