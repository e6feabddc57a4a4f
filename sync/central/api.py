"""The API for devices: checks who asks, opens what was sent, and leaves the work to the rooms behind it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from edge.errors import NotAllowed, PolsoError, Unknown
from sync.central import enrolment, intake, reports
from sync.central.answers import answer, describe, problem, problem_of, problem_of_http
from sync.central.console.desks import NoDesk
from sync.central.intake import Rejected
from sync.central.machines import boxes, proof, rolling
from sync.central.machines.proof import Caller
from sync.central.machines.voice import voice
from sync.central.metrics import Meters
from sync.central.people import claiming
from sync.central.personalisation import take_step
from sync.central.planning import asking
from sync.central.settings import Settings
from sync.central.store import Store
from sync.central.telling import snapshot
from sync.central.telling.pages import AGAIN_MS, Asked, await_page
from sync.claiming import ClaimAnswer, ClaimAsk
from sync.desk import DeskStep
from sync.lending import LeaseAsk
from sync.packing import Malformed, Packer, decode, encoding_of, encodings
from sync.rights import may_call
from sync.routes import ROUTES, Route
from sync.signing import Keys, Message, NotSigned, fields, sign_answer
from sync.wire import (
    MEDIA,
    MEDIA_SNAPSHOT,
    PAGE_ITEMS_MAX,
    Batch,
    BoxDeposit,
    BoxRequest,
    Cursor,
    DeviceReport,
    EnrolRequest,
    Problem,
    RollRequest,
)

M = TypeVar("M")
NUMBER = re.compile(r"[0-9]{1,18}")
SAID = ("Content-Type", "Content-Encoding")
"""What central's signature covers of an answer's headers."""
UNPROVED = (Problem.NOT_SIGNED, Problem.REPLAYED, Problem.UNKNOWN_DEVICE)
"""Refusals of what no device of ours asks: they are worth no signature."""
BY_NAME = {route.name: route for route in ROUTES}


class Api:
    """One method per route of the table; each answers or raises what the table of problems knows."""

    def __init__(self, store: Store, settings: Settings, meters: Meters) -> None:
        """Serve this store, count what comes."""
        self._store, self._settings, self._meters = store, settings, meters
        self._voices: dict[str, Keys] = {}
        self._polls = threading.BoundedSemaphore(settings.polls_max)

    def enrol(self) -> Response:
        """Spend a code; the signature shows that whoever spends it holds the key that it is spent on."""
        message = proof.arrived(self._settings.public_url)
        asked = _sent(EnrolRequest, message.body)
        enrolment.demand_key(asked, message, now_ms=self._store.now_ms())
        return answer(enrolment.enrol(self._store, asked))

    def take_events(self, device: str) -> Response:
        """Take a batch."""
        caller = self._caller(device=device)
        batch = _sent(Batch, caller.body)
        g.lane = batch.lane
        taken = intake.take(self._store, caller.device, batch, enter=caller.enter)
        if isinstance(taken, Rejected):
            return self._rejected(taken)
        aside, again = len(taken.quarantined), taken.duplicates
        came = min(taken.ack, batch.last) - batch.first + 1  # of a batch that is taken in part, that part
        self._meters.taken(stored=came - again - aside, duplicates=again, quarantined=aside)
        return answer(taken)

    def take_report(self, device: str) -> Response:
        """Take a device's report of itself, tell it what is held of its lanes."""
        caller = self._caller(device=device)
        report = _sent(DeviceReport, caller.body)
        return answer(reports.take(self._store, caller.device, report, enter=caller.enter))

    def roll_key(self, device: str) -> Response:
        """Let a device prove itself by another key from now on."""
        caller = self._caller(device=device, retired=True)
        return answer(rolling.roll(self._store, caller, _sent(RollRequest, caller.body)))

    def keep_box(self, device: str) -> Response:
        """Keep what a device is to be started with."""
        caller = self._caller(device=device)
        deposit = _sent(BoxDeposit, caller.body)
        with self._store.transaction() as tx:
            return answer(boxes.keep(tx, caller, deposit))

    def lease(self, device: str) -> Response:
        """Set aside what a device wants, and tell it what was, or is wanted back."""
        caller = self._caller(device=device)
        ask = _sent(LeaseAsk, caller.body)
        with self._held_open(ask.wait_s) as may_wait:
            told = asking.answer(self._store, caller, ask, wait_s=ask.wait_s if may_wait else 0)
        if ask.wait_s > 0:
            proof.demand_active(self._store, caller)
            if not may_wait:
                told = msgspec.structs.replace(told, again_ms=AGAIN_MS)
        return answer(told)

    def claim_band(self, device: str) -> Response:
        """Judge a code that a guest typed beside a band; a wrong one counts."""
        caller = self._caller(device=device)
        ask = _sent(ClaimAsk, caller.body)
        with self._store.transaction() as tx:
            caller.enter(tx)
            typed = claiming.Typed(ask.band, ask.code, caller.device.id, ask.point)
            became = claiming.spend(tx, caller.device.site, typed)
        return answer(ClaimAnswer(device=caller.device.id, became=became, time_ms=self._store.now_ms()))

    def open_box(self) -> Response:
        """Hand over what was left; the signature shows that whoever asks holds the key for that."""
        message = proof.arrived(self._settings.public_url)
        asked = _sent(BoxRequest, message.body)
        with self._store.reading() as tx:
            left = boxes.left_under(tx, asked)
        g.site = left.site
        nonce = boxes.prove(asked, message, now_ms=self._store.now_ms())
        with self._store.transaction() as tx:
            return answer(boxes.hand_over(tx, left, asked, nonce=nonce))

    def desk_step(self) -> Response:
        """Do one step of a desk, which proves itself by its token alone."""
        try:
            step = _sent(DeskStep, request.get_data())
        except Malformed as error:
            raise NoDesk from error  # what cannot be read names no desk either
        if self._settings.desk_keys is None:
            raise Unknown("There is no desk at this central.")
        return answer(take_step(self._store, step, self._settings.desk_keys, agree=self._settings.agree))

    def give_page(self, site: str) -> Response:
        """Give the next page, waiting for it while there is room to wait."""
        caller = self._caller(site=site)
        cursor = Cursor(epoch=_number("epoch"), seq=_number("cursor"))
        asked = Asked(
            site=site, cursor=cursor, urgent=_number("urgent"), limit=_number("limit", PAGE_ITEMS_MAX)
        )
        wait_s = _number("wait")
        self._enter(caller)
        with self._held_open(wait_s) as may_wait:
            page = await_page(self._store, asked, wait_s if may_wait else 0)
        if wait_s:
            proof.demand_active(self._store, caller)
        if wait_s and not may_wait:
            page = msgspec.structs.replace(page, again_ms=AGAIN_MS)
        return answer(page)

    def give_snapshot(self, site: str) -> Response:
        """Give the whole site."""
        self._enter(self._caller(site=site))
        packer = Packer()
        vouch = snapshot.Vouch(self._voice(site), request.headers.get("Signature", ""))
        told = snapshot.stream(self._store, site, packer, vouch=vouch)
        reply = Response(told, content_type=MEDIA_SNAPSHOT)
        reply.headers["Content-Encoding"] = packer.encoding
        return reply

    def refuse(self, error: PolsoError) -> Response:
        """Answer an error of ours."""
        what = problem_of(error)
        self._meters.refused(what)
        if what in UNPROVED:
            g.site = ""
        later = self._settings.retry_after_s if what is Problem.LATER else None
        document = describe(what, time_ms=self._store.now_ms(), detail=str(error))
        return problem(document, retry_after_s=later)

    def refuse_http(self, error: HTTPException) -> Response:
        """Answer an error of the web framework."""
        what = problem_of_http(error)
        self._meters.refused(what)
        return problem(describe(what, time_ms=self._store.now_ms(), detail=error.name))

    def sign(self, reply: Response) -> Response:
        """Sign an answer to whoever named a key of ours; a stream is vouched for by its last frame."""
        if not g.get("site") or reply.is_streamed:
            return reply
        said = {name: reply.headers[name] for name in SAID}
        asked = Message(
            method=request.method,
            url=self._settings.public_url,
            headers=fields(request.headers.items()),
            body=reply.data,
        )
        try:
            sign_answer(
                self._voice(g.site),
                asked,
                status=reply.status_code,
                headers=said,
                now_ms=self._store.now_ms(),
            )
        except NotSigned:
            return reply  # what was asked has no signature that an answer could be bound to
        reply.headers.update(said)
        return reply

    def _caller(self, *, device: str = "", site: str = "", retired: bool = False) -> Caller:
        """Return who asks; its kind must have the right, and the path must be its own."""
        caller = proof.prove(self._store, self._settings.public_url, retired=retired)
        known, route = caller.device, BY_NAME[(request.endpoint or "").rpartition(".")[2]]
        if not may_call(known.kind, request.method, route.path):
            raise NotAllowed(f"A {known.kind} may not {request.method} {route.path}.")
        if (device or known.id, site or known.site) != (known.id, known.site):
            raise Unknown("Not yours.")
        return caller

    def _voice(self, site: str) -> Keys:
        """Return central's key for a site; it is made once, and never changes."""
        if site not in self._voices:
            with self._store.transaction() as tx:
                self._voices[site] = voice(tx, site)
        return self._voices[site]

    def _enter(self, caller: Caller) -> None:
        with self._store.transaction() as tx:
            caller.enter(tx)

    def _rejected(self, why: Rejected) -> Response:
        self._meters.refused(why.problem)
        document = describe(why.problem, time_ms=self._store.now_ms(), detail=why.detail)
        head = why.head.hex() if why.head is not None else None
        return problem(msgspec.structs.replace(document, ack=why.ack, head=head))

    @contextmanager
    def _held_open(self, wait_s: int) -> Iterator[bool]:
        may_wait = wait_s > 0 and self._polls.acquire(blocking=False)
        if not may_wait:
            yield False
            return
        try:
            with self._meters.polls.track_inprogress():
                yield True
        finally:
            self._polls.release()


