"""The ledger: every movement of money as one balanced posting, written once and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from edge.errors import PolsoError, StoreBusy
from sync.central.store import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    func,
    guard,
    insert_many,
    is_postgres,
    metadata,
    select,
    text,
)

# Signs, everywhere the same: what the site owes or has earned is positive (``wallet:``, ``lease:``,
# ``sales:``, ``tax:``), what it holds, is owed or has lost is negative (``cash:``, ``bank``, ``psp:``,
# ``debt:``, ``loss:``, ``imbalance:``). A sale of 6.00 from a lease is ``lease:l1 -600, sales:till-1 +600``;
# 20.00 of cash put on a wallet are ``cash:drawer-1 -2000, wallet:w1 +2000``.
MINOR_MAX = 2**53 - 1
"""The most that one entry moves, either way: a JSON number keeps it."""
ENTRIES_MAX = 64
"""Accounts that one posting touches."""
KEY_CHARS_MAX = 128
ACCOUNT_CHARS_MAX = 128
UNIT_CHARS_MAX = 64
KEYS_MAX = 500
"""Keys named in one statement."""

posting_table = Table(
    "ledger_posting",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("key", String(KEY_CHARS_MAX), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("currency", String(UNIT_CHARS_MAX), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("lease_id", String(64), nullable=False),
    Column("wallet_id", String(64), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("lines", Integer, nullable=False),
    Index("ledger_posting_day", "site_id", "at_ms"),
    Index("ledger_posting_wallet", "site_id", "wallet_id", "at_ms"),
)
entry_table = Table(
    "ledger_entry",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("key", String(KEY_CHARS_MAX), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    # By octets on both databases, so that a beginning is a range of the index.
    Column(
        "account",
        String(ACCOUNT_CHARS_MAX).with_variant(String(ACCOUNT_CHARS_MAX, collation="C"), "postgresql"),
        nullable=False,
    ),
    Column("currency", String(UNIT_CHARS_MAX), nullable=False),
    Column("minor", BigInteger, nullable=False),
    CheckConstraint("minor <> 0", name="ledger_entry_moves"),
    Index("ledger_entry_account", "site_id", "account", "currency", "minor"),
    # SQLite has no check at the end of a statement: there an entry must have its posting at the commit, and a
    # posting is only let in when the entries that are there by then sum to zero.
    ForeignKeyConstraint(
        ["site_id", "key"],
        ["ledger_posting.site_id", "ledger_posting.key"],
        deferrable=True,
        initially="DEFERRED",
    ).ddl_if(dialect="sqlite"),
)

_OWN = "site_id = NEW.site_id AND key = NEW.key"
guard(
    entry_table,
    "sqlite",
    f"""CREATE TRIGGER ledger_posting_balanced BEFORE INSERT ON ledger_posting
    WHEN (SELECT coalesce(sum(minor), 1) FROM ledger_entry WHERE {_OWN}) <> 0
      OR (SELECT count(*) FROM ledger_entry WHERE {_OWN}) <> NEW.lines
      OR EXISTS (SELECT 1 FROM ledger_entry WHERE {_OWN} AND currency <> NEW.currency)
    BEGIN SELECT RAISE(ABORT, 'a posting must balance'); END""",  # noqa: S608  # our own words
    f"""CREATE TRIGGER ledger_entry_sealed BEFORE INSERT ON ledger_entry
    WHEN EXISTS (SELECT 1 FROM ledger_posting WHERE {_OWN})
    BEGIN SELECT RAISE(ABORT, 'a posting is never added to'); END""",  # noqa: S608  # our own words
    *(
        f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END"""
        for table in ("ledger_posting", "ledger_entry")
        for verb in ("UPDATE", "DELETE")
    ),
)
guard(
    entry_table,
    "postgresql",
    """CREATE OR REPLACE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM (SELECT site_id, key, currency, sum(minor) AS rest, count(*) AS lines,
                                min(line) AS low, max(line) AS high
                                FROM fresh GROUP BY site_id, key, currency) AS said
                 LEFT JOIN ledger_posting AS own
                 ON own.site_id = said.site_id AND own.key = said.key AND own.currency = said.currency
                 WHERE own.key IS NULL OR said.rest <> 0 OR said.lines <> own.lines
                   OR said.low <> 0 OR said.high <> own.lines - 1) THEN
        RAISE EXCEPTION 'a posting must balance and is never added to' USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$""",
    """CREATE TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_balanced()""",
    """CREATE OR REPLACE FUNCTION ledger_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'check_violation';
    END $$""",
    *(
        f"""CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_kept()"""
        for table in ("ledger_posting", "ledger_entry")
    ),
)
ENTER = text(
    "INSERT INTO ledger_posting"
    " (site_id, key, kind, at_ms, currency, device_id, lease_id, wallet_id, digest, lines)"
    " VALUES (:site_id, :key, :kind, :at_ms, :currency, :device_id, :lease_id, :wallet_id, :digest, :lines)"
    " ON CONFLICT (site_id, key) DO NOTHING"
)


