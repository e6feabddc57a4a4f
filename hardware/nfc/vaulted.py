"""Keys as drivers look them up: a vault that fails is a fault of the device, never one of the band."""

from __future__ import annotations

from hardware.port import DeviceError, KeyLookup


class Vaulted:
    """A ``KeyLookup`` that raises nothing but ``DeviceError``."""

    def __init__(self, keys: KeyLookup) -> None:
        """Ask ``keys``."""
        self._keys = keys

    def __call__(self, uid: bytes, key_no: int, /) -> bytes | None:
        """Look a key up."""
        try:
            return self._keys(uid, key_no)
        except Exception as error:  # whatever is behind the port
            hint = "bring the vault back; until then no band can be told from its copy"
            raise DeviceError(f"keys cannot be looked up ({type(error).__name__})", hint) from error