def blueprint(store: Store, settings: Settings, meters: Meters) -> Blueprint:
    """Return the API as a part of an app, one rule per row of the table of routes."""
    api, made = Api(store, settings, meters), Blueprint("api", __name__)
    for route in ROUTES:
        made.add_url_rule(
            _rule(route),
            route.name,
            getattr(api, route.name),
            methods=[route.method],
            provide_automatic_options=False,
        )
    made.register_error_handler(PolsoError, api.refuse)
    made.register_error_handler(HTTPException, api.refuse_http)
    made.after_request(api.sign)
    made.after_request(_offer_encodings)
    return made


def _rule(route: Route) -> str:
    return re.sub(r"{(\w+)}", r"<\1>", route.path)


def _sent(kind: type[M], body: bytes) -> M:
    """Open the body of this request; how it is packed it says itself: no header of that is signed."""
    if request.mimetype != MEDIA:
        raise Malformed(f"A body must be {MEDIA}.")
    return decode(body, encoding_of(body), kind)


def _number(name: str, default: int = 0) -> int:
    text = request.args.get(name, "")
    if text and not NUMBER.fullmatch(text):
        raise Malformed(f"{name} must be a number.")
    return int(text) if text else default


def _offer_encodings(reply: Response) -> Response:
    # RFC 9110 12.5.3: a server may say which encodings it opens.
    reply.headers["Accept-Encoding"] = encodings()
    return reply
