"""Near: what a guest does at a kiosk beside their plan, and what staff do with what was ordered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.core.feedback import Word
from edge.core.orders import Ordered
from edge.nearviews import FeedbackTaken, NearView, OrderList, OrderView, Shelves, Times
from edge.service.near.pickups import Said
from edge.service.noticed import Noticed
from edge.staff import Action
from kiosk.ask import Ask
from kiosk.operations import Op
from kiosk.routes import Audience, Rate, Route, View
from kiosk.staff_acts import Id, act
from kiosk.till_bodies import OpId

Short = Annotated[str, Meta(max_length=64)]
Score = Annotated[int, Meta(ge=1, le=5)]
NEAR = Rate(120, 4.0)


class NearAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who stands here asks; the tap shows who that is, the answer is kept nowhere."""

    tap_id: Id


class TimesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which other times one booking could have."""

    tap_id: Id
    entitlement: Id


class TimeChosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This one; said twice it is one change, so no operation id is needed."""

    tap_id: Id
    entitlement: Id
    start_ms: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set one aside at a store."""

    op: Op
    tap_id: Id
    article: Short
    store: Short


class Face(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of five faces, and at most one reason of the list; no text."""

    tap_id: Id
    score: Score
    because: Short = ""
    named: bool = False


class FaceAtTill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of five faces about a sale, on the guest's side of its till."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    score: Score
    named: bool = False


class OrdersAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a store has in hand."""

    op: Op
    point: Id


class Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question that needs no more words."""

    op: Op


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Who is about and allows it, the nearest first."""

    people: tuple[Noticed, ...]


class OrderStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order's next state, and at which counter it lies."""

    op: Op
    state: Short
    counter: Short = ""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of one article."""

    article: Short
    quantity: Annotated[int, Meta(ge=1, le=99)] = 1


class HandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tap of the guest who takes it home: these parts of it, or all that is left."""

    op: Op
    tap_id: Id
    lines: Annotated[tuple[Part, ...], Meta(max_length=20)] = ()


class SaidAtCounter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody without a band says: the order's code and the guest's name."""

    op: Op
    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    lines: Annotated[tuple[Part, ...], Meta(max_length=20)] = ()


def near(ask: Ask) -> NearView:
    """Show what belongs to who stands here."""
    return ask.house.service.near.view(ask.want(NearAsked).tap_id, ask.seat.point)


def times(ask: Ask) -> Times:
    """Show other times of one booking."""
    asked = ask.want(TimesAsked)
    return ask.house.service.near.times(asked.tap_id, ask.seat.point, asked.entitlement)


def move(ask: Ask) -> Times:
    """Take another time, good at the gate at once."""
    said = ask.want(TimeChosen)
    return ask.house.service.near.move(said.tap_id, ask.seat.point, said.entitlement, start_ms=said.start_ms)


def shelves(ask: Ask) -> Shelves:
    """Show where things can be had, and how old each figure is."""
    return ask.house.service.near.shelves(ask.seat.point)


def reserve(ask: Ask) -> OrderView:
    """Set one aside, here or at another store."""
    said = ask.want(Wanted)
    return ask.house.service.near.reserve(
        said.tap_id, ask.seat.point, article=said.article, store=said.store, op=said.op
    )


def feedback(ask: Ask) -> FeedbackTaken:
    """Take one word about a purchase."""
    said = ask.want(Face)
    return ask.house.service.near.give_feedback(
        said.tap_id, ask.seat.point, score=said.score, because=said.because, named=said.named
    )


def feedback_at_till(ask: Ask) -> FeedbackTaken:
    """Take one word about the sale that was just made."""
    said = ask.want(FaceAtTill)
    word = Word(score=said.score, named=said.named)
    return ask.house.service.near.give_feedback_about(said.op_id, ask.seat.point, word)


def orders(ask: Ask) -> OrderList:
    """List what a store has in hand."""
    return ask.house.service.near.orders(ask.person, ask.want(OrdersAsked).point)


def expected(ask: Ask) -> Expected:
    """List the guests who are about and allow to be noticed."""
    ask.want(Plain)
    return Expected(people=ask.house.service.nearby.expected())


def order(ask: Ask) -> OrderView:
    """Bring an order further: picked, ready at a counter, given up."""
    said = ask.want(OrderStep)
    return ask.house.service.near.move_order(ask.person, ask.path["order"], said.state, counter=said.counter)


def hand_over(ask: Ask) -> OrderView:
    """Hand an order over to the band that was just held here, or some of it."""
    said = ask.want(HandOver)
    return ask.house.service.near.hand_over(
        ask.person, ask.path["order"], said.tap_id, lines=_parts(said.lines)
    )


def hand_over_by_code(ask: Ask) -> OrderView:
    """Hand an order over without a band, by its code and the guest's name, or some of it."""
    said = ask.want(SaidAtCounter)
    spoken = Said(said.code, said.name)
    return ask.house.service.near.hand_over_by_code(
        ask.person, ask.path["order"], spoken, lines=_parts(said.lines)
    )


def _parts(lines: Sequence[Part]) -> list[Ordered]:
    return [Ordered(article=one.article, quantity=one.quantity) for one in lines]


def guests(name: str, view: View, *, body: type[msgspec.Struct], answer: type) -> Route:
    """Make the row of one thing that a guest does at a kiosk."""
    summary = (view.__doc__ or "").splitlines()[0]
    return Route(
        "POST", f"/k/<screen>/{name}", view, Audience.SCREEN, summary,
        kinds=("kiosk",), body=body, answer=answer, rate=NEAR,
    )  # fmt: skip


ROUTES = (
    guests("near", near, body=NearAsked, answer=NearView),
    guests("times", times, body=TimesAsked, answer=Times),
    guests("move", move, body=TimeChosen, answer=Times),
    guests("shelves", shelves, body=NearAsked, answer=Shelves),
    guests("reserve", reserve, body=Wanted, answer=OrderView),
    guests("feedback", feedback, body=Face, answer=FeedbackTaken),
    Route(
        *(
            "POST",
            "/till/<till>/guest/feedback",
            feedback_at_till,
            Audience.SCREEN,
            "Take one word about the sale that was just made.",
        ),
        kinds=("till",),
        body=FaceAtTill,
        answer=FeedbackTaken,
        rate=NEAR,
    ),
    act("orders", orders, Action.SELL, body=OrdersAsked, answer=OrderList),
    act("expected", expected, Action.LOOK_UP, body=Plain, answer=Expected),
    act("order/<order>", order, Action.SELL, body=OrderStep, answer=OrderView),
    act("order/<order>/hand-over", hand_over, Action.SELL, body=HandOver, answer=OrderView),
    act(
        "order/<order>/hand-over-by-code",
        hand_over_by_code,
        Action.SELL,
        body=SaidAtCounter,
        answer=OrderView,
    ),
)
