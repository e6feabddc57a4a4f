"""Files of guests for the tests of imports, and a site that takes them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

from edge.core.entitlements import Product
from edge.core.places import Layout
from sync.central import sites
from sync.central.imports.file import load_file
from sync.central.imports.lines import Progress
from sync.central.imports.load import Desk, Loaded
from sync.central.registry import layout
from sync.central.store import Store
from tests.sync.builders import SITE

HEADING = "guest,name,uid,chip,product,valid_from,valid_until"


def keys_of(master: bytes, uids: Sequence[bytes]) -> list[dict[int, bytes]]:
    """Keys of each band, another way than NXP's: what matters here is whose they are."""
    return [{1: hashlib.sha256(master + uid).digest()[:16]} for uid in uids]


def an_open_site(store: Store, site: str = SITE) -> None:
    """A site with a time zone and one product."""
    with store.transaction() as tx:
        sites.create_site(tx, site)
        layout.put_settings(tx, site, Layout(site=site, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, site, Product(id="day"))


def a_row(number: int) -> str:
    return f"g{number},Anna,04{number:012x},ntag424,day,2026-06-01,2026-06-02"


def a_file(rows: Sequence[str], heading: str = HEADING) -> bytes:
    return "\n".join((heading, *rows, "")).encode()


def quietly(done: int, wrong: int) -> None:
    """Nobody looks at the progress."""


def imported(store: Store, body: bytes, *, progress: Progress = quietly) -> Loaded:
    """What became of a file."""
    return load_file(Desk(store, SITE, keys_of), io.BytesIO(body), progress)
