"""The channel API: who asks proves it by a signature, and gets at no more than the book of channels says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from edge.core.consent import QUIET, Consent, Purpose, is_topic, may, merged
from edge.errors import NotAllowed, PolsoError, Refused
from sync.central import nonces
from sync.central.answers import describe, problem, problem_of, problem_of_http
from sync.central.channels import book, naming
from sync.central.channels.allowance import Allowance, TooOften
from sync.central.channels.book import May, Member
from sync.central.channels.messages import (
    MEDIA_EVENTS,
    MEDIA_JSON,
    OWN_WAY,
    Batch,
    CloudEvent,
    Journey,
    NotKept,
    Offered,
    Reservation,
    Reserved,
    Said,
    Shelved,
    Stands,
    Taken,
    entry_of,
    event_of,
    ms_of,
)
from sync.central.channels.routes import DOCUMENT, ROUTES
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What, allowed, basis_of, namespace_of
from sync.central.journey.marks import mark_in, marked
from sync.central.near.availability import available
from sync.central.near.reserving import Wanted, reserve
from sync.central.proof import IDEMPOTENCY_CHARS_MAX, NotKnown, Revoked, arrived
from sync.central.registry import consents, guests, layout, profiles
from sync.central.registry.turn import take_turn
from sync.central.settings import Settings
from sync.central.store import Connection, Store, now_of
from sync.openapi import document
from sync.packing import Malformed
from sync.signing import IDEMPOTENCY, NotSigned, Proof, named_key, verify
from sync.wire import WIRE_VERSION, Problem

M = TypeVar("M")
PAGE_MAX = 100
AHEAD_MS_MAX = 300_000
"""How far a channel's clock may be ahead of central's."""


class Invalid(Refused):
    """What was sent is JSON, and not what the document says."""


class Caller(NamedTuple):
    """Which channel asks, and what was sent."""

    channel: Member
    proof: Proof
    body: bytes

    def enter(self, tx: Connection) -> None:
        """Take the request's nonce, in the transaction that does what it asks for."""
        nonces.take(tx, self.channel.site, self.proof.key_id, nonce=self.proof.nonce)
        take_turn(tx, self.channel.site)


