"""A virtual door reader behind the real libosdp."""

from __future__ import annotations

from hardware.virtual.door.device import VirtualDoor

__all__ = ["VirtualDoor"]
