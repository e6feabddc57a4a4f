"""``polso tickets``: codes for guests without a band, as lines to print or as pictures."""

from __future__ import annotations

from pathlib import Path

from edge.clock import wall_ms
from edge.codes import qr_svg
from sync.central import tickets
from sync.central.store import Store


def issue(database: str, site: str, wanted: tickets.Wanted, *, pictures: Path | None) -> str:
    """Make tickets in central's database; returns their texts a line each, or where their pictures are."""
    store = Store(database, now_ms=wall_ms)
    try:
        texts = tickets.issue(store, site, wanted)
    finally:
        store.close()
    if pictures is None:
        return "\n".join(texts)
    pictures.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts, 1):
        (pictures / f"ticket-{number:05}.svg").write_text(qr_svg(text), encoding="utf-8")
    return f"{len(texts)} pictures in {pictures}"
