"""Rolling: a device changes its key for one that it has just made, signed by the one that it had."""

from __future__ import annotations

from sync.central.machines import keys
from sync.central.machines.proof import Caller, NotKnown
from sync.central.store import Store, now_of
from sync.packing import Malformed
from sync.signing import KEY_BYTES
from sync.wire import RollAnswer, RollRequest


def roll(store: Store, caller: Caller, asked: RollRequest) -> RollAnswer:
    """Let the new key prove the device from now on; asked again with a key that it retired, say the same."""
    if len(asked.public_key) != KEY_BYTES:
        raise Malformed(f"A public key has {KEY_BYTES} octets.")
    device = caller.device
    with store.transaction() as tx:
        caller.enter(tx)
        ever = keys.keys(tx, device.site, device.id)
        present = ever[-1]
        if present.number == caller.key.number:
            if any(asked.public_key == one.public_key for one in ever):
                raise Malformed("A new key is one that this device never had.")
            present = keys.add_key(tx, device.site, device.id, public_key=asked.public_key)
        elif present.public_key != asked.public_key or present.number != caller.key.number + 1:
            raise NotKnown
        return RollAnswer(device=device.id, key_id=present.id, time_ms=now_of(tx))
