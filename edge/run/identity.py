"""Who this device is: its name, its key pair and whom it believes, kept sealed in the data folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from edge.errors import PolsoError
from edge.keys.source import write_whole
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
    key_id: str = ""
    """By what central knows this device's key; empty: it stays alone."""
    central: str = ""
    """Where central is."""
    central_ca: str = ""
    """The file of the only authority that may vouch for central."""
    next_key: bytes = b""
    """A private key made to follow this one, until central is known to go by it."""
    first_key: bytes = b""
    """The private key that the journal began with and signs its checkpoints by; empty: the present one."""
    central_key: bytes = b""
    """The public key by which central signs all that it says; nothing else is believed."""

    def __repr__(self) -> str:
        """Leave the secrets out."""
        return f"Identity(site={self.site!r}, device={self.device!r}, central={self.central!r})"

    @property
    def journal_key(self) -> bytes:
        """The public key that the journal's chain begins with: the device's first."""
        return _public_half(self.first_key) if self.first_key else self.public_key

    @property
    def public_key(self) -> bytes:
        """The half that others may know, 32 octets."""
        return _public_half(self.private_key)


def _public_half(private_key: bytes) -> bytes:
    private = Ed25519PrivateKey.from_private_bytes(private_key)
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def new_private_key() -> bytes:
    """Make a device's key on the device."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def save(folder: Path, vault: Vault, identity: Identity) -> None:
    """Write the identity whole and durably; an older one is replaced in one step."""
    sealed = vault.seal(msgspec.msgpack.encode(identity), _TABLE, _COLUMN, row=_ROW)
    write_whole(folder / IDENTITY_FILE, sealed)


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


def pinned(identity: Identity) -> Identity:
    """Return an identity that can speak to central or stays alone; refuse one that would do it unsigned.

    Devices enrolled before central signed its answers hold no key of central's.
    """
    if identity.central and not (identity.key_id and identity.central_key):
        from sync.client import Unpinned  # central reads this file too, and needs no line to itself

        raise Unpinned
    return identity


def alone(folder: Path, vault: Vault, site: str, *, device: str) -> Identity:
    """Open the folder's identity, or make one for a device that stays alone."""
    try:
        return load(folder, vault)
    except NotEnrolled:
        made = Identity(site=site, device=device, private_key=new_private_key())
        save(folder, vault, made)
        return made
