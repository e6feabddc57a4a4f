"""Beside: a provider's book and our postings, line by line; what only one of them knows is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sync.central.books import Book, Gap
from sync.central.claims import CLAIM_MS
from sync.central.money.ledger import KEYS_MAX, entry_table, posting_table
from sync.central.psp.charges import charge_table
from sync.central.psp.judgement import OPEN
from sync.central.psp.port import Subject
from sync.central.psp.refunds import WORKED, refund_table
from sync.central.psp.statement import line_table, lines_of, read_table
from sync.central.store import Connection, Row, and_, select

SKEW_MS = 2_000
"""Machines of one central differ so much at most: a posting this young may be newer than the book."""

_WORKED = frozenset(state.value for state in (*OPEN, *WORKED))


class Posted(NamedTuple):
    """What our ledger has of one thing that went through a provider."""

    key: str
    at_ms: int
    currency: str
    minor: int
    """What was taken; given back is negative."""


class Pair(NamedTuple):
    """A line of the provider's and the posting of ours that it stands for."""

    line: Row[Any] | None
    posted: Posted | None
    key: str

    @property
    def currency(self) -> str:
        """The posting's currency, or the line's where there is none."""
        return self.posted.currency if self.posted else str(self.line.currency) if self.line else ""

    @property
    def there(self) -> int:
        """What the provider took."""
        return _signed(self.line) if self.line else 0

    @property
    def here(self) -> int:
        """What was posted."""
        return self.posted.minor if self.posted else 0


def books_of(tx: Connection, site: str, when: tuple[int, int]) -> tuple[Book, ...]:
    """Set every provider's book beside our postings of a day; a pair belongs to the day of its posting."""
    found: list[Book] = []
    read = select(read_table.c.psp, read_table.c.read_ms).where(read_table.c.read_ms > 0)
    for psp, read_ms in tx.execute(read.order_by(read_table.c.psp)).all():
        pairs = _pairs(tx, site, psp, when=when)
        judged = [one for one in pairs if _is_judged(tx, site, one, read_ms=read_ms)]
        found += _books(tx, site, f"psp:{psp}", read_ms=read_ms, pairs=judged)
    return tuple(found)


def _books(tx: Connection, site: str, account: str, *, read_ms: int, pairs: Iterable[Pair]) -> list[Book]:
    sums: dict[str, list[Pair]] = defaultdict(list)
    for one in pairs:
        sums[one.currency].append(one)
    return [
        Book(
            account=account,
            currency=currency,
            there=sum(one.there for one in those),
            here=sum(one.here for one in those),
            read_ms=read_ms,
            gaps=tuple(gap for one in those if (gap := _gap(tx, site, one))),
        )
        for currency, those in sorted(sums.items())
    ]


def _pairs(tx: Connection, site: str, psp: str, *, when: tuple[int, int]) -> list[Pair]:
    """Pair the day's postings with lines of any day, and the day's lines with postings of any day."""
    within = posting_table.c.at_ms.between(when[0], when[1] - 1)
    of_day = {one.key: one for one in _posted(tx, site, psp, where=within)}
    lines = {line.reference: line for line in lines_of(tx, site, psp, when=when)}
    ids = {key.split(":")[1] for key in of_day if ":" in key}
    lines |= {line.reference: line for line in _lines_by_own(tx, site, psp, ids=sorted(ids))}
    # Two lines of one charge are told apart only beside each other.
    more = {line.own_id for line in lines.values()} - ids - {""}
    lines |= {line.reference: line for line in _lines_by_own(tx, site, psp, ids=sorted(more))}
    keys = {key for line in lines.values() for key in _keys(line)} - set(of_day)
    posted = of_day | {one.key: one for one in _posted_by_key(tx, site, psp, keys=sorted(keys))}
    pairs, matched = [], set()
    for line, key in _matched(lines.values(), posted):
        one = posted.get(key)
        matched.add(key)
        if when[0] <= (one.at_ms if one else line.at_ms) < when[1]:
            pairs.append(Pair(line, one, key))
    return pairs + [Pair(None, one, key) for key, one in of_day.items() if key not in matched]


