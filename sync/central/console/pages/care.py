"""Care: cases that wait, searched by band, order, case or guest, and one case beside its guest's diary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from edge.core.bands import BandState
from edge.core.delivery import said
from edge.core.profiles import remark_owner
from edge.errors import Unknown
from sync.central.care import anew, cases, points
from sync.central.care.case import Case, Links, Priority, State, Step, Subject, Told
from sync.central.care.cases import NOTE_CHARS_MAX, PAGE_MAX, Line, Wanted
from sync.central.care.lookup import look_up
from sync.central.console import cells, coupons, desk, diaries, listing, looks, whys
from sync.central.console.amounts import worded
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.looks import Shown
from sync.central.console.pages.charges import MARKS as CHARGE_MARKS
from sync.central.console.pages.charges import told as told_money
from sync.central.console.routes import Audience, Route, read
from sync.central.journey import diary, ends
from sync.central.journey.entry import Via
from sync.central.money import topups
from sync.central.near import orders
from sync.central.psp import charges, refunds
from sync.central.psp.judgement import Charge
from sync.central.registry import bands, catalogue, guests, links, members
from sync.central.registry.bands import BandCard
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Connection

HERE = "/sites/<site>/care"
COLUMNS = ("case", "subject", "state", "priority", "guest", "owner", "opened", "due")
DIARY_MAX = 30
CHARGES_MAX = 10
MARKS = {State.OPEN: "unapproved", State.WAITING_US: "waiting", State.SOLVED: "done", State.CLOSED: "valid"}
RANKS = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}
VIAS = (Via.PHONE, Via.EMAIL, Via.DESK, Via.APP, Via.POST)


class Beside(NamedTuple):
    """What is shown beside a case of somebody known."""

    name: str = ""
    bands: Sequence[BandCard] = ()
    wallet: str = ""
    open: Sequence[diaries.Line] = ()
    diary: Sequence[diaries.Line] = ()
    whys: Sequence[whys.Why] = ()
    charges: Sequence[tuple[Charge, str, str]] = ()
    refunds: Sequence[tuple[refunds.Refund, str]] = ()
    topups: Sequence[tuple[topups.TopUp, str]] = ()
    points: Sequence[tuple[int, str, str]] = ()
    """By the number of the step that asks for them: who asks, and how many."""


def row_of(ask: Ask, one: Case) -> tuple[Cell | str, ...]:
    """Return one case as a row."""
    guest = one.links.guest
    return (
        Cell(one.id, f"{ask.home}/care/{one.id}"),
        ask.words(f"case.{one.subject}"),
        Cell(ask.words(f"case_state.{one.state}"), mark=MARKS.get(one.state, "running")),
        ask.words(f"priority.{one.priority}"),
        Cell(guest, f"{ask.home}/guests/{guest}") if guest else "",
        one.owner,
        cells.age(ask, one.opened_ms),
        due_of(ask, one),
    )


def due_of(ask: Ask, one: Case) -> Cell | str:
    """Return until when the guest hears from us, marked where that is over."""
    if one.due_ms is None:
        return ""
    late = one.is_late(ask.store.now_ms())
    return Cell(ask.time(one.due_ms), mark="ill") if late else ask.time(one.due_ms)


def _page(ask: Ask, after: str) -> Sheet:
    """Return cases that are not closed, what is late first; or all to which a word leads, and new ones."""
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    text = ask.arg("q").strip()
    with ask.store.reading() as tx:
        if text:
            found = look_up(tx, ask.site, text)
            rows = [row_of(ask, one) for one in found.cases]
            rows += [_none_yet(ask, guest) for guest in found.guests]
            return Sheet(name="care", columns=COLUMNS, rows=rows)
        opened_ms, _, id_ = after.partition("-")
        before = (int(opened_ms), id_) if opened_ms.isdecimal() else None
        living = cases.listed(tx, ask.site, Wanted(living=True), before=before)
    mark = f"{living[-1].opened_ms}-{living[-1].id}" if len(living) == PAGE_MAX else ""
    now_ms = ask.store.now_ms()
    living.sort(key=lambda one: (not one.is_late(now_ms), RANKS[one.priority], one.opened_ms))
    return Sheet(name="care", columns=COLUMNS, rows=[row_of(ask, one) for one in living], after=mark)


def _none_yet(ask: Ask, guest: str) -> tuple[Cell | str, ...]:
    """Return the row from which a case of somebody is opened."""
    new = Cell(ask.words("add.care"), f"{ask.home}/care/new?guest={guest}")
    return (new, "", "", "", Cell(guest, f"{ask.home}/guests/{guest}"), "", "", "")


def _new(ask: Ask) -> Form:
    fields = (
        Field(name="subject", kind=Kind.CHOICE, required=True, choices=_subjects()),
        Field(name="via", kind=Kind.CHOICE, required=True, choices=[(one, f"via.{one}") for one in VIAS]),
        Field(name="guest", chars_max=ID_CHARS_MAX),
        Field(name="band", chars_max=ID_CHARS_MAX),
        Field(name="order", chars_max=ID_CHARS_MAX),
        Field(name="receipt", chars_max=ID_CHARS_MAX),
        Field(name="note", kind=Kind.LONG, chars_max=NOTE_CHARS_MAX),
        Field(name="op", kind=Kind.HIDDEN, required=True),
    )
    values = {"guest": ask.arg("guest"), "band": ask.arg("band"), "order": ask.arg("order")}
    given = values | {"op": refunds.new_id(), "subject": Subject.OTHER.value}
    return Form(name="case_new", fields=fields, values=given, back=f"{ask.home}/care", act="create")


def _subjects() -> list[tuple[str, str]]:
    by_people = [one for one in Subject if one not in (Subject.HELP, Subject.FEEDBACK)]
    return [(one.value, f"case.{one}") for one in by_people]


def _create(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        links = _links(ask, tx, said)
        first = Told(
            op=f"console/{said['op']}",
            step=Step.OPENED,
            at_ms=ask.store.now_ms(),
            who=ask.name,
            word=said["subject"],
            via=said["via"],
            links=links,
        )
        known = cases.find(tx, ask.site, cases.id_of(first.op))
        case = cases.open_case(tx, ask.site, first, note=said["note"])
        if known is None:
            ask.record(tx, "case_opened", case.id)
    return Moved(f"{ask.home}/care/{case.id}", "case_opened")


def _links(ask: Ask, tx: Connection, said: dict[str, Any]) -> Links:
    """Return what a new case is about; whose a band or an order is need not be typed."""
    guest, band = said["guest"], ""
    if said["band"]:
        found = bands.list_bands(tx, ask.site, text=said["band"])
        if len(found) != 1:
            raise Mistyped("band", "wrong.band")
        band, guest = found[0].band.id.hex(), guest or found[0].guest or ""
    if guest:
        guests.guest(tx, ask.site, guest)
    return Links(guest=guest, band=band, order=said["order"], ref=said["receipt"])


def _one(ask: Ask) -> Answer:
    """Show a case beside its guest's diary; who looked is written down, and that it was for a case."""
    with ask.store.reading() as tx:
        case = cases.must_find(tx, ask.site, ask.path["case"])
        known = bool(guests.guests_of(tx, ask.site, [case.links.guest])) if case.links.guest else False
    shown = looks.guests_shown([case.links.guest])
    looks.look(ask, "case_seen", case.id, shown=Shown(guests=shown.guests, count=shown.count, purpose="case"))
    with ask.store.reading() as tx:
        lines = cases.steps(tx, ask.site, case.id)
        beside = (
            _beside(ask, tx, case, told=[one.told for one in lines]) if known else _of_band(ask, tx, case)
        )
        goods = _goods(ask, tx, case.links.order)
        anews = coupons.shown(ask, tx, anew.of_case(tx, ask.site, case.id))
    values = {
        "case": case,
        "lines": [(one, _said(ask, one)) for one in lines],
        "mark": MARKS.get(case.state, "running"),
        "due": due_of(ask, case),
        "late": case.is_late(ask.store.now_ms()),
        "beside": beside,
        "known": known,
        "goods": goods,
        "coupons": anews,
        "priorities": [one for one in Priority if one is not case.priority],
        "op": refunds.new_id(),
        "lost": BandState.LOST,
        "active": BandState.ACTIVE,
        "note_max": NOTE_CHARS_MAX,
    }
    return Page("case.html", values)


