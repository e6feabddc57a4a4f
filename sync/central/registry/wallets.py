"""Wallets: each one's currency, limits, PIN and standing; how much is in it, the ledger says."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from edge.core.lease import Limits
from edge.core.vouchers import Voucher
from edge.core.wallet import MandateNote, MandateState
from edge.errors import Refused, Unknown
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX, parts
from sync.central.store import (
    AHEAD,
    STEPS,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    Text,
    bindparam,
    insert,
    metadata,
    now_of,
    or_,
    select,
    text,
    update,
    wake_after,
)

PAGE_MAX = 200
VOUCHERS_MAX = 32
"""Kinds of voucher in one wallet."""
CURRENCY_CHARS = 3


class WalletState(enum.StrEnum):
    """How a wallet stands at central."""

    OPEN = "open"
    BLOCKED = "blocked"
    """Nobody pays from it until it is let go again; its money stays."""
    CLOSED = "closed"
    """Paid out, for ever."""


wallet_table = Table(
    "wallet",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("wallet_id", String(ID_CHARS_MAX), primary_key=True),
    Column("currency", String(CURRENCY_CHARS), nullable=False),
    Column("label", String(NAME_CHARS_MAX), nullable=False),
    Column("state", String(16), nullable=False),
    Column("block_epoch", Integer, nullable=False),
    Column("mandate", String(16), nullable=False),
    Column("mandate_note", String(16), nullable=False, server_default=""),
    Column("low_minor", BigInteger),
    Column("fill_minor", BigInteger),
    Column("limits", LargeBinary, nullable=False),
    Column("vouchers", LargeBinary, nullable=False),
    Column("pin_hash", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)


def _remember_notes(tx: Connection) -> None:
    tx.execute(text("ALTER TABLE wallet ADD COLUMN mandate_note VARCHAR(16) NOT NULL DEFAULT ''"))


STEPS[7] = _remember_notes
_encode = msgspec.msgpack.Encoder().encode
_limits = msgspec.msgpack.Decoder(Limits)


class Issued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One kind of voucher in a wallet: its terms as devices know them, and whose it is."""

    voucher: Voucher
    guest: str = ""
    """Only this member may use it; empty: all of them."""
    withdrawn: bool = False
    """Taken back: nobody may use it, and what devices hold comes home."""


_vouchers = msgspec.msgpack.Decoder(tuple[Issued, ...])


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """One wallet; ``block_epoch`` rises with each block and each letting go: the newest word holds."""

    id: str
    currency: str
    label: str = ""
    state: WalletState = WalletState.OPEN
    block_epoch: int = 0
    mandate: MandateState = MandateState.NONE
    note: MandateNote = MandateNote.NONE
    low_minor: int | None = None
    """Below this the stored credential fills it, where the guest consented; None: never."""
    fill_minor: int | None = None
    limits: Limits = Limits()
    """Of the whole wallet, for each device that holds a part of it."""
    vouchers: tuple[Issued, ...] = ()
    pin_hash: str = ""
    made_ms: int = 0

    def __repr__(self) -> str:
        """Leave the PIN's hash out."""
        return f"Wallet(id={self.id!r}, state={self.state.value!r})"


def new_id() -> str:
    """Return a name for a wallet: it holds letters, so that no guard takes it for a card's number."""
    return f"w{secrets.token_hex(6)}"


def create(tx: Connection, site: str, wallet: Wallet) -> bool:
    """Open a wallet; False: it stood there just so. Another one of that name is refused."""
    check(wallet)
    there = wallets_of(tx, site, [wallet.id]).get(wallet.id)
    if there is not None:
        same = msgspec.structs.replace(there, made_ms=0) == msgspec.structs.replace(wallet, made_ms=0)
        if not same:
            raise Refused(
                f"There is a wallet {wallet.id} already.", hint="Open that one, or take another id."
            )
        return False
    tx.execute(insert(wallet_table).values(_row(site, wallet, now_of(tx))))
    return True


