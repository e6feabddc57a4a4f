"""Operators: who may open the console, with what role, and which browsers they are signed in at."""

from __future__ import annotations

import enum

import msgspec

from edge.errors import NotAllowed, Refused, Unknown
from sync.central.console import factors, passwords, sessions
from sync.central.console.acts import Act, record_once
from sync.central.console.sessions import IDLE_MS_MAX, session_table
from sync.central.console.tries import Paused, begin_try, forget_tries
from sync.central.sites import site_table
from sync.central.store import (
    STEPS,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Store,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    text,
    update,
)

NAME_CHARS_MAX = 64
SEEN_MS_MIN = 60_000
"""How exactly it is remembered when somebody was last there: once a minute is a write a minute."""
REFUSED_MS = 60_000
"""Refusals in a pause, and those of unknown names, are written down once in this time."""


class Role(enum.StrEnum):
    """What a person may do at the console; the route's audience says which roles it lets in."""

    OPERATOR = "operator"
    ADMIN = "admin"
    """An operator who also opens sites and lets people in."""
    CARE = "care"
    """Guest care: looks guests, bands and rights up, and mends a band."""
    MARKETER = "marketer"
    """Makes campaigns, and sees which sites there are and how many guests did what; no guest."""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """One person who may open the console."""

    name: str
    role: Role
    made_ms: int
    seen_ms: int = 0
    """When this session last did something, to the minute."""
    must_change: bool = False
    """Whether somebody else chose the password: it opens nothing but the page that changes it."""
    factor: bool = False
    """Whether signing in asked for a code."""


class NotLetIn(NotAllowed):
    """Name and password do not fit."""

    hint = (
        "Try again, with your app's code if you have set one up;"
        " whoever runs central can set a password by `polso operator NAME`."
    )


operator_table = Table(
    "operator",
    metadata,
    Column("name", String(NAME_CHARS_MAX), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=text("FALSE")),
)


def _remember_whose_choice(tx: Connection) -> None:
    """Passwords of before stand."""
    tx.execute(text("ALTER TABLE operator ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT FALSE"))


STEPS[6] = _remember_whose_choice


def let_in(
    tx: Connection, name: str, password: str, *, role: Role = Role.ADMIN, must_change: bool = False
) -> None:
    """Let a person into the console, or give them another password and role; old sessions end.

    ``must_change`` says that somebody else chose the password: they choose their own when they sign in.
    """
    passwords.refuse_common(password, name, *words_of_places(tx))
    if not name.strip() or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise Refused(f"An operator's name has 1 to {NAME_CHARS_MAX} characters.")
    kept = {"role": role.value, "password_hash": passwords.hashed(password), "must_change": must_change}
    this = update(operator_table).where(operator_table.c.name == name)
    if not tx.execute(this.values(kept)).rowcount:
        tx.execute(insert(operator_table).values(name=name, made_ms=now_of(tx), **kept))
    sessions.end_of(tx, name)
    forget_tries(tx, name)


def set_role(tx: Connection, name: str, role: Role) -> None:
    """Give a person another role; it holds from the next request on."""
    tx.execute(update(operator_table).where(operator_table.c.name == name).values(role=role.value))


def change_password(tx: Connection, name: str, password: str, *, keep: str) -> None:
    """Set the password that somebody chose themselves; their other sessions end."""
    passwords.refuse_common(password, name, *words_of_places(tx))
    kept = {"password_hash": passwords.hashed(password), "must_change": False}
    tx.execute(update(operator_table).where(operator_table.c.name == name).values(kept))
    sessions.end_of(tx, name, but=keep)


def reset_factor(tx: Connection, name: str) -> bool:
    """Take somebody's second factor away and end their sessions; say whether there was one."""
    if name not in {one.name for one in operators(tx)}:
        raise Unknown(f"There is no operator {name}.")
    sessions.end_of(tx, name)
    return factors.forget(tx, name)


def words_of_places(tx: Connection) -> list[str]:
    """Return what everybody at these sites knows, and nobody's password may be made of."""
    rows = tx.execute(select(site_table.c.site_id, site_table.c.name))
    return [word for row in rows for word in row]


def remove(tx: Connection, name: str) -> None:
    """Let a person in no more; the last admin stays."""
    if name not in {one.name for one in operators(tx)}:
        raise Unknown(f"There is no operator {name}.")
    keep_an_admin(tx, name, None)
    tx.execute(delete(operator_table).where(operator_table.c.name == name))
    sessions.end_of(tx, name)
    factors.forget(tx, name)