def _goods(ask: Ask, tx: Connection, order: str) -> list[tuple[str, str]]:
    """Return what was ordered, and the sentence of its delivery as every channel says it."""
    known = orders.find(tx, ask.site, order) if order else None
    if known is None:
        return []
    sold, language = catalogue.catalogue(tx, ask.site).by_id, ask.words.language
    named = [(line, sold.get(line.article)) for line in known.lines]
    return [
        (
            f"{line.quantity} \u00d7 {article.name(language) if article else line.article}",
            said(article.delivery if article else None, ask.today).get(language, ""),
        )
        for line, article in named
    ]


def _said(ask: Ask, one: Line) -> str:
    """Return a step in words."""
    told, t = one.told, ask.words
    match told.step:
        case Step.ACTED:
            what = t(f"act.{told.word}")
            if told.points:
                return f"{what} · {_points(ask, told)}"
            return f"{what} · {worded(told.minor, ask.layout.currency)}" if told.minor else what
        case Step.RANKED:
            return f"{t('step.ranked')}: {t(f'priority.{told.word}')}"
        case Step.PROMISED:
            return t("step.promised", time=ask.time(told.until_ms))
        case Step.SOLVED | Step.CLOSED:
            return f"{t(f'step.{told.step}')}: {t(f'result.{told.word}')}"
        case _:
            return t(f"step.{told.step}")