class OtherContent(PolsoError):
    """A key of the ledger was used before for something else."""

    hint = "One op, charge or refund has one amount for ever; look at the posting that stands there."


class Unbalanced(PolsoError):
    """A posting's entries do not sum to zero, or there are none."""

    hint = "This is a fault of the program: nothing was posted."


class Entry(msgspec.Struct, frozen=True):
    """What one account gains (or, below zero, gives)."""

    account: str
    minor: int


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money; ``key`` says of what (``op:``, ``charge:``, ``refund:`` …) and is unique."""

    site: str
    key: str
    kind: str
    at_ms: int
    currency: str
    """ISO 4217, or what else is counted: see ``unit_of``."""
    entries: tuple[Entry, ...]
    device: str = ""
    lease: str = ""
    wallet: str = ""


class Standing(NamedTuple):
    """What one account holds of one currency."""

    account: str
    currency: str
    minor: int


def unit_of(kind: str, unit: str) -> str:
    """Return the ledger's currency for a kind of lease: money is its own, all else is counted apart."""
    return unit if kind == "money" else f"{kind}/{unit}"


def post(tx: Connection, posting: Posting) -> bool:
    """Write a posting; False: it stood there with the same content. Other content under its key raises.

    Two workers that post one key at a time agree: the second waits for the first's commit and then finds it.
    """
    return bool(post_all(tx, [posting]))


def post_all(tx: Connection, postings: Sequence[Posting]) -> list[Posting]:
    """Write many postings at the speed of the database; return those that did not stand there before."""
    wanted: dict[tuple[str, str], Posting] = {}
    for one in postings:
        before = wanted.setdefault((one.site, one.key), one)
        if before is not one and _digest(before) != _digest(one):
            raise OtherContent(f"Two postings under {one.key} in one breath.")
    for one in wanted.values():
        check(one)
    fresh = _unknown(tx, wanted)
    rows = [_row(one) for one in fresh]
    entries = [
        (one.site, one.key, line, entry.account, one.currency, entry.minor)
        for one in fresh
        for line, entry in enumerate(one.entries)
    ]
    if not fresh:
        return []
    if not is_postgres(tx):
        insert_many(tx, entry_table, entries)
        insert_many(tx, posting_table, [tuple(row.values()) for row in rows])
        return fresh
    if tx.execute(ENTER, rows).rowcount != len(rows):
        if len(rows) == 1:
            _unknown(tx, wanted)  # raises where the other worker's was another
            return []
        raise StoreBusy("Another worker posted one of these at the same time.", hint="Ask again.")
    insert_many(tx, entry_table, entries)
    return fresh


_entry = entry_table.c
BALANCE = select(func.coalesce(func.sum(_entry.minor), 0)).where(
    _entry.site_id == bindparam("site"),
    _entry.account == bindparam("of"),
    _entry.currency == bindparam("in_"),
)


def balance(tx: Connection, site: str, account: str, *, currency: str) -> int:
    """Return what an account holds: the sum of its entries, never a stored number."""
    return int(tx.execute(BALANCE, {"site": site, "of": account, "in_": currency}).scalar_one())


