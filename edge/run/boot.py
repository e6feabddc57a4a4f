"""A key that central holds: fetched at each start, kept in memory alone."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from edge.config import Central
from edge.errors import Offline, Refused
from edge.keys.keyfile import KeyFile
from edge.keys.ring import BadRing, Ring, ring_in
from edge.keys.source import NoKey, write_whole
from edge.run.identity import Identity, new_private_key
from edge.run.tls import cable_for
from sync.client import Cable, Declined
from sync.client.boxes import Ask, fetch, leave
from sync.signing import Keys, public_half
from sync.wire import BoxDeposit

BOOT_FILE = Path("/etc/polso/boot")
WRAP_BYTES = 64
_CELL = [b"polso box 1"]
WAITS = (
    "This device's key is held by central: it starts by itself as soon as central answers. "
    "Check cable and address; send guests to the next entrance."
)


class _Boot(msgspec.Struct, frozen=True):
    """The file: how to ask central, and what opens its answer; worth nothing once the device is revoked."""

    url: str
    central_key: bytes
    private_key: bytes
    wrap: bytes
    central_ca: str = ""

    def __repr__(self) -> str:
        """Leave the keys out."""
        return f"_Boot(url={self.url!r})"


class CentralKey:
    """Half of the key lies here, half at central: neither opens the folder without the other."""

    name = "central"
    worth = (
        "fetched from central at each start, kept in memory alone: of a revoked device nothing opens; "
        "it does not start while central cannot be reached"
    )

    def __init__(self, path: Path, folder: Path, way: Central | None = None) -> None:
        """Name the file, which lies elsewhere than in the folder as any key file, and the way to central."""
        self._way = way
        self.path = KeyFile(path, folder).path
        self._ring: Ring | None = None

    def ring(self) -> Ring:
        """Return the ring, asked of central once in each life of a process."""
        if self._ring is None:
            boot = self._boot()
            self._ring = _opened(boot, self._asked(boot))
        return self._ring

    def has_ring(self) -> bool:
        """Say whether central holds it, or one is about to be left there."""
        return self._ring is not None or self.path.exists()

    def put(self, ring: Ring) -> None:
        """Leave another ring at central; before the device is enrolled it waits in memory."""
        if self.path.exists():
            boot = self._boot()
            self._asked(boot, sealed=_sealed(boot, ring))
        self._ring = ring

    def settle(self, identity: Identity) -> None:
        """Leave the ring at central, now that it knows this device."""
        boot = _Boot(
            identity.central,
            identity.central_key,
            new_private_key(),
            secrets.token_bytes(WRAP_BYTES),
            identity.central_ca,
        )
        keys = Keys(key_id=identity.key_id, private_key=identity.private_key, central=identity.central_key)
        deposit = BoxDeposit(public_key=public_half(boot.private_key), sealed=_sealed(boot, self.ring()))
        try:
            cable = self._cable(identity.central, identity.central_ca)
            leave(identity.central, identity.device, keys=keys, deposit=deposit, cable=cable)
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path, msgspec.msgpack.encode(boot))
        except Declined as error:
            raise Refused(f"Central does not keep this device's key: {error}") from error
        except OSError as error:
            raise NoKey(f"{self.path} cannot be written: {error.strerror}.") from error

    def _boot(self) -> _Boot:
        try:
            if self.path.stat().st_mode & 0o077:
                raise NoKey(f"{self.path} can be read by others.", hint=f"chmod 600 {self.path}")
            return msgspec.msgpack.decode(self.path.read_bytes(), type=_Boot)
        except FileNotFoundError as error:
            hint = "Enrol the device: that leaves its key at central."
            raise NoKey(f"{self.path} is not there.", hint=hint) from error
        except (OSError, msgspec.MsgspecError):
            raise NoKey(f"{self.path} cannot be read.") from None

    def _asked(self, boot: _Boot, *, sealed: bytes = b"") -> bytes:
        url = (self._way.url if self._way else "") or boot.url
        ask = Ask(boot.private_key, boot.central_key, sealed)
        try:
            return fetch(url, ask, cable=self._cable(url, boot.central_ca))
        except Declined as error:
            raise NoKey(f"Central does not hand over this device's key: {error}", hint=error.hint) from error
        except Offline as error:
            raise Offline(f"{url} does not answer.", hint=WAITS) from error

    def _cable(self, url: str, ca: str) -> Cable:
        return Cable(ca=ca) if self._way is None else cable_for(self._way, url, ca=ca)


def _sealed(boot: _Boot, ring: Ring) -> bytes:
    return AESSIV(boot.wrap).encrypt(ring.written(), _CELL)


def _opened(boot: _Boot, sealed: bytes) -> Ring:
    try:
        return ring_in(AESSIV(boot.wrap).decrypt(sealed, _CELL))
    except (InvalidTag, ValueError):
        raise BadRing from None
