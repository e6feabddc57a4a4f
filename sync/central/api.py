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

from edge.errors import PolsoError, Unknown
from sync.central import devices, enrolment, intake, reports, snapshot
from sync.central.answers import NotKnown, Revoked, answer, describe, problem, problem_of, problem_of_http
from sync.central.devices import Device
from sync.central.intake import Rejected
from sync.central.metrics import Meters
from sync.central.pages import AGAIN_MS, Asked, await_page
from sync.central.settings import Settings
from sync.central.store import Store
from sync.packing import Malformed, Packer, decode, encodings
from sync.routes import ROUTES, Route
from sync.signing import presented
from sync.wire import (
    MEDIA,
    MEDIA_SNAPSHOT,
    PAGE_ITEMS_MAX,
    Batch,
    Cursor,
    DeviceReport,
    EnrolRequest,
    Problem,
)

M = TypeVar("M")
NUMBER = re.compile(r"[0-9]{1,18}")


class Api:
    """One method per route of the table; each answers or raises what the table of problems knows."""

    def __init__(self, store: Store, settings: Settings, meters: Meters) -> None:
        """Serve this store, count what comes."""
        self._store, self._settings, self._meters = store, settings, meters
        self._polls = threading.BoundedSemaphore(settings.polls_max)

    def enrol(self) -> Response:
        """Spend a code."""
        return answer(enrolment.enrol(self._store, _sent(EnrolRequest)))

    def take_events(self, device: str) -> Response:
        """Take a batch."""
        known = self._known(device=device)
        batch = _sent(Batch)
        g.lane = batch.lane
        taken = intake.take(self._store, known, batch)
        if isinstance(taken, Rejected):
            return self._rejected(taken)
        aside, again = len(taken.quarantined), taken.duplicates
        self._meters.taken(stored=len(batch.rows) - again - aside, duplicates=again, quarantined=aside)
        return answer(taken)

    def take_report(self, device: str) -> Response:
        """Take a device's report of itself, tell it what is held of its lanes."""
        known = self._known(device=device)
        return answer(reports.take(self._store, known, _sent(DeviceReport)))

    def give_page(self, site: str) -> Response:
        """Give the next page, waiting for it while there is room to wait."""
        self._known(site=site)
        cursor = Cursor(epoch=_number("epoch"), seq=_number("cursor"))
        asked = Asked(
            site=site, cursor=cursor, urgent=_number("urgent"), limit=_number("limit", PAGE_ITEMS_MAX)
        )
        wait_s = _number("wait")
        with self._held_open(wait_s) as may_wait:
            page = await_page(self._store, asked, wait_s if may_wait else 0)
        if wait_s and not may_wait:
            page = msgspec.structs.replace(page, again_ms=AGAIN_MS)
        return answer(page)

    def give_snapshot(self, site: str) -> Response:
        """Give the whole site."""
        self._known(site=site)
        packer = Packer()
        reply = Response(snapshot.stream(self._store, site, packer), content_type=MEDIA_SNAPSHOT)
        reply.headers["Content-Encoding"] = packer.encoding
        return reply

    def refuse(self, error: PolsoError) -> Response:
        """Answer an error of ours."""
        what = problem_of(error)
        self._meters.refused(what)
        later = self._settings.retry_after_s if what is Problem.LATER else None
        document = describe(what, time_ms=self._store.now_ms(), detail=str(error))
        return problem(document, retry_after_s=later)

    def refuse_http(self, error: HTTPException) -> Response:
        """Answer an error of the web framework."""
        what = problem_of_http(error)
        self._meters.refused(what)
        return problem(describe(what, time_ms=self._store.now_ms(), detail=error.name))

    def _known(self, *, device: str = "", site: str = "") -> Device:
        """Return who asks; the path must be its own."""
        with self._store.reading() as tx:
            known = devices.prove(tx, presented(request.headers.get("Authorization", "")))
        if known is None:
            raise NotKnown
        g.device_id = known.id
        if known.state != devices.ACTIVE:
            raise Revoked
        if (device or known.id, site or known.site) != (known.id, known.site):
            raise Unknown("Not yours.")
        return known

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
        made.add_url_rule(_rule(route), route.name, getattr(api, route.name), methods=[route.method])
    made.register_error_handler(PolsoError, api.refuse)
    made.register_error_handler(HTTPException, api.refuse_http)
    made.after_request(_offer_encodings)
    return made


def _rule(route: Route) -> str:
    return re.sub(r"{(\w+)}", r"<\1>", route.path)


def _sent(kind: type[M]) -> M:
    """Open the body of this request."""
    if request.mimetype != MEDIA:
        raise Malformed(f"A body must be {MEDIA}.")
    return decode(request.get_data(cache=False), request.headers.get("Content-Encoding", ""), kind)


def _number(name: str, default: int = 0) -> int:
    text = request.args.get(name, "")
    if text and not NUMBER.fullmatch(text):
        raise Malformed(f"{name} must be a number.")
    return int(text) if text else default


def _offer_encodings(reply: Response) -> Response:
    # RFC 9110 12.5.3: a server may say which encodings it opens.
    reply.headers["Accept-Encoding"] = encodings()
    return reply
