"""A virtual band on a PC/SC reader: what pcscd's virtual reader (vpcd) takes for a card."""

from __future__ import annotations

from hardware.virtual.card.coupler import Coupler
from hardware.virtual.card.peer import PORT, VirtualCard, dial

__all__ = ["PORT", "Coupler", "VirtualCard", "dial"]
