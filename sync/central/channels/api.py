"""The channel API: who asks proves it by a signature, and gets at no more than the book of channels says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from edge.errors import NotAllowed, PolsoError
from sync.central.answers import describe, problem, problem_of, problem_of_http
from sync.central.channels import (
    book,
    caring,
    claims,
    declaring,
    deeds,
    handing,
    naming,
    offering,
    ordering,
    outdoors,
    rating,
    stopping,
    telling,
)
from sync.central.channels.allowance import Allowance, TooOften
from sync.central.channels.book import May, Member
from sync.central.channels.deeds import Invalid
from sync.central.channels.messages import (
    MEDIA_EVENT,
    MEDIA_EVENTS,
    MEDIA_JSON,
    Batch,
    CloudEvent,
    Rebooking,
    Reservation,
    Said,
)
from sync.central.channels.routes import DOCUMENT, ROUTES
from sync.central.journey.marks import mark_in
from sync.central.machines import nonces
from sync.central.machines.proof import IDEMPOTENCY_CHARS_MAX, NotKnown, Revoked, arrived
from sync.central.near import reserving
from sync.central.registry.turn import take_turn
from sync.central.settings import Settings
from sync.central.store import Connection, Store
from sync.openapi import document
from sync.packing import Malformed
from sync.signing import IDEMPOTENCY, NotSigned, Proof, named_key, verify
from sync.wire import WIRE_VERSION, Problem

M = TypeVar("M")
PROBLEMS: tuple[tuple[type[PolsoError], Problem], ...] = (
    (TooOften, Problem.TOO_OFTEN),
    (Invalid, Problem.INVALID),
    (naming.NotWritten, Problem.INVALID),
    (reserving.OtherThing, Problem.INVALID),
    (reserving.Full, Problem.FULL),
    (reserving.Over, Problem.OVER),
    (reserving.Used, Problem.USED),
    (reserving.NotTheirs, Problem.NOT_THEIRS),
)
"""What is said to channels beside what devices are told."""


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
        """Keep what is new of a batch, or of one event that is sent by itself.

        An event's attributes as headers (binary mode) are not taken: no signature covers them.
        """
        caller = self._caller(May.TOUCHES)
        if request.mimetype == MEDIA_EVENT:
            told = [_sent(CloudEvent, CloudEvent, caller.body, media=MEDIA_EVENT)]
        else:
            told = _sent(list[CloudEvent], Batch, caller.body, media=MEDIA_EVENTS)
        return self._answer(caller, lambda tx: deeds.take(tx, caller.channel, told))

    def consents(self, guest: str) -> Response:
        """Take a guest's word; a no is heard from everybody who may speak of consents at all."""
        caller, said = self._asked(May.CONSENTS, Said)
        return self._answer(caller, lambda tx: deeds.say(tx, caller.channel, guest, said=said))

    def reservations(self) -> Response:
        """Book a time for a guest, once."""
        caller, asked = self._asked(May.RESERVATIONS, Reservation)
        return self._answer(caller, lambda tx: deeds.book_time(tx, caller.channel, asked))

    def rebook(self, reservation: str) -> Response:
        """Give a booking another time, once."""
        caller, asked = self._asked(May.RESERVATIONS, Rebooking)
        return self._answer(
            caller, lambda tx: deeds.change_time(tx, caller.channel, reservation, asked=asked)
        )

    def journey(self, guest: str) -> Response:
        """Give a page of a diary."""
        caller = self._caller(May.JOURNEY)
        cursor = request.args.get("cursor", "")
        if cursor and mark_in(cursor) is None:
            raise Malformed("cursor is none of ours.")
        return self._answer(caller, lambda tx: deeds.read(tx, caller.channel, guest, cursor=cursor))

    def articles(self, article: str) -> Response:
        """Tell of an article what its stores' kiosks tell."""
        caller = self._caller(May.ARTICLES)
        return self._answer(caller, lambda tx: deeds.offer(tx, caller.channel, article))

    def stock(self) -> Response:
        """Tell where an article can be had, the nearest store first."""
        caller, asked = self._caller(May.ARTICLES), request.args
        wanted, near = asked.get("article", ""), asked.get("near", "")
        return self._answer(caller, lambda tx: deeds.offer(tx, caller.channel, wanted, near=near))

    def aliases(self) -> Response:
        """Take a claim: nobody is joined to anything by it."""
        caller, wanted = self._asked(May.ALIASES, naming.Naming)
        return self._answer(caller, lambda tx: naming.claim(tx, caller.channel, wanted))

    def codes(self) -> Response:
        """Judge a code; a wrong one counts."""
        caller, tried = self._asked(May.CODES, naming.Tried)
        return self._answer(caller, lambda tx: naming.tell(tx, caller.channel, tried))

    def claims(self) -> Response:
        """Begin a guest's claim of the band that they wear."""
        caller, wanted = self._asked(May.CLAIMS, claims.Claiming)
        return self._answer(caller, lambda tx: claims.begin(tx, caller.channel, wanted))

    def claim(self, claim: str) -> Response:
        """Say where a claim stands."""
        caller = self._caller(May.CLAIMS)
        return self._answer(caller, lambda tx: claims.read(tx, caller.channel, claim))

    def claim_code(self, claim: str) -> Response:
        """Give a claim's code to who brings it."""
        caller, to = self._asked(May.CLAIMS, claims.Bringing)
        return self._answer(caller, lambda tx: claims.code(tx, caller.channel, claim, to=to))

    def find(self) -> Response:
        """Find a guest by what was proven."""
        caller, wanted = self._asked(May.FIND, naming.Spelled)
        return self._answer(caller, lambda tx: naming.find(tx, caller.channel, wanted))

    def orders(self) -> Response:
        """Set something aside for a guest, once."""
        caller, wanted = self._asked(May.ORDERS, ordering.Placing)
        return self._answer(caller, lambda tx: ordering.place(tx, caller.channel, wanted))

    def order(self, order: str) -> Response:
        """Say how an order stands."""
        caller = self._caller(May.ORDERS)
        return self._answer(caller, lambda tx: ordering.look(tx, caller.channel, order))

    def give_up(self, order: str) -> Response:
        """Give an order up."""
        caller = self._caller(May.ORDERS)
        return self._answer(caller, lambda tx: ordering.give_up(tx, caller.channel, order))

    def cases(self) -> Response:
        """Open a case."""
        caller, wanted = self._asked(May.CASES, caring.Opening)
        return self._answer(caller, lambda tx: caring.begin(tx, caller.channel, wanted))

    def case(self, case: str) -> Response:
        """Say where a case stands."""
        caller = self._caller(May.CASES)
        return self._answer(caller, lambda tx: caring.read(tx, caller.channel, case))

    def speak(self, case: str) -> Response:
        """Write down one more word."""
        caller, spoken = self._asked(May.CASES, caring.Spoken)
        return self._answer(caller, lambda tx: caring.speak(tx, caller.channel, case, spoken=spoken))

    def feedback(self) -> Response:
        """Take what a guest says of a purchase or a visit, once."""
        caller, said = self._asked(May.FEEDBACK, rating.Rating)
        return self._answer(caller, lambda tx: rating.rate(tx, caller.channel, said))

    def offers(self, guest: str) -> Response:
        """Choose what a guest is offered."""
        caller = self._caller(May.OFFERS)
        return self._answer(caller, lambda tx: offering.offers(tx, caller.channel, guest))

    def shown(self, exposure: str) -> Response:
        """Note that a guest saw an offer."""
        caller = self._caller(May.OFFERS)
        return self._answer(caller, lambda tx: offering.shown(tx, caller.channel, exposure))

    def redeemed(self, exposure: str) -> Response:
        """Note that an offer was redeemed."""
        caller, by = self._asked(May.OFFERS, offering.Redeeming)
        return self._answer(caller, lambda tx: offering.redeemed(tx, caller.channel, exposure, by=by))

    def letter(self, exposure: str) -> Response:
        """Write what was chosen for a guest as a letter to them."""
        caller, url = self._caller(May.OFFERS), self._settings.public_url
        return self._answer(caller, lambda tx: telling.written(tx, caller.channel, exposure, public_url=url))

    def members(self, segment: str) -> Response:
        """Hand a segment out, as far as its people let this channel have it."""
        caller = self._caller(May.SEGMENTS)
        asked = handing.named(request.args.get("format", ""), request.args.get("purpose", ""))
        with self._store.transaction() as tx:
            caller.enter(tx)
            made = handing.export(tx, caller.channel, segment, asked=asked, who="")
        return _unkept(Response(made.body, mimetype=made.media))

    def withdrawn(self) -> Response:
        """Say whom a channel has to take out of what it was handed."""
        caller, cursor = self._caller(May.SEGMENTS), request.args.get("cursor", "")
        return self._answer(caller, lambda tx: handing.withdrawals(tx, caller.channel, cursor=cursor))

    def stop(self, guest: str) -> Response:
        """Let nothing more be charged to what a guest stored."""
        caller = self._caller(May.MANDATES)
        return self._answer(caller, lambda tx: stopping.stop(tx, caller.channel, guest))

    def conditions(self) -> Response:
        """Take the weather and the crowd of a site."""
        caller, said = self._asked(May.CONDITIONS, outdoors.Telling)
        return self._answer(caller, lambda tx: outdoors.tell(tx, caller.channel, said))

    def birthday(self, guest: str) -> Response:
        """Keep the day and month that a guest declares."""
        caller, born = self._asked(May.BIRTHDAYS, declaring.Born)
        return self._answer(caller, lambda tx: declaring.declare(tx, caller.channel, guest, born=born))

    def no_birthday(self, guest: str) -> Response:
        """Keep it no more."""
        caller = self._caller(May.BIRTHDAYS)
        return self._answer(caller, lambda tx: declaring.take_back(tx, caller.channel, guest))

    def words(self, campaign: str) -> Response:
        """Say what a campaign says."""
        caller, locale = self._caller(May.WORDS), request.args.get("locale", "")
        return self._answer(caller, lambda tx: telling.words(tx, caller.channel, campaign, locale=locale))

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
        told = (what for kind, what in PROBLEMS if isinstance(error, kind))
        what, later = next(told, problem_of(error)), None
        if what is Problem.TOO_OFTEN:
            later = g.left.seconds
        elif what is Problem.LATER:
            later = self._settings.retry_after_s
        said = describe(what, time_ms=self._store.now_ms(), detail=str(error))
        return problem(said, retry_after_s=later)

    def refuse_http(self, error: HTTPException) -> Response:
        """Answer an error of the web framework."""
        return problem(describe(problem_of_http(error), time_ms=self._store.now_ms(), detail=error.name))

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
    return _unkept(Response(msgspec.json.encode(message), mimetype=MEDIA_JSON))


def _unkept(reply: Response) -> Response:
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
    told = msgspec.json.encode(document("Polso for channels", f"{WIRE_VERSION}", ROUTES, looks=(), hooks=()))
    made.add_url_rule(DOCUMENT, "document", lambda: Response(told, mimetype=MEDIA_JSON))
    made.after_request(_with_allowance)
    made.register_error_handler(PolsoError, api.refuse)
    made.register_error_handler(HTTPException, api.refuse_http)
    return made
