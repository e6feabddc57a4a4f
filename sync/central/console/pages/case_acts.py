"""Case acts: what is said, promised and done in a case, through the rooms that do it for everybody."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from edge.core.bands import BandAct, BandState
from edge.core.entitlements import Entitlement
from edge.core.money import spelled
from edge.errors import Refused
from sync.central.care import cases, goodwill
from sync.central.care.case import Case, Priority, Result, Step, Told
from sync.central.care.cases import NOTE_CHARS_MAX, OP_CHARS_MAX
from sync.central.care.goodwill import Coupon, Gift
from sync.central.console import amounts, desk
from sync.central.console.answers import Answer, Form, Moved
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped, values
from sync.central.console.pages import bands as band_pages
from sync.central.console.pages.care import HERE
from sync.central.console.routes import Audience, Route, act
from sync.central.money.policy import policy
from sync.central.near import reserving
from sync.central.psp import refunds
from sync.central.registry import bands, catalogue, links, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Connection

ONE = f"{HERE}/<case>"
SAID = (Step.NOTED, Step.ANSWERED, Step.HEARD)
"""What can be written down with a note."""
OP = Field(name="op", kind=Kind.HIDDEN, required=True)
NOTE = Field(name="note", kind=Kind.LONG, chars_max=NOTE_CHARS_MAX)
SPOKEN = Field(name="note", kind=Kind.LONG, required=True, chars_max=NOTE_CHARS_MAX)
REPLACEABLE = (BandState.ACTIVE, BandState.LOST, BandState.EXPIRED)
TIMES_MAX = 100
"""Ways to move a guest's times that are offered at once: more is a timetable."""
BY_HAND = tuple(one for one in Result if one is not Result.ERASED)


def _home(ask: Ask) -> str:
    return f"{ask.home}/care/{ask.path['case']}"


def _case(ask: Ask) -> Case:
    with ask.store.reading() as tx:
        return cases.must_find(tx, ask.site, ask.path["case"])


def _tell(ask: Ask, told: Told, what: str, *, note: str = "") -> None:
    """Add a step to the case, and record it once among what was done."""
    id_, named = ask.path["case"], replace(told, at_ms=ask.store.now_ms(), who=ask.name)
    with ask.changing() as tx:
        before = cases.must_find(tx, ask.site, id_)
        if cases.tell(tx, ask.site, id_, told=named, note=note).steps != before.steps:
            ask.record(tx, what, id_, after=named.word)


def _op(ask: Ask) -> str:
    op = ask.typed("op")
    if not op or len(op) > OP_CHARS_MAX:
        raise Mistyped("op", "wrong.empty")
    return op


def _say(ask: Ask) -> Answer:
    """Write down what was said: to colleagues, to the guest or by the guest."""
    step, note = ask.typed("step"), str(values((SPOKEN,), ask.request.form, ask.zone)["note"])
    if step not in SAID:
        raise Mistyped("step", "wrong.choice")
    _tell(ask, Told(op=_op(ask), step=Step(step), at_ms=0), f"case_{step}", note=note)
    return Moved(_home(ask), "case_told")


def _take(ask: Ask) -> Answer:
    _tell(ask, Told(op=f"taken/{ask.name}/{_case(ask).steps}", step=Step.TAKEN, at_ms=0), "case_taken")
    return Moved(_home(ask), "case_told")


def _rank(ask: Ask) -> Answer:
    word = ask.typed("priority")
    if word not in frozenset(Priority):
        raise Mistyped("priority", "wrong.choice")
    _tell(ask, Told(op=_op(ask), step=Step.RANKED, at_ms=0, word=word), "case_ranked")
    return Moved(_home(ask), "case_told")


def _form(ask: Ask, name: str, fields: tuple[Field, ...], *, act: str, **values: object) -> Form:
    title, given = ask.path["case"], {"op": refunds.new_id(), **values}
    return Form(name=name, fields=(*fields, OP), values=given, back=_home(ask), title=title, act=act)


def _promise_form(ask: Ask) -> Form:
    _case(ask)
    until = Field(name="until", kind=Kind.MOMENT, required=True)
    return _form(ask, "case_promise", (until, NOTE), act="promise")


