"""Addresses for machines: remote readers, monitoring, and the document of them all."""

from __future__ import annotations

import logging
from typing import Annotated, ClassVar

import msgspec
from flask import Response, current_app
from msgspec import Meta

from edge.errors import Unknown
from edge.views import StaffView
from kiosk.ask import Ask
from kiosk.house import RemoteTap
from kiosk.openapi import document
from kiosk.operations import Op
from kiosk.routes import FAULTS, TAPS, Audience, Rate, Route

LOG = logging.getLogger("polso.kiosk")
MONITOR = Rate(120, 10.0)


class TapBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One presentation of a band at a remote reader; the same ``tap_id`` gets the same answer, for ever."""

    NOT_TYPED: ClassVar[tuple[str, ...]] = ("uid", "tap_id")

    tap_id: Annotated[str, Meta(min_length=8, max_length=80)]
    seq: Annotated[int, Meta(ge=0, le=2**53)]
    uid: Annotated[str, Meta(pattern="^([0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{20})$")]
    trust: Annotated[int, Meta(ge=1, le=3)] = 1
    counter: Annotated[int, Meta(ge=0, le=2**32)] | None = None
    product: Annotated[str, Meta(max_length=40)] = ""


class FaultBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that could not paint, or could not make a sound; nothing personal."""

    op: Op
    page: Annotated[str, Meta(max_length=40)]
    fault: Annotated[str, Meta(max_length=200)]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """It arrived; what became of it is told on the stream."""

    heard: bool = True


WRONG = "The rulebook decides known cases wrongly."


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this device serves."""

    ok: bool
    cause: str = ""
    decides: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """What known cases come to here; an update compares them with what it knows itself."""


def tap(ask: Ask) -> StaffView:
    """Decide a tap of a remote reader; the answer comes after the commit."""
    body = ask.want(TapBody)
    if ask.house.remote is None:
        raise Unknown("Remote readers are not configured here.")
    seat = ask.seat
    return ask.house.remote(
        RemoteTap(
            point=seat.point,
            reader=seat.id,
            tap_id=f"{seat.id}:{body.tap_id}",
            seq=body.seq,
            uid=bytes.fromhex(body.uid),
            trust=body.trust,
            counter=body.counter,
            product=body.product,
        )
    )


def fault(ask: Ask) -> Heard:
    """Log what a page could not do, by pseudonyms and on one line."""
    body = ask.want(FaultBody)
    LOG.warning(
        "screen fault screen=%s page=%s fault=%s",
        ask.seat.id,
        on_one_line(body.page),
        on_one_line(body.fault),
    )
    return Heard()


def on_one_line(text: str) -> str:
    """Keep a text from beginning a line of its own, or from steering a terminal that shows it."""
    return "".join(char if char.isprintable() else " " for char in text)


def healthz(ask: Ask) -> Response:
    """Say that the process answers, and that its rulebook still decides known cases as it must."""
    answers, fit = ask.house.health.known()
    return _health(Health(ok=fit, cause="" if fit else WRONG, decides=answers))


def readyz(ask: Ask) -> Response:
    """Say whether taps can be decided: false while the journal cannot be written."""
    seen = ask.house.health.view()
    return _health(Health(ok=seen.writable, cause=seen.cause))


def _health(said: Health) -> Response:
    return Response(msgspec.json.encode(said), status=200 if said.ok else 503, mimetype="application/json")


def metrics(ask: Ask) -> Response:
    """Answer Prometheus's text."""
    return Response(ask.house.health.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


def openapi(ask: Ask) -> Response:
    """Answer the document of this API, made from the route table."""
    table = current_app.extensions["polso-routes"]
    return Response(msgspec.json.encode(document(table.values())), mimetype="application/json")


ROUTES = (
    Route(
        "POST",
        "/api/v1/taps",
        tap,
        Audience.MACHINE,
        "Decide a tap of a remote reader.",
        body=TapBody,
        answer=StaffView,
        rate=TAPS,
    ),
    Route(
        "POST",
        "/api/v1/screen-faults",
        fault,
        Audience.SCREEN,
        "Report a page that could not paint.",
        body=FaultBody,
        answer=Heard,
        rate=FAULTS,
    ),
    Route("GET", "/healthz", healthz, Audience.ANYONE, "Does it answer?", answer=Health, rate=MONITOR),
    Route("GET", "/readyz", readyz, Audience.ANYONE, "Does it serve?", answer=Health, rate=MONITOR),
    Route("GET", "/metrics", metrics, Audience.LOCAL, "Figures for Prometheus.", rate=MONITOR),
    Route("GET", "/api/openapi.json", openapi, Audience.ANYONE, "This document.", rate=MONITOR),
)
