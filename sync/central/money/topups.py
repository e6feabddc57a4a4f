"""Top-ups by hand: one operator asks for money to be put on a wallet, another one lets it through."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from edge.core.money import MINOR_MAX
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.money.pots import top_up
from sync.central.registry import members, wallets
from sync.central.registry.wallets import WalletState
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Row,
    String,
    Table,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)
from sync.central.traces import ALSO

SOURCES = {"bank": "bank", "office": "cash:office", "goodwill": "loss:goodwill"}
"""Where the money came from, and its account."""
WHY_CHARS_MAX = 200
PAGE_MAX = 200
ASKED, DONE, REFUSED = "asked", "done", "refused"

topup_table = Table(
    "wallet_topup",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("topup_id", String(32), primary_key=True),
    Column("wallet_id", String(64), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("source", String(16), nullable=False),
    Column("why", String(WHY_CHARS_MAX), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("ruled_by", String(64), nullable=False),
    Index("wallet_topup_wallet", "site_id", "wallet_id"),
)


class TopUp(msgspec.Struct, frozen=True, kw_only=True):
    """One top-up by hand, until a second person has ruled on it and after."""

    id: str
    wallet: str
    minor: int
    source: str
    why: str
    state: str
    asked_by: str
    asked_ms: int
    ruled_by: str = ""


def ask(tx: Connection, site: str, wanted: TopUp) -> TopUp:
    """Ask for a top-up; nothing moves before another person lets it through."""
    wallets.wallet(tx, site, wanted.wallet)
    if not 0 < wanted.minor <= MINOR_MAX or wanted.source not in SOURCES or not wanted.why.strip():
        raise Refused("A top-up says how much, from where and why.")
    made = msgspec.structs.replace(
        wanted, id=f"t{secrets.token_hex(6)}", state=ASKED, asked_ms=now_of(tx), ruled_by=""
    )
    tx.execute(
        insert(topup_table).values(
            site_id=site,
            topup_id=made.id,
            wallet_id=made.wallet,
            minor=made.minor,
            source=made.source,
            why=made.why[:WHY_CHARS_MAX],
            state=made.state,
            asked_by=made.asked_by,
            asked_ms=made.asked_ms,
            ruled_by="",
        )
    )
    return made


def rule(tx: Connection, site: str, id_: str, *, by: str, given: bool) -> TopUp:
    """Let a top-up through, or refuse it: by somebody else than who asked; done once, however often sent."""
    own = topup_table.c
    this = (own.site_id == site, own.topup_id == id_)
    row = tx.execute(select(topup_table).where(*this).with_for_update()).first()
    if row is None:
        raise Unknown("There is no such top-up.")
    asked = _topup(row)
    if asked.state != ASKED:
        return asked
    if given and by == asked.asked_by:
        raise NotAllowed("Whoever asked for a top-up cannot let it through.", hint="Ask a colleague.")
    if given:
        wallet = wallets.lock(tx, site, asked.wallet)
        if wallet.state is WalletState.CLOSED:
            raise Refused("This wallet was closed and paid out.")
        paid = (SOURCES[asked.source], asked.minor, wallet.currency)
        top_up(tx, site, f"manual:{asked.id}", wallet=asked.wallet, paid=paid)
    state = DONE if given else REFUSED
    tx.execute(update(topup_table).where(*this).values(state=state, ruled_by=by))
    return msgspec.structs.replace(asked, state=state, ruled_by=by)


def state_of(tx: Connection, site: str, id_: str) -> str:
    """Return how a top-up stands; empty: there is none of this id."""
    own = topup_table.c
    found = tx.execute(select(own.state).where(own.site_id == site, own.topup_id == id_)).scalar()
    return "" if found is None else str(found)


def topups(tx: Connection, site: str, *, wallet: str = "", waiting: bool = False) -> tuple[TopUp, ...]:
    """Return the newest top-ups by hand: of a wallet or all, those that wait or all."""
    own = topup_table.c
    query = select(topup_table).where(own.site_id == site)
    if wallet:
        query = query.where(own.wallet_id == wallet)
    if waiting:
        query = query.where(own.state == ASKED)
    return tuple(_topup(row) for row in tx.execute(query.order_by(own.asked_ms.desc()).limit(PAGE_MAX)))


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Empty why money was put on the wallets of erased guests, and where these words stand."""
    own, paying = topup_table.c, members.member_table.c
    theirs = select(paying.wallet_id).where(paying.site_id == site, paying.guest_id.in_(list(words)))
    said = [own.why.contains(word, autoescape=True) for word in words]
    this = (own.site_id == site, or_(own.wallet_id.in_(theirs), *said))
    tx.execute(update(topup_table).where(*this).values(why=""))


ALSO.append(forget)


def _topup(row: Row[Any]) -> TopUp:
    return TopUp(
        id=row.topup_id,
        wallet=row.wallet_id,
        minor=row.minor,
        source=row.source,
        why=row.why,
        state=row.state,
        asked_by=row.asked_by,
        asked_ms=row.asked_ms,
        ruled_by=row.ruled_by,
    )
