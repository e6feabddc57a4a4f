"""Subscriptions: who is told what of a site, under which secrets, and how it stands with them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from edge.core.consent import Namespace, Purpose
from edge.errors import Refused, Unknown
from sync.central.claims import Queue
from sync.central.hooks import happened, reach
from sync.central.hooks.happened import Own, Told
from sync.central.hooks.letters import NAMES, PERSONAL_NAMES, looked_at, pseudonym
from sync.central.hooks.verdict import State
from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    delete,
    demand_seals,
    func,
    insert,
    metadata,
    now_of,
    select,
    text,
    update,
)

HOOKS_MAX = 32
"""Subscriptions of one site: each is served by a thread of its own while it has something to hear."""
URL_CHARS_MAX = 500
TOKEN_CHARS_MAX = 2_000
WHY_CHARS_MAX = 200
KEY_BYTES = 32
TOKEN, KEY = ("hook", "token"), ("hook", "key")

hook_table = Table(
    "hook",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("hook_id", String(64), primary_key=True),
    Column("url", String(URL_CHARS_MAX), nullable=False),
    Column("kinds", Text, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("parts", Text, nullable=False, server_default=""),
    Column("token", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(WHY_CHARS_MAX), nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_ms", BigInteger),
    Column("done_ms", BigInteger),
    Column("test_ms", BigInteger),
    Column("next_ms", BigInteger, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("claimed_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)


def _name_parts(tx: Connection) -> None:
    """Subscriptions of before hear of every part, and of each no of whom they were told of, from now on."""
    tx.execute(text("ALTER TABLE hook ADD COLUMN parts TEXT NOT NULL DEFAULT ''"))
    tx.execute(
        text(
            "INSERT INTO hook_own_end (site_id, seq)"
            " SELECT DISTINCT site_id, 0 FROM hook WHERE purpose <> '' ON CONFLICT DO NOTHING"
        )
    )


STEPS[11] = _name_parts
QUEUE = Queue(hook_table, "hook_id", worked=[State.ASKED, State.LIVE])


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription."""

    id: str
    url: str
    kinds: tuple[str, ...]
    purpose: str = ""
    """A consent that each person's events need; with none of it letters name no band at all."""
    parts: tuple[str, ...] = ()
    """Of which parts of what is known of guests it hears at most; none: of all."""
    state: State = State.ASKED
    why: str = ""
    per_minute: int = 0
    """How many requests its receiver agreed to; 0: any."""
    failures: int = 0
    failing_ms: int | None = None
    done_ms: int | None = None
    test_ms: int | None = None

    def __repr__(self) -> str:
        """Name it."""
        return f"Hook({self.id!r})"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody subscribes to."""

    url: str
    kinds: tuple[str, ...]
    purpose: str = ""
    parts: tuple[str, ...] = ()
    token: str = ""
    """What the receiver wants to see as a bearer."""

    def __repr__(self) -> str:
        """Leave the token out."""
        return f"Wanted({self.url!r})"


class Secrets(msgspec.Struct, frozen=True):
    """What only a delivery opens."""

    token: str
    key: bytes
    """Under which bands are pseudonyms for this receiver alone."""

    def __repr__(self) -> str:
        """Leave them out."""
        return "Secrets()"


class Taken(NamedTuple):
    """A subscription that one worker serves now."""

    hook: Hook
    secrets: Secrets


def add(tx: Connection, site: str, wanted: Wanted) -> Hook:
    """Subscribe an address to all that happens from now on; it is told nothing before it has agreed."""
    _check(wanted)
    own, id_ = hook_table.c, f"h{secrets.token_hex(6)}"
    count = tx.execute(select(func.count()).select_from(hook_table).where(own.site_id == site)).scalar_one()
    if count >= HOOKS_MAX:
        raise Refused(f"A site has at most {HOOKS_MAX} webhooks.", hint="Remove one that nobody reads.")
    seals, row = demand_seals(tx), _row(site, id_)
    kinds = tuple(dict.fromkeys(wanted.kinds))
    parts = tuple(dict.fromkeys(wanted.parts))
    made = Hook(id=id_, url=wanted.url, kinds=kinds, purpose=wanted.purpose, parts=parts)
    tx.execute(
        insert(hook_table).values(
            site_id=site,
            hook_id=id_,
            url=made.url,
            kinds=" ".join(kinds),
            purpose=made.purpose,
            parts=" ".join(parts),
            token=seals.seal(wanted.token.encode(), *TOKEN, row=row),
            key=seals.seal(secrets.token_bytes(KEY_BYTES), *KEY, row=row),
            made_ms=now_of(tx),
            next_ms=now_of(tx),
            claims=0,
            claimed_ms=0,
            **_changing(made),
        )
    )
    for stream, ack in reach.ends(tx, site):
        reach.move(tx, id_, stream, seq=ack)
    return made


def hooks(tx: Connection, site: str) -> tuple[Hook, ...]:
    """Return all subscriptions of a site, the oldest first."""
    own = hook_table.c
    found = select(hook_table).where(own.site_id == site).order_by(own.made_ms, own.hook_id)
    return tuple(_hook(row) for row in tx.execute(found))


def wanted_kinds(tx: Connection, site: str) -> set[int]:
    """Return the kinds that subscriptions of a site look at: those that are paused hear them later."""
    own = hook_table.c
    found = tx.execute(select(own.kinds, own.purpose).where(own.site_id == site))
    return {kind for row in found for kind in looked_at(row.kinds.split(), purpose=row.purpose)}


def hook(tx: Connection, site: str, id_: str) -> Hook:
    """Return one subscription or raise ``Unknown``."""
    own = hook_table.c
    row = tx.execute(select(hook_table).where(own.site_id == site, own.hook_id == id_)).first()
    if row is None:
        raise Unknown(f"There is no webhook {id_[:64]}.")
    return _hook(row)


def claim(tx: Connection, site: str, id_: str, *, claims: int) -> Taken | None:
    """Take a subscription for this worker, with its secrets; None where another one has been at it since."""
    row = QUEUE.claim(tx, site, id_, claims=claims)
    if row is None:
        return None
    seals, place = demand_seals(tx), _row(site, id_)
    token = seals.open(bytes(row.token), *TOKEN, row=place).decode()
    return Taken(_hook(row), Secrets(token, seals.open(bytes(row.key), *KEY, row=place)))


def part_with(tx: Connection, site: str, id_: str, *, names: Sequence[bytes]) -> None:
    """Tell a subscription of an erased guest, by the names that it alone has for them and for their bands.

    ``names`` are the guest's own and those of the bands that it was told of. They are made to pseudonyms here
    and now: what waits to be told leads nobody else to anybody.
    """
    own = hook_table.c
    query = select(own.key).where(own.site_id == site, own.hook_id == id_)
    sealed = tx.execute(query).scalar()
    if sealed is None:
        return  # removed meanwhile
    key = demand_seals(tx).open(bytes(sealed), *KEY, row=_row(site, id_))
    subject, *worn = (pseudonym(key, name) for name in names)
    told = Told(guest="", hook=id_, subject=subject, said={"bands": worn} if worn else {})
    happened.say(tx, site, [(Own.GUEST_ERASED, now_of(tx), told)])


def keep(tx: Connection, site: str, hook: Hook, *, wait_ms: int) -> None:
    """Write what became of a subscription, unless somebody paused it meanwhile: that stands."""
    row = QUEUE.row(tx, site, hook.id)
    if row is None:
        return
    changed = _changing(hook)
    if row.state not in (State.ASKED, State.LIVE):
        changed |= {"state": row.state, "why": row.why}
    if row.test_ms != hook.test_ms and row.test_ms is not None and hook.test_ms is not None:
        changed["test_ms"] = row.test_ms
    QUEUE.keep(tx, site, hook.id, values=changed | {"next_ms": now_of(tx) + wait_ms})


def pause(tx: Connection, site: str, id_: str) -> None:
    """Send nothing more for now; the place in each stream is kept."""
    _set(tx, site, id_, state=State.PAUSED, why="")


def resume(tx: Connection, site: str, id_: str) -> None:
    """Ask the receiver anew whether it agrees, and go on where it stands."""
    again = {"failures": 0, "failing_ms": None, "next_ms": now_of(tx)}
    _set(tx, site, id_, state=State.ASKED, why="", **again)


def test(tx: Connection, site: str, id_: str) -> None:
    """Send an event that says nothing before all others."""
    _set(tx, site, id_, test_ms=now_of(tx), next_ms=now_of(tx))


def replay(tx: Connection, site: str, id_: str, *, from_ms: int) -> None:
    """Tell again all that happened since a moment; the receiver knows by source and id what it has."""
    reach.go_back(tx, site, id_, from_ms=from_ms)
    _set(tx, site, id_, next_ms=now_of(tx))


def remove(tx: Connection, site: str, id_: str) -> None:
    """End a subscription; of what was sent nothing can be taken back."""
    hook(tx, site, id_)
    for table in (*reach.TABLES, hook_table):
        tx.execute(delete(table).where(table.c.site_id == site, table.c.hook_id == id_))


def _check(wanted: Wanted) -> None:
    url, kinds, purpose, token = wanted.url, wanted.kinds, wanted.purpose, wanted.token
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or len(url) > URL_CHARS_MAX:
        raise Refused(
            "A webhook's address begins with https:// and names a host.", hint="Keep its token apart."
        )
    if not kinds or not set(kinds) <= set(NAMES):
        raise Refused(
            "A webhook is for kinds of events that there are.", hint=f"They are {', '.join(NAMES)}."
        )
    if purpose and purpose not in frozenset(Purpose):
        raise Refused(f"There is no purpose {purpose[:40]!r}.", hint=f"There are {', '.join(Purpose)}.")
    if not set(wanted.parts) <= set(Namespace):
        raise Refused("There is no such part.", hint=f"There are {', '.join(Namespace)}.")
    if PERSONAL_NAMES.intersection(kinds) and not purpose:
        raise Refused(
            "Diaries, cases, segments and consents are of people.", hint="Say which consent it takes to tell."
        )
    if not token.isprintable() or not token.isascii() or len(token) > TOKEN_CHARS_MAX:
        raise Refused("A token is of plain characters.", hint="Copy it as the receiver shows it.")


def _set(tx: Connection, site: str, id_: str, **values: Any) -> None:  # noqa: ANN401  # columns' values
    hook(tx, site, id_)
    own = hook_table.c
    tx.execute(update(hook_table).where(own.site_id == site, own.hook_id == id_).values(**values))


def _row(site: str, id_: str) -> bytes:
    return site.encode() + b"\0" + id_.encode()


def _changing(hook: Hook) -> dict[str, Any]:
    return {
        "state": hook.state.value,
        "why": hook.why[:WHY_CHARS_MAX],
        "per_minute": hook.per_minute,
        "failures": hook.failures,
        "failing_ms": hook.failing_ms,
        "done_ms": hook.done_ms,
        "test_ms": hook.test_ms,
    }


def _hook(row: Row[Any]) -> Hook:
    return Hook(
        id=row.hook_id,
        url=row.url,
        kinds=tuple(row.kinds.split()),
        purpose=row.purpose,
        parts=tuple(row.parts.split()),
        state=State(row.state),
        why=row.why,
        per_minute=row.per_minute,
        failures=row.failures,
        failing_ms=row.failing_ms,
        done_ms=row.done_ms,
        test_ms=row.test_ms,
    )


happened.LOOKED_AT.append(wanted_kinds)
reach.LEAVING.append(part_with)