def _promise(ask: Ask, said: dict[str, Any]) -> Answer:
    if said["until"] is None:
        raise Mistyped("until", "wrong.empty")
    told = Told(op=said["op"], step=Step.PROMISED, at_ms=0, until_ms=said["until"])
    _tell(ask, told, "case_promised", note=said["note"])
    return Moved(_home(ask), "case_told")


def _close_form(ask: Ask) -> Form:
    _case(ask)
    choices = [(one.value, f"result.{one}") for one in BY_HAND]
    fields = (
        Field(name="result", kind=Kind.CHOICE, required=True, choices=choices),
        Field(name="ended", kind=Kind.YES),
        NOTE,
    )
    return _form(ask, "case_close", fields, act="close_case", ended=True)


def _close(ask: Ask, said: dict[str, Any]) -> Answer:
    step = Step.CLOSED if said["ended"] else Step.SOLVED
    told = Told(op=said["op"], step=step, at_ms=0, word=said["result"])
    _tell(ask, told, f"case_{step}", note=said["note"])
    return Moved(_home(ask), "case_told")


def _goodwill_form(ask: Ask) -> Form:
    case = _case(ask)
    with ask.store.reading() as tx:
        left = policy(tx, ask.site).goodwill_minor - goodwill.given_to(tx, ask.site, case.links.guest)
    amount = Field(name="amount", required=True, chars_max=amounts.CHARS_MAX)
    shown = spelled(max(0, left), ask.layout.currency)
    return _form(ask, "case_goodwill", (amount,), act="give", amount=shown)


def _give(ask: Ask, said: dict[str, Any]) -> Answer:
    minor = amounts.meant("amount", said["amount"], ask.layout.currency) or 0
    gift = Gift(op=said["op"], minor=minor, by=ask.name)
    with ask.changing() as tx:
        before = cases.must_find(tx, ask.site, ask.path["case"])
        after = goodwill.give(tx, ask.site, before.id, gift=gift)
        within = after.given_minor > before.given_minor
        if after.steps != before.steps:
            ask.record(tx, "goodwill_given" if within else "topup_asked", before.id, after=f"{minor}")
    return Moved(_home(ask), "goodwill_given" if within else "topup_asked")


def _reissue_form(ask: Ask) -> Form:
    case = _case(ask)
    with ask.store.reading() as tx:
        worn = bands.bands_of(tx, ask.site, [case.links.guest]) if case.links.guest else ()
    olds = [(card.band.id.hex(), card.label or card.band.id.hex()[:12]) for card in worn]
    at_hand = [card.band.id.hex() for card in worn if card.band.state in REPLACEABLE]
    fields = (
        Field(name="old_band", kind=Kind.CHOICE, choices=[("", "reissue.none"), *olds]),
        Field(name="new_band", required=True, chars_max=ID_CHARS_MAX),
    )
    given = {"old_band": next(iter(at_hand), "")}
    return _form(ask, "case_reissue", fields, act="reissue", **given)


def _reissue(ask: Ask, said: dict[str, Any]) -> Answer:
    """Take the old band out of use and give another one of the stock, both or neither."""
    with ask.changing() as tx:
        case = cases.must_find(tx, ask.site, ask.path["case"])
        if not case.links.guest:
            raise Refused("Nobody knows whose case this is.", hint="Open one from the guest's own page.")
        new = _of_stock(ask, tx, said["new_band"])
        if new.guest == case.links.guest:
            return Moved(_home(ask), "band_reissued")  # sent twice: it was done
        if said["old_band"]:
            band_pages.do(ask, tx, bytes.fromhex(said["old_band"]), wanted=BandAct.REPLACE, reason=case.id)
        band_pages.link(ask, tx, replace(new, guest=case.links.guest))
        told = Told(
            op=said["op"],
            step=Step.ACTED,
            at_ms=ask.store.now_ms(),
            who=ask.name,
            word="band_reissued",
            ref=new.band.id.hex(),
        )
        cases.tell(tx, ask.site, case.id, told=told)
    return Moved(_home(ask), "band_reissued")


def _of_stock(ask: Ask, tx: Connection, text: str) -> BandCard:
    found = bands.list_bands(tx, ask.site, text=text)
    if len(found) != 1:
        raise Mistyped("new_band", "wrong.band")
    return found[0]


