"""Wallet list: wallets and who pays from them, line by line from a CSV text, or what is wrong with a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from edge.core.cards import holds_card_number
from edge.core.lease import Limits
from edge.core.money import minor_in
from edge.errors import PolsoError, Refused
from sync.central.imports.lines import DELIMITERS, Wrong, cut
from sync.central.registry import guests, members, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection
from sync.central.topups import TopUp, ask

COLUMNS = ("wallet", "currency", "label", "guest", "head", "no_charge", "tap_max", "day_max", "amount")
LINES_MAX = 5_000
YES = frozenset({"yes", "true", "1", "x"})


class Loaded(NamedTuple):
    """What became of a list: wallets that are new, guests who pay, top-ups that wait, and wrong lines."""

    wallets: int
    members: int
    topups: int
    wrong: tuple[Wrong, ...]
    guests: tuple[str, ...]


def load(tx: Connection, site: str, text: str, *, who: str) -> Loaded:
    """Take the good lines of a list; amounts become top-ups that a second person has to let through."""
    lines = text.splitlines()
    first = lines[0].removeprefix("\ufeff") if lines else ""
    delimiter = max(DELIMITERS, key=first.count)
    heading = [column.strip().lower() for column in cut(first, delimiter)]
    unknown = [column[:40] for column in heading if column not in COLUMNS]
    if unknown or "wallet" not in heading or len(set(heading)) != len(heading):
        raise Refused("Line 1 names no known columns.", hint=f"The columns are: {', '.join(COLUMNS)}.")
    if len(lines) > LINES_MAX:
        raise Refused(f"{len(lines)} lines at once, at most {LINES_MAX}.", hint="Send it in parts.")
    counts, wrong, touched = [0, 0, 0], list[Wrong](), list[str]()
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(" \t,;"):
            continue
        cells = cut(line, delimiter)
        try:
            if len(cells) != len(heading):
                raise Refused(f"{len(cells)} fields, the heading has {len(heading)}: check the commas.")
            row = dict(zip(heading, (cell.strip() for cell in cells), strict=True))
            for place, one in enumerate(_take(tx, site, row, who=who)):
                counts[place] += one
            touched += [row["guest"]] if row.get("guest") else []
        except (PolsoError, ValueError) as error:
            wrong.append(Wrong(number, str(error)))
    return Loaded(counts[0], counts[1], counts[2], tuple(wrong), tuple(dict.fromkeys(touched)))


def _take(tx: Connection, site: str, row: dict[str, str], *, who: str) -> Iterable[bool]:
    """Take one line, whole or not at all: all of it is looked at before anything is written."""
    if any(holds_card_number(cell) for cell in row.values()):
        raise Refused("a cell looks like the number of a payment card: take it out of the file")
    currency = row.get("currency", "") or "EUR"
    guest, wanted = row.get("guest", ""), Wallet(id=row["wallet"], currency=currency)
    wallets.check(wanted)
    limits = Limits(
        tap_minor_max=_minor(row.get("tap_max", ""), currency),
        day_minor_max=_minor(row.get("day_max", ""), currency),
    )
    amount = _minor(row.get("amount", ""), currency)
    if guest and guest not in guests.guests_of(tx, site, [guest]):
        raise Refused(f"guest {guest[:40]!r} does not exist: import guests first")
    held = members.members_by_guest(tx, site, [guest] if guest else []).get(guest)
    if held is not None and held.wallet != wanted.id:
        raise Refused(f"guest {guest[:40]!r} pays from another wallet")
    there = wallets.wallets_of(tx, site, [wanted.id]).get(wanted.id)
    if there is not None and there.currency != currency:
        raise Refused(f"wallet {wanted.id} is kept in {there.currency}")
    if there is None:
        wallets.create(tx, site, Wallet(id=wanted.id, currency=currency, label=row.get("label", "")[:80]))
    if guest:
        head, free = row.get("head", "").lower() in YES, row.get("no_charge", "").lower() in YES
        one = Member(guest=guest, wallet=wanted.id, head=head, no_charge=free, limits=limits)
        members.join(tx, site, one)
    if amount:
        asked = TopUp(
            id="",
            wallet=wanted.id,
            minor=amount,
            source="bank",
            why="list",
            state="",
            asked_by=who,
            asked_ms=0,
        )
        ask(tx, site, asked)
    return there is None, bool(guest), bool(amount)


def _minor(text: str, currency: str) -> int | None:
    minor = minor_in(text, currency) if text else None
    if text and (minor is None or minor < 0):
        raise Refused(f"{text[:20]!r} is no amount: write it as 20.00")
    return minor
