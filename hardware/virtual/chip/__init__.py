"""A virtual PN532, on a pseudo terminal or inside an ACR122U, behind nfcpy's own drivers."""

from __future__ import annotations

from hardware.virtual.chip.ccid import Acr122u
from hardware.virtual.chip.line import LineFault, PtyChip
from hardware.virtual.chip.pn532 import Pn532

__all__ = ["Acr122u", "LineFault", "Pn532", "PtyChip"]