def _points(ask: Ask, told: Told) -> str:
    """Return how many points a step is about, and what they are worth."""
    amount = worded(told.points * told.point_minor, ask.layout.currency)
    return ask.words("case_points", count=told.points, amount=amount)


def _beside(ask: Ask, tx: Connection, case: Case, *, told: list[Told]) -> Beside:
    """Return what a guest's case is seen beside."""
    guest, owner, names = case.links.guest, remark_owner(case.links.guest, b""), diaries.named(tx, ask)
    worn = bands.bands_of(tx, ask.site, links.together(tx, ask.site, [guest]))
    held = members.members_by_guest(tx, ask.site, [guest]).get(guest)
    wallet = held.wallet if held is not None else ""
    waiting = [diaries.line(ask, one, names) for one in ends.open_ends(tx, ask.site, owner)]
    entries = diary.of_guest(tx, ask.site, owner, limit=DIARY_MAX)
    paid = charges.of_wallet(tx, ask.site, wallet)[:CHARGES_MAX] if wallet else ()
    asked = [one for each in paid for one in refunds.of_charge(tx, ask.site, each.id)]
    by_hand = topups.topups(tx, ask.site, wallet=wallet, waiting=True) if wallet else ()
    return Beside(
        name=guests.guest(tx, ask.site, guest).name,
        bands=worn,
        wallet=wallet,
        open=waiting,
        diary=[diaries.line(ask, one, names) for one in entries],
        whys=whys.latest(ask, tx, [card.band.id for card in worn], names=names),
        charges=[(one, told_money(one.money), CHARGE_MARKS.get(one.state, "")) for one in paid],
        refunds=[(one, told_money(one.money)) for one in asked if one.state is refunds.State.ASKED],
        topups=[(one, worded(one.minor, ask.layout.currency)) for one in by_hand],
        points=[(number, one.who, _points(ask, one)) for number, one in points.waiting(told)],
    )


def _of_band(ask: Ask, tx: Connection, case: Case) -> Beside:
    """Return what a case about a band is seen beside that is nobody's yet, or whose guest is gone."""
    if not case.links.band:
        return Beside()
    try:
        card = bands.band(tx, ask.site, bytes.fromhex(case.links.band))
    except Unknown:
        return Beside()
    names = diaries.named(tx, ask)
    return Beside(bands=(card,), whys=whys.latest(ask, tx, [card.band.id], names=names))


CARE = Listing(name="care", page=_page, add="new", searched=True, beyond=True, personal=True)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, CARE, shown_to=Audience.CARE),
    *desk.routes_of(f"{HERE}/new", Desk(_new, _create), "open a case.", audience=Audience.CARE),
    read(f"{HERE}/<case>", _one, "One case beside its guest's diary.", audience=Audience.CARE),
)
