"""Routes: every request that central's API for devices answers, from which its OpenAPI document is made."""

from __future__ import annotations

from typing import Any

import msgspec

from sync.claiming import ClaimAnswer, ClaimAsk
from sync.desk import DeskAnswer, DeskStep
from sync.lending import LeaseAnswer, LeaseAsk
from sync.wire import (
    MEDIA,
    MEDIA_SNAPSHOT,
    WAIT_S_MAX,
    Ack,
    Attested,
    Batch,
    BoxAnswer,
    BoxDeposit,
    BoxRequest,
    DeviceReport,
    EnrolAnswer,
    EnrolRequest,
    Page,
    Problem,
    RollAnswer,
    RollRequest,
    SnapshotManifest,
)

EVENTS = "/v1/devices/{device}/events"
REPORT = "/v1/devices/{device}/report"
ROLL = "/v1/devices/{device}/key"
FEED = "/v1/sites/{site}/feed"
SNAPSHOT = "/v1/sites/{site}/snapshot"
ENROLMENTS = "/v1/enrolments"
BOX = "/v1/devices/{device}/box"
BOXES = "/v1/boxes"
DESK = "/v1/desk"
CLAIMS = "/v1/devices/{device}/claims"
LEASES = "/v1/devices/{device}/leases"
NOTICES = "/psp/{name}/notices"
VIOLATIONS = "/csp-reports"
ALWAYS = (Problem.MALFORMED, Problem.TOO_LARGE, Problem.LATER)
SIGNED = (Problem.NOT_SIGNED, Problem.STALE)
DEVICES = (
    *ALWAYS,
    *SIGNED,
    Problem.UNKNOWN_DEVICE,
    Problem.REPLAYED,
    Problem.REVOKED,
    Problem.FORBIDDEN,
    Problem.NOT_FOUND,
)


class Query(msgspec.Struct, frozen=True):
    """One part of a query string."""

    name: str
    kind: type
    about: str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one path: what comes in, what goes out, how it is refused."""

    name: str
    method: str
    path: str
    about: str
    body: Any = None
    """A type, or one with its limits."""
    sent: str = ""
    """As what a body is sent; nothing: as what is answered."""
    or_body: Any = None
    """A form that it may have instead."""
    or_sent: str = ""
    """As what that is sent."""
    answer: type
    media: str = MEDIA
    or_media: str = ""
    """As what it is answered where another form is asked for."""
    queries: tuple[Query, ...] = ()
    problems: tuple[Problem, ...] = DEVICES
    by_device: bool = True


ROUTES = (
    Route(
        name="enrol",
        method="POST",
        path=ENROLMENTS,
        about="Spend a one-time code on a new device.",
        body=EnrolRequest,
        answer=EnrolAnswer,
        problems=(*ALWAYS, *SIGNED, Problem.CODE_REFUSED),
        by_device=False,
    ),
    Route(
        name="take_events",
        method="POST",
        path=EVENTS,
        about="Hand over a contiguous range of one lane of the journal.",
        body=Batch,
        answer=Ack,
        problems=(*DEVICES, Problem.GAP, Problem.CHAIN, Problem.FORK, Problem.SCHEMA),
    ),
    Route(
        name="take_report",
        method="POST",
        path=REPORT,
        about="Say how the device is; hear what central holds of its journal.",
        body=DeviceReport,
        answer=Attested,
    ),
    Route(
        name="roll_key",
        method="POST",
        path=ROLL,
        about="Change to a new key, signed by the old one.",
        body=RollRequest,
        answer=RollAnswer,
    ),
    Route(
        name="keep_box",
        method="POST",
        path=BOX,
        about="Leave, sealed, what this device is to be started with.",
        body=BoxDeposit,
        answer=BoxAnswer,
    ),
    Route(
        name="lease",
        method="POST",
        path=LEASES,
        about="Ask for money to be set aside; hear of what was, or is wanted back, at once or as it happens.",
        body=LeaseAsk,
        answer=LeaseAnswer,
    ),
    Route(
        name="claim_band",
        method="POST",
        path=CLAIMS,
        about="A guest typed a code beside the band that they held here: it is theirs, or why not.",
        body=ClaimAsk,
        answer=ClaimAnswer,
    ),
    Route(
        name="open_box",
        method="POST",
        path=BOXES,
        about="Ask back for what was left, at each start; signed by the key that was named then.",
        body=BoxRequest,
        answer=BoxAnswer,
        problems=(*ALWAYS, *SIGNED, Problem.UNKNOWN_DEVICE, Problem.REPLAYED, Problem.REVOKED),
        by_device=False,
    ),
    Route(
        name="desk_step",
        method="POST",
        path=DESK,
        about="One step of an operator who writes bands at a desk, by the token that the console gave.",
        body=DeskStep,
        answer=DeskAnswer,
        problems=(*ALWAYS, Problem.FORBIDDEN, Problem.NOT_FOUND),
        by_device=False,
    ),
    Route(
        name="give_page",
        method="GET",
        path=FEED,
        about="The next part of the site's feed, at once or as soon as there is one.",
        answer=Page,
        queries=(
            Query("epoch", int, "The cursor's epoch; 0 at first contact."),
            Query("cursor", int, "The last number that is stored."),
            Query("urgent", int, "The last urgent number that is applied."),
            Query("wait", int, f"How many seconds to wait for news, at most {WAIT_S_MAX}."),
            Query("limit", int, "The most items wanted in one page."),
        ),
        problems=(*DEVICES, Problem.EPOCH),
    ),
    Route(
        name="give_snapshot",
        method="GET",
        path=SNAPSHOT,
        about="The whole site as length-prefixed MessagePack frames, ended by its manifest.",
        answer=SnapshotManifest,
        media=MEDIA_SNAPSHOT,
    ),
)


class Look(msgspec.Struct, frozen=True):
    """What whoever supervises central may look at, by GET."""

    path: str
    about: str
    media: str = "text/plain"
    asks_store: bool = False
    """Whether it is 503, in words, while the database does not answer."""
    problems: tuple[Problem, ...] = (Problem.MALFORMED,)


LOOKS = (
    Look("/healthz", "Whether this worker lives and judges known cases as it must.", "application/json"),
    Look("/readyz", "Whether its database answers.", asks_store=True),
    Look(
        "/metrics",
        "Figures for Prometheus: for this machine, or with the token.",
        asks_store=True,
        problems=(Problem.MALFORMED, Problem.NOT_FOUND),
    ),
    Look("/openapi.json", "This document.", "application/json"),
    Look("/psp/back", "Where a guest comes back to from the payment provider.", "text/html"),
)


class Hook(msgspec.Struct, frozen=True):
    """Where somebody else than a device speaks to central by itself, by POST, in words of their own."""

    name: str
    path: str
    about: str
    problems: tuple[Problem, ...]
    media: str = "application/json"
    says: str = "text/plain"
    """What is answered; empty: nothing."""


HOOKS = (
    Hook(
        "notices",
        NOTICES,
        "What a payment provider says of charges, signed in its own way over the raw body.",
        (*ALWAYS, Problem.NOT_SIGNED),
    ),
    Hook(
        "violations",
        VIOLATIONS,
        "A page of ours broke our policy for pages, says the browser.",
        ALWAYS,
        media="application/csp-report",
        says="",
    ),
)