class Api:
    """One method per route; each answers or raises what the table of problems knows."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Serve this store."""
        self._store, self._settings = store, settings
        self._allowance = Allowance()

    def touches(self) -> Response:
        """Keep what is new of a batch."""
        caller = self._caller(May.TOUCHES)
        told = _sent(list[CloudEvent], Batch, caller.body, media=MEDIA_EVENTS)
        return self._answer(caller, lambda tx: take(tx, caller.channel, told))

    def consents(self, guest: str) -> Response:
        """Take a guest's word; a no is heard from everybody who may speak of consents at all."""
        caller, said = self._asked(May.CONSENTS, Said)
        return self._answer(caller, lambda tx: say(tx, caller.channel, guest, said=said))

    def reservations(self) -> Response:
        """Book a time for a guest, once."""
        caller, asked = self._asked(May.RESERVATIONS, Reservation)
        return self._answer(caller, lambda tx: book_time(tx, caller.channel, asked))

    def journey(self, guest: str) -> Response:
        """Give a page of a diary."""
        caller = self._caller(May.JOURNEY)
        cursor = request.args.get("cursor", "")
        if cursor and mark_in(cursor) is None:
            raise Malformed("cursor is none of ours.")
        return self._answer(caller, lambda tx: read(tx, caller.channel, guest, cursor=cursor))

    def articles(self, article: str) -> Response:
        """Tell of an article what its stores' kiosks tell."""
        caller = self._caller(May.ARTICLES)
        return self._answer(caller, lambda tx: offer(tx, caller.channel, article))

    def aliases(self) -> Response:
        """Take a claim: nobody is joined to anything by it."""
        caller, wanted = self._asked(May.ALIASES, naming.Naming)
        return self._answer(caller, lambda tx: naming.claim(tx, caller.channel, wanted))

    def codes(self) -> Response:
        """Judge a code; a wrong one counts."""
        caller, tried = self._asked(May.CODES, naming.Tried)
        return self._answer(caller, lambda tx: naming.tell(tx, caller.channel, tried))

    def find(self) -> Response:
        """Find a guest by what was proven."""
        caller, wanted = self._asked(May.FIND, naming.Spelled)
        return self._answer(caller, lambda tx: naming.find(tx, caller.channel, wanted))

    def _asked(self, wanted: May, form: type[M]) -> tuple[Caller, M]:
        """Return who asks, and what was sent as JSON of this form."""
        caller = self._caller(wanted)
        return caller, _sent(form, form, caller.body, media=MEDIA_JSON)

    def _answer(self, caller: Caller, act: Callable[[Connection], msgspec.Struct]) -> Response:
        """Do what was asked for and take the request's nonce, both or neither."""
        with self._store.transaction() as tx:
            caller.enter(tx)
            return _json(act(tx))

    def refuse(self, error: PolsoError) -> Response:
        """Answer an error of ours."""
        what, later = problem_of(error), None
        if isinstance(error, TooOften):
            what, later = Problem.TOO_OFTEN, g.left.seconds
        elif isinstance(error, Invalid | naming.NotWritten):
            what = Problem.INVALID
        elif what is Problem.LATER:
            later = self._settings.retry_after_s
        told = describe(what, time_ms=self._store.now_ms(), detail=str(error))
        return problem(told, retry_after_s=later)

    def refuse_http(self, error: HTTPException) -> Response:
        """Answer an error of the web framework."""
        what = problem_of_http(error)
        return problem(describe(what, time_ms=self._store.now_ms(), detail=error.name))

    def _caller(self, wanted: May) -> Caller:
        """Return who asks: a channel that is let in here, by its key and for the first time."""
        message = arrived(self._settings.public_url)
        with self._store.reading() as tx:
            channel = book.find(tx, named_key(message.headers))
            if channel is None:
                raise NotKnown
            if channel.closed:
                raise Revoked
        if not 0 < len(message.headers.get(IDEMPOTENCY, "")) <= IDEMPOTENCY_CHARS_MAX:
            raise NotSigned("A request carries an Idempotency-Key.")
        proof = verify(message, channel.public_key, now_ms=self._store.now_ms())
        g.left = self._allowance.take(channel.key_id)
        if g.left.requests < 0:
            raise TooOften(f"Channel {channel.id} asks too often.")
        if wanted not in channel.routes:
            raise NotAllowed(f"Channel {channel.id} may not use {wanted}.")
        return Caller(channel, proof, message.body)


def take(tx: Connection, channel: Member, told: list[CloudEvent]) -> Taken:
    """Keep entries that a channel tells of; call it holding the site's turn."""
    there = guests.guests_of(tx, channel.site, [one.subject for one in told])
    said = consents.consents_of(tx, channel.site, there)
    via, latest_ms = Via(channel.via.value), now_of(tx) + AHEAD_MS_MAX
    refused: list[NotKept] = []
    kept: list[Entry] = []
    for at, one in enumerate(told):
        if one.what in OWN_WAY or not _is_its_part(channel, one.what):
            refused.append(NotKept(at, "not_yours"))
        elif one.subject not in there:
            refused.append(NotKept(at, "unknown_guest"))
        elif ms_of(one.time) > latest_ms:
            refused.append(NotKept(at, "future"))
        elif not allowed(said.get(one.subject, ()), one.what, via):
            refused.append(NotKept(at, "no_consent"))
        else:
            kept.append(entry_of(one, source=channel.source, via=via))
    done = diary.put(tx, channel.site, kept)
    return Taken(new=done.new, again=done.again, refused=tuple(refused))