def _matched(lines: Iterable[Row[Any]], posted: dict[str, Posted]) -> Iterator[tuple[Row[Any], str]]:
    """Give each line its posting's key; money that was taken a second time has its own, by its reference."""
    left: dict[str, list[Row[Any]]] = defaultdict(list)
    for line in lines:
        if not line.own_id:
            yield line, line.reference
        elif (keys := _keys(line))[-1] in posted:
            yield line, keys[-1]
        else:
            left[keys[0]].append(line)
    for key, those in left.items():
        meant = posted[key].minor if key in posted else None
        those.sort(key=lambda line: (_signed(line) != meant, line.at_ms, line.reference))
        yield those[0], key
        for line in those[1:]:
            yield line, _keys(line)[-1]


def _keys(line: Row[Any]) -> tuple[str, ...]:
    """Return under which keys a line may be posted, the usual one first."""
    if not line.own_id:
        return ()
    usual = f"{line.subject}:{line.own_id}"
    return usual, f"{usual}:{line.reference[-60:]}"


def _signed(line: Row[Any]) -> int:
    return int(line.minor if line.subject == Subject.CHARGE.value else -line.minor)


def _is_judged(tx: Connection, site: str, pair: Pair, *, read_ms: int) -> bool:
    """Whether the book was read late enough: not while somebody was about to post it, nor before it was."""
    if pair.line is None:
        return pair.posted is not None and pair.posted.at_ms < read_ms - SKEW_MS
    if pair.posted is not None or not pair.line.own_id:
        return True
    state, claimed_ms = _standing(tx, site, pair.line)
    return state not in _WORKED or claimed_ms <= read_ms - CLAIM_MS


def _gap(tx: Connection, site: str, pair: Pair) -> Gap | None:
    line, posted = pair.line, pair.posted
    if line and posted:
        same = pair.there == pair.here and line.currency == posted.currency
        return None if same else Gap(pair.key, pair.there, pair.here, "another amount there than posted")
    if line is None:
        return Gap(pair.key, 0, pair.here, "posted, and the provider does not have it")
    if not line.own_id:
        return Gap(pair.key, pair.there, 0, f"done at the provider by itself, of charge {line.charge_id}")
    state, _ = _standing(tx, site, line)
    return Gap(pair.key, pair.there, 0, f"done at the provider, not posted; here it is {state}")


def _standing(tx: Connection, site: str, line: Row[Any]) -> tuple[str, int]:
    """Return how what is not posted stands here, and since when somebody is at it."""
    charged = line.subject == Subject.CHARGE.value
    own = charge_table.c if charged else refund_table.c
    id_ = own.charge_id if charged else own.refund_id
    this = select(own.state, own.claimed_ms).where(own.site_id == site, id_ == line.own_id)
    found = tx.execute(this).first()
    return ("not known", 0) if found is None else (found.state, found.claimed_ms)


def _posted(tx: Connection, site: str, psp: str, *, where: Any) -> list[Posted]:  # noqa: ANN401  # a clause
    own, lines = posting_table.c, entry_table.c
    query = (
        select(own.key, own.at_ms, lines.currency, lines.minor)
        .join(entry_table, and_(lines.site_id == own.site_id, lines.key == own.key))
        .where(own.site_id == site, lines.site_id == site, lines.account == f"psp:{psp}", where)
    )
    return [Posted(key, at_ms, currency, -int(minor)) for key, at_ms, currency, minor in tx.execute(query)]


def _posted_by_key(tx: Connection, site: str, psp: str, *, keys: Sequence[str]) -> Iterator[Posted]:
    for some in _some(keys):
        yield from _posted(tx, site, psp, where=posting_table.c.key.in_(some))


def _lines_by_own(tx: Connection, site: str, psp: str, *, ids: Sequence[str]) -> Iterator[Row[Any]]:
    own = line_table.c
    for some in _some(ids):
        query = select(line_table).where(own.site_id == site, own.psp == psp, own.own_id.in_(some))
        yield from tx.execute(query)


def _some(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), KEYS_MAX):
        yield names[start : start + KEYS_MAX]
