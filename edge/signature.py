"""Signatures: a device's Ed25519 key put under what others must believe of it, and anybody's look at one."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec.structs import replace

from edge.core.checkpoint import Checkpoint, message

PASSING = b"polso-passing 1"
"""What is signed of a part that is passed on begins so: a signature over anything else is none of it."""
BLOCK = b"polso-block 1"
"""Likewise of a wallet that is blocked."""
STATE = b"polso-state 1"
"""Likewise of how a band stands."""
Sign = Callable[[Checkpoint], Checkpoint]
"""Returns a checkpoint with its signature; whoever holds the key makes one, and hands out nothing else."""


def signer(private_key: bytes) -> Sign:
    """Return what signs checkpoints with a device's key (32 octets), and nothing but checkpoints."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return lambda checkpoint: replace(checkpoint, signature=key.sign(message(checkpoint)))


def is_signed(checkpoint: Checkpoint, public_key: bytes) -> bool:
    """Say whether the device with this public key signed exactly this."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(checkpoint.signature, message(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_passing(private_key: bytes, passing: bytes) -> bytes:
    """Return a giver's signature (64 octets) under what it says of a part of its lease."""
    return _sign(private_key, PASSING + passing)


def is_passing_signed(passing: bytes, signature: bytes, public_key: bytes) -> bool:
    """Say whether the device with this public key said exactly this of a part of its lease."""
    return _is_said(public_key, PASSING + passing, signature)


def sign_block(private_key: bytes, said: bytes) -> bytes:
    """Return a device's signature (64 octets) under what it heard central say of a wallet."""
    return _sign(private_key, BLOCK + said)


def is_block_signed(said: bytes, signature: bytes, public_key: bytes) -> bool:
    """Say whether the device with this public key said exactly this of a wallet."""
    return _is_said(public_key, BLOCK + said, signature)


def sign_state(private_key: bytes, said: bytes) -> bytes:
    """Return a device's signature (64 octets) under how it says that a band stands."""
    return _sign(private_key, STATE + said)


def is_state_signed(said: bytes, signature: bytes, public_key: bytes) -> bool:
    """Say whether the device with this public key said exactly this of a band."""
    return _is_said(public_key, STATE + said, signature)


def _sign(private_key: bytes, octets: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(octets)


def _is_said(public_key: bytes, octets: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, octets)
    except (InvalidSignature, ValueError):
        return False
    return True
