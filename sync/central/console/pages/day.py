"""Day: the proof that every op has its posting and its receipt, what may be lost, and pay-outs to banks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response

from edge.core.money import spelled
from sync.central import days
from sync.central.accounting.day import DayProof
from sync.central.console import desk
from sync.central.console.answers import Answer, Cell, Export, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Mistyped
from sync.central.console.pages import vouchers
from sync.central.console.routes import Route, act, read
from sync.central.registry import wallets
from sync.central.settling import payouts
from sync.central.settling.sepa import Account, bic_of, iban_of

FINDING_COLUMNS = ("fault", "about", "device", "difference", "why")
TILL_COLUMNS = ("device", "point", "currency", "ops", "sold", "back", "held")
BOOK_COLUMNS = ("provider", "currency", "taken", "posted", "read_at")
PAYOUT_COLUMNS = ("payout", "wallet", "name", "iban", "amount")
PAIN_TYPE = "application/xml"


def _day(ask: Ask) -> Answer:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is proven
    today = dt.datetime.fromtimestamp(ask.store.now_ms() / 1000, ask.zone).date()
    day = _date(ask.arg("day")) if ask.arg("day") else today
    from_ms, until_ms = days.bounds(ask.store, ask.site, day.isoformat())
    proof = days.prove(ask.store, ask.site, from_ms, until_ms=until_ms)
    currency, one = ask.layout.currency, dt.timedelta(days=1)
    findings = [
        (ask.words(f"fault.{found.fault}"), found.of, found.device, found.minor or "", found.why)
        for found in proof.findings
    ]
    tills = [
        (
            till.device,
            till.point,
            till.currency,
            till.ops,
            spelled(till.sold_minor, till.currency),
            spelled(till.back_minor, till.currency),
            spelled(till.held_minor, till.currency),
        )
        for till in proof.tills
    ]
    known = proof.figures
    money = ("set_aside_minor", "in_doubt_minor", "lost_minor", "risk_used_minor", "risk_worst_minor")
    counts = ("duplicates", "late", "false_denials", "time_uncertain", "outbox")
    figures = [(f"day.{name}", f"{spelled(getattr(known, name), currency)} {currency}") for name in money]
    figures += [(f"day.{name}", str(getattr(known, name))) for name in counts]
    values = {
        "proof": proof,
        "findings": Sheet(name="findings", columns=FINDING_COLUMNS, rows=findings),
        "tills": Sheet(name="tills", columns=TILL_COLUMNS, rows=tills),
        "books": _books(ask, proof),
        "vouchers": vouchers.campaigns_sheet(ask, proof.vouchers, vouchers.DAY_COLUMNS),
        "figures": figures,
        "day": day.isoformat(),
        "before": (day - one).isoformat(),
        "after": (day + one).isoformat() if day < today else "",
    }
    return Page("day.html", values)


def _books(ask: Ask, proof: DayProof) -> Sheet:
    """Return what each payment provider took by its own book, beside what is posted of that."""
    rows = [
        (
            book.account.removeprefix("psp:"),
            book.currency,
            spelled(book.there, book.currency),
            spelled(book.here, book.currency),
            ask.time(book.read_ms),
        )
        for book in proof.books
    ]
    return Sheet(name="books", columns=BOOK_COLUMNS, rows=rows)


def _payouts(ask: Ask) -> Answer:
    ask.layout  # noqa: B018  # as above
    with ask.store.reading() as tx:
        found = payouts.payouts(tx, ask.site)
        ready = {one.id: payouts.is_ready(tx, ask.site, one.wallet) for one in found}
    rows = [
        (
            one.id,
            Cell(one.wallet, f"{ask.home}/wallets/{one.wallet}"),
            ask.words("payout.paid" if one.batch else "payout.ready" if ready[one.id] else "payout.closing"),
            spelled(one.minor, "EUR") if one.batch else "",
            Cell(one.batch, f"{ask.home}/payouts/{one.batch}.csv" if one.batch else ""),
        )
        for one in found
    ]
    sheet = Sheet(name="payouts", columns=("payout", "wallet", "state", "amount", "batch"), rows=rows)
    return Page("payouts.html", {"sheet": sheet})


def _new(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
    fields = (
        Field(name="owner", required=True, chars_max=70),
        Field(name="iban", required=True, chars_max=42),
        Field(name="bic", chars_max=11),
    )
    back = f"{ask.home}/wallets/{one.id}"
    return Form(name="payout_new", fields=fields, back=back, title=one.id, act="pay_out")


def _begin(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        to = Account(said["owner"], said["iban"], said["bic"])
        made = payouts.begin(tx, ask.site, ask.path["wallet"], to=to)
        ask.record(tx, "payout_begun", made.wallet, after=made.id)
    return Moved(f"{ask.home}/payouts", "payout_begun")


def _close(ask: Ask) -> Answer:
    with ask.changing() as tx:
        batch = payouts.close_batch(tx, ask.site)
        ask.record(tx, "payouts_booked", batch)
    return Moved(f"{ask.home}/payouts", "payouts_booked")


def _csv(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        rows = payouts.rows(tx, ask.site, ask.path["batch"])
    return Export(f"payouts-{ask.path['batch']}", [Sheet(name="payouts", columns=PAYOUT_COLUMNS, rows=rows)])


def _file(ask: Ask) -> Form:
    fields = (
        Field(name="owner", required=True, chars_max=70),
        Field(name="iban", required=True, chars_max=42),
        Field(name="bic", chars_max=11),
    )
    return Form(name="payout_file", fields=fields, back=f"{ask.home}/payouts", act="make")


def _make(ask: Ask, said: dict[str, Any]) -> Answer:
    payer = Account(said["owner"], iban_of(said["iban"]), bic_of(said["bic"]))
    with ask.changing() as tx:
        body = payouts.as_sepa(tx, ask.site, ask.path["batch"], payer=payer)
        ask.record(tx, "payout_file_made", ask.path["batch"])
    reply = Response(body, mimetype=PAIN_TYPE)
    name = f"{ask.site}-{ask.path['batch']}.xml"
    reply.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Mistyped("day", "wrong.date", text=text) from None


ROUTES: tuple[Route, ...] = (
    read("/sites/<site>/day", _day, "The proof of a day, and what may be lost."),
    read("/sites/<site>/payouts", _payouts, "Pay-outs to bank accounts."),
    act("/sites/<site>/payouts", _close, "Book every pay-out that is ready."),
    *desk.routes_of("/sites/<site>/wallets/<wallet>/payout", Desk(_new, _begin), "pay a wallet out."),
    read("/sites/<site>/payouts/<batch>.csv", _csv, "A batch of pay-outs as CSV."),
    *desk.routes_of("/sites/<site>/payouts/<batch>/file", Desk(_file, _make), "make the bank's file."),
)
