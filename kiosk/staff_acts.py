"""What staff do at a gate: each act one POST to the service, whose permission decides."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.errors import Refused
from edge.staff import Action
from edge.views import Alarm, Card, HelpCall, StaffView
from kiosk.ask import Ask
from kiosk.operations import Op
from kiosk.routes import ACTS, Audience, Rate, Route, View

Id = Annotated[str, Meta(min_length=1, max_length=120)]
Band = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Reasoned = Annotated[str, Meta(min_length=1, max_length=200)]
Delta = Annotated[int, Meta(ge=-1000, le=1000)]
LOOK_UP_CHARS_MIN = 4
"""Nobody browses the guests."""
LOOK_UPS = Rate(20, 0.5)


class TapActBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act on one tap, with its reason."""

    op: Op
    tap_id: Id
    reason: Reasoned


class ConfirmBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person saw with their own eyes: height, age, photo."""

    op: Op
    tap_id: Id
    what: Annotated[str, Meta(max_length=40)]
    granted: bool


class AgainBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same tap once more, with the guest's choice or answers."""

    op: Op
    tap_id: Id
    chosen: Annotated[str, Meta(max_length=120)] | None = None
    answers: Annotated[dict[str, Annotated[str, Meta(max_length=200)]], Meta(max_length=20)] = {}


class LookUpBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom staff look for."""

    op: Op
    text: Annotated[str, Meta(min_length=LOOK_UP_CHARS_MIN, max_length=80)]


class CheckBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A band and the point at which it would be presented."""

    op: Op
    band: Band
    point: Id


class BandBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Report a band lost or found, replace or revoke it."""

    op: Op
    band: Band
    act: Annotated[str, Meta(pattern="^(lost|found|replace|revoke)$")]
    reason: Reasoned


class LocationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say where a guest truly is; no zone is outside."""

    op: Op
    band: Band
    zone: Id | None
    reason: Reasoned


class CountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Correct the number of people in a zone."""

    op: Op
    zone: Id
    delta: Delta
    reason: Reasoned


class HelpBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """I am coming."""

    op: Op


class AlarmBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """I have seen it."""

    op: Op


class StopBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose stored card is charged no more; said twice it is one fact."""

    op: Op
    band: Band


class ConsentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest told staff: that they allow one purpose, or no longer."""

    op: Op
    band: Band
    purpose: Annotated[str, Meta(max_length=40)]
    given: bool


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """What a look-up found."""

    cards: tuple[Card, ...]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is recorded."""

    done: bool = True


def override(ask: Ask) -> StaffView:
    """Let a refused guest pass, with a reason (supervisors)."""
    body = ask.want(TapActBody)
    return ask.house.service.override(ask.person, body.tap_id, reason=body.reason)


def undo(ask: Ask) -> StaffView:
    """Take a passage back."""
    body = ask.want(TapActBody)
    return ask.house.service.undo(ask.person, body.tap_id, reason=body.reason)


def confirm(ask: Ask) -> StaffView:
    """Confirm or refuse what only eyes can tell."""
    body = ask.want(ConfirmBody)
    return ask.house.service.confirm(ask.person, body.tap_id, body.what, granted=body.granted)


def again(ask: Ask) -> StaffView:
    """Decide the same tap anew with a choice or answers."""
    body = ask.want(AgainBody)
    return ask.house.service.again(body.tap_id, chosen=body.chosen, answers=body.answers)


def look_up(ask: Ask) -> Cards:
    """Find bands; the look-up itself is journaled."""
    return Cards(cards=tuple(ask.house.service.look_up(ask.person, ask.want(LookUpBody).text.strip())))


def check(ask: Ask) -> StaffView:
    """Say what would happen; nobody passes."""
    body = ask.want(CheckBody)
    return ask.house.service.check(ask.person, body.band, body.point)


def band(ask: Ask) -> Done:
    """Change a band's state."""
    body = ask.want(BandBody)
    ask.house.service.set_band_state(ask.person, body.band, body.act, reason=body.reason)
    return Done()


def location(ask: Ask) -> Done:
    """Set where a guest is."""
    body = ask.want(LocationBody)
    ask.house.service.set_location(ask.person, body.band, body.zone, reason=body.reason)
    return Done()


def count(ask: Ask) -> Done:
    """Correct a zone's count."""
    body = ask.want(CountBody)
    if not body.delta:
        raise Refused("A correction of nothing changes nothing.")
    ask.house.service.correct_count(ask.person, body.zone, body.delta, reason=body.reason)
    return Done()


def consent(ask: Ask) -> Done:
    """Note what a guest allows, or no longer."""
    body = ask.want(ConsentBody)
    ask.house.service.consent_by_staff(ask.person, body.band, body.purpose, given=body.given)
    return Done()


def stop_card(ask: Ask) -> Done:
    """Stop a guest's stored card on their wish."""
    ask.house.service.stop_card_by_staff(ask.person, ask.want(StopBody).band)
    return Done()


def acknowledge(ask: Ask) -> HelpCall:
    """Tell the guest that somebody is coming."""
    return ask.house.service.acknowledge_help(ask.person, ask.path["call"])


def acknowledge_alarm(ask: Ask) -> Alarm:
    """Say that a supervisor has seen an alarm; it leaves every screen."""
    return ask.house.service.acknowledge_alarm(ask.person, ask.path["alarm"])


def act(name: str, view: View, action: Action, *, body: type[msgspec.Struct], answer: type) -> Route:
    """Make the row of one act: what it does stands in the view's first line."""
    summary = (view.__doc__ or "").splitlines()[0]
    rate = LOOK_UPS if action is Action.LOOK_UP else ACTS
    rule = f"/api/v1/staff/{name}"
    return Route(
        "POST", rule, view, Audience.STAFF, summary, action=action, body=body, answer=answer, rate=rate
    )


ROUTES = (
    act("override", override, Action.OVERRIDE, body=TapActBody, answer=StaffView),
    act("undo", undo, Action.UNDO_HERE, body=TapActBody, answer=StaffView),
    act("confirm", confirm, Action.CONFIRM, body=ConfirmBody, answer=StaffView),
    act("again", again, Action.CONFIRM, body=AgainBody, answer=StaffView),
    act("look-up", look_up, Action.LOOK_UP, body=LookUpBody, answer=Cards),
    act("check", check, Action.CHECK, body=CheckBody, answer=StaffView),
    act("band", band, Action.REPORT_LOST, body=BandBody, answer=Done),
    act("location", location, Action.SET_LOCATION, body=LocationBody, answer=Done),
    act("count", count, Action.CORRECT_COUNT, body=CountBody, answer=Done),
    act("consent", consent, Action.SET_CONSENT, body=ConsentBody, answer=Done),
    act("stop-card", stop_card, Action.SET_CONSENT, body=StopBody, answer=Done),
    act("help/<call>", acknowledge, Action.ACKNOWLEDGE_HELP, body=HelpBody, answer=HelpCall),
    act("alarm/<alarm>", acknowledge_alarm, Action.ACKNOWLEDGE_ALARM, body=AlarmBody, answer=Alarm),
)
