"""Jobs: what became of each file that was imported, kept so that any page can say how far it is."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence

import msgspec

from edge.errors import Unknown
from sync.central.imports.lines import Wrong
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)
from sync.central.traces import ALSO

PAGE_MAX = 50
SILENT_MS_MAX = 120_000
"""A job that says nothing for so long has lost its worker."""
_wrong = msgspec.json.Decoder(tuple[Wrong, ...])


class State(enum.StrEnum):
    """How an import stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


OPEN = (State.WAITING, State.RUNNING)

job_table = Table(
    "import_job",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("job_id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("who", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("lines", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("first_wrong", LargeBinary, nullable=False),
    Column("why", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("began_ms", BigInteger, nullable=False),
    Column("beat_ms", BigInteger, nullable=False),
)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One file on its way in."""

    site: str
    id: str
    name: str
    who: str
    state: State
    lines: int
    done: int
    wrong: int
    first_wrong: tuple[Wrong, ...]
    why: str
    made_ms: int
    began_ms: int
    beat_ms: int


def begin(tx: Connection, site: str, *, name: str, who: str) -> str:
    """Enter a file that is about to be sent; return the job's id."""
    id_, now = secrets.token_hex(4), now_of(tx)
    row = {"site_id": site, "job_id": id_, "name": name[:200], "who": who, "state": State.WAITING.value}
    counts = {"lines": 0, "done": 0, "wrong": 0, "first_wrong": b"[]", "why": ""}
    tx.execute(insert(job_table).values(**row, **counts, made_ms=now, began_ms=now, beat_ms=now))
    return id_


def move(tx: Connection, site: str, id_: str, **values: int | str) -> None:
    """Set what has changed about a job and that it is alive."""
    this = (job_table.c.site_id == site) & (job_table.c.job_id == id_)
    if not tx.execute(update(job_table).where(this).values(beat_ms=now_of(tx), **values)).rowcount:
        raise Unknown(f"There is no import {id_}.")


def keep_wrong(tx: Connection, site: str, id_: str, *, wrong: Sequence[Wrong]) -> None:
    """Keep the wrong lines that are shown."""
    this = (job_table.c.site_id == site) & (job_table.c.job_id == id_)
    tx.execute(update(job_table).where(this).values(first_wrong=msgspec.json.encode(wrong)))


def interrupt(tx: Connection, *, silent_since_ms: int) -> None:
    """Mark jobs whose worker has ended before them."""
    lost = job_table.c.state.in_([state.value for state in OPEN]) & (job_table.c.beat_ms <= silent_since_ms)
    tx.execute(update(job_table).where(lost).values(state=State.INTERRUPTED.value))


def job(tx: Connection, site: str, id_: str) -> Job:
    """Return one job or raise ``Unknown``."""
    this = (job_table.c.site_id == site) & (job_table.c.job_id == id_)
    row = tx.execute(select(job_table).where(this)).first()
    if row is None:
        raise Unknown(f"There is no import {id_}.")
    return _job(row)


def jobs(tx: Connection, site: str) -> tuple[Job, ...]:
    """Return the newest jobs of a site, newest first."""
    query = select(job_table).where(job_table.c.site_id == site)
    return tuple(_job(row) for row in tx.execute(query.order_by(job_table.c.made_ms.desc()).limit(PAGE_MAX)))


def _job(row: Row[tuple[object, ...]]) -> Job:
    return Job(
        site=row.site_id,
        id=row.job_id,
        name=row.name,
        who=row.who,
        state=State(row.state),
        lines=row.lines,
        done=row.done,
        wrong=row.wrong,
        first_wrong=_wrong.decode(bytes(row.first_wrong)),
        why=row.why,
        made_ms=row.made_ms,
        began_ms=row.began_ms,
        beat_ms=row.beat_ms,
    )


def blank(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Take the wrong lines that quote one of these words out of every import's list; their number stays.

    A file's name, and why it was given up, are emptied where they do.
    """
    own = job_table.c
    for text in (own.name, own.why):
        said = or_(*(text.contains(word, autoescape=True) for word in words))
        tx.execute(update(job_table).where(own.site_id == site, said).values({text.name: ""}))
    for row in tx.execute(select(own.job_id, own.first_wrong).where(own.site_id == site)).all():
        kept = _wrong.decode(bytes(row.first_wrong) or b"[]")
        stays = [one for one in kept if not any(word in one.why for word in words)]
        if len(stays) < len(kept):
            this = (own.site_id == site) & (own.job_id == row.job_id)
            tx.execute(update(job_table).where(this).values(first_wrong=msgspec.json.encode(stays)))


ALSO.append(blank)