def balances(tx: Connection, site: str, accounts: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return what each of these accounts holds in each currency in which it ever moved."""
    own, found = entry_table.c, {}
    for start in range(0, len(accounts), KEYS_MAX):
        mine = own.account.in_(accounts[start : start + KEYS_MAX])
        query = select(own.account, own.currency, func.sum(own.minor)).where(own.site_id == site, mine)
        for row in tx.execute(query.group_by(own.account, own.currency)):
            found[str(row[0]), str(row[1])] = int(row[2])
    return found


def standings(tx: Connection, site: str, *, prefix: str = "") -> tuple[Standing, ...]:
    """Return what every account holds whose name begins with ``prefix``, by account and currency."""
    own = entry_table.c
    found = select(own.account, own.currency, func.sum(own.minor)).where(own.site_id == site)
    if prefix:
        # A range, not LIKE: the index of accounts then serves it on both databases.
        found = found.where(own.account >= prefix, own.account < prefix + "\U0010ffff")
    rows = tx.execute(found.group_by(own.account, own.currency).order_by(own.account, own.currency))
    return tuple(Standing(row[0], row[1], int(row[2])) for row in rows)


def trial_balance(tx: Connection, site: str) -> dict[str, int]:
    """Return the sum over all accounts by currency: zero for each, or the ledger was tampered with."""
    own = entry_table.c
    found = select(own.currency, func.sum(own.minor)).where(own.site_id == site).group_by(own.currency)
    return {row[0]: int(row[1]) for row in tx.execute(found)}


def postings_of(tx: Connection, site: str, keys: Iterable[str]) -> dict[str, Posting]:
    """Return those of the postings that stand, by key, with their entries in order."""
    wanted, found = sorted(set(keys)), {}
    for start in range(0, len(wanted), KEYS_MAX):
        part = wanted[start : start + KEYS_MAX]
        own, lines = posting_table.c, entry_table.c
        entries: dict[str, list[Entry]] = {}
        query = select(lines.key, lines.account, lines.minor).where(
            lines.site_id == site, lines.key.in_(part)
        )
        for line in tx.execute(query.order_by(lines.key, lines.line)):
            entries.setdefault(line.key, []).append(Entry(line.account, line.minor))
        for row in tx.execute(select(posting_table).where(own.site_id == site, own.key.in_(part))):
            found[row.key] = _posting(row, entries.get(row.key, ()))
    return found


def check(posting: Posting) -> None:
    """Raise what is wrong with a posting by itself."""
    entries = posting.entries
    if not 2 <= len(entries) <= ENTRIES_MAX or sum(entry.minor for entry in entries) != 0:
        raise Unbalanced(f"{posting.key} has {len(entries)} entries that sum to no zero.")
    for entry in entries:
        if not 0 < abs(entry.minor) <= MINOR_MAX or len(entry.account) > ACCOUNT_CHARS_MAX:
            raise Unbalanced(f"{posting.key} moves {entry.minor} at {entry.account[:ACCOUNT_CHARS_MAX]}.")
    if not posting.key or len(posting.key) > KEY_CHARS_MAX:
        raise Unbalanced(f"A key of {len(posting.key)} characters; there are 1 to {KEY_CHARS_MAX}.")


def _unknown(tx: Connection, wanted: dict[tuple[str, str], Posting]) -> list[Posting]:
    """Return the postings that do not stand yet; one that stands with other content raises."""
    stood: dict[tuple[str, str], bytes] = {}
    for site in {site for site, _ in wanted}:
        keys = [key for own, key in wanted if own == site]
        for start in range(0, len(keys), KEYS_MAX):
            own = posting_table.c
            part = own.key.in_(keys[start : start + KEYS_MAX])
            for row in tx.execute(select(own.key, own.digest).where(own.site_id == site, part)):
                stood[site, row.key] = bytes(row.digest)
    for place, digest in stood.items():
        if digest != _digest(wanted[place]):
            raise OtherContent(f"{place[1]} stands in the ledger with other content.")
    return [one for place, one in wanted.items() if place not in stood]


def _digest(posting: Posting) -> bytes:
    """Return what binds a key to its content; when it was heard of is no part of it."""
    plain = msgspec.msgpack.encode(msgspec.structs.replace(posting, at_ms=0))
    return hashlib.blake2b(plain, digest_size=16).digest()


def _row(posting: Posting) -> dict[str, Any]:
    return {
        "site_id": posting.site,
        "key": posting.key,
        "kind": posting.kind,
        "at_ms": posting.at_ms,
        "currency": posting.currency,
        "device_id": posting.device,
        "lease_id": posting.lease,
        "wallet_id": posting.wallet,
        "digest": _digest(posting),
        "lines": len(posting.entries),
    }


def _posting(row: Row[Any], entries: Sequence[Entry]) -> Posting:
    return Posting(
        site=row.site_id,
        key=row.key,
        kind=row.kind,
        at_ms=row.at_ms,
        currency=row.currency,
        entries=tuple(entries),
        device=row.device_id,
        lease=row.lease_id,
        wallet=row.wallet_id,
    )
