"""A file of guests as it lies there: its octets to lines of text, whatever wrote them."""

from __future__ import annotations

import io
import zoneinfo
from typing import IO

from edge.core.entitlements import Product
from edge.errors import Refused
from sync.central.imports.lines import Progress, Terrain, read
from sync.central.imports.load import Desk, Loaded, load
from sync.central.registry import layout
from sync.central.registry.layout import things

LOOK_BYTES = 64 * 1024


def load_file(desk: Desk, file: IO[bytes], progress: Progress) -> Loaded:
    """Load a whole CSV file (UTF-8, with or without a mark in front) and say what became of it."""
    _refuse_others(file)
    with desk.store.reading() as tx:
        zone = layout.layout(tx, desk.site).timezone
        products = frozenset(product.id for product in things(tx, desk.site, Product))
    terrain = Terrain(products, zoneinfo.ZoneInfo(zone))
    # One octet that is no UTF-8 spoils its line only: it becomes a sign that no column takes.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        return load(desk, read(text, terrain), progress)
    finally:
        text.detach()


def _refuse_others(file: IO[bytes]) -> None:
    """Refuse what is plainly no CSV in UTF-8, before a million lines are called wrong one by one."""
    start = file.read(LOOK_BYTES)
    file.seek(0)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise Refused("This is no CSV file in UTF-8.", hint="Save it as CSV UTF-8 (comma delimited).")
    if not start.strip():
        raise Refused("The file is empty.", hint="Its first line names the columns, guest at the least.")
