"""Keeps readers alive: opens, polls, holds, loses and reopens them, and reports what happened."""

from __future__ import annotations

from hardware.supervisor.course import Course, Health
from hardware.supervisor.fleet import Fleet
from hardware.supervisor.loop import Supervisor

__all__ = ["Course", "Fleet", "Health", "Supervisor"]
