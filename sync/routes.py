"""Routes: every request that central's API for devices answers, from which its OpenAPI document is made."""

from __future__ import annotations

import msgspec

from sync.wire import (
    MEDIA,
    MEDIA_SNAPSHOT,
    WAIT_S_MAX,
    Ack,
    Attested,
    Batch,
    DeviceReport,
    EnrolAnswer,
    EnrolRequest,
    Page,
    Problem,
    SnapshotManifest,
)

EVENTS = "/v1/devices/{device}/events"
REPORT = "/v1/devices/{device}/report"
FEED = "/v1/sites/{site}/feed"
SNAPSHOT = "/v1/sites/{site}/snapshot"
ENROLMENTS = "/v1/enrolments"
ALWAYS = (Problem.MALFORMED, Problem.LATER)
DEVICES = (*ALWAYS, Problem.UNKNOWN_DEVICE, Problem.REVOKED, Problem.NOT_FOUND)


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
    body: type | None = None
    answer: type
    media: str = MEDIA
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
        problems=(*ALWAYS, Problem.CODE_REFUSED),
        by_device=False,
    ),
    Route(
        name="take_events",
        method="POST",
        path=EVENTS,
        about="Hand over a contiguous range of one lane of the journal.",
        body=Batch,
        answer=Ack,
        problems=(*DEVICES, Problem.GAP, Problem.CHAIN, Problem.FORK, Problem.TOO_LARGE, Problem.SCHEMA),
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


LOOKS = (
    Look("/healthz", "Whether this worker lives."),
    Look("/readyz", "Whether its database answers."),
    Look("/metrics", "Figures for Prometheus: for this machine, or with the token."),
    Look("/openapi.json", "This document.", "application/json"),
)