def keep_an_admin(tx: Connection, name: str, role: Role | None) -> None:
    """Refuse to give a person this role (None: to remove them) where nobody would be admin any more."""
    others = (one.role for one in operators(tx) if one.name != name)
    if role is not Role.ADMIN and Role.ADMIN not in others:
        raise Refused("The last admin stays.", hint="Let another admin in first.")


def operators(tx: Connection) -> tuple[Operator, ...]:
    """Return everybody who may open the console, by name."""
    own = operator_table.c
    rows = tx.execute(select(own.name, own.role, own.made_ms).order_by(own.name))
    return tuple(Operator(name=row.name, role=Role(row.role), made_ms=row.made_ms) for row in rows)


def nobody_yet(tx: Connection) -> bool:
    """Whether no operator was ever let in."""
    return not tx.execute(select(func.count()).select_from(operator_table)).scalar_one()


def sign_in(store: Store, name: str, password: str, *, code: str = "", browser: str = "") -> str:
    """Return a new session's token; the try is counted before the password is even looked at."""
    name = name.strip()[:NAME_CHARS_MAX]
    _prove(store, name, password, code=code)
    with store.transaction() as tx:
        return sessions.begin(tx, name, browser=browser)


def prove_again(store: Store, who: Operator, token: str, *, password: str, code: str) -> str:
    """Check somebody who is signed in once more; return the token under which their session goes on."""
    _prove(store, who.name, password, code=code)
    with store.transaction() as tx:
        fresh = sessions.follow(tx, token)
    if not fresh:
        raise NotAllowed("The session ended meanwhile.", hint="Sign in again.")
    return fresh


def _prove(store: Store, name: str, password: str, *, code: str) -> None:
    """Refuse who does not know password and code; what a wrong password comes with spends no code."""
    try:
        _refuse_wrong(store, name, password, code=code)
    except (NotLetIn, Paused) as refusal:
        _write_down(store, name, refusal)
        raise
    with store.transaction() as tx:
        forget_tries(tx, name)


def _refuse_wrong(store: Store, name: str, password: str, *, code: str) -> None:
    with store.transaction() as tx:
        begin_try(tx, name)
        found = tx.execute(select(operator_table.c.password_hash).where(operator_table.c.name == name))
        password_hash = found.scalar()
    if not passwords.fits(password_hash, password):
        raise NotLetIn
    with store.transaction() as tx:
        right = factors.prove(tx, name, code)
    if not right:
        raise NotLetIn


def _write_down(store: Store, name: str, refusal: NotLetIn | Paused) -> None:
    """Note who was refused; an unknown name is not kept, it may be a password in the wrong field."""
    with store.transaction() as tx:
        known = tx.execute(select(operator_table.c.name).where(operator_table.c.name == name)).first()
        paused = isinstance(refusal, Paused)
        act = Act(who=name if known else "", what="sign_in_paused" if paused else "sign_in_refused")
        # Each wrong password for somebody is an act of its own; what anybody can repeat at will is not.
        record_once(tx, act, within_ms=0 if known and not paused else REFUSED_MS)


def signed_in(tx: Connection, token: str) -> Operator | None:
    """Return who signed in with this token, while the session and the person stand and it is not idle."""
    own, there, other = operator_table.c, session_table.c, factors.factor_table.c
    query = (
        select(
            own.name, own.role, own.made_ms, own.must_change, there.seen_ms, there.until_ms, other.confirmed
        )
        .select_from(
            operator_table.join(session_table, own.name == there.name).outerjoin(
                factors.factor_table, other.name == own.name
            )
        )
        .where(there.token_hash == sessions.hashed(token))
    )
    row = tx.execute(query).first() if token else None
    if row is None or row.until_ms <= now_of(tx) or row.seen_ms <= now_of(tx) - IDLE_MS_MAX:
        return None
    return Operator(
        name=row.name,
        role=Role(row.role),
        made_ms=row.made_ms,
        seen_ms=row.seen_ms,
        must_change=bool(row.must_change),
        factor=bool(row.confirmed),
    )


def seen(store: Store, token: str, who: Operator) -> None:
    """Remember that somebody is there, at most once a minute."""
    if store.now_ms() - who.seen_ms < SEEN_MS_MIN:
        return
    with store.transaction() as tx:
        sessions.seen(tx, token)