def _coupon_form(ask: Ask) -> Form:
    _case(ask)
    with ask.store.reading() as tx:
        sold = [
            one for one in catalogue.catalogue(tx, ask.site).articles if one.price_minor > 0 and not one.off
        ]
    choices = [
        (one.id, f"{one.name(ask.words.language)} · {amounts.worded(one.price_minor, ask.layout.currency)}")
        for one in sold
    ]
    return _form(
        ask,
        "case_coupon",
        (Field(name="article", kind=Kind.CHOICE, required=True, choices=choices),),
        act="give",
    )


def _hand_over(ask: Ask, said: dict[str, Any]) -> Answer:
    coupon = Coupon(op=said["op"], article=said["article"], by=ask.name)
    with ask.changing() as tx:
        before = cases.must_find(tx, ask.site, ask.path["case"])
        if goodwill.hand_over(tx, ask.site, before.id, coupon=coupon).steps != before.steps:
            ask.record(tx, "coupon_given", before.id, after=coupon.article)
    return Moved(_home(ask), "coupon_given")


def _slot_form(ask: Ask) -> Form:
    """Offer each booked time of the guest with the times that it can be moved to."""
    case = _case(ask)
    with ask.store.reading() as tx:
        choices = [
            (f"{right.id}/{slot.point}/{slot.start_ms}",
             f"{right.product} {ask.time(right.slot.start_ms)} → {slot.point} {ask.time(slot.start_ms)}")
            for right in _booked(ask, tx, case)
            if right.slot is not None
            for slot in reserving.offered(tx, ask.site, right)
        ][:TIMES_MAX]  # fmt: skip
        if cases.is_told(tx, ask.site, case.id, op=ask.typed("op")):
            choices.append((ask.typed("move_to"), ""))  # sent twice: it was done
    field = Field(name="move_to", kind=Kind.CHOICE, required=True, choices=choices)
    return _form(ask, "case_slot", (field,), act="save")


def _booked(ask: Ask, tx: Connection, case: Case) -> list[Entitlement]:
    people = links.together(tx, ask.site, [case.links.guest] if case.links.guest else [])
    found = rights.rights_of(tx, ask.site, people)
    return [right for one in people for right in found.get(one, ()) if right.slot is not None]


def _move(ask: Ask, said: dict[str, Any]) -> Answer:
    id_, point, start = said["move_to"].rsplit("/", 2)
    with ask.changing() as tx:
        case = cases.must_find(tx, ask.site, ask.path["case"])
        if id_ not in {one.id for one in _booked(ask, tx, case)}:
            raise Refused("This is not the guest's of this case.", hint="Open the case again.")
        if not cases.is_told(tx, ask.site, case.id, op=said["op"]):
            slot = reserving.move(tx, ask.site, id_, to=(point, int(start)))
            told = Told(op=said["op"], step=Step.ACTED, at_ms=ask.store.now_ms(), who=ask.name,
                        word="slot_moved", ref=id_)  # fmt: skip
            cases.tell(tx, ask.site, case.id, told=told)
            ask.record(tx, "slot_moved", case.id, after=f"{id_} {slot.key}")
    return Moved(_home(ask), "slot_moved")


CARE = Audience.CARE
ROUTES: tuple[Route, ...] = (
    act(f"{ONE}/say", _say, "Write down what was said in a case.", audience=CARE),
    act(f"{ONE}/take", _take, "Make a case one's own.", audience=CARE),
    act(f"{ONE}/rank", _rank, "Say how soon a case comes.", audience=CARE),
    *desk.routes_of(
        f"{ONE}/promise",
        Desk(_promise_form, _promise),
        "promise until when the guest hears from us.",
        audience=CARE,
    ),
    *desk.routes_of(
        f"{ONE}/close", Desk(_close_form, _close), "end a case, and say how it ended.", audience=CARE
    ),
    *desk.routes_of(
        f"{ONE}/goodwill", Desk(_goodwill_form, _give), "give credit out of goodwill.", audience=CARE
    ),
    *desk.routes_of(
        f"{ONE}/reissue", Desk(_reissue_form, _reissue), "give a guest another band.", audience=CARE
    ),
    *desk.routes_of(
        f"{ONE}/coupon", Desk(_coupon_form, _hand_over), "give one thing for nothing.", audience=CARE
    ),
    *desk.routes_of(f"{ONE}/slot", Desk(_slot_form, _move), "move a booked time.", audience=CARE),
)