def change(tx: Connection, site: str, wallet: Wallet) -> None:
    """Store a wallet's limits, thresholds and PIN; publish its members' profiles afterwards."""
    check(wallet)
    before = lock(tx, site, wallet.id)
    if before.currency != wallet.currency:
        raise Refused("A wallet keeps its currency for ever.", hint="Open a second one.")
    row = _row(site, wallet, before.made_ms)
    tx.execute(update(wallet_table).where(*_is(site, wallet.id)).values(row))


def labelled(tx: Connection, site: str, words: Sequence[str]) -> list[str]:
    """Return the wallets whose labels name somebody by one of these words."""
    own = wallet_table.c
    query = select(own.wallet_id).where(own.site_id == site, _named(words))
    return list(tx.execute(query).scalars())


def blank(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Empty the labels that name somebody by these words; the wallet and its money stay.

    Whoever does so holds the wallets that ``labelled`` returns.
    """
    this = (wallet_table.c.site_id == site) & _named(words)
    tx.execute(update(wallet_table).where(this).values(label=""))


def check(wallet: Wallet) -> None:
    """Refuse a wallet that no device could obey."""
    if not wallet.id or len(wallet.id) > ID_CHARS_MAX or not wallet.id.isprintable() or "/" in wallet.id:
        raise Refused(f"A wallet's id has 1 to {ID_CHARS_MAX} characters and no slash.")
    code = wallet.currency
    if len(code) != CURRENCY_CHARS or not (code.isascii() and code.isalpha() and code.isupper()):
        raise Refused(f"{code[:8]!r} is no currency.", hint="Write three capitals, as EUR.")
    if len(wallet.vouchers) > VOUCHERS_MAX:
        raise Refused(f"A wallet has at most {VOUCHERS_MAX} kinds of voucher.")


def wallet(tx: Connection, site: str, id_: str) -> Wallet:
    """Return one wallet or raise ``Unknown``."""
    found = wallets_of(tx, site, [id_]).get(id_)
    if found is None:
        raise Unknown(f"There is no wallet {id_[:ID_CHARS_MAX]}.")
    return found


_ids = wallet_table.c
LOCK = (
    select(wallet_table)
    .where(_ids.site_id == bindparam("site"), _ids.wallet_id == bindparam("of"))
    .with_for_update()
)
THESE = select(wallet_table).where(
    _ids.site_id == bindparam("site"), _ids.wallet_id.in_(bindparam("ids", expanding=True))
)


def lock(tx: Connection, site: str, id_: str) -> Wallet:
    """Return a wallet that nobody else changes or grants from until the commit."""
    row = tx.execute(LOCK, {"site": site, "of": id_}).first()
    if row is None:
        raise Unknown(f"There is no wallet {id_[:ID_CHARS_MAX]}.")
    return _wallet(row)


def lock_all(tx: Connection, site: str, ids: Iterable[str]) -> None:
    """Hold several wallets until the commit, by their names: those of them that exist."""
    own = wallet_table.c
    for part in parts(sorted(set(ids))):
        there = select(own.wallet_id).where(own.site_id == site, own.wallet_id.in_(part))
        tx.execute(there.order_by(own.wallet_id).with_for_update()).all()


def wallets_of(tx: Connection, site: str, ids: Iterable[str]) -> dict[str, Wallet]:
    """Return those of the wallets that exist, by id."""
    found = {}
    for part in parts(sorted(set(ids))):
        for row in tx.execute(THESE, {"site": site, "ids": part}):
            found[row.wallet_id] = _wallet(row)
    return found


def list_wallets(tx: Connection, site: str, *, text: str = "", after: str = "") -> tuple[Wallet, ...]:
    """Return one page of wallets by id: all, or those whose id or label begins with ``text``."""
    own = wallet_table.c
    query: Select[Any] = select(wallet_table).where(own.site_id == site, own.wallet_id > after)
    if text:
        begins = (one.startswith(text, autoescape=True) for one in (own.wallet_id, own.label))
        query = query.where(or_(*begins))
    return tuple(_wallet(row) for row in tx.execute(query.order_by(own.wallet_id).limit(PAGE_MAX)))


def set_block(tx: Connection, site: str, id_: str, *, blocked: bool) -> Wallet:
    """Block a wallet or let it go; returns it as it is now, with its epoch raised. Tell the edges then."""
    before = lock(tx, site, id_)
    wanted = WalletState.BLOCKED if blocked else WalletState.OPEN
    if before.state is WalletState.CLOSED:
        raise Refused("This wallet was closed and paid out.", hint="Open another one.")
    if before.state is wanted:
        return before
    return _stand(tx, site, before, state=wanted)


def close(tx: Connection, site: str, id_: str) -> Wallet:
    """Close a wallet for ever; whoever does so has paid it out."""
    before = lock(tx, site, id_)
    return (
        before if before.state is WalletState.CLOSED else _stand(tx, site, before, state=WalletState.CLOSED)
    )


def raise_epoch(tx: Connection, site: str, id_: str) -> Wallet:
    """Make every grant of before old, as after a lost band: what is spent then is of a newer one."""
    before = lock(tx, site, id_)
    return _stand(tx, site, before, state=before.state)


def set_vouchers(tx: Connection, site: str, id_: str, *, vouchers: tuple[Issued, ...]) -> None:
    """Note which vouchers a wallet has; whoever does so holds it, and publishes its members afterwards."""
    check(msgspec.structs.replace(wallet(tx, site, id_), vouchers=vouchers))
    tx.execute(update(wallet_table).where(*_is(site, id_)).values(vouchers=_encode(vouchers)))


def set_mandate(tx: Connection, site: str, id_: str, *, mandate: MandateState, note: MandateNote) -> bool:
    """Note how the stored credential stands, as far as edges need it; says whether that is new."""
    before = lock(tx, site, id_)
    said = {"mandate": mandate.value, "mandate_note": note.value}
    tx.execute(update(wallet_table).where(*_is(site, id_)).values(said))
    return (before.mandate, before.note) != (mandate, note)


def _stand(tx: Connection, site: str, before: Wallet, *, state: WalletState) -> Wallet:
    after = msgspec.structs.replace(before, state=state, block_epoch=before.block_epoch + 1)
    moved = {"state": state.value, "block_epoch": after.block_epoch}
    tx.execute(update(wallet_table).where(*_is(site, before.id)).values(moved))
    wake_after(tx, AHEAD)
    return after


def _named(words: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(wallet_table.c.label.contains(word, autoescape=True) for word in words))


def _is(site: str, id_: str) -> tuple[Any, Any]:
    return wallet_table.c.site_id == site, wallet_table.c.wallet_id == id_


def _row(site: str, wallet: Wallet, made_ms: int) -> dict[str, Any]:
    return {
        "site_id": site,
        "wallet_id": wallet.id,
        "currency": wallet.currency,
        "label": wallet.label[:NAME_CHARS_MAX],
        "state": wallet.state.value,
        "block_epoch": wallet.block_epoch,
        "mandate": wallet.mandate.value,
        "mandate_note": wallet.note.value,
        "low_minor": wallet.low_minor,
        "fill_minor": wallet.fill_minor,
        "limits": _encode(wallet.limits),
        "vouchers": _encode(wallet.vouchers),
        "pin_hash": wallet.pin_hash,
        "made_ms": made_ms,
    }


def _wallet(row: Row[Any]) -> Wallet:
    return Wallet(
        id=row.wallet_id,
        currency=row.currency,
        label=row.label,
        state=WalletState(row.state),
        block_epoch=row.block_epoch,
        mandate=MandateState(row.mandate),
        note=MandateNote(row.mandate_note),
        low_minor=row.low_minor,
        fill_minor=row.fill_minor,
        limits=_limits.decode(bytes(row.limits)),
        vouchers=_vouchers.decode(bytes(row.vouchers)),
        pin_hash=row.pin_hash,
        made_ms=row.made_ms,
    )
