"""Renderings: one message of an offer in the form of each channel, so that all say the same."""

from __future__ import annotations

from edge.core.renderings.app import AppSaid, app
from edge.core.renderings.kiosk import KioskSaid, kiosk
from edge.core.renderings.letter import ONE_CLICK, Letter, letter
from edge.core.renderings.page import PageSaid, page
from edge.core.renderings.plain import on_paper, unprintable
from edge.core.renderings.receipt import ReceiptSaid, receipt
from edge.core.renderings.said import About, Said, Tongue, say, say_of
from edge.core.renderings.till import TillSaid, till

__all__ = [
    "ONE_CLICK",
    "About",
    "AppSaid",
    "KioskSaid",
    "Letter",
    "PageSaid",
    "ReceiptSaid",
    "Said",
    "TillSaid",
    "Tongue",
    "app",
    "kiosk",
    "letter",
    "on_paper",
    "page",
    "receipt",
    "say",
    "say_of",
    "till",
    "unprintable",
]
