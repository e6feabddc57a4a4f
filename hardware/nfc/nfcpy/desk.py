"""The desk: one band on a reader of nfcpy's, for as long as somebody works on it."""

from __future__ import annotations

import contextlib
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import nfc.clf
import nfc.tag

from hardware.nfc import originality, personalise, tags
from hardware.nfc.budget import Budget
from hardware.nfc.messaging import ChipError
from hardware.nfc.nfcpy.frontend import Frontend
from hardware.nfc.nfcpy.opening import open_device
from hardware.nfc.ntag424 import Apdu
from hardware.nfc.personalise import DeskKeys, Note, Plan, Shown, verify

__all__ = ["Apdu", "ChipError", "DeskKeys", "Note", "Plan", "Shown", "is_original", "laid", "verify"]

WORK_S_MAX = 20
"""Writing a band takes under two seconds on a slow reader; beyond this it hangs."""
_LOOK_S = 0.05
_AGAIN = "Lay the band down again: nothing is lost, the next call goes on where this one stopped."

personalised = personalise.personalise
shown = personalise.show


def is_original(seen: Shown) -> bool:
    """Say whether NXP signed this very identifier: a word about the chip's maker, no proof of the band."""
    return is_signed(seen.product, seen.uid, seen.signature)


def is_signed(product: str, uid: bytes, signature: bytes) -> bool:
    """Say whether a product's maker signed an identifier."""
    key = originality.PUBLIC_KEYS.get(product)
    return key is not None and originality.is_original(key, uid, signature)


@contextlib.contextmanager
def laid(path: str, wait_s: float, opener: Callable[[str, Budget], Any] = open_device) -> Iterator[Apdu]:
    """Open a reader, wait for a band that takes APDUs, and give its channel; close the reader after."""
    budget = Budget()
    frontend = Frontend(budget)
    frontend.adopt(opener(path, budget), path)
    try:
        target = _waited_for(frontend, wait_s)
        budget.begin(time.monotonic_ns() + WORK_S_MAX * 1_000_000_000)
        tag = nfc.tag.activate(frontend, target)
        if tag is None:
            raise ChipError("The band left the reader.", _AGAIN)
        yield lambda command: _sent(tag, command)
    finally:
        with contextlib.suppress(OSError, termios.error, nfc.clf.Error):
            budget.begin(None)
            frontend.close()


def _waited_for(frontend: Frontend, wait_s: float) -> Any:  # noqa: ANN401 - nfcpy is untyped
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        target = frontend.sense(nfc.clf.RemoteTarget("106A"))
        if target is not None and tags.is_type4(int(target.sel_res[0])) and not tags.is_random(_uid(target)):
            return target
        if target is not None:
            raise ChipError("This band takes no keys.", "Take an NTAG 424 DNA; link others by their UID.")
        time.sleep(_LOOK_S)
    raise ChipError("No band was laid down.", "Lay a band on the reader and run the command again.")


def _uid(target: Any) -> bytes:  # noqa: ANN401 - nfcpy is untyped
    return bytes(target.sdd_res)


def _sent(tag: Any, command: bytes) -> bytes:  # noqa: ANN401 - nfcpy is untyped
    """Send one command; whatever nfcpy raises where a band is gone is one thing to a person."""
    try:
        return bytes(tag.transceive(bytearray(command)))
    except (nfc.clf.CommunicationError, nfc.tag.TagCommandError) as error:
        raise ChipError("The band left the reader.", _AGAIN) from error