def say(tx: Connection, channel: Member, guest: str, *, said: Said) -> Stands:
    """Take what a guest says through a channel, tell the edges, and return what holds then."""
    guests.guest(tx, channel.site, guest)
    if not is_topic(said.topic) or said.topic == QUIET:
        raise Invalid("Unknown topic - at `$.topic`")
    if said.given and said.topic.partition("@")[2] not in ("", channel.via.value):
        raise NotAllowed("A channel takes no yes for another one.")
    at_ms = min(ms_of(said.at), now_of(tx))
    wanted = Consent(purpose=said.topic, turns=0, since_ms=at_ms, source=channel.via.value, text=said.text)
    if consents.say(tx, channel.site, guest, wanted=wanted, given=said.given):
        profiles.publish_guests(tx, channel.site, [guest])
    held = merged(consents.consents_of(tx, channel.site, [guest]).get(guest, ()))
    stands = next((one for one in held if one.purpose == said.topic), None)
    return Stands(
        topic=said.topic,
        given=stands is not None and stands.given,
        since_ms=0 if stands is None else stands.since_ms,
    )


def book_time(tx: Connection, channel: Member, asked: Reservation) -> Reserved:
    """Give a guest a time out of this channel's places."""
    wanted = Wanted(asked.id, asked.guest, asked.point, ms_of(asked.start))
    booked = reserve(tx, channel.site, wanted, channel=channel.id)
    slot = booked.slot
    return Reserved(
        id=booked.right,
        product=slot.product,
        point=slot.point,
        start_ms=slot.start_ms,
        end_ms=slot.end_ms,
        again=booked.again,
    )


def offer(tx: Connection, channel: Member, article: str) -> Offered:
    """Return what guests are told of an article."""
    told = available(tx, channel.site, article)
    return Offered(
        article=article,
        names=told.article.names,
        price_minor=told.article.price_minor,
        currency=layout.layout(tx, channel.site).currency,
        stores=tuple(Shelved(store=one.store, word=one.word, at_ms=one.at_ms) for one in told.stores),
        delivery=told.delivery,
    )


def read(tx: Connection, channel: Member, guest: str, *, cursor: str) -> Journey:
    """Return those parts of a page of a diary that the guest lets this channel use."""
    guests.guest(tx, channel.site, guest)
    said = consents.consents_of(tx, channel.site, [guest]).get(guest, ())
    parts = {one for one in channel.namespaces if may(said, Purpose.OFFERS, one.value, channel=channel.via)}
    found = diary.of_guest(tx, channel.site, f"g:{guest}", before=mark_in(cursor), limit=PAGE_MAX)
    shown = tuple(event_of(one) for one in found if namespace_of(one.what) in parts)
    following = marked(diary.mark_of(found[-1])) if len(found) == PAGE_MAX and parts else ""
    return Journey(events=shown, next=following)


def _is_its_part(channel: Member, what: What) -> bool:
    """Whether a channel may tell of a kind: what a guest asked for, or a part that is in its list."""
    return basis_of(what) == "contract" or namespace_of(what) in channel.namespaces


def _sent(kind: type[M], form: Any, body: bytes, *, media: str) -> M:  # noqa: ANN401  # a type with its limits
    """Read a body; what is wrong with it is said with its place, as `$[3].data.ref`."""
    if request.mimetype != media:
        raise Malformed(f"A body must be {media}.")
    try:
        read: M = msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise Malformed("The body is no JSON.") from error
    return read


def _json(message: msgspec.Struct) -> Response:
    reply = Response(msgspec.json.encode(message), mimetype=MEDIA_JSON)
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _with_allowance(reply: Response) -> Response:
    """Tell what is left to whoever was known by their signature."""
    if "left" in g:
        reply.headers.update(g.left.headers)
    return reply


def blueprint(store: Store, settings: Settings) -> Blueprint:
    """Return the API as a part of an app, with its document, one rule per row of its table."""
    api, made = Api(store, settings), Blueprint("channels", __name__)
    for route in ROUTES:
        rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
        view = getattr(api, route.name)
        made.add_url_rule(rule, route.name, view, methods=[route.method], provide_automatic_options=False)
    described = document("Polso for channels", f"{WIRE_VERSION}", ROUTES, looks=(), hooks=())
    told = msgspec.json.encode(described)
    made.add_url_rule(DOCUMENT, "document", lambda: Response(told, mimetype=MEDIA_JSON))
    made.after_request(_with_allowance)
    made.register_error_handler(PolsoError, api.refuse)
    made.register_error_handler(HTTPException, api.refuse_http)
    return made
