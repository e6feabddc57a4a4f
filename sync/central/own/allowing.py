"""What a guest allows, on their own page: each purpose and each way, taken back by one press."""

from __future__ import annotations

from edge.core.consent import (
    TEXT_VERSION,
    TOPICS,
    Channel,
    Consent,
    Namespace,
    Purpose,
    Source,
    merged,
    silence,
    topic_of,
)
from edge.errors import Refused
from sync.central import doors
from sync.central.console.answers import Answer, Moved, Page
from sync.central.console.ask import Ask
from sync.central.console.routes import Audience, Route, act, read
from sync.central.own import birthday
from sync.central.registry import consents, profiles
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, now_of

ALLOWED = "/own/allowed"
WAYS = {topic_of(Purpose.OFFERS, channel=one): one for one in Channel}
"""By topic: ways by which somebody is offered something; each is closed by itself."""
PARTS = {topic_of(Purpose.OFFERS, one): one for one in Namespace}
"""By topic: parts of what is known of somebody by which offers are chosen."""


def _allowed(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        yes, born = _standing(tx, ask), birthday.shown(tx, ask)
    return Page(
        "allowed.html",
        {
            "topics": [(topic, f"consent.{topic}", topic in yes) for topic in TOPICS],
            "born": born,
            "ways": [(topic, f"via.{way}", topic in yes) for topic, way in WAYS.items()],
        },
    )


def _say(ask: Ask) -> Answer:
    """Take the guest's word on one topic: it holds here at once, and is told every edge."""
    topic, given = ask.typed("topic"), ask.typed("given") == "yes"
    if topic not in TOPICS and topic not in WAYS:
        raise Refused("There is nothing of that kind to allow.")
    guest = ask.path["guest"]
    with ask.changing() as tx:
        doors.count(tx, ask.session)
        take_turn(tx, ask.site)
        for one in _meant(topic, given=given, yes=_standing(tx, ask)):
            said = Consent(
                purpose=one, turns=0, since_ms=now_of(tx), source=Source.APP.value, text=TEXT_VERSION
            )
            consents.say(tx, ask.site, guest, wanted=said, given=given)
        profiles.publish_guests(tx, ask.site, [guest])
    return Moved(ALLOWED, "allowed")


def _meant(topic: str, *, given: bool, yes: set[str]) -> list[str]:
    """Return of which topics a word is: a yes to a way is one to all parts that are allowed just then.

    A yes to a part is one to it by every way that is allowed then: what is shown as open is, in either order.
    """
    way, part = WAYS.get(topic), PARTS.get(topic)
    if not given or (way is None and part is None):
        return [topic]
    parts = [part] if part is not None else [one for name, one in PARTS.items() if name in yes]
    ways = [way] if way is not None else [one for name, one in WAYS.items() if name in yes]
    return [topic, *(topic_of(Purpose.OFFERS, one, by) for one in parts for by in ways)]


def _standing(tx: Connection, ask: Ask) -> set[str]:
    """Return what a guest allows now, silence on the spot among it."""
    guest = ask.path["guest"]
    said = {one.purpose: one for one in merged(consents.consents_of(tx, ask.site, [guest]).get(guest, ()))}
    asked = (*TOPICS, *WAYS)
    return {one for one in asked if (said[one].given if one in said else silence(one))}


ROUTES: tuple[Route, ...] = (
    read("/allowed", _allowed, "What the guest allows.", audience=Audience.GUEST),
    act("/allowed", _say, "Allow something, or take it back.", audience=Audience.GUEST),
)
